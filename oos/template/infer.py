"""Inference: what shape the value of an expression will have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from oos.template import shapes
from oos.template.model import Parameter, Template
from oos.template.reference import LOOP_ITEM, Reference, ReferenceKind
from oos.template.shapes import ANYTHING, BOOLEAN, LIST, MAP, TEXT, Shape
from oos.template.terms import (
    Call,
    Choose,
    Combination,
    Entries,
    Items,
    KeyedEntries,
    Literal,
    Lookup,
    NamedCondition,
    Negation,
    Term,
    Text,
)
from oos.values.json import type_name


@dataclass(slots=True)
class Environment:
    """What is known of the references at one place of a template."""

    parameters: Mapping[str, Shape]
    outputs: dict[tuple[str, str], Shape] = field(default_factory=dict)
    """By task and output."""
    responses: dict[str, Shape] = field(default_factory=dict)
    """By task."""
    item: Shape = ANYTHING
    """The loop item."""
    harmless: frozenset[str] = frozenset()
    """Parameters whose text cannot hold a quote."""
    plain: set[tuple[str, str]] = field(default_factory=set)
    """Outputs that are declared as numbers or booleans, by task and output."""


def parameter_shapes(template: Template) -> dict[str, Shape]:
    """The shapes of all parameters."""
    return {name: _of_parameter(parameter) for name, parameter in template.parameters.items()}


def _of_parameter(parameter: Parameter) -> Shape:
    if parameter.type == "Json":
        return ANYTHING
    shape = shapes.named(parameter.type)
    if parameter.default is None:
        return shape
    # A default is kept as it is when it does not fit, and empty text is kept whatever the type.
    default = infer(parameter.default.term, Environment({}))
    return shape if default.types == shape.types else Shape(shape.types | default.types)


def infer(term: Term, known: Environment) -> Shape:
    """The shape of the value of a term, with what is inside."""
    match term:
        case Literal():
            return shapes.of_value(term.value)
        case Items():
            return Shape(LIST.types, None, shapes.either(*(infer(each, known) for each in term.terms)))
        case Entries():
            return Shape(MAP.types, {key: infer(each, known) for key, each in term.terms})
        case _:
            return outline(term, known)


def outline(term: Term, known: Environment) -> Shape:
    """The shape of the value of a term; lists and maps that are written out are not looked into."""
    match term:
        case Literal():
            return shapes.NULL if term.value is None else shapes.named(type_name(term.value))
        case Lookup():
            return of_reference(term.reference, known)
        case Text():
            return TEXT
        case Entries() | KeyedEntries():
            return MAP
        case Items():
            return LIST
        case Negation() | Combination() | NamedCondition():
            return BOOLEAN
        case Choose():
            otherwise = shapes.NULL if term.otherwise is None else outline(term.otherwise, known)
            return shapes.either(outline(term.then, known), otherwise)
        case Call():
            return shapes.named(term.function.result)
        case _:
            return ANYTHING


def of_reference(reference: Reference, known: Environment) -> Shape:
    """The shape of what a reference names."""
    match reference.kind:
        case ReferenceKind.PARAMETER:
            return known.parameters.get(reference.name, ANYTHING)
        case ReferenceKind.OUTPUT if reference.selector is None:
            return known.outputs.get((reference.name, reference.field), ANYTHING)
        case ReferenceKind.PSEUDO:
            return known.item if reference.name == LOOP_ITEM else TEXT
        case ReferenceKind.STORE | ReferenceKind.SECRET:
            return TEXT
        case _:
            return ANYTHING

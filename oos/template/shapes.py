"""Shapes: what is known of a value before the template runs: the types it may have, and what is inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from oos.diagnostics import did_you_mean
from oos.service.schema import Schema
from oos.template.selector import Step
from oos.values.json import Value, type_name

_EVERY: Final = frozenset({"String", "Number", "Boolean", "List", "Json", "Null"})


@dataclass(frozen=True, slots=True)
class Shape:
    """The types a value may have. Without members or item nothing is known of what is inside."""

    types: frozenset[str] = _EVERY
    members: Mapping[str, Shape] | None = None
    """Of a map: all the keys it can have."""
    item: Shape | None = None
    """Of a list: what each item is."""

    def may_be(self, *types: str) -> bool:
        """Whether the value can have one of these types."""
        return not self.types.isdisjoint(types)

    @property
    def named(self) -> str:
        """The types, for messages."""
        return " or ".join(sorted(self.types))


ANYTHING: Final = Shape()
TEXT: Final = Shape(frozenset({"String"}))
NUMBER: Final = Shape(frozenset({"Number"}))
BOOLEAN: Final = Shape(frozenset({"Boolean"}))
LIST: Final = Shape(frozenset({"List"}))
MAP: Final = Shape(frozenset({"Json"}))
NULL: Final = Shape(frozenset({"Null"}))

_NAMED: Final = {"String": TEXT, "Number": NUMBER, "Boolean": BOOLEAN, "List": LIST, "Json": MAP}


def named(name: str) -> Shape:
    """The shape of a type name; anything for other names."""
    return _NAMED.get(name, ANYTHING)


def of_schema(schema: Schema) -> Shape:
    """The shape of a response, of which every field may be missing."""
    if schema.type_name not in _NAMED:
        return ANYTHING
    types = frozenset({schema.type_name, "Null"})
    members = {key: of_schema(each) for key, each in schema.members.items()} if schema.members else None
    return Shape(types, members, None if schema.item is None else of_schema(schema.item))


def of_value(value: Value) -> Shape:
    """The shape of a value that is known; items of lists are looked at only when they are alike."""
    if isinstance(value, dict):
        return Shape(MAP.types, {key: of_value(item) for key, item in value.items()})
    if isinstance(value, list):
        if not value or len(value) > 100:
            return LIST
        return Shape(LIST.types, None, either(*map(of_value, value)))
    return NULL if value is None else named(type_name(value))


def either(*shapes: Shape) -> Shape:
    """The shape of a value that has one of these shapes."""
    first, *others = shapes
    for other in others:
        if other != first:
            first = Shape(
                first.types | other.types,
                first.members if first.members == other.members else None,
                first.item if first.item == other.item else None,
            )
    return first


class NoSuchField(Exception):
    """A path goes to a field that the value cannot have."""

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(name)
        self.name = name
        self.hint = hint


def follow(shape: Shape, steps: tuple[Step, ...]) -> Shape:
    """The shape of each result of a path. Raises NoSuchField."""
    for step in steps:
        if step.name is not None:
            if shape.members is None:
                return ANYTHING
            inner = shape.members.get(step.name)
            if inner is None:
                raise NoSuchField(step.name, did_you_mean(step.name, shape.members))
            shape = inner
        else:
            if shape.item is None:
                return ANYTHING
            shape = shape.item
    return shape

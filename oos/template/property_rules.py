"""Property rules: parameters of operations and product actions held against what these declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

from oos.diagnostics import Severity
from oos.service.binding import is_among, locate
from oos.service.operation import Operation
from oos.service.parameter import Field, Kind, fields_of
from oos.source import Span
from oos.template import codes
from oos.template.document import Node, is_map, span_of
from oos.template.expression import Expression
from oos.template.findings import Finding
from oos.template.fitting import fits
from oos.template.folding import fold
from oos.template.functions.function import read_number
from oos.template.infer import Environment, outline
from oos.template.model import Parameter, Task, Template
from oos.template.offers import Offers, action_template
from oos.template.parameters import faults_of_argument
from oos.template.suggestions import Suggestions
from oos.template.terms import Entries, Literal, Term

_KINDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.INTEGER: ("Number",),
    Kind.NUMBER: ("Number",),
    Kind.BOOLEAN: ("Boolean",),
    Kind.MAP: ("Json",),
    Kind.STRUCT: ("Json",),
}
"""Kinds of which some values can never be; everything prints as text, and one value stands for a list of one."""
_MISSPELT: Final = 0.88
_RETRY_FIELDS: Final = ("Retries", "Delay", "DelayType", "BackOff", "MaxRetryInterval")
FIELDS_OF_TASKS: Final = frozenset(("Loop", "Outputs", "OnError", "OnSuccess", "When", "Protect", *_RETRY_FIELDS))
"""Fields of tasks, which people put under Properties."""


def check_properties(task: Task, offers: Offers, known: Environment) -> Iterator[Finding]:
    """What is wrong with what a task hands to an operation or a product action."""
    operation = offers.operation_of(task)
    if task.action == "ACS::SelectTargets":
        return
    if operation is not None:
        parameters = task.properties.get("Parameters")
        yield from _check_operation(task, operation, parameters, known, offers.suggestions)
        return
    action = offers.action_of(task)
    template = None if action is None else action_template(action)
    if template is not None:
        given = _Given(task.action, task.properties, task.property_places, task.places.get("Action", task.span))
        yield from _check_action(given, template, known, offers.suggestions)


def check_named(task: Task, name: str, offers: Offers, known: Environment) -> Iterator[Finding]:
    """What is wrong with the parameters that an ACS::Template hands to a product action."""
    action = offers.named_action(name)
    template = None if action is None else action_template(action)
    parameters = task.properties.get("Parameters")
    entries = entries_of(parameters)
    if action is None or template is None or entries is None:
        return
    places = EntryPlaces(parameters, task.span)
    expressions = {each: Expression(term, span=places.of_value(each)) for each, term in entries}
    spans = {each: places.of_key(each) for each, _ in entries}
    given = _Given(action.name, expressions, spans, task.properties["TemplateName"].span)
    yield from _check_action(given, template, known, offers.suggestions)


# operations


def _check_operation(
    task: Task, operation: Operation, parameters: Expression | None, known: Environment, suggestions: Suggestions
) -> Iterator[Finding]:
    entries = entries_of(parameters)
    if entries is None:
        return
    called = f"{operation.service}.{operation.name}"
    places = EntryPlaces(parameters, task.span)
    given = set()
    unknown = False
    for name, term in entries:
        field, is_known = _field(operation.request, name, operation.ignores, operation.refuses)
        if not is_known:
            unknown = True
            yield _unknown_parameter(operation, name, places.of_key(name), suggestions)
        if field is None:
            continue
        given.add(field.attribute)
        problem = _problem(field, term, known)
        if problem:
            span = places.of_value(name)
            # The cloud may know more words than we do, so one that is not known here is no fault of the template.
            severity = Severity.WARNING if problem.startswith("one of") else None
            yield Finding(codes.PROPERTY_TYPE, span, f"{name} of {called} must be {problem}", "", severity)
    for name in task.properties:  # told where they stand, as properties that belong under Parameters
        field, _ = _field(operation.request, name, (), ())
        given.update([field.attribute] if field is not None else [])
    for field in fields_of(operation.request):
        if field.required and field.attribute not in given and not _given_in_parts(field, entries):
            message = f"{called} needs the parameter {field.name}"
            hint = f"{field.name}: {field.param.description}" if field.param.description else ""
            # With a parameter that is not known here, e.g. a launch template, the cloud may need less.
            severity = Severity.WARNING if unknown else None
            yield Finding(codes.MISSING_PROPERTY, task.places.get("Action", task.span), message, hint, severity)


@lru_cache(maxsize=8192)
def _field(request: type, name: str, ignores: tuple[str, ...], refuses: tuple[str, ...]) -> tuple[Field | None, bool]:
    """The field that a parameter is, when it is a whole one, and whether the operation knows it at all."""
    fields = fields_of(request)
    path = locate(name, fields)
    if path is not None:
        whole = next((field for field in fields if field.name == path[0]), None) if len(path) == 1 else None
        return whole, True
    return None, is_among(name, ignores) or is_among(name, refuses) or name.casefold() in COMMON


def takes_parameter(operation: Operation, name: str) -> tuple[bool, bool]:
    """Whether an operation has a parameter of this name, and whether it cannot do without."""
    field, is_known = _field(operation.request, name, (), ())
    return is_known and name.casefold() not in COMMON, field is not None and field.required


COMMON: Final = frozenset(
    ("regionid", "clienttoken", "dryrun", "ownerid", "owneraccount", "resourceownerid", "resourceowneraccount")
)
"""Parameters that every operation takes."""


def _given_in_parts(field: Field, entries: tuple[tuple[str, Term], ...]) -> bool:
    """Whether a parameter is given flattened: `Tag1Key`."""
    return any(name.casefold().startswith(field.name.casefold()) for name, _ in entries)


def _unknown_parameter(operation: Operation, name: str, span: Span, suggestions: Suggestions) -> Finding:
    names = [field.name for field in fields_of(operation.request)]
    near = suggestions.nearest(name, names)
    message = f"{operation.service}.{operation.name} has no parameter {name} here"
    hint = f"did you mean {near}?" if near else f"known are {', '.join(names)}" if len(names) <= 8 else ""
    misspelt = (
        near is not None
        and near.rstrip("s").casefold() != name.rstrip("s").casefold()
        and SequenceMatcher(None, name, near).ratio() >= _MISSPELT
    )
    severity = Severity.ERROR if misspelt else Severity.WARNING
    return Finding(codes.UNKNOWN_PROPERTY, span, message, hint, severity)


def _problem(field: Field, term: Term, known: Environment) -> str:
    """What a parameter must be and never is; empty when it may be right."""
    wanted = _KINDS.get(field.kind)
    if wanted is not None:
        shape = outline(term, known)
        if not fits(shape, wanted):
            return f"{_described(field)}, not {shape.named}"
    if isinstance(term, Literal) and isinstance(term.value, str) and term.value:
        return _literal_problem(field, term.value)
    return ""


def _literal_problem(field: Field, text: str) -> str:
    match field.kind:
        case Kind.INTEGER | Kind.NUMBER if read_number(text) is None:
            return f"a number, not {text!r}"
        case Kind.BOOLEAN if text.strip().casefold() not in ("true", "false"):
            return f"true or false, not {text!r}"
        case Kind.TEXT if field.param.allowed and text.casefold() not in map(str.casefold, field.param.allowed):
            return f"one of {', '.join(field.param.allowed)}, not {text!r}"
        case _:
            return ""


def _described(field: Field) -> str:
    match field.kind:
        case Kind.BOOLEAN:
            return "true or false"
        case Kind.MAP | Kind.STRUCT:
            return "a map"
        case _:
            return "a number"


# product actions and inline templates


@dataclass(frozen=True, slots=True)
class _Given:
    """What is handed to a product action."""

    action: str
    arguments: Mapping[str, Expression]
    places: Mapping[str, Span]
    """Where the names of the arguments stand."""
    span: Span
    """Where the action is named."""


def _check_action(given: _Given, template: Template, known: Environment, suggestions: Suggestions) -> Iterator[Finding]:
    folded = fold(template.parameters)
    names = {name: name if name in template.parameters else folded.get(name.casefold()) for name in given.arguments}
    missing = {each.name for each in template.parameters.values() if each.default is None} - set(names.values())
    for written, expression in given.arguments.items():
        name = names[written]
        if name is not None:
            yield from _check_argument(given.action, template.parameters[name], expression, known)
            continue
        near = suggestions.nearest(written, template.parameters) or ""
        hint = f"did you mean {near}?" if near else belongs_elsewhere(written) or "it is left out"
        message = f"{given.action} has no parameter {written}"
        # What is missing is meant, and told so at its place.
        severity = Severity.ERROR if near in missing or written == "Loop" else Severity.WARNING
        missing.discard(near)
        yield Finding(codes.UNKNOWN_PROPERTY, given.places.get(written, expression.span), message, hint, severity)
    for parameter in template.parameters.values():
        if parameter.name in missing:
            message = f"{given.action} needs the parameter {parameter.name}"
            yield Finding(codes.MISSING_PROPERTY, given.span, message)


def belongs_elsewhere(name: str) -> str:
    """What to do with a field of the task that stands under Properties."""
    return f"{name} belongs to the task; put it beside Properties" if name in FIELDS_OF_TASKS else ""


def _check_argument(action: str, parameter: Parameter, expression: Expression, known: Environment) -> Iterator[Finding]:
    if expression.is_literal:
        if expression.raw is not None:
            for fault in faults_of_argument(parameter, expression.raw):
                reason = fault.message.partition(": ")[2]
                message = f"{parameter.name} of {action}: {reason}"
                yield Finding(codes.PROPERTY_TYPE, expression.span, message, fault.hint)
        return
    if parameter.type not in ("Number", "Boolean"):
        return
    shape = outline(expression.term, known)
    if not fits(shape, (parameter.type,)):
        message = f"{parameter.name} of {action} must be {parameter.type}, not {shape.named}"
        yield Finding(codes.PROPERTY_TYPE, expression.span, message)


# places


def entries_of(expression: Expression | None) -> tuple[tuple[str, Term], ...] | None:
    """The entries of a map that is written out; empty for none, None when the map is computed."""
    if expression is None:
        return ()
    term = expression.term
    if isinstance(term, Entries):
        return term.terms
    if isinstance(term, Literal):
        if term.value is None:
            return ()
        if isinstance(term.value, dict):
            return tuple((key, Literal(value)) for key, value in term.value.items())
    return None


class EntryPlaces:
    """Where the entries of a map stand; looked up when something is to be said about one."""

    def __init__(self, expression: Expression | None, fallback: Span) -> None:
        self._expression = expression
        self._fallback = fallback if expression is None else expression.span
        self._pairs: dict[str, tuple[Node, Node]] | None = None

    def of_key(self, name: str) -> Span:
        """The place of a key."""
        return self._span(name, 0)

    def of_value(self, name: str) -> Span:
        """The place of a value."""
        return self._span(name, 1)

    def _span(self, name: str, part: int) -> Span:
        if self._pairs is None:
            node: Node = None if self._expression is None else self._expression.node
            pairs = node.value if is_map(node) else []
            self._pairs = {pair[0].value: pair for pair in pairs if isinstance(pair[0].value, str)}
        return span_of(self._pairs[name][part]) if name in self._pairs else self._fallback

"""Property rules: parameters of operations, product actions and inline templates held against what they declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

from oos.diagnostics import DiagnosticError, Severity
from oos.service.binding import is_among, locate
from oos.service.operation import Operation
from oos.service.parameter import Field, Kind, fields_of
from oos.source import Span
from oos.template import codes, shapes
from oos.template.document import Node, is_map, span_of
from oos.template.expression import Expression
from oos.template.findings import Finding
from oos.template.fitting import fits
from oos.template.folding import fold
from oos.template.functions.function import read_number
from oos.template.infer import Environment, outline
from oos.template.model import Parameter, Task, Template
from oos.template.offers import Offers, action_template, literal_text
from oos.template.parameters import faults_of_argument
from oos.template.parse import parse
from oos.template.suggestions import Suggestions
from oos.template.terms import Entries, Literal, Term
from oos.values.time import parse_duration, parse_instant

_KINDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.INTEGER: ("Number",),
    Kind.NUMBER: ("Number",),
    Kind.BOOLEAN: ("Boolean",),
    Kind.MAP: ("Json",),
    Kind.STRUCT: ("Json",),
}
"""Kinds of which some values can never be; everything prints as text, and one value stands for a list of one."""
_MISSPELT: Final = 0.88


def check_properties(task: Task, offers: Offers, known: Environment) -> Iterator[Finding]:
    """What is wrong with what a task hands to an operation, a product action or an inline template."""
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
        yield from _check_action(task, template, known, offers.suggestions)
    elif task.action == "ACS::Sleep":
        yield from _check_sleep(task, known)
    elif task.action == "ACS::Template" and "TemplateContent" in task.properties:
        yield from _check_inline(task.properties["TemplateContent"])


# operations


def _check_operation(
    task: Task, operation: Operation, parameters: Expression | None, known: Environment, suggestions: Suggestions
) -> Iterator[Finding]:
    entries = _entries(parameters)
    if entries is None:
        return
    called = f"{operation.service}.{operation.name}"
    places = _EntryPlaces(parameters, task.span)
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


def _check_action(task: Task, template: Template, known: Environment, suggestions: Suggestions) -> Iterator[Finding]:
    given = set()
    folded = fold(template.parameters)
    for name, expression in task.properties.items():
        parameter = template.parameters.get(name) or template.parameters.get(folded.get(name.casefold(), ""))
        if parameter is None:
            span = task.property_places.get(name, expression.span)
            near = suggestions.nearest(name, template.parameters)
            hint = f"did you mean {near}?" if near else "it is left out"
            message = f"{task.action} has no parameter {name}"
            yield Finding(codes.UNKNOWN_PROPERTY, span, message, hint, Severity.WARNING)
            continue
        given.add(parameter.name)
        yield from _check_argument(task, parameter, expression, known)
    for parameter in template.parameters.values():
        if parameter.default is None and parameter.name not in given:
            message = f"{task.action} needs the parameter {parameter.name}"
            yield Finding(codes.MISSING_PROPERTY, task.places.get("Action", task.span), message)


def _check_argument(task: Task, parameter: Parameter, expression: Expression, known: Environment) -> Iterator[Finding]:
    if expression.is_literal:
        if expression.raw is not None:
            for fault in faults_of_argument(parameter, expression.raw):
                reason = fault.message.partition(": ")[2]
                message = f"{parameter.name} of {task.action}: {reason}"
                yield Finding(codes.PROPERTY_TYPE, expression.span, message, fault.hint)
        return
    if parameter.type not in ("Number", "Boolean"):
        return
    shape = outline(expression.term, known)
    if not fits(shape, (parameter.type,)):
        message = f"{parameter.name} of {task.action} must be {parameter.type}, not {shape.named}"
        yield Finding(codes.PROPERTY_TYPE, expression.span, message)


def _check_sleep(task: Task, known: Environment) -> Iterator[Finding]:
    """Durations and instants that are written out can be read (spec 4.4); a bare number has no unit."""
    duration = task.properties.get("Duration")
    if duration is not None and outline(duration.term, known).types == shapes.NUMBER.types:
        shown = duration.raw if duration.is_literal else "a number"
        message = f"Duration of ACS::Sleep: {shown} has no unit"
        hint = "write 1S, 1M, 1H or PT1M; '{{ seconds }}S' of a parameter"
        yield Finding(codes.PROPERTY_TYPE, duration.span, message, hint)
    readers: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("Duration", parse_duration),
        ("EndDate", parse_instant),
    )
    for name, read in readers:
        text = literal_text(task.properties.get(name))
        if not text:
            continue
        try:
            read(text)
        except ValueError as error:
            yield Finding(codes.PROPERTY_TYPE, task.properties[name].span, f"{name} of ACS::Sleep: {error}")


def _check_inline(content: Expression) -> Iterator[Finding]:
    """Faults of syntax and structure in a template that is written inside another as text."""
    text = literal_text(content)
    if not text or "FormatVersion" not in text:
        return
    try:
        parse(text, "TemplateContent")
    except DiagnosticError as error:
        for fault in error.diagnostics[:5]:
            message = f"in the inline template, line {fault.span.line}: {fault.message}"
            code = next((each for each in codes.ALL if each.code == fault.code), codes.SYNTAX)
            yield Finding(code, content.span, message, fault.hint)


# places


def _entries(expression: Expression | None) -> tuple[tuple[str, Term], ...] | None:
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


class _EntryPlaces:
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

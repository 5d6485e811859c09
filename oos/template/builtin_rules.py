"""Rules of built-in actions: their properties held against what each action takes, as far as they are written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from oos.diagnostics import DiagnosticError, Severity
from oos.template import codes, shapes
from oos.template.actions import BuiltinAction
from oos.template.expression import Expression
from oos.template.findings import Finding
from oos.template.fitting import fits
from oos.template.functions.function import from_json, read_number
from oos.template.infer import Environment, outline
from oos.template.model import Task
from oos.template.offers import Offers, literal_text
from oos.template.parse import parse
from oos.template.property_rules import belongs_elsewhere, check_named, takes_parameter
from oos.values.time import parse_duration, parse_instant

_NOTIFY_TYPES: Final = ("WebHook", "Mail")


def check_builtin(task: Task, builtin: BuiltinAction, offers: Offers, known: Environment) -> Iterator[Finding]:
    """What is wrong with the properties of a task whose action is built in."""
    meant = builtin.meant(task.properties)
    for name, expression in task.properties.items():
        declared = builtin.property(name)
        if declared is None:
            yield _unknown(task, builtin, name, meant.get(name, ""), offers)
            continue
        shape = outline(expression.term, known)
        if declared.types and not fits(shape, declared.types):
            message = f"{name} of {task.action} must be {' or '.join(declared.types)}, not {shape.named}"
            yield Finding(codes.PROPERTY_TYPE, expression.span, message)
            continue
        problem = "" if name == "TemplateContent" else _literal_problem(declared.types, literal_text(expression))
        if problem:
            yield Finding(codes.PROPERTY_TYPE, expression.span, f"{name} of {task.action} must be {problem}")
        yield from _among(task, name, declared.words, expression)
    match task.action:
        case "ACS::Sleep":
            yield from _check_sleep(task, known)
        case "ACS::TimerTrigger":
            yield from _check_timer(task)
        case "ACS::Notify" | "ACS::Approve":
            yield from _check_notify_type(task)
        case "ACS::Template":
            yield from _check_template(task, offers, known)


def _unknown(task: Task, builtin: BuiltinAction, name: str, meant: str, offers: Offers) -> Finding:
    span = task.property_places.get(name, task.span)
    message = f"{task.action} has no property {name}"
    if elsewhere := belongs_elsewhere(name):
        # Without its Loop the task does something else.
        severity = Severity.ERROR if name == "Loop" else Severity.WARNING
        return Finding(codes.UNKNOWN_PROPERTY, span, message, elsewhere, severity)
    if meant:
        return Finding(codes.UNKNOWN_PROPERTY, span, message, f"did you mean {meant}?")
    operation = offers.operation_of(task)
    if operation is not None and task.action != "ACS::SelectTargets":
        is_parameter, is_needed = takes_parameter(operation, name)
        if is_parameter:
            message = f"{name} is a parameter of {operation.service}.{operation.name}, not a property of {task.action}"
            severity = Severity.ERROR if is_needed else Severity.WARNING
            hint = f"put it under Parameters: {{{name}: …}}"
            return Finding(codes.UNKNOWN_PROPERTY, span, message, hint, severity)
    names = [each.name for each in builtin.properties]
    hint = f"known are {', '.join(names)}" if names else "it has no properties"
    return Finding(codes.UNKNOWN_PROPERTY, span, message, hint, Severity.WARNING)


def _among(task: Task, name: str, words: tuple[str, ...], expression: Expression) -> Iterator[Finding]:
    text = literal_text(expression)
    if words and text and "{{" not in text and text.casefold() not in map(str.casefold, words):
        message = f"{name} of {task.action} is one of {', '.join(words)}, not {text!r}"
        yield Finding(codes.NOT_AMONG, expression.span, message)


def _literal_problem(types: tuple[str, ...], text: str) -> str:
    """What a property must be and a text that is written out is not; empty when it may be right."""
    if not text.strip():
        return ""
    match types:
        case ("Number",) if read_number(text) is None:
            return f"a number, not {text!r}"
        case ("Boolean",) if text.strip().casefold() not in ("true", "false"):
            return f"true or false, not {text!r}"
        case ("Json",) if from_json(text, "{") is None:
            return "a map, not text"
        case _:
            return ""


def _check_sleep(task: Task, known: Environment) -> Iterator[Finding]:
    """Durations and instants that are written out can be read (spec 4.4); a bare number has no unit."""
    duration = task.properties.get("Duration")
    if duration is not None and outline(duration.term, known).types == shapes.NUMBER.types:
        shown = duration.raw if duration.is_literal else "a number"
        message = f"Duration of ACS::Sleep: {shown} has no unit"
        hint = "write 1S, 1M, 1H or PT1M; '{{ seconds }}S' of a parameter"
        yield Finding(codes.PROPERTY_TYPE, duration.span, message, hint)
    yield from _readable(task, "Duration", parse_duration)
    yield from _readable(task, "EndDate", parse_instant)


def _check_timer(task: Task) -> Iterator[Finding]:
    """A timer that is written out can be read (spec 4.5)."""
    from oos.schedule.cron import read_cron  # here, because most templates have no timer
    from oos.schedule.timer import TYPES, is_rate, read_moment, read_rate
    from oos.schedule.zones import read_zone

    yield from _readable(task, "TimeZone", read_zone)
    zone = read_zone("")
    for name in ("StartDate", "EndDate"):
        yield from _readable(task, name, lambda text: read_moment(text, zone, last=False))
    kind = literal_text(task.properties.get("Type")).casefold()
    if kind and kind not in TYPES:
        message = f"Type of ACS::TimerTrigger must be one of {', '.join(TYPES)}, not {kind!r}"
        yield Finding(codes.PROPERTY_TYPE, task.properties["Type"].span, message)
    if kind == "cron" and not is_rate(literal_text(task.properties.get("Expression"))):
        yield from _readable(task, "Expression", read_cron)
    elif kind == "rate":
        yield from _readable(task, "Expression", read_rate)
    elif kind == "at":
        yield from _readable(task, "Expression", lambda text: read_moment(text, zone, last=False))


def _readable(task: Task, name: str, read: Callable[[str], object]) -> Iterator[Finding]:
    """A property that is text written out can be read."""
    text = literal_text(task.properties.get(name))
    if not text or "{{" in text:
        return
    try:
        read(text)
    except ValueError as error:
        yield Finding(codes.PROPERTY_TYPE, task.properties[name].span, f"{name} of {task.action}: {error}")


def _check_notify_type(task: Task) -> Iterator[Finding]:
    given = literal_text(task.properties.get("NotifyType"))
    if given and given.casefold() not in map(str.casefold, _NOTIFY_TYPES):
        message = f"{given} is no NotifyType that is known here; it is sent as a web hook"
        hint = f"known are {' and '.join(_NOTIFY_TYPES)}"
        yield Finding(codes.NOT_AMONG, task.properties["NotifyType"].span, message, hint, Severity.WARNING)


def _check_template(task: Task, offers: Offers, known: Environment) -> Iterator[Finding]:
    """A product action that a task names as a template takes its parameters; an inline template can be read."""
    name = literal_text(task.properties.get("TemplateName"))
    if name.casefold().startswith("acs::"):
        offers.named_template(task, name)
        yield from check_named(task, name, offers, known)
    content = task.properties.get("TemplateContent")
    if content is not None:
        yield from _check_inline(content)


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

"""Outlines: a template for people: its parameters as rows of a table, its tasks as a graph in lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from oos.template.expression import Expression
from oos.template.model import END, NEXT, NO_RATE_CONTROL, Parameter, Task, Template
from oos.template.offers import literal_text
from oos.values.json import Value, json_text

_WIDEST: Final = 100
_CALLS: Final = {"ACS::ExecuteAPI": "call", "ACS::WaitFor": "wait for", "ACS::CheckFor": "check"}


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter as a form would show it."""

    name: str
    type: str
    required: bool
    default: str
    """As text; empty when there is none."""
    allowed: str
    """What values it may have, in words."""
    description: str
    secret: bool
    association: str


def parameter_rows(template: Template, language: str = "en") -> tuple[ParameterRow, ...]:
    """The parameters, required ones first."""
    rows = [_row(each, language) for each in template.parameters.values()]
    return tuple(sorted(rows, key=lambda row: not row.required))


def in_language(text: Value, language: str = "en") -> str:
    """A label or description, which may be a map of languages (spec 1.1), in one language or the next best."""
    if isinstance(text, dict):
        for key in (language, f"name-{language}", "en", "zh-cn"):
            if isinstance(text.get(key), str):
                return str(text[key]).strip()
        return next((each for each in text.values() if isinstance(each, str)), "").strip()
    return "" if text is None else str(text).strip()


def task_lines(template: Template) -> tuple[str, ...]:
    """The tasks and the ways between them, one a line."""
    width = min(40, max((len(task.name) for task in template.tasks), default=0))
    return (*_graph(template.tasks, width, ""), "○ end")


def _row(parameter: Parameter, language: str) -> ParameterRow:
    title = in_language(parameter.label, language)
    text = in_language(parameter.description, language)
    default = "" if parameter.default is None else _short(parameter.default.raw)
    return ParameterRow(
        parameter.name,
        parameter.type,
        parameter.default is None,
        "***" if parameter.no_echo and default not in ("", '""') else default,
        "; ".join(_constraints(parameter)),
        ": ".join(part for part in (title, text) if part),
        parameter.no_echo,
        parameter.association_property or "",
    )


def _constraints(parameter: Parameter) -> Iterator[str]:
    if parameter.allowed_values is not None:
        yield "one of " + ", ".join(map(_short, parameter.allowed_values))
    if parameter.allowed_pattern is not None:
        yield f"matches {parameter.allowed_pattern}"
    for low, high, unit in (
        (parameter.min_length, parameter.max_length, " characters"),
        (parameter.min_value, parameter.max_value, ""),
    ):
        if low is not None and high is not None:
            yield f"{low} to {high}{unit}"
        elif low is not None:
            yield f"at least {low}{unit}"
        elif high is not None:
            yield f"at most {high}{unit}"


def _graph(tasks: tuple[Task, ...], width: int, indent: str) -> Iterator[str]:
    for task in tasks:
        yield f"{indent}● {task.name.ljust(width)}  {_what(task)}".rstrip()
        for note in _notes(task):
            yield f"{indent}│   {note}"
        if task.loop_tasks:
            inner = max(len(each.name) for each in task.loop_tasks)
            yield from _graph(task.loop_tasks, inner, f"{indent}│   ")


def _what(task: Task) -> str:
    """What a task does, in a few words."""
    if task.action in _CALLS:
        called = f"{_words(task.properties.get('Service'))}.{_words(task.properties.get('API'))}"
        return f"{_CALLS[task.action]} {called}"
    match task.written_action:
        case "ACS::Sleep":
            until = task.properties.get("EndDate")
            return f"sleep until {_words(until)}" if until else f"sleep {_words(task.properties.get('Duration'))}"
        case "ACS::Template":
            return f"run template {_words(task.properties.get('TemplateName'))}"
        case "ACS::TimerTrigger":
            return f"at {_words(task.properties.get('Type'))} {_words(task.properties.get('Expression'))}"
        case _:
            return task.written_action


def _notes(task: Task) -> Iterator[str]:
    """What else there is to say about a task: conditions, loops and ways that leave the straight line."""
    if task.when is not None:
        yield f"when {_words(task.when)}, else skipped"
    if task.protect is not None and not task.protect.is_none:
        yield "between snapshots of its targets and their deletion; where it fails they go back"
    if task.loop is not None:
        control = task.loop.rate_control
        limits = "" if control == NO_RATE_CONTROL else f", {_words(control)}"
        yield f"for each of {_words(task.loop.items)}{limits}"
    for name, wanted in (("DesiredValues", "until one of"), ("NotDesiredValues", "until none of")):
        if name in task.properties and task.action in ("ACS::WaitFor", "ACS::CheckFor"):
            verb = wanted if task.action == "ACS::WaitFor" else wanted.replace("until ", "")
            yield f"{_words(task.properties.get('PropertySelector'))} {verb} {_words(task.properties[name])}"
    for choice in task.choices:
        yield f"when {_words(choice.when)} → {_target(choice.next_task)}"
    if task.action == "ACS::Choice":
        yield f"else → {_target(task.default_task)}"
    if task.on_success != NEXT:
        yield f"then → {_target(task.on_success)}"
    if task.on_error != END:
        yield f"on error → {_target(task.on_error)}"


def _target(name: str) -> str:
    return {END: "end", NEXT: "next"}.get(name, name)


def _words(expression: Expression | None) -> str:
    if expression is None:
        return "?"
    return literal_text(expression) or _short(expression.raw)


def _short(value: Value) -> str:
    text = value if isinstance(value, str) and value else json_text(value)
    text = " ".join(text.split())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"

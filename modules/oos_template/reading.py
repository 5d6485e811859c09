"""Reading templates: what a text says of itself, what it calls, and what of that is risky. Pure but for the catalog."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from oos.diagnostics import DiagnosticError
from oos.service.catalog import Catalog
from oos.service.operation import Operation, Risk
from oos.service.stored_templates import TemplateVersion
from oos.service.template_faults import template_error
from oos.template.check import check
from oos.template.expression import Expression
from oos.template.model import Task, Template, TemplateKind
from oos.template.outline import in_language
from oos.template.parse import parse
from oos.values.json import Value

_CALLS = ("acs::executeapi", "acs::waitfor", "acs::checkfor")


def read_checked(text: str, name: str, catalog: Catalog) -> Template:
    """The template of a text, all its names known. Raises ApiError with every fault."""
    try:
        template = parse(text, name)
        return check(template, catalog).template if template.kind is TemplateKind.AUTOMATION else template
    except DiagnosticError as error:
        raise template_error(error) from error


def version_of(template: Template, at: datetime, by: str, token: str, label: str) -> TemplateVersion:
    """The version that a text becomes when it is stored."""
    text = template.source.text
    return TemplateVersion(
        number=0,
        text=text,
        hash=hashlib.sha256(text.encode()).hexdigest(),
        created=at,
        by=by,
        token=token,
        label=label,
        description=in_language(template.description),
        format=format_of(text),
        type=str(template.kind),
        has_trigger=begins_with_trigger(template),
    )


def format_of(text: str) -> str:
    """`JSON` or `YAML`."""
    return "JSON" if text.lstrip().startswith("{") else "YAML"


def begins_with_trigger(template: Template) -> bool:
    """Whether executions of it wait for something to fire them."""
    return bool(template.tasks) and template.tasks[0].action.casefold().endswith("trigger")


def categories_of(template: Template) -> list[str]:
    """The categories that its description names."""
    named = template.description.get("categories") if isinstance(template.description, dict) else None
    return [str(each) for each in named] if isinstance(named, list) else []


@dataclass(frozen=True, slots=True)
class Call:
    """An operation that a task calls."""

    operation: Operation
    task: str
    template: str
    is_normal: bool
    """Whether the template says that nobody need be asked (Risk: Normal)."""

    @property
    def is_risky(self) -> bool:
        """Whether a person is asked first."""
        return self.operation.risk is Risk.HIGH and not self.is_normal


def calls_of(template: Template, name: str, catalog: Catalog) -> Iterator[Call]:
    """The operations that a template calls, and those that the product actions in it call."""
    yield from _calls(template.tasks, name, catalog, {name})


def _calls(tasks: tuple[Task, ...], name: str, catalog: Catalog, seen: set[str]) -> Iterator[Call]:
    for task in tasks:
        if task.action.casefold() in _CALLS:
            service, api = _literal(task, "Service"), _literal(task, "API")
            operation = catalog.operation(str(service), str(api))
            if operation is not None:
                yield Call(operation, task.name, name, str(_literal(task, "Risk")).casefold() == "normal")
        elif task.loop_tasks:
            yield from _calls(task.loop_tasks, name, catalog, seen)
        elif task.action not in seen:
            seen.add(task.action)
            action = catalog.action(task.action)
            if action is not None:
                yield from _calls(parse(action.text, action.path).tasks, action.name, catalog, seen)


def _literal(task: Task, name: str) -> Value:
    found: Expression | None = task.properties.get(name)
    return found.raw if found is not None and found.is_literal else None

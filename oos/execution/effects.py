"""What a template may do to the world, as far as can be told before it runs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from oos.diagnostics import DiagnosticError
from oos.service.operation import Effect
from oos.template.offers import literal_text

if TYPE_CHECKING:
    from oos.service.catalog import Catalog
    from oos.template.check import CheckedTemplate
    from oos.template.model import Task

Find = Callable[[str], "CheckedTemplate | None"]
"""The checked template of a product action or runbook of this name, or None."""

_READING = frozenset(
    {
        "acs::waitfor",
        "acs::checkfor",
        "acs::selecttargets",
        "acs::choice",
        "acs::sleep",
        "acs::approve",
        "acs::pause",
        "acs::notify",
        "acs::timertrigger",
        "acs::eventtrigger",
        "acs::alarmtrigger",
    }
)
MOST_NESTED = 20


def effect_of(checked: CheckedTemplate, catalog: Catalog, find: Find) -> Effect:
    """The strongest effect that a template may have by what it starts. What cannot be told counts as a change."""
    return _strongest(checked.template.tasks, catalog, find, MOST_NESTED)


def _strongest(tasks: Iterable[Task], catalog: Catalog, find: Find, depth: int) -> Effect:
    found = Effect.READS
    for task in tasks:
        effect = _effect(task, catalog, find, depth)
        if effect is Effect.DESTROYS:
            return effect
        if effect is Effect.CHANGES:
            found = effect
    return found


def _effect(task: Task, catalog: Catalog, find: Find, depth: int) -> Effect:
    action = task.action.casefold()
    if action in _READING:
        return Effect.READS
    if action == "acs::executeapi":
        service, api = literal_text(task.properties.get("Service")), literal_text(task.properties.get("API"))
        operation = catalog.operation(service, api) if service and api else None
        if operation is None:
            return Effect.CHANGES
        return Effect.READS if operation.tells else operation.effect
    if action == "acs::executehttprequest":
        method = literal_text(task.properties.get("Method")) or "POST"
        return Effect.READS if method.upper() in ("GET", "HEAD") else Effect.CHANGES
    if action == "acs::loop":
        return _strongest(task.loop_tasks, catalog, find, depth)
    name = literal_text(task.properties.get("TemplateName")) if action == "acs::template" else task.action
    if not name or depth <= 0:
        return Effect.CHANGES
    try:
        inner = find(name)
    except DiagnosticError:
        inner = None
    return Effect.CHANGES if inner is None else _strongest(inner.template.tasks, catalog, find, depth - 1)

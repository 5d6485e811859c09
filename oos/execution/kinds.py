"""Kinds of actions: who carries out what (spec 4)."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from oos.service.operation import Effect, Operation, Risk
from oos.template.actions import STRUCTURED
from oos.values.json import structured

if TYPE_CHECKING:
    from oos.execution.scope import ExecutionScope
    from oos.service.catalog import Catalog
    from oos.template.model import Task, Template


class Kind(Enum):
    """How the conductor treats an action."""

    CALL = auto()
    """Something is done outside: the engine performs it."""
    CHILD = auto()
    """A child execution is started."""
    CHOICE = auto()
    SLEEP = auto()
    APPROVE = auto()
    PAUSE = auto()
    TRIGGER = auto()
    """Children are started, by time, by events or by hand."""


_KINDS = {
    "acs::executeapi": Kind.CALL,
    "acs::waitfor": Kind.CALL,
    "acs::checkfor": Kind.CALL,
    "acs::selecttargets": Kind.CALL,
    "acs::executehttprequest": Kind.CALL,
    "acs::notify": Kind.CALL,
    "acs::template": Kind.CHILD,
    "acs::loop": Kind.CHILD,
    "acs::timertrigger": Kind.TRIGGER,
    "acs::eventtrigger": Kind.TRIGGER,
    "acs::alarmtrigger": Kind.TRIGGER,
    "acs::choice": Kind.CHOICE,
    "acs::sleep": Kind.SLEEP,
    "acs::approve": Kind.APPROVE,
    "acs::pause": Kind.PAUSE,
}


def kind_of(action: str) -> Kind:
    """The kind of an action; any name that is not built in is a product action, a child execution."""
    return _KINDS.get(action.casefold(), Kind.CHILD)


def is_inner_loop(task: Task) -> bool:
    """Whether the items of the task are runs of its inner tasks (spec 4.4 ACS::Loop)."""
    return task.action.casefold() == "acs::loop"


def category_of(template: Template) -> str:
    """`Category` of the executions of a template: the trigger it begins with, or Other (spec 6.5)."""
    first = template.tasks[0].action if template.tasks else ""
    return first.removeprefix("ACS::") if kind_of(first) is Kind.TRIGGER else "Other"


def property_of(task: Task, name: str, scope: ExecutionScope) -> object:
    """The value of a property of a task, None when it is not set; the name in any case, exact first.

    JSON text counts as the list or map that it is where the property is one.
    """
    expression = task.properties.get(name)
    if expression is None:
        folded = name.casefold()
        for key, each in task.properties.items():
            if key.casefold() == folded:
                expression = each
                break
        else:
            return None
    value = expression.evaluate(scope)
    return structured(value) if value.__class__ is str and name in STRUCTURED else value


def operation_of(task: Task, scope: ExecutionScope, catalog: Catalog) -> Operation | None:
    """The operation that an API task calls, or None when no installed module offers it."""
    service, api = property_of(task, "Service", scope), property_of(task, "API", scope)
    return catalog.operation(str(service), str(api))


def destroys(task: Task, scope: ExecutionScope, catalog: Catalog) -> bool:
    """Whether the task calls an operation that destroys."""
    if task.action.casefold() != "acs::executeapi":
        return False
    operation = operation_of(task, scope, catalog)
    return operation is not None and operation.effect is Effect.DESTROYS


def is_high_risk(task: Task, scope: ExecutionScope, catalog: Catalog) -> bool:
    """Whether a person confirms this task first (spec 6.2): a high-risk operation, unless it says `Risk: Normal`."""
    if task.action.casefold() != "acs::executeapi":
        return False
    operation = operation_of(task, scope, catalog)
    if operation is None or operation.risk is not Risk.HIGH:
        return False
    return str(property_of(task, "Risk", scope) or "").casefold() != "normal"

"""Child executions: what a task hands to the template it runs, and what it gets back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from oos.diagnostics import DiagnosticError
from oos.execution.advance import StartChild, scope_of
from oos.execution.conclude import succeeded
from oos.execution.events import NO_ITEM, TaskCancelled, TaskFailed, TaskSucceeded
from oos.execution.kinds import property_of
from oos.execution.model import Execution
from oos.execution.status import Status
from oos.template.model import Task
from oos.template.selector import SelectorError
from oos.values.identifiers import child_execution_id
from oos.values.json import Value
from oos.values.secret import reveal


@dataclass(frozen=True, slots=True)
class ChildRequest:
    """What a task asks a child execution to be."""

    execution_id: str
    template_name: str
    template_version: str
    template_text: str
    """Inline text; empty when the template is known by its name."""
    parameters: Mapping[str, Value]


def child_request(execution: Execution, action: StartChild) -> ChildRequest:
    """The child that a product action or ACS::Template asks for. Raises DiagnosticError, ValueError."""
    current = execution.tasks[action.task]
    task = current.task
    scope = scope_of(execution, action.task, action.item, action.started)
    item = None if action.item == NO_ITEM else action.item
    child_id = child_execution_id(execution.id, current.number + 1, item)
    if action.attempt:
        child_id = f"{child_id}.r{action.attempt}"
    if task.action.casefold() != "acs::template":
        parameters = {name: value.evaluate(scope) for name, value in task.properties.items()}
        return ChildRequest(child_id, task.action, "", "", _sent(parameters))
    given = property_of(task, "Parameters", scope) or {}
    if not isinstance(given, dict):
        raise ValueError(f"Parameters must be a map, not {given!r}")  # noqa: TRY004 (a fault of the template)
    text = property_of(task, "TemplateContent", scope)
    return ChildRequest(
        child_id,
        str(reveal(property_of(task, "TemplateName", scope)) or ""),
        str(reveal(property_of(task, "TemplateVersion", scope)) or ""),
        str(reveal(text)) if text else "",
        _sent(given),
    )


def child_outcome(
    parent: Execution, task: Task, item: int, started: datetime, child: Execution, now: datetime
) -> TaskSucceeded | TaskFailed | TaskCancelled:
    """What the end of a child execution is for the task that started it."""
    match child.status:
        case Status.SUCCESS:
            scope = scope_of(parent, task.name, item, started)
            keep = task.name in parent.template.needs_response
            try:
                return succeeded(task, dict(child.outputs), scope, now, item=item, keep_response=keep)
            except (DiagnosticError, SelectorError) as error:
                message = str(error).split("\n", 1)[0]
                return TaskFailed(at=now, task=task.name, item=item, code="InvalidExpression", message=message)
        case Status.CANCELLED if parent.cancel is not None:
            return TaskCancelled(at=now, task=task.name, item=item, reason="cancelled with its child execution")
        case _:
            code = child.fault.code if child.fault else f"Child{child.status}"
            message = child.fault.message if child.fault else f"the child execution is {child.status}"
            return TaskFailed(at=now, task=task.name, item=item, code=code, message=f"{child.id}: {message}")


def _sent(parameters: Mapping[str, Value]) -> dict[str, Value]:
    """Without those that are null: a null property is not sent (spec 1.6)."""
    return {name: value for name, value in parameters.items() if value is not None}

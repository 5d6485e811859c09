"""Child executions: what a task hands to the template it runs, and what it gets back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from oos.diagnostics import DiagnosticError
from oos.execution.actions import StartChild
from oos.execution.conclude import succeeded
from oos.execution.events import (
    NO_ITEM,
    ExecutionStarted,
    TaskCancelled,
    TaskFailed,
    TaskSucceeded,
    TriggerEnded,
)
from oos.execution.kinds import Kind, is_inner_loop, kind_of, property_of
from oos.execution.model import Execution
from oos.execution.scope import ExecutionScope
from oos.execution.status import Status
from oos.execution.waits import scope_of
from oos.template.check import CheckedTemplate
from oos.template.model import Task
from oos.template.protect import ACT, RESPONSE, ROLL_BACK
from oos.template.selector import SelectorError, compile_selector
from oos.values.identifiers import child_execution_id
from oos.values.json import Value, to_text
from oos.values.secret import reveal

ChildOutcome: TypeAlias = TaskSucceeded | TaskFailed | TaskCancelled | TriggerEnded


@dataclass(frozen=True, slots=True)
class ChildRequest:
    """What a task asks a child execution to be."""

    execution_id: str
    template_name: str
    template_version: str
    template_text: str
    """Inline text; empty when the template is known by its name."""
    parameters: Mapping[str, Value]
    loop_path: tuple[str, ...] = ()
    bound: bool = False
    """Whether the parameters are those of an execution already, which need no binding."""


def child_id(execution: Execution, action: StartChild) -> str:
    """The id of the child of a task, item or firing; another one for each attempt."""
    item = None if action.item == NO_ITEM else action.item
    id_ = child_execution_id(execution.id, execution.tasks[action.task].number + 1, item)
    return f"{id_}.r{action.attempt}" if action.attempt else id_


def child_request(execution: Execution, action: StartChild) -> ChildRequest:
    """The child that a task asks for. Raises DiagnosticError, ValueError."""
    task = execution.tasks[action.task].task
    id_ = child_id(execution, action)
    start, own_text = execution.start, execution.template.template.source.text
    if is_inner_loop(task):
        path = (*start.loop_path, task.name)
        return ChildRequest(id_, start.template_name, start.template_version, own_text, {}, path, bound=True)
    if kind_of(task.action) is Kind.TRIGGER:
        parameters = execution.parameters
        return ChildRequest(id_, start.template_name, start.template_version, own_text, parameters, bound=True)
    scope = scope_of(execution, action.task, action.item, action.started)
    if task.action.casefold() != "acs::template":
        given = {name: value.evaluate(scope) for name, value in task.properties.items()}
        return ChildRequest(id_, task.action, "", "", _sent(given))
    asked = property_of(task, "Parameters", scope) or {}
    if not isinstance(asked, dict):
        raise ValueError(f"Parameters must be a map, not {asked!r}")  # noqa: TRY004 (a fault of the template)
    text = property_of(task, "TemplateContent", scope)
    return ChildRequest(
        id_,
        str(reveal(property_of(task, "TemplateName", scope)) or ""),
        str(reveal(property_of(task, "TemplateVersion", scope)) or ""),
        to_text(reveal(text)) if text else "",
        _sent(asked),
    )


def child_started(
    parent: Execution,
    action: StartChild,
    request: ChildRequest,
    template_hash: str,
    bound: dict[str, Value],
    store: dict[str, Any],
    now: datetime,
) -> ExecutionStarted:
    """The first event of a child: it runs as its parent does."""
    start = parent.start
    return ExecutionStarted(
        at=now,
        execution_id=request.execution_id,
        template_name=request.template_name or start.template_name,
        template_hash=template_hash,
        template_version=request.template_version,
        parameters=bound,
        by=start.by,
        region=start.region,
        account=start.account,
        mode=start.mode,
        loop_mode=start.loop_mode,
        safety_check=start.safety_check,
        store=store,
        forbid_self_approval=start.forbid_self_approval,
        approve_destroy=start.approve_destroy,
        parent_id=parent.id,
        parent_task=action.task,
        parent_item=action.item,
        loop_path=list(request.loop_path),
    )


def trigger_given(child: Execution, checked: CheckedTemplate, message: Value, now: datetime) -> TaskSucceeded:
    """What the trigger task is in the child of a firing: done, its outputs those of the message (spec 1.7).

    Raises DiagnosticError, SelectorError.
    """
    task = checked.template.tasks[0]
    scope = ExecutionScope(child, now)
    transformer = reveal(property_of(task, "OutputTransformer", scope))
    if isinstance(transformer, Mapping) and transformer:
        message = {name: compile_selector(str(text)).first(message) for name, text in transformer.items()}
    elif isinstance(transformer, str) and transformer:
        message = compile_selector(transformer).first(message)
    return succeeded(task, message, scope, now, keep_response=True)


def child_outcome(
    parent: Execution, task: Task, item: int, started: datetime, child: Execution, now: datetime
) -> ChildOutcome:
    """What the end of a child execution is for the task that started it."""
    code, message = _fault_of(child) if task.protect is None else _fault_of_protected(child)
    if kind_of(task.action) is Kind.TRIGGER:
        told = "" if child.status is Status.SUCCESS else f"{code}: {message}"
        outputs = dict(child.outputs)
        return TriggerEnded(at=now, task=task.name, item=item, status=child.status, message=told, outputs=outputs)
    match child.status:
        case Status.SUCCESS if is_inner_loop(task):
            return TaskSucceeded(at=now, task=task.name, item=item, outputs=dict(child.outputs))
        case Status.SUCCESS:
            scope = scope_of(parent, task.name, item, started)
            keep = task.name in parent.template.needs_response
            response = child.outputs.get(RESPONSE) if task.protect is not None else dict(child.outputs)
            try:
                return succeeded(task, response, scope, now, item=item, keep_response=keep)
            except (DiagnosticError, SelectorError) as error:
                first = str(error).split("\n", 1)[0]
                return TaskFailed(at=now, task=task.name, item=item, code="InvalidExpression", message=first)
        case Status.CANCELLED if _is_ending(parent):
            return TaskCancelled(at=now, task=task.name, item=item, reason="cancelled with its child execution")
        case _:
            return TaskFailed(at=now, task=task.name, item=item, code=code, message=f"{child.id}: {message}")


def _fault_of(child: Execution) -> tuple[str, str]:
    """Code and message of a child that did not succeed."""
    if child.fault is not None:
        return child.fault.code, child.fault.message
    if child.rejected_by:
        note = child.cancel.note if child.cancel is not None else ""
        return "Rejected", f"rejected by {child.rejected_by}" + (f": {note}" if note not in ("", "rejected") else "")
    return f"Child{child.status}", f"the child execution is {child.status}"


def _fault_of_protected(child: Execution) -> tuple[str, str]:
    """Why a protected task failed, and what became of its targets."""
    act, back = child.tasks.get(ACT), child.tasks.get(ROLL_BACK)
    if act is None or act.fault is None or back is None:
        return _fault_of(child)
    if back.status is Status.SUCCESS:
        return act.fault.code, f"{act.fault.message} (its targets were taken back to their snapshots)"
    return act.fault.code, f"{act.fault.message} (and its targets could not be taken back: {back.fault})"


def _is_ending(parent: Execution) -> bool:
    ending = parent.current is not None and bool(parent.current.ending_by)
    return parent.cancel is not None or parent.forced_status is not None or ending


def _sent(parameters: Mapping[str, Value]) -> dict[str, Value]:
    """Without those that are null: a null property is not sent (spec 1.6)."""
    return {name: value for name, value in parameters.items() if value is not None}

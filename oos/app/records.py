"""Records: executions, tasks and events of the engine as the port of orchestration tells of them. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from oos.diagnostics import DiagnosticError
from oos.execution.advance import counters
from oos.execution.kinds import Kind, category_of, kind_of
from oos.execution.model import Execution, ItemStatus, LoopState, TaskExecution
from oos.execution.waits import scope_of
from oos.service.orchestration import (
    CurrentTask,
    ExecutionRecord,
    ExecutionSummary,
    Firings,
    TaskRecord,
    TemplateText,
)
from oos.template.selector import SelectorError
from oos.values.identifiers import child_execution_id, resource_id
from oos.values.json import Value

if TYPE_CHECKING:
    from oos.journal.port import Summary

NO_ITEM = -1


def template_id(name: str) -> str:
    """The id of a template, from its name: `t-` and 20 hex digits."""
    return resource_id("t", name)


def summary_of(summary: Summary) -> ExecutionSummary:
    """What a list is filtered and ordered by."""
    return ExecutionSummary(
        id=summary.execution_id,
        parent_id=summary.parent_id,
        template_name=summary.template_name,
        status=str(summary.status),
        by=summary.by,
        region=summary.region,
        category=summary.category or "Other",
        started=summary.started,
        ended=summary.ended,
    )


def record_of(execution: Execution) -> ExecutionRecord:
    """An execution in full."""
    start = execution.start
    waiting = execution.shown_wait
    name = start.template_name
    template = execution.template.template
    return ExecutionRecord(
        id=execution.id,
        parent_id=start.parent_id,
        template=TemplateText(name, template.source.text, start.template_version),
        template_id=template_id(name),
        status=str(execution.shown_status),
        message=_message(execution),
        waiting="" if waiting is None else str(waiting.reason),
        mode=str(start.mode),
        loop_mode=str(start.loop_mode),
        safety_check=str(start.safety_check),
        by=start.by,
        account=start.account,
        region=start.region,
        description=execution.description,
        tags=dict(execution.tags),
        parameters=dict(execution.parameters),
        outputs=dict(execution.outputs),
        category=category_of(template),
        started=start.at,
        updated=execution.updated or start.at,
        ended=execution.ended,
        counters=dict(counters(execution)),
        current_tasks=_current(execution),
        is_parent=any(_has_children(task.action) for task in template.tasks),
        firings=_firings(execution),
    )


def _message(execution: Execution) -> str:
    """Why it failed, what it waits for, or who cancelled it."""
    if execution.fault is not None:
        return str(execution.fault)
    if execution.shown_wait is not None:
        return execution.shown_wait.note
    if execution.cancel is not None:
        note = f": {execution.cancel.note}" if execution.cancel.note else ""
        return f"cancelled by {execution.cancel_by}{note}"
    return ""


def _current(execution: Execution) -> tuple[CurrentTask, ...]:
    current = execution.current
    if current is None or execution.status.final:
        return ()
    return (CurrentTask(_task_id(execution, current), current.task.name, current.task.action),)


def _task_id(execution: Execution, task: TaskExecution, item: int = NO_ITEM) -> str:
    return child_execution_id(execution.id, task.number + 1, None if item == NO_ITEM else item)


def _has_children(action: str) -> bool:
    return kind_of(action) in (Kind.CHILD, Kind.TRIGGER)


def _firings(execution: Execution) -> Firings | None:
    first = execution.tasks.get(execution.template.template.tasks[0].name)
    trigger = None if first is None else first.trigger
    if trigger is None:
        return None
    return Firings(
        next=None if execution.status.final else trigger.next,
        last=trigger.last,
        last_status="" if trigger.last_status is None else str(trigger.last_status),
        last_message=trigger.last_message,
        last_outputs=dict(trigger.last_outputs),
        last_success=trigger.last_success,
    )


def task_records(execution: Execution) -> Iterator[TaskRecord]:
    """The tasks that have begun, each followed by the items of its loop."""
    for task in execution.tasks.values():
        loop = task.loop
        id_ = _task_id(execution, task)
        yield TaskRecord(
            id=id_,
            execution_id=execution.id,
            parent_id="",
            child_execution_id=_child_id(execution, task) if loop is None else "",
            name=task.task.name,
            action=task.task.action,
            status=str(task.status if task.waiting is None else "Waiting"),
            message=str(task.fault) if task.fault else task.reason or (task.waiting.note if task.waiting else ""),
            started=task.started,
            ended=task.ended,
            properties=_properties(execution, task, NO_ITEM, task.started) if loop is None else {},
            outputs=dict(task.outputs),
            loop={} if loop is None else {"Items": list(loop.items), "MaxErrors": loop.limits.max_errors},
        )
        if loop is not None:
            yield from _items(execution, task, loop, id_)


def _items(execution: Execution, task: TaskExecution, loop: LoopState, parent_id: str) -> Iterator[TaskRecord]:
    for number, status in enumerate(loop.statuses):
        if status == ItemStatus.NEW:
            continue
        activity = loop.in_flight.get(number)
        fault = loop.faults.get(number)
        waiting = activity.waiting if activity else None
        yield TaskRecord(
            id=_task_id(execution, task, number),
            execution_id=execution.id,
            parent_id=parent_id,
            child_execution_id=_child_id(execution, task, number, loop.attempts.get(number, 0)),
            name=task.task.name,
            action=task.task.action,
            status=str(ItemStatus.NAMES[status] if waiting is None else "Waiting"),
            message=str(fault) if fault else waiting.note if waiting else "",
            started=activity.started if activity else None,
            ended=None,
            properties={},
            outputs=_outputs_of_item(loop, number) if status == ItemStatus.SUCCESS else {},
            item=loop.items[number],
            batch=_batch_of(loop, number),
        )


def _outputs_of_item(loop: LoopState, number: int) -> dict[str, Value]:
    """The outputs of an item that something reads later; the others are not kept."""
    return {name: values[number] for name, values in loop.outputs.items() if name not in loop.paths}


def _batch_of(loop: LoopState, number: int) -> int:
    """The batch in which an item runs, counted from 1."""
    ends = [each.end for each in loop.limits.batches]
    return bisect_right(ends, number) + 1


def _child_id(execution: Execution, task: TaskExecution, item: int = NO_ITEM, attempt: int = 0) -> str:
    """The child execution of a task or item, where it has one."""
    if kind_of(task.task.action) is not Kind.CHILD or task.starts == 0:
        return ""
    id_ = _task_id(execution, task, item)
    attempt = attempt if item != NO_ITEM else task.attempt
    return f"{id_}.r{attempt}" if attempt else id_


def _properties(execution: Execution, task: TaskExecution, item: int, at: datetime) -> Mapping[str, Value]:
    """The properties as they were for the task; as they are written where they cannot be told any more."""
    scope = scope_of(execution, task.task.name, item, at)
    found: dict[str, Value] = {}
    for name, expression in task.task.properties.items():
        try:
            found[name] = expression.evaluate(scope)
        except (DiagnosticError, SelectorError):
            found[name] = expression.raw
    return found

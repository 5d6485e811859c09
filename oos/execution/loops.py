"""Loops: which items start next, and when a loop is over (spec 5). Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from oos.diagnostics import DiagnosticError
from oos.execution.actions import Perform, StartChild, Step, failed, first_of
from oos.execution.events import (
    BatchStarted,
    LoopStarted,
    TaskCancelled,
    TaskStarted,
    TaskSucceeded,
    TaskWaiting,
)
from oos.execution.inner import read_later
from oos.execution.kinds import Kind, is_inner_loop, kind_of
from oos.execution.model import Execution, LoopState, TaskExecution
from oos.execution.rate_control import RateControlInvalid, limits_for
from oos.execution.status import LoopMode, Mode, WaitReason
from oos.template.aggregate import aggregate
from oos.values.json import Value, structured
from oos.values.secret import Secret, reveal

if TYPE_CHECKING:
    from oos.execution.scope import ExecutionScope
    from oos.template.model import Task

FAULTS_SHOWN = 3


def start_loop(execution: Execution, task: Task, scope: ExecutionScope, now: datetime) -> Step:
    """The start of a loop: its items and limits. Raises DiagnosticError."""
    assert task.loop is not None
    chosen = execution.stepped_item if execution.stepped == task.name else None
    found = _items_of(task.loop.items.evaluate(scope)) if chosen is None else chosen
    if not isinstance(found, list):
        return failed(task.name, now, "InvalidLoopItems", f"Loop.Items must be a list, not {found!r}")
    rate_control = structured(reveal(task.loop.rate_control.evaluate(scope)))
    try:
        limits_for(rate_control, len(found), LoopMode(execution.start.loop_mode))
    except RateControlInvalid as error:
        return failed(task.name, now, "InvalidRateControl", str(error))
    return Step([LoopStarted(at=now, task=task.name, items=found, rate_control=rate_control)])


def advance_loop(execution: Execution, task: TaskExecution, now: datetime) -> Step:
    """Start items as far as the limits allow; end the loop when nothing is left."""
    loop = task.loop
    assert loop is not None
    if loop.pausing is not None:
        return Step()
    name = task.task.name
    step = Step()
    if loop.limits.batches and (loop.again or not loop.over):
        _start_items(execution, task, loop, now, step)
    if step.events or loop.in_flight:
        return step
    if loop.over:
        return failed(name, now, "LoopFailed", _loop_fault(loop))
    if loop.batch + 1 < len(loop.limits.batches):
        if loop.limits.pauses_after(loop.batch):
            note = f"batch {loop.batch + 1} of {len(loop.limits.batches)} is done"
            return Step([TaskWaiting(at=now, task=name, reason=WaitReason.BATCH, note=note)])
        return Step([BatchStarted(at=now, task=name, batch=loop.batch + 1)])
    try:
        return Step([TaskSucceeded(at=now, task=name, outputs=_outputs(execution, task.task, loop))])
    except (DiagnosticError, ValueError) as error:
        message = first_of(error) if isinstance(error, DiagnosticError) else str(error)
        return failed(name, now, "InvalidAggregate", message)


def end_loop(loop: LoopState, name: str, now: datetime) -> Step:
    """Towards the end of a loop that was cancelled: waits end, what is in flight keeps its outcome."""
    waiting = [item for item, activity in loop.in_flight.items() if activity.waiting is not None]
    if waiting:
        return Step([TaskCancelled(at=now, task=name, item=item) for item in waiting])
    return Step() if loop.in_flight else Step([TaskCancelled(at=now, task=name)])


def _start_items(execution: Execution, task: TaskExecution, loop: LoopState, now: datetime, step: Step) -> None:
    room = loop.room
    if execution.start.mode is Mode.DEBUG:
        room = min(room, 1 - len(loop.in_flight))
    if room <= 0:
        return
    action = Perform if kind_of(task.task.action) is Kind.CALL else StartChild
    items = loop.again[:room]
    if not loop.over:
        items += range(loop.next, min(loop.limits.batches[loop.batch].end, loop.next + room - len(items)))
    for item in items:
        attempt = loop.attempts.get(item, 0) + 1 if item < loop.next else 0
        step.events.append(TaskStarted(at=now, task=task.task.name, item=item, attempt=attempt))
        step.actions.append(action(task.task.name, item, attempt, now))


def _outputs(execution: Execution, task: Task, loop: LoopState) -> dict[str, Value]:
    """What later tasks see of the loop: lists over its items for what they read directly, then its aggregates.

    Raises DiagnosticError, ValueError.
    """
    assert task.loop is not None
    direct, _ = read_later(execution.template, task)
    if is_inner_loop(task):
        direct |= {output.name for output in task.outputs}
    outputs: dict[str, Value] = {name: loop.outputs[name] for name in sorted(direct)}
    outputs.update({each.name: aggregate(each.type, loop.outputs[each.field]) for each in task.loop.aggregates})
    return outputs


def _loop_fault(loop: LoopState) -> str:
    shown = [f"item {item + 1}: {fault}" for item, fault in sorted(loop.faults.items())[:FAULTS_SHOWN]]
    more = f"; and {loop.failed - len(shown)} more" if loop.failed > len(shown) else ""
    not_started = len(loop.items) - loop.done
    left = f"; {not_started} were not started" if not_started else ""
    return (
        f"{loop.failed} of {len(loop.items)} items failed, {loop.limits.max_errors} may: {'; '.join(shown)}{more}{left}"
    )


def _items_of(value: Value) -> Value:
    """The items of a loop: JSON text of a list is read; null, as of a task that did not run, is no items.

    A list that is a Secret becomes a list of Secrets: the loop must count its items, and not show them.
    """
    if isinstance(value, Secret):
        content = structured(value.reveal())
        return [Secret(each) for each in content] if isinstance(content, list) else content
    return [] if value is None else structured(value)

"""The fold of what people tell an execution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from oos.execution.events import NO_ITEM, Notified
from oos.execution.model import Approval, Execution, ItemStatus, LoopState
from oos.execution.status import NotifyType, WaitReason
from oos.values.json import Value
from oos.values.secret import secrets_in


def record_notified(execution: Execution, event: Notified) -> None:
    """What a notification changes by itself; the rest is told by the events that follow it."""
    if event.parameters:
        update_parameters(execution, event.at, event.parameters)
    if execution.held is not None and event.type in (NotifyType.RETRY_TASK, NotifyType.APPROVE):
        execution.held = None
        execution.stale = 0
        return
    match event.type:
        case NotifyType.APPROVE:
            _approve(execution, event)
        case NotifyType.COMPLETE_EXECUTION:
            execution.forced_status = event.execution_status
        case NotifyType.EXECUTE_TASK:
            execution.stepped = event.task
            execution.stepped_item = None if event.loop_item is None else [event.loop_item]
        case NotifyType.CANCEL_TASK:
            if execution.current is not None:
                execution.current.ending_by = event.by
        case NotifyType.RETRY_TASK | NotifyType.SKIP_TASK if execution.current is not None:
            current = execution.current
            waiting = current.waiting
            if event.type is NotifyType.RETRY_TASK and current.loop is None and waiting is not None:
                current.again = waiting.reason is WaitReason.FAILURE
            loop = current.loop
            if loop is not None and loop.pausing is not None and loop.pausing.reason is WaitReason.FAILURE:
                _settle_failed(loop, items_of(event), again=event.type is NotifyType.RETRY_TASK)


def items_of(event: Notified) -> list[int]:
    """The loop items that a notification names; none means all, or the task itself."""
    named = [] if event.item == NO_ITEM else [event.item]
    return named + [each for each in event.items if each not in named]


def update_parameters(execution: Execution, at: datetime, changed: Mapping[str, Value]) -> None:
    """Parameters in force from an instant on."""
    if not changed:
        return
    execution.before.append((at, execution.parameters))
    execution.parameters = {**execution.parameters, **changed}
    execution.secrets = (*execution.secrets, *secrets_in(dict(changed)))


def _approve(execution: Execution, event: Notified) -> None:
    activity = execution.activity(event.task, event.item)
    waiting = activity.waiting if activity is not None else None
    if activity is not None and waiting is not None and waiting.reason is WaitReason.APPROVAL:
        activity.approvals = (*activity.approvals, Approval(event.by, event.at, event.note))


def _settle_failed(loop: LoopState, items: Iterable[int], *, again: bool) -> None:
    """Have failed items started once more, or counted as left out: those named, or all."""
    loop.pausing = None
    for item in list(items) or sorted(loop.faults):
        if loop.faults.pop(item, None) is None:
            continue
        loop.failed -= 1
        if again:
            loop.statuses[item] = ItemStatus.NEW
            loop.again.append(item)
        else:
            loop.skipped += 1
            loop.statuses[item] = ItemStatus.SKIPPED

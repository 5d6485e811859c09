"""What people tell an execution, and what it brings (spec 6.3). Pure."""

from __future__ import annotations

from datetime import datetime

from oos.execution.advance import Action, Perform, StartChild, Step, start_task
from oos.execution.events import (
    NO_ITEM,
    BatchStarted,
    CancelRequested,
    Notified,
    TaskCancelled,
    TaskResumed,
    TaskSkipped,
    TaskSucceeded,
)
from oos.execution.kinds import Kind, kind_of
from oos.execution.model import Activity, Execution, TaskExecution, Waiting
from oos.execution.status import NotifyType, WaitReason


class NotAllowed(ValueError):
    """The execution does not wait for this; the message says for what it does."""


def notify(execution: Execution, told: Notified, now: datetime) -> Step:
    """What a notification brings. Raises NotAllowed."""
    if execution.status.final:
        raise NotAllowed(f"{execution.id} has ended: {execution.status}")
    if told.type is NotifyType.COMPLETE_EXECUTION:
        return Step([told])
    task, item, waiting = _waiting(execution, told)
    name = task.task.name
    match told.type, waiting.reason:
        case (NotifyType.APPROVE, WaitReason.APPROVAL | WaitReason.PAUSE):
            return Step([told, TaskSucceeded(at=now, task=name, item=item, outputs={})])
        case (NotifyType.APPROVE, WaitReason.HIGH_RISK):
            step = start_task(execution, task.task, now)
            return Step(
                [told, TaskResumed(at=now, task=name, why=f"confirmed by {told.by}"), *step.events], step.actions
            )
        case (NotifyType.APPROVE | NotifyType.EXECUTE_TASK, WaitReason.BATCH):
            assert task.loop is not None
            return Step([told, BatchStarted(at=now, task=name, batch=task.loop.batch + 1)])
        case (NotifyType.EXECUTE_TASK, WaitReason.DEBUG):
            return Step([told])
        case (NotifyType.APPROVE | NotifyType.RETRY_TASK, WaitReason.INTERRUPTED):
            why = f"{told.by} had the interrupted call made again"
            return Step([told, TaskResumed(at=now, task=name, item=item, why=why)], [_again(execution, task, item)])
        case (NotifyType.RETRY_TASK, WaitReason.FAILURE):
            if task.loop is not None:
                return Step([told])
            step = start_task(execution, task.task, now)
            return Step([told, *step.events], step.actions)
        case (NotifyType.SKIP_TASK, WaitReason.FAILURE | WaitReason.INTERRUPTED | WaitReason.DEBUG):
            return Step([told, TaskSkipped(at=now, task=name, item=item, reason=f"skipped by {told.by}")])
        case (NotifyType.REJECT, _):
            return Step([told, CancelRequested(at=now, by=told.by, reason=told.note or "rejected")])
        case (NotifyType.CANCEL_TASK, WaitReason.DEBUG | WaitReason.FAILURE):
            return Step([told, TaskCancelled(at=now, task=name, item=item, reason=f"cancelled by {told.by}")])
        case _:
            raise NotAllowed(
                f"{execution.id} waits for {waiting.reason} at task {name}; {told.type} does not answer that"
            )


def _waiting(execution: Execution, told: Notified) -> tuple[TaskExecution, int, Waiting]:
    """The task (and item) that the notification speaks of: the named one, or the one that waits."""
    current = execution.current
    if current is None or (told.task and told.task != current.task.name):
        raise NotAllowed(f"{execution.id}: task {told.task or '(any)'} does not wait for a person")
    candidates: list[tuple[int, Waiting | None]] = [(NO_ITEM, current.waiting)]
    if current.loop is not None:
        candidates += [(item, activity.waiting) for item, activity in current.loop.in_flight.items()]
    for item, waiting in candidates:
        if waiting is not None and waiting.reason.needs_person and told.item in (NO_ITEM, item):
            return current, item, waiting
    raise NotAllowed(f"{execution.id} does not wait for a person at task {current.task.name}")


def _again(execution: Execution, task: TaskExecution, item: int) -> Action:
    activity: Activity | None = execution.activity(task.task.name, item)
    assert activity is not None
    made = StartChild if kind_of(task.task.action) is Kind.CHILD else Perform
    return made(task.task.name, item, activity.attempt, activity.started)

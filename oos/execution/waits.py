"""Waits: what time brings, what a crash left under way, and when an execution moves on by itself. Pure."""

from __future__ import annotations

from datetime import datetime

from oos.execution.actions import Action, Listen, Perform, StartChild, Step, WakeAt, failed
from oos.execution.events import NO_ITEM, TaskResumed, TaskSucceeded
from oos.execution.kinds import Kind, kind_of
from oos.execution.model import Activity, Execution, TaskExecution, Waiting
from oos.execution.scope import ExecutionScope
from oos.execution.status import Mode, WaitReason
from oos.execution.triggers import listens, wake_trigger


def scope_of(execution: Execution, task: str, item: int, at: datetime) -> ExecutionScope:
    """The scope in which a task, or an item of its loop, is evaluated."""
    current = execution.tasks.get(task)
    if item == NO_ITEM or current is None or current.loop is None:
        return ExecutionScope(execution, at)
    return ExecutionScope(execution, at, current.loop.items[item])


def wake(execution: Execution, task: str, item: int, now: datetime) -> Step:
    """What a timer brings, if it still has something to bring."""
    activity = execution.activity(task, item)
    waiting = activity.waiting if activity is not None else None
    if activity is None or waiting is None or waiting.until is None or waiting.until > now:
        return Step()
    if execution.held is not None or execution.cancel is not None or execution.forced_status is not None:
        return Step()
    match waiting.reason:
        case WaitReason.SLEEP:
            return Step([TaskSucceeded(at=now, task=task, item=item)])
        case WaitReason.RETRY:
            resumed = TaskResumed(at=now, task=task, item=item, why="the wait is over")
            return Step([resumed], [Perform(task, item, activity.attempt, activity.started)])
        case WaitReason.APPROVAL:
            return failed(task, now, "ApprovalExpired", _expired(activity, waiting), item)
        case WaitReason.TRIGGER:
            assert execution.current is not None
            return wake_trigger(execution, execution.current, now)
        case _:
            return Step()


def _expired(activity: Activity, waiting: Waiting) -> str:
    given = ", ".join(approval.by for approval in activity.approvals)
    return f"{len(activity.approvals)} of {waiting.required} approvals came in time" + (f": {given}" if given else "")


def outstanding(execution: Execution) -> list[Action]:
    """What was under way when the journal ended: to be taken up again by a new driver."""
    current = execution.current
    if current is None or execution.status.final:
        return []
    if current.trigger is not None:
        return _outstanding_of_trigger(current)
    child = kind_of(current.task.action) is Kind.CHILD

    def action(item: int, activity: Activity) -> list[Action]:
        waiting = activity.waiting
        if waiting is not None:
            return [WakeAt(current.task.name, item, waiting.until)] if waiting.until else []
        made = StartChild if child else Perform
        return [made(current.task.name, item, activity.attempt, activity.started)]

    if current.loop is not None:
        return [each for item, activity in current.loop.in_flight.items() for each in action(item, activity)]
    return action(NO_ITEM, current.activity) if current.activity is not None else []


def _outstanding_of_trigger(current: TaskExecution) -> list[Action]:
    assert current.trigger is not None
    name = current.task.name
    actions: list[Action] = [
        StartChild(name, number, activity.attempt, activity.started)
        for number, activity in current.trigger.running.items()
    ]
    if current.waiting is not None and current.waiting.until is not None:
        actions.append(WakeAt(name, NO_ITEM, current.waiting.until))
    if listens(current.task):
        actions.append(Listen(name))
    return actions


def due_at(execution: Execution) -> datetime | None:
    """From when on somebody must drive the execution; None while only a person, or a child of it, moves it on.

    What is under way is due at once: its start stands for that, so that the value stays the same while it runs.
    """
    if execution.status.final:
        return None
    start, current = execution.start.at, execution.current
    if execution.cancel is not None or execution.forced_status is not None:
        return start
    if execution.held is not None:
        return None
    if current is None or current.ending_by or current.again:
        return start
    if current.trigger is not None:
        return _trigger_due(execution, current)
    if current.loop is not None:
        return _loop_due(execution, current)
    return _activity_due(current.activity, start, kind_of(current.task.action) is Kind.CHILD)


def _activity_due(activity: Activity | None, start: datetime, child: bool) -> datetime | None:
    if activity is None:
        return start
    if activity.waiting is not None:
        return activity.waiting.until
    return None if child else start


def _loop_due(execution: Execution, task: TaskExecution) -> datetime | None:
    loop = task.loop
    assert loop is not None
    if loop.pausing is not None:
        return None
    if not loop.in_flight:
        return execution.start.at
    child = kind_of(task.task.action) is Kind.CHILD
    earliest: datetime | None = None
    for activity in loop.in_flight.values():
        waiting = activity.waiting
        if waiting is None:
            if not child:
                return execution.start.at
        elif waiting.until is not None and (earliest is None or waiting.until < earliest):
            earliest = waiting.until
    unstarted = bool(loop.again) or (loop.next < loop.limits.batches[loop.batch].end and not loop.over)
    if unstarted and loop.room > 0 and execution.start.mode is not Mode.DEBUG:
        return execution.start.at
    return earliest


def _trigger_due(execution: Execution, task: TaskExecution) -> datetime | None:
    trigger = task.trigger
    assert trigger is not None
    if listens(task.task) and not trigger.paused_by:
        return execution.start.at  # somebody must listen, all the time
    if trigger.queued is not None and not trigger.running:
        return execution.start.at
    return task.waiting.until if task.waiting is not None else None

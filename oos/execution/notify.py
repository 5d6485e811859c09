"""What people tell an execution, and what it brings (spec 6.3). Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from oos.execution.actions import Action, Perform, StartChild, Step
from oos.execution.begin import start_task
from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    BatchStarted,
    CancelRequested,
    Notified,
    TaskCancelled,
    TaskResumed,
    TaskSkipped,
    TaskSucceeded,
)
from oos.execution.kinds import Kind, kind_of
from oos.execution.model import Activity, Approval, Execution, LoopState, TaskExecution, Waiting
from oos.execution.record_people import items_of
from oos.execution.status import Mode, NotifyType, Status, WaitReason
from oos.template.protect import is_taken_back


class NotAllowed(ValueError):
    """The execution does not wait for this; the message says for what it does."""


_AGAIN: Final = (NotifyType.RETRY_TASK, NotifyType.APPROVE)


def notify(execution: Execution, told: Notified, now: datetime) -> Step:
    """What a notification brings. Raises NotAllowed."""
    if execution.status.final:
        raise NotAllowed(f"{execution.id} has ended: {execution.status}")
    if told.type is NotifyType.COMPLETE_EXECUTION:
        return _complete(execution, told)
    if execution.held is not None:
        return _of_held(execution, told, now)
    if told.type is NotifyType.CANCEL_TASK:
        return _cancel_task(execution, told, now)
    if told.type is NotifyType.EXECUTE_TASK and execution.start.mode is Mode.DEBUG and _waits_for_step(execution):
        return _execute(execution, told, now)
    task, found = _waiting(execution, told)
    events: list[AnyEvent] = []
    actions: list[Action] = []
    for item, activity, waiting in found:
        one = replace(told, task=task.task.name, item=item, items=[])
        if waiting.reason is WaitReason.FAILURE and told.items:
            one = replace(one, items=told.items)
        step = _answer(execution, task, one, activity, waiting, now)
        events += step.events
        actions += step.actions
        if execution.cancel is None and any(isinstance(event, CancelRequested) for event in step.events):
            break
    return Step(events, actions)


def _answer(
    execution: Execution,
    task: TaskExecution,
    told: Notified,
    activity: Activity | None,
    waiting: Waiting,
    now: datetime,
) -> Step:
    """The answer to one wait."""
    name, item = task.task.name, told.item
    match told.type, waiting.reason:
        case (NotifyType.APPROVE, WaitReason.APPROVAL):
            return _approve(execution, told, activity, waiting, now)
        case (NotifyType.APPROVE, WaitReason.PAUSE):
            return Step([told, TaskSucceeded(at=now, task=name, item=item, outputs={})])
        case (NotifyType.APPROVE, WaitReason.HIGH_RISK):
            if execution.start.approve_destroy:
                _must_not_be_own(execution, told)
            step = start_task(execution, task.task, now)
            why = f"confirmed by {told.by}"
            return Step([told, TaskResumed(at=now, task=name, why=why), *step.events], step.actions)
        case (NotifyType.APPROVE | NotifyType.EXECUTE_TASK, WaitReason.BATCH):
            assert task.loop is not None
            return Step([told, BatchStarted(at=now, task=name, batch=task.loop.batch + 1)])
        case (NotifyType.APPROVE | NotifyType.RETRY_TASK, WaitReason.INTERRUPTED):
            why = f"{told.by} had the interrupted call made again"
            return Step([told, TaskResumed(at=now, task=name, item=item, why=why)], [_again(execution, task, item)])
        case (NotifyType.RETRY_TASK | NotifyType.SKIP_TASK, WaitReason.FAILURE) if task.loop is not None:
            return _settle_items(execution, task.loop, told, now)
        case (NotifyType.RETRY_TASK, WaitReason.FAILURE):
            return Step([told])
        case (NotifyType.SKIP_TASK, WaitReason.FAILURE | WaitReason.INTERRUPTED | WaitReason.DEBUG):
            return Step([told, TaskSkipped(at=now, task=name, item=item, reason=f"skipped by {told.by}")])
        case (NotifyType.REJECT, WaitReason.FAILURE) if is_taken_back(task.task):
            # What follows is that its targets go back, and then the end.
            return Step([told, TaskCancelled(at=now, task=name, reason=f"rejected by {told.by}")])
        case (NotifyType.REJECT, _):
            if waiting.approvers and told.by not in waiting.approvers:
                raise NotAllowed(f"{told.by} is not among the approvers of {name}: {', '.join(waiting.approvers)}")
            return Step([told, CancelRequested(at=now, by=told.by, reason=told.note or "rejected", rejected=True)])
        case _:
            raise NotAllowed(
                f"{execution.id} waits for {waiting.reason} at task {name}; {told.type} does not answer that"
            )


def _approve(execution: Execution, told: Notified, activity: Activity | None, waiting: Waiting, now: datetime) -> Step:
    """One approval; the task succeeds when enough different people have approved."""
    name = told.task
    assert activity is not None
    if waiting.approvers and told.by not in waiting.approvers:
        raise NotAllowed(f"{told.by} is not among the approvers of {name}: {', '.join(waiting.approvers)}")
    _must_not_be_own(execution, told)
    if any(each.by == told.by for each in activity.approvals):
        missing = waiting.required - len(activity.approvals)
        raise NotAllowed(f"{told.by} has approved {name} already; {missing} more must come from others")
    given = [*activity.approvals, Approval(told.by, told.at, told.note)]
    if len(given) < waiting.required:
        return Step([told])
    approvals = [{"By": each.by, "At": f"{each.at:%Y-%m-%dT%H:%M:%SZ}", "Note": each.note} for each in given]
    response = {"Approvals": approvals}
    return Step([told, TaskSucceeded(at=now, task=name, item=told.item, response=response)])


def _must_not_be_own(execution: Execution, told: Notified) -> None:
    if execution.start.forbid_self_approval and told.by == execution.start.by:
        raise NotAllowed(f"{told.by} started {execution.id}, and the settings forbid to approve one's own")


def _settle_items(execution: Execution, loop: LoopState, told: Notified, now: datetime) -> Step:
    """Failed items of a loop are tried again or left out: those named, or all."""
    if loop.pausing is None:
        raise NotAllowed(f"{execution.id}: the loop {told.task} does not wait")
    named = items_of(told)
    wrong = [item for item in named if item not in loop.faults]
    if wrong:
        shown = ", ".join(str(item + 1) for item in wrong)
        raise NotAllowed(f"{execution.id}: of the loop {told.task}, item {shown} did not fail")
    if told.type is NotifyType.SKIP_TASK and not named:
        # The loop as a whole is left out, with its items that never started.
        return Step([told, TaskSkipped(at=now, task=told.task, reason=f"skipped by {told.by}")])
    return Step([told])


def _complete(execution: Execution, told: Notified) -> Step:
    """A person ends the execution with a status of his own."""
    status = told.execution_status
    if status is None or status not in (Status.SUCCESS, Status.FAILED, Status.CANCELLED):
        raise NotAllowed("CompleteExecution needs ExecutionStatus: Success, Failed or Cancelled")
    if execution.start.mode is not Mode.DEBUG and execution.waiting is None:
        raise NotAllowed(f"{execution.id} is neither in Debug mode nor waiting for a person; cancel it instead")
    return Step([told])


def _of_held(execution: Execution, told: Notified, now: datetime) -> Step:
    """An execution that is held as a whole goes on, or is ended."""
    assert execution.held is not None
    if told.type in _AGAIN:
        return Step([told])
    if told.type is NotifyType.REJECT:
        return Step([told, CancelRequested(at=now, by=told.by, reason=told.note or "rejected", rejected=True)])
    raise NotAllowed(
        f"{execution.id} is held ({execution.held.reason}): it goes on with RetryTask, and ends with "
        f"CompleteExecution, Reject or a cancellation; {told.type} does not answer that"
    )


def _cancel_task(execution: Execution, told: Notified, now: datetime) -> Step:
    """The current task ends; what it has in flight keeps its outcome. The next task follows."""
    current = execution.current
    waits = current is not None and current.waiting is not None and current.waiting.reason is WaitReason.FAILURE
    if current is None or not (execution.start.mode is Mode.DEBUG or waits):
        raise NotAllowed(
            f"{execution.id}: CancelTask is for Debug mode, or for a task that failed in FailurePause mode"
        )
    if told.task and told.task != current.task.name:
        raise NotAllowed(f"{execution.id}: the current task is {current.task.name}, not {told.task}")
    told = replace(told, task=current.task.name)
    if current.waiting is not None and current.loop is None and current.trigger is None:
        return Step([told, TaskCancelled(at=now, task=current.task.name, reason=f"cancelled by {told.by}")])
    return Step([told])


def _waits_for_step(execution: Execution) -> bool:
    current = execution.current
    return current is not None and current.waiting is not None and current.waiting.reason is WaitReason.DEBUG


def _execute(execution: Execution, told: Notified, now: datetime) -> Step:
    """Debug mode: the task that waits begins, or a later one that the person names."""
    current = execution.current
    assert current is not None
    name = told.task or current.task.name
    tasks = {task.name: number for number, task in enumerate(execution.template.template.tasks)}
    if name not in tasks:
        raise NotAllowed(f"{execution.id} has no task {name}")
    if tasks[name] < current.number:
        raise NotAllowed(f"{execution.id}: {name} stands before {current.task.name}; a run goes forward only")
    told = replace(told, task=name)
    if name == current.task.name:
        return Step([told])
    passed = TaskSkipped(at=now, task=current.task.name, reason=f"{told.by} went on at {name}")
    return Step([told, passed])


def _waiting(execution: Execution, told: Notified) -> tuple[TaskExecution, list[tuple[int, Activity | None, Waiting]]]:
    """The task and the waits in it that the notification speaks of: the named ones, or the first."""
    current = execution.current
    if current is None or (told.task and told.task != current.task.name):
        raise NotAllowed(f"{execution.id}: task {told.task or '(any)'} does not wait for a person")
    whole = current.waiting
    failed = whole is not None and whole.reason is WaitReason.FAILURE
    if whole is not None and whole.reason.needs_person and (failed or not items_of(told)):
        # Of a loop that failed, single items may be meant; any other wait of the task is one.
        return current, [(told.item if failed and current.loop else NO_ITEM, current.activity, whole)]
    named = items_of(told)
    found: list[tuple[int, Activity | None, Waiting]] = []
    for item, activity in (current.loop.in_flight if current.loop else {}).items():
        waiting = activity.waiting
        if waiting is not None and waiting.reason.needs_person and (not named or item in named):
            found.append((item, activity, waiting))
    missing = set(named) - {item for item, _, _ in found}
    if missing:
        shown = ", ".join(str(item + 1) for item in sorted(missing))
        raise NotAllowed(f"{execution.id}: item {shown} of task {current.task.name} does not wait for a person")
    if not found:
        raise NotAllowed(f"{execution.id} does not wait for a person at task {current.task.name}")
    return current, found if named else found[:1]


def _again(execution: Execution, task: TaskExecution, item: int) -> Action:
    activity: Activity | None = execution.activity(task.task.name, item)
    assert activity is not None
    made = StartChild if kind_of(task.task.action) is Kind.CHILD else Perform
    return made(task.task.name, item, activity.attempt, activity.started)


def task_execution_path(execution: Execution, task_execution_id: str) -> tuple[str, int]:
    """Task and item that a TaskExecutionId (`exec-….t0002` or `exec-….t0002.0003`) names. Raises NotAllowed."""
    rest = task_execution_id.removeprefix(f"{execution.id}.")
    number, _, item = rest.partition(".")
    tasks = execution.template.template.tasks
    place = number[1:] if number.startswith("t") else ""
    if (
        rest == task_execution_id
        or not place.isdigit()
        or not 1 <= int(place) <= len(tasks)
        or (item and not item.isdigit())
    ):
        raise NotAllowed(f"{execution.id} has no task execution {task_execution_id}")
    return tasks[int(place) - 1].name, int(item) if item else NO_ITEM

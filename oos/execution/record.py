"""The fold: an event changes the state of its execution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    BatchStarted,
    CancelRequested,
    ExecutionFinished,
    ExecutionHeld,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionUpdated,
    FiringMissed,
    LoopStarted,
    Notified,
    TargetReported,
    TaskCancelled,
    TaskEvent,
    TaskFailed,
    TaskResumed,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
    TaskWaiting,
    TriggerArmed,
    TriggerEnded,
    TriggerFired,
    TriggerRequested,
    TriggerSwitched,
)
from oos.execution.inner import read_later
from oos.execution.kinds import is_inner_loop
from oos.execution.model import (
    Activity,
    Execution,
    Fault,
    ItemStatus,
    LoopState,
    TaskExecution,
    Waiting,
)
from oos.execution.rate_control import limits_for
from oos.execution.recall import recall
from oos.execution.record_people import record_notified, update_parameters
from oos.execution.record_trigger import record_trigger
from oos.execution.scope import one_of
from oos.execution.status import LoopMode, Status, WaitReason
from oos.values.secret import holds_secret, secrets_in

if TYPE_CHECKING:
    from oos.template.check import CheckedTemplate


def begin(event: ExecutionStarted, template: CheckedTemplate) -> Execution:
    """The state of an execution of which one event is known."""
    recalled = [value for each in event.recalled.values() for value in (each.outputs, each.response)]
    execution = Execution(
        start=event,
        template=template,
        sequence=1,
        updated=event.at,
        secrets=(*secrets_in(event.parameters), *secrets_in(event.store), *secrets_in(recalled)),
        parameters=event.parameters,
        description=event.description,
        tags=event.tags,
    )
    recall(execution)
    return execution


def record(execution: Execution, event: AnyEvent) -> Execution:
    """The execution, one event further. It takes ownership of the state it is given (see model.py)."""
    execution.sequence += 1
    execution.updated = event.at
    match event:
        case TaskStarted():
            _start(execution, event)
        case TaskSucceeded() | TaskFailed() | TaskSkipped() | TaskCancelled():
            if isinstance(event, TaskSucceeded):
                _remember_secrets(execution, event)
            if event.item != NO_ITEM:
                _end_item(execution, event)
            else:
                _end_task(execution, event)
        case TaskWaiting():
            _wait(execution, event)
        case TaskResumed():
            _resume(execution, event)
        case LoopStarted():
            _start_loop(execution, event)
        case BatchStarted():
            loop = _loop(execution, event)
            loop.batch = event.batch
            loop.pausing = None
        case TriggerArmed() | TriggerFired() | TriggerEnded() | FiringMissed():
            record_trigger(_current(execution, event), event)
        case _:
            _record_rare(execution, event)
    return execution


def _record_rare(execution: Execution, event: AnyEvent) -> None:
    match event:
        case Notified():
            record_notified(execution, event)
        case ExecutionUpdated():
            update_parameters(execution, event.at, event.parameters)
            execution.description = execution.description if event.description is None else event.description
            execution.tags = execution.tags if event.tags is None else event.tags
        case CancelRequested():
            execution.cancel = Waiting(WaitReason.PAUSE, event.at, note=event.reason)
            execution.cancel_by = event.by
            execution.rejected_by = event.by if event.rejected else ""
        case TriggerSwitched():
            if execution.current is not None and execution.current.trigger is not None:
                execution.current.trigger.paused_by = event.by if event.paused else ""
        case ExecutionResumed():
            execution.bookkeeping += 1
            execution.stale = execution.stale + 1 if event.standing and event.standing == execution.standing else 0
            execution.standing = event.standing
        case TargetReported():
            execution.bookkeeping += 1  # a call that dies each time gets no further by what it tells before
        case ExecutionHeld():
            execution.held = Waiting(event.reason, event.at, note=event.note)
        case ExecutionFinished():
            execution.status = event.status
            execution.ended = event.at
            execution.outputs = event.outputs
            execution.held = None
            if event.code:
                execution.fault = Fault(event.code, event.message)
        case ExecutionStarted() | TriggerRequested():
            pass
        case _:
            raise AssertionError(f"{execution.id}: nothing records {type(event).__name__}")


def _current(execution: Execution, event: TaskEvent) -> TaskExecution:
    current = execution.current
    assert current is not None, f"{execution.id}: an event of {event.task}, and no task is current"
    assert current.task.name == event.task, f"{execution.id}: an event of {event.task} while {current.task.name} runs"
    return current


def _loop(execution: Execution, event: TaskEvent) -> LoopState:
    current = execution.current
    if current is not None and current.task.name == event.task and current.loop is not None:
        return current.loop
    raise AssertionError(f"{execution.id}: a loop event of {event.task}, which is not a loop that runs")


def _open(execution: Execution, event: TaskEvent) -> TaskExecution:
    """The task of the event, begun now unless it had begun."""
    current = execution.current
    if current is not None and current.task.name == event.task:
        return current
    before = execution.tasks.get(event.task)
    if before is not None and before is execution.last and before.status is Status.FAILED:
        # A failed task that is taken up again keeps its state: its attempt, and in a loop the items that succeeded.
        before.ended = None
        execution.current = before
        return before
    number = execution.template.task_index(event.task)
    task = execution.template.template.tasks[number]
    made = TaskExecution(task, number, Status.RUNNING, event.at)
    if before is not None:
        made.attempt, made.starts = before.attempt, before.starts
    execution.tasks[event.task] = made
    execution.current = made
    return made


def _start(execution: Execution, event: TaskStarted) -> None:
    if event.item == NO_ITEM:
        task = _open(execution, event)
        task.status = Status.RUNNING
        task.attempt = event.attempt
        task.starts += 1
        task.again = False
        confirmed = task.activity is not None and task.activity.confirmed
        task.activity = Activity(event.at, event.attempt, confirmed=confirmed)
        return
    loop = _loop(execution, event)
    if event.item == loop.next:
        loop.next += 1
    else:
        if event.item in loop.again:
            loop.again.remove(event.item)
        loop.attempts[event.item] = event.attempt
    loop.statuses[event.item] = ItemStatus.RUNNING
    loop.in_flight[event.item] = Activity(event.at, event.attempt)


def _start_loop(execution: Execution, event: LoopStarted) -> None:
    task = _open(execution, event)
    count = len(event.items)
    kept = {each.field for each in task.task.loop.aggregates} if task.task.loop else set()
    outputs, paths = read_later(execution.template, task.task)
    kept |= outputs | set(paths)
    if is_inner_loop(task.task):
        kept |= {output.name for output in task.task.outputs}
    pause = LoopMode(execution.start.loop_mode)
    task.again = False
    task.loop = LoopState(
        items=event.items,
        limits=limits_for(event.rate_control, count, pause),
        statuses=bytearray(count),
        outputs={name: [None] * count for name in sorted(kept)},
        paths=paths,
    )


def _wait(execution: Execution, event: TaskWaiting) -> None:
    waiting = Waiting(
        event.reason, event.at, event.until, event.observed, event.note, tuple(event.approvers), event.required
    )
    task = _open(execution, event)
    if event.item != NO_ITEM:
        activity = _loop(execution, event).in_flight[event.item]
    elif task.loop is not None:
        task.loop.pausing = waiting
        return
    else:
        if task.activity is None:
            task.activity = Activity(event.at, task.attempt)
        activity = task.activity
        task.status = Status.WAITING
    activity.waiting = waiting
    if event.polls:
        activity.polls = event.polls


def _resume(execution: Execution, event: TaskResumed) -> None:
    task = _current(execution, event)
    execution.bookkeeping += 1
    if event.item != NO_ITEM:
        activity = _loop(execution, event).in_flight[event.item]
    elif task.loop is not None:
        task.loop.pausing = None
        return
    else:
        assert task.activity is not None, f"{execution.id}: {event.task} is not in flight"
        activity = task.activity
        task.status = Status.RUNNING
    if activity.waiting is not None and activity.waiting.reason is WaitReason.HIGH_RISK:
        activity.confirmed = True
    activity.waiting = None


def _remember_secrets(execution: Execution, event: TaskSucceeded) -> None:
    """What a task brought as a secret is one for all that follows: a command that holds it may print it."""
    if holds_secret(event.outputs) or holds_secret(event.response):
        found = secrets_in([event.outputs, event.response])
        execution.secrets = tuple(dict.fromkeys((*execution.secrets, *found)))


def _end_item(execution: Execution, event: TaskSucceeded | TaskFailed | TaskSkipped | TaskCancelled) -> None:
    loop = _loop(execution, event)
    item = event.item
    loop.in_flight.pop(item, None)
    match event:
        case TaskSucceeded():
            loop.succeeded += 1
            loop.statuses[item] = ItemStatus.SUCCESS
            for name, values in loop.outputs.items():
                values[item] = event.outputs.get(name)
            for path, selector in loop.paths.items():
                loop.outputs[path][item] = one_of(selector.all(event.response))
        case TaskFailed():
            loop.failed += 1
            loop.statuses[item] = ItemStatus.FAILED
            loop.faults[item] = Fault(event.code, event.message)
        case TaskSkipped():
            loop.skipped += 1
            loop.statuses[item] = ItemStatus.SKIPPED
        case TaskCancelled():
            loop.skipped += 1
            loop.statuses[item] = ItemStatus.CANCELLED


def _end_task(execution: Execution, event: TaskSucceeded | TaskFailed | TaskSkipped | TaskCancelled) -> None:
    task = _open(execution, event)
    task.activity = None
    task.ended = event.at
    task.ending_by = ""
    task.again = False
    match event:
        case TaskSucceeded():
            task.status = Status.SUCCESS
            task.outputs = event.outputs
            task.response = event.response
            task.next_task = event.next_task
            task.fault = None
        case TaskFailed():
            task.status = Status.FAILED
            task.fault = Fault(event.code, event.message)
        case TaskSkipped():
            task.status = Status.SKIPPED
            task.reason = event.reason
        case TaskCancelled():
            task.status = Status.CANCELLED
            task.reason = event.reason
    execution.last = task
    execution.current = None
    if execution.stepped == event.task:
        execution.stepped = ""
        execution.stepped_item = None

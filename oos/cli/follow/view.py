"""The view: what of an execution and its children is going on now, folded from their events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from oos.cli.words import clock, item_label, say, wait_note
from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    BatchStarted,
    ExecutionFinished,
    ExecutionStarted,
    FiringMissed,
    LoopStarted,
    TaskCancelled,
    TaskFailed,
    TaskResumed,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
    TaskWaiting,
    TriggerArmed,
    TriggerEnded,
    TriggerFired,
)
from oos.execution.status import Status, WaitReason
from oos.values.json import Value
from oos.values.visible import visible


@dataclass(slots=True)
class ActivityView:
    """A task or loop item that is under way or has ended."""

    label: str
    started: datetime
    ended: datetime | None = None
    status: Status = Status.RUNNING
    note: str = ""
    """What it waits for, how far it has come, or why it ended so."""
    child: str = ""
    """The child execution that carries it out."""
    items: int = 0
    """Of a task that loops: how many items."""
    failed: int = 0
    """Of these, how many failed."""


@dataclass(slots=True)
class LoopView:
    """How a loop stands; items that ended well are only counted."""

    items: list[Value]
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    in_flight: dict[int, ActivityView] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return self.succeeded + self.failed + self.skipped


@dataclass(slots=True)
class TaskView:
    """A task that has begun."""

    name: str
    activity: ActivityView
    loop: LoopView | None = None
    firings: int = 0
    """Of a trigger: how often it has fired."""


@dataclass(slots=True)
class ExecutionView:
    """One execution of the family."""

    start: ExecutionStarted
    current: TaskView | None = None
    last: TaskView | None = None
    """The task that ended last: a failed one may be taken up again."""
    ended: ExecutionFinished | None = None
    failed_items: int = 0
    """Items that failed, in all its loops."""


class View:
    """A family of executions. Memory goes with what is under way, not with what is done."""

    def __init__(self, root_id: str) -> None:
        self.root_id = root_id
        self.executions: dict[str, ExecutionView] = {}

    @property
    def root(self) -> ExecutionView | None:
        """The execution that is followed, once it is known."""
        return self.executions.get(self.root_id)

    def apply(self, id_: str, event: AnyEvent) -> ActivityView | None:
        """Take in an event; the activity that it ended, if it ended one."""
        if isinstance(event, ExecutionStarted):
            self.executions[id_] = ExecutionView(event)
            parent = self._activity(event.parent_id, event.parent_task, event.parent_item)
            if parent is not None:
                parent.child = id_
            return None
        execution = self.executions.get(id_)
        if execution is None:
            return None
        if isinstance(event, ExecutionFinished):
            execution.ended = event
            execution.current = None
            if id_ != self.root_id:
                del self.executions[id_]
            return None
        return _apply(execution, event)

    def progressed(self, id_: str, task: str, item: int, message: str) -> None:
        """Take in how far a call has come."""
        activity = self._activity(id_, task, item)
        if activity is not None:
            activity.note = visible(message)

    def detail(self, activity: ActivityView) -> str:
        """What exactly is going on in an activity, down to the deepest child."""
        steps = list(self._steps(activity))
        note = next((each.note for each in reversed((activity, *(step for _, step in steps))) if each.note), "")
        return " › ".join([*(name for name, _ in steps), *([note] if note else [])])

    def _steps(self, activity: ActivityView) -> Iterator[tuple[str, ActivityView]]:
        child = self.executions.get(activity.child)
        while child is not None and child.current is not None:
            task = child.current
            yield task.name, task.activity
            child = self.executions.get(task.activity.child)

    def _activity(self, id_: str, task: str, item: int) -> ActivityView | None:
        execution = self.executions.get(id_)
        current = execution.current if execution is not None else None
        if current is None or current.name != task:
            return None
        if item == NO_ITEM or current.firings:
            return current.activity
        return current.loop.in_flight.get(item) if current.loop is not None else None


def _apply(execution: ExecutionView, event: AnyEvent) -> ActivityView | None:
    match event:
        case LoopStarted():
            task = _begun(execution, event.task, event.at)
            task.loop = LoopView(event.items)
            task.activity.items = len(event.items)
        case BatchStarted() if execution.current is not None:
            execution.current.activity.note = ""
            execution.current.activity.status = Status.RUNNING
        case TaskStarted():
            _start(execution, event)
        case TaskWaiting():
            activity = _found(execution, event.task, event.item) or _begun(execution, event.task, event.at).activity
            person = event.reason.needs_person
            activity.status = Status.WAITING if person else Status.RUNNING
            activity.note = visible(_wait_note(event))
        case TriggerFired():
            _begun(execution, event.task, event.at).firings += 1
        case TriggerArmed() | TriggerEnded() | FiringMissed():
            _begun(execution, event.task, event.at).activity.note = say(event)
        case TaskResumed():
            resumed = _found(execution, event.task, event.item)
            if resumed is not None:
                resumed.status, resumed.note = Status.RUNNING, ""
        case TaskSucceeded() | TaskFailed() | TaskSkipped() | TaskCancelled():
            return _end(execution, event)
    return None


def _wait_note(event: TaskWaiting) -> str:
    match event.reason:
        case WaitReason.RETRY:
            return event.note
        case WaitReason.SLEEP if event.until is not None:
            return f"sleeps until {clock(event.until)}"
    return wait_note(event)


def _begun(execution: ExecutionView, name: str, at: datetime) -> TaskView:
    """The current task, which is this one; it begins now unless it had begun."""
    current = execution.current
    if current is not None and current.name == name:
        return current
    again = execution.last
    if again is not None and again.name == name and again.activity.status is Status.FAILED:
        again.activity.status, again.activity.ended = Status.RUNNING, None
        execution.current = again
        return again
    made = execution.current = TaskView(name, ActivityView(name, at))
    return made


def _found(execution: ExecutionView, name: str, item: int) -> ActivityView | None:
    current = execution.current
    if current is None or current.name != name:
        return None
    if item == NO_ITEM:
        return current.activity
    return current.loop.in_flight.get(item) if current.loop is not None else None


def _start(execution: ExecutionView, event: TaskStarted) -> None:
    task = _begun(execution, event.task, event.at)
    if event.item == NO_ITEM:
        task.activity.status, task.activity.note = Status.RUNNING, ""
    elif task.loop is not None:
        if event.attempt:
            task.loop.failed -= 1
            execution.failed_items -= 1
        label = item_label(task.loop.items[event.item])
        task.loop.in_flight[event.item] = ActivityView(label, event.at)


_OUTCOMES = {
    TaskSucceeded: Status.SUCCESS,
    TaskFailed: Status.FAILED,
    TaskSkipped: Status.SKIPPED,
    TaskCancelled: Status.CANCELLED,
}


def _end(
    execution: ExecutionView, event: TaskSucceeded | TaskFailed | TaskSkipped | TaskCancelled
) -> ActivityView | None:
    task = _begun(execution, event.task, event.at)
    if event.item == NO_ITEM:
        activity = task.activity
        activity.failed = task.loop.failed if task.loop is not None else 0
        execution.current, execution.last = None, task
    else:
        loop = task.loop
        ended = loop.in_flight.pop(event.item, None) if loop is not None else None
        if loop is None or ended is None:
            return None
        activity = ended
        loop.succeeded += isinstance(event, TaskSucceeded)
        loop.failed += isinstance(event, TaskFailed)
        execution.failed_items += isinstance(event, TaskFailed)
        loop.skipped += isinstance(event, TaskSkipped | TaskCancelled)
    activity.status = _OUTCOMES[type(event)]
    activity.ended = event.at
    match event:
        case TaskFailed():
            activity.note = visible(f"{event.code}: {event.message}")
        case TaskSkipped() | TaskCancelled():
            activity.note = visible(event.reason)
        case _:
            activity.note = ""
    return activity

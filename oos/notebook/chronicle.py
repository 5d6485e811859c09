"""The chronicle: what an execution and its children did, task by task and item by item, folded from their events.

It is what everything that is shown here is drawn from: live displays, saved notebooks, reports, frames. It grows event
by event, so that a display can follow. How it looks is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    CancelRequested,
    ExecutionFinished,
    ExecutionResumed,
    ExecutionStarted,
    LoopStarted,
    Notified,
    TaskCancelled,
    TaskFailed,
    TaskResumed,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
    TaskWaiting,
)
from oos.execution.status import Status, WaitReason
from oos.template.model import Task, Template
from oos.values.json import Value

Templates = Callable[[ExecutionStarted], Template | None]
"""The template that an execution pins, or None when it cannot be had."""

_ENDS: Final = {
    TaskSucceeded: Status.SUCCESS,
    TaskFailed: Status.FAILED,
    TaskSkipped: Status.SKIPPED,
    TaskCancelled: Status.CANCELLED,
}


@dataclass(slots=True)
class Wait:
    """A span of time in which a task waited."""

    reason: WaitReason
    since: datetime
    until: datetime | None = None
    note: str = ""


@dataclass(slots=True)
class Step:
    """A task, or an item of its loop."""

    task: str
    item: int = NO_ITEM
    value: Value = None
    """The item itself."""
    status: Status = Status.PENDING
    started: datetime | None = None
    ended: datetime | None = None
    waits: list[Wait] = field(default_factory=list)
    outputs: dict[str, Value] = field(default_factory=dict)
    note: str = ""
    """Why it failed or was left out."""
    attempts: int = 0
    answered: list[str] = field(default_factory=list)
    """What people told it: `ann approved: looks good`."""
    sequence: int = 0
    """The event that ended it."""

    @property
    def waiting(self) -> Wait | None:
        """What it waits for now."""
        return self.waits[-1] if self.waits and self.waits[-1].until is None else None

    def took(self, now: datetime | None = None) -> timedelta | None:
        """How long it was under way, waits included; until now while it is."""
        end = self.ended or now
        return end - self.started if self.started is not None and end is not None else None


@dataclass(slots=True)
class TaskRecord:
    """A task with the items of its loop."""

    step: Step
    action: str = ""
    task: Task | None = None
    """As its template has it."""
    items: list[Step] | None = None
    recalled: bool = False
    """Whether it was carried out by an earlier execution, from which this one goes on."""

    @property
    def name(self) -> str:
        """Its name in the template."""
        return self.step.task


@dataclass(slots=True)
class ExecutionRecord:
    """One execution of the family."""

    id: str
    start: ExecutionStarted
    tasks: dict[str, TaskRecord]
    """In the order of the template."""
    status: Status = Status.RUNNING
    outputs: dict[str, Value] = field(default_factory=dict)
    note: str = ""
    ended: datetime | None = None
    updated: datetime | None = None
    told: list[tuple[datetime, str]] = field(default_factory=list)
    """What people and other processes told it."""
    events: int = 0

    @property
    def begun(self) -> Iterator[TaskRecord]:
        """The tasks that have begun."""
        return (task for task in self.tasks.values() if task.step.started is not None)

    @property
    def waiting(self) -> tuple[Step, Wait] | None:
        """The first wait that only a person can end."""
        for task in self.tasks.values():
            for step in (task.step, *(task.items or ())):
                wait = step.waiting
                if wait is not None and wait.reason.needs_person:
                    return step, wait
        return None

    @property
    def shown_status(self) -> Status:
        """The status as people see it."""
        return Status.WAITING if not self.status.final and self.waiting is not None else self.status

    def took(self, now: datetime | None = None) -> timedelta:
        """How long it has been going on, or went on."""
        return (self.ended or now or self.updated or self.start.at) - self.start.at


class Chronicle:
    """A family of executions, event by event."""

    def __init__(self, root_id: str, templates: Templates) -> None:
        self.root_id = root_id
        self.executions: dict[str, ExecutionRecord] = {}
        self._templates = templates
        self._children: dict[tuple[str, str, int], list[str]] = {}

    @property
    def root(self) -> ExecutionRecord | None:
        """The execution that this is about, once its start is known."""
        return self.executions.get(self.root_id)

    def children(self, id_: str, step: Step) -> list[ExecutionRecord]:
        """The executions that a task or item started, in order."""
        return [self.executions[each] for each in self._children.get((id_, step.task, step.item), ())]

    def apply_all(self, events: Iterable[tuple[str, AnyEvent]]) -> Chronicle:
        """Take in many events."""
        for id_, event in events:
            self.apply(id_, event)
        return self

    def apply(self, id_: str, event: AnyEvent) -> None:
        """Take in one event."""
        if isinstance(event, ExecutionStarted):
            self._begin(id_, event)
            return
        execution = self.executions.get(id_)
        if execution is None:
            return
        execution.events += 1
        execution.updated = event.at
        match event:
            case Notified():
                self._hear(execution, event)
            case CancelRequested():
                execution.told.append((event.at, _with_note(f"{event.by} asked to cancel", event.reason)))
            case ExecutionResumed():
                execution.told.append((event.at, f"{event.by} took it over after its driver had died"))
            case ExecutionFinished():
                execution.status, execution.ended = event.status, event.at
                execution.outputs = event.outputs
                execution.note = ": ".join(filter(None, (event.code, event.message)))
            case _ if getattr(event, "task", ""):
                _apply_to_task(execution, event)

    def _begin(self, id_: str, event: ExecutionStarted) -> None:
        template = self._templates(event)
        tasks = {
            task.name: TaskRecord(Step(task.name), task.action, task, recalled=task.name in event.recalled)
            for task in (template.tasks if template is not None else ())
        }
        self.executions[id_] = ExecutionRecord(id_, event, tasks, updated=event.at, events=1)
        if event.parent_id:
            key = (event.parent_id, event.parent_task, event.parent_item)
            self._children.setdefault(key, []).append(id_)

    @staticmethod
    def _hear(execution: ExecutionRecord, event: Notified) -> None:
        words = _with_note(f"{event.by}: {event.type}", event.note)
        execution.told.append((event.at, words))
        waiting = execution.waiting
        if waiting is not None:
            waiting[0].answered.append(words)


def _apply_to_task(execution: ExecutionRecord, event: AnyEvent) -> None:
    name = str(getattr(event, "task", ""))
    task = execution.tasks.get(name)
    if task is None:
        task = execution.tasks[name] = TaskRecord(Step(name))
    if isinstance(event, LoopStarted):
        task.items = [Step(name, number, value) for number, value in enumerate(event.items)]
        _begin_step(task.step, event.at)
        return
    step = _step_of(task, int(getattr(event, "item", NO_ITEM)))
    match event:
        case TaskStarted():
            _begin_step(step, event.at)
            step.attempts += 1
            step.note = ""
        case TaskWaiting():
            _begin_step(step, event.at)
            _end_wait(step, event.at)
            step.waits.append(Wait(event.reason, event.at, note=event.note))
            step.status = Status.WAITING if event.reason.needs_person else Status.RUNNING
        case TaskSucceeded() | TaskFailed() | TaskSkipped() | TaskCancelled():
            _begin_step(step, event.at)
            _end_wait(step, event.at)
            step.status, step.ended, step.sequence = _ENDS[type(event)], event.at, execution.events
            step.note = _why(event)
            if isinstance(event, TaskSucceeded):
                step.outputs = event.outputs
        case _:
            _end_wait(step, event.at)
            step.status = Status.RUNNING
            if isinstance(event, TaskResumed) and event.why != "the wait is over":
                step.note = event.why


def _step_of(task: TaskRecord, item: int) -> Step:
    if item == NO_ITEM:
        return task.step
    items = task.items = task.items or []
    # Without a LoopStarted there is still a place for each item: triggers number what they start.
    items.extend(Step(task.name, number) for number in range(len(items), item + 1))
    return items[item]


def _begin_step(step: Step, at: datetime) -> None:
    if step.started is None:
        step.started = at
    step.status, step.ended = Status.RUNNING, None


def _end_wait(step: Step, at: datetime) -> None:
    if step.waiting is not None:
        step.waits[-1].until = at


def _why(event: TaskSucceeded | TaskFailed | TaskSkipped | TaskCancelled) -> str:
    match event:
        case TaskFailed():
            return f"{event.code}: {event.message}"
        case TaskSucceeded():
            return f"goes on with {event.next_task}" if event.next_task else ""
        case _:
            return event.reason


def _with_note(text: str, note: str) -> str:
    return f"{text} ({note})" if note else text

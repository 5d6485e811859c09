"""The state of an execution: a fold over its events, kept small and cheap per loop item.

`record` (record.py) is the only thing that changes it. It takes ownership: the state it is given is the state it
gives back, changed in place, since copying the state of a 10,000-item loop for each event would cost O(n²).
Whoever wants to keep an older state copies it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from oos.execution.events import NO_ITEM, ExecutionStarted
from oos.execution.rate_control import Limits
from oos.execution.status import Status, WaitReason
from oos.values.json import Value
from oos.values.secret import Secret

if TYPE_CHECKING:
    from oos.template.check import CheckedTemplate
    from oos.template.model import Task


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a task or item waits for."""

    reason: WaitReason
    since: datetime
    until: datetime | None = None
    observed: Value = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something failed."""

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(slots=True)
class Activity:
    """A task or item that has started and has no outcome yet."""

    started: datetime
    attempt: int = 0
    polls: int = 0
    waiting: Waiting | None = None
    confirmed: bool = False
    """Whether a person confirmed its high risk."""


class ItemStatus:
    """Status of a loop item in one byte."""

    NEW = 0
    RUNNING = 1
    SUCCESS = 2
    FAILED = 3
    SKIPPED = 4
    CANCELLED = 5

    NAMES = (Status.PENDING, Status.RUNNING, Status.SUCCESS, Status.FAILED, Status.SKIPPED, Status.CANCELLED)


@dataclass(slots=True)
class LoopState:
    """The state of a loop: one byte an item, plus what its aggregates need, plus what is in flight."""

    items: list[Value]
    limits: Limits
    statuses: bytearray
    outputs: dict[str, list[Value]]
    """Values of the aggregated task outputs, by output name, in item order."""
    batch: int = 0
    next: int = 0
    """The item to start next; all before it have started."""
    again: list[int] = field(default_factory=list)
    """Items to start once more, by request of a person."""
    in_flight: dict[int, Activity] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    """Items that started more than once."""
    faults: dict[int, Fault] = field(default_factory=dict)
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    pausing: Waiting | None = None
    """The loop as a whole waits for a person before its next batch."""

    @property
    def done(self) -> int:
        """How many items have an outcome."""
        return self.succeeded + self.failed + self.skipped


@dataclass(slots=True)
class TaskExecution:
    """A task of an execution, once it has begun."""

    task: Task
    number: int
    """Place in the template, from 0."""
    status: Status
    started: datetime
    ended: datetime | None = None
    attempt: int = 0
    activity: Activity | None = None
    loop: LoopState | None = None
    outputs: Mapping[str, Value] = field(default_factory=dict)
    response: Value = None
    fault: Fault | None = None
    reason: str = ""
    next_task: str = ""

    @property
    def waiting(self) -> Waiting | None:
        """What it waits for, if it does."""
        if self.loop is not None:
            return self.loop.pausing
        return self.activity.waiting if self.activity else None


@dataclass(slots=True)
class Execution:
    """An execution as the events so far tell it."""

    start: ExecutionStarted
    template: CheckedTemplate
    status: Status = Status.RUNNING
    sequence: int = 0
    """How many events it has."""
    head: bytes = b""
    """Hash of the newest event; kept by the journal's writer."""
    tasks: dict[str, TaskExecution] = field(default_factory=dict)
    current: TaskExecution | None = None
    """The task that has begun and has no outcome."""
    last: TaskExecution | None = None
    """The task that ended last, from which the way goes on."""
    cancel: Waiting | None = None
    cancel_by: str = ""
    forced_status: Status | None = None
    """The final status that a person set (CompleteExecution)."""
    ended: datetime | None = None
    outputs: Mapping[str, Value] = field(default_factory=dict)
    fault: Fault | None = None
    updated: datetime | None = None
    stepped: str = ""
    """Debug mode: the task a person let go on."""
    secrets: tuple[Secret, ...] = ()
    """Every secret it was started with: what none of its outcomes may repeat in the open."""

    @property
    def id(self) -> str:
        """The execution's id."""
        return self.start.execution_id

    def activity(self, task: str, item: int = NO_ITEM) -> Activity | None:
        """What is in flight at this path, or None."""
        current = self.current
        if current is None or current.task.name != task:
            return None
        if item == NO_ITEM:
            return current.activity
        return current.loop.in_flight.get(item) if current.loop else None

    @property
    def waiting(self) -> Waiting | None:
        """What the execution waits for as a whole: the first wait that only a person can end."""
        current = self.current
        if current is None or self.status.final:
            return None
        wait = current.waiting
        if wait is not None and wait.reason.needs_person:
            return wait
        if current.loop is not None:
            for activity in current.loop.in_flight.values():
                if activity.waiting is not None and activity.waiting.reason.needs_person:
                    return activity.waiting
        return None

    @property
    def shown_status(self) -> Status:
        """The status as people see it: Waiting when a person is needed, else as recorded."""
        return Status.WAITING if self.waiting is not None else self.status

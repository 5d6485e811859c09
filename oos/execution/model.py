"""The state of an execution: a fold over its events, kept small and cheap per loop item.

`record` (record.py) is the only thing that changes it. It takes ownership: the state it is given is the state it
gives back, changed in place, since copying the state of a 10,000-item loop for each event would cost O(n²).
Whoever wants to keep an older state copies it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from oos.execution.events import NO_ITEM, ExecutionStarted, TriggerFired
from oos.execution.rate_control import Limits
from oos.execution.status import Status, WaitReason
from oos.values.json import Value
from oos.values.secret import Secret

if TYPE_CHECKING:
    from oos.template.check import CheckedTemplate
    from oos.template.model import Task
    from oos.template.selector import Selector


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a task or item waits for."""

    reason: WaitReason
    since: datetime
    until: datetime | None = None
    observed: Value = None
    note: str = ""
    approvers: tuple[str, ...] = ()
    """Who may approve; empty: anybody."""
    required: int = 1
    """How many different people must approve."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's approval."""

    by: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something failed."""

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Activity(msgspec.Struct):
    """A task or item that has started and has no outcome yet."""

    started: datetime
    attempt: int = 0
    polls: int = 0
    waiting: Waiting | None = None
    confirmed: bool = False
    """Whether a person confirmed its high risk."""
    approvals: tuple[Approval, ...] = ()


_MOMENT: Final = timedelta(microseconds=1)


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
    """Values of those task outputs that something reads later, by output name, in item order."""
    paths: Mapping[str, Selector] = field(default_factory=dict)
    """Paths into the responses of items that something reads later; their values are in `outputs` under the path."""
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

    @property
    def room(self) -> int:
        """How many more items may start now, as far as the width allows."""
        if self.batch >= len(self.limits.batches):
            return 0
        return self.limits.width(self.batch, self.succeeded) - len(self.in_flight)

    @property
    def over(self) -> bool:
        """Whether more items failed than may."""
        return self.failed > self.limits.max_errors


@dataclass(slots=True)
class TriggerState:
    """The state of a trigger: when it fires next, and what its firings brought."""

    next: datetime | None = None
    ends: datetime | None = None
    paused_by: str = ""
    fired: int = 0
    """How many children it has started."""
    missed: int = 0
    queued: TriggerFired | None = None
    """With OverlapPolicy Queue: the firing that waits for the one before."""
    running: dict[int, Activity] = field(default_factory=dict)
    """Children that have not ended, by the number of their firing."""
    last: datetime | None = None
    last_due: datetime | None = None
    last_status: Status | None = None
    last_message: str = ""
    last_outputs: Mapping[str, Value] = field(default_factory=dict)
    last_success: datetime | None = None


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
    starts: int = 0
    """How often it was started, over all its attempts."""
    activity: Activity | None = None
    loop: LoopState | None = None
    trigger: TriggerState | None = None
    again: bool = False
    """A person wants it tried once more."""
    ending_by: str = ""
    """Who cancelled the task, while what is in flight comes to its end."""
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
    id: str = field(init=False)
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
    """Debug mode: the task a person let go on, or chose to be next."""
    stepped_item: list[Value] | None = None
    """Debug mode: the one value (in a list) for which that task's loop runs."""
    secrets: tuple[Secret, ...] = ()
    """Every secret it was given: what none of its outcomes may repeat in the open."""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    """Parameters in force now."""
    before: list[tuple[datetime, Mapping[str, Value]]] = field(default_factory=list)
    """Parameters that were in force until an instant, oldest first; empty unless they were changed."""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    outer: Execution | None = None
    """For an item of an ACS::Loop: the execution around it, whose names it sees."""
    item: Value = None
    """For an item of an ACS::Loop: the value it runs for."""
    bookkeeping: int = 0
    """How many of its events tell of being taken over, rather than of progress."""
    standing: str = ""
    stale: int = 0
    """How often in a row it was taken over without having come further."""
    held: Waiting | None = None
    """What stops it as a whole until a person speaks."""
    rejected_by: str = ""

    def __post_init__(self) -> None:
        self.id = self.start.execution_id

    @property
    def home(self) -> Execution:
        """The execution whose parameters this one sees: itself, or the outermost around the ACS::Loop it is in."""
        execution = self
        while execution.outer is not None:
            execution = execution.outer
        return execution

    def parameters_at(self, at: datetime) -> Mapping[str, Value]:
        """The parameters that hold for what started at an instant.

        A call that is made again after a crash sees those of its start, so that it is the same request.
        """
        for until, parameters in self.before:
            if at <= until:
                return parameters
        return self.parameters

    def instant(self, now: datetime) -> datetime:
        """Now, for what starts now: later than the newest change of parameters, so that it sees them."""
        return max(now, self.before[-1][0] + _MOMENT) if self.before else now

    def task(self, name: str) -> TaskExecution | None:
        """A task that has begun, here or in the executions around."""
        execution: Execution | None = self
        while execution is not None:
            found = execution.tasks.get(name)
            if found is not None:
                return found
            execution = execution.outer
        return None

    def activity(self, task: str, item: int = NO_ITEM) -> Activity | None:
        """What is in flight at this path, or None."""
        current = self.current
        if current is None or current.task.name != task:
            return None
        if item == NO_ITEM:
            return current.activity
        if current.trigger is not None:
            return current.trigger.running.get(item)
        return current.loop.in_flight.get(item) if current.loop else None

    @property
    def waiting(self) -> Waiting | None:
        """What the execution waits for as a whole: the first wait that only a person can end."""
        if self.status.final:
            return None
        if self.held is not None:
            return self.held
        current = self.current
        if current is None:
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
    def shown_wait(self) -> Waiting | None:
        """What people see it wait for: a person, or (a trigger that runs nothing) its next firing."""
        waiting = self.waiting
        if waiting is None and not self.status.final and self.current is not None:
            trigger = self.current.trigger
            if trigger is not None and not trigger.running:
                return self.current.waiting
        return waiting

    @property
    def shown_status(self) -> Status:
        """The status as people see it: Waiting for a person or a firing, else as recorded."""
        return Status.WAITING if self.shown_wait is not None else self.status

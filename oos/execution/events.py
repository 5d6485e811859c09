"""Events: everything that happens to an execution, as it is journaled. The journal is the truth; the rest are folds."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import msgspec

from oos.execution.status import LoopMode, Mode, NotifyType, SafetyCheck, Status, WaitReason
from oos.values.json import Value

NO_ITEM = -1
"""The loop index of an event of a task that is not an item of a loop."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event"):
    """Something that happened, and when (UTC)."""

    at: datetime


class Recalled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a task gave in an earlier execution, from which this one goes on."""

    execution_id: str
    outputs: dict[str, Value] = {}
    response: Value = None


class ExecutionStarted(Event, frozen=True, kw_only=True, tag=True):
    """An execution was accepted; it pins the checked template and everything it depends on."""

    execution_id: str
    template_name: str
    template_hash: str
    """SHA-256 of the template text, by which the content store holds it."""
    parameters: dict[str, Value]
    by: str
    region: str
    account: str
    template_version: str = ""
    mode: Mode = Mode.AUTOMATIC
    loop_mode: LoopMode = LoopMode.AUTOMATIC
    safety_check: SafetyCheck = SafetyCheck.CONFIRM
    client_token: str = ""
    description: str = ""
    tags: dict[str, str] = {}
    store: dict[str, Value] = {}
    """Values of `oos:` and `oos-secret:` references, as they were when the execution started."""
    forbid_self_approval: bool = False
    """Whether who started it may not approve it: the setting that was in force when it started."""
    approve_destroy: bool = False
    """Whether each operation that destroys waits for approval: the guard that was in force when it started."""
    parent_id: str = ""
    parent_task: str = ""
    parent_item: int = NO_ITEM
    """Loop item, or number of the firing of a trigger."""
    loop_path: list[str] = []
    """In an item of an ACS::Loop: the loop tasks, outermost first, whose inner tasks are its template."""
    recalled: dict[str, Recalled] = {}
    """Tasks that an earlier execution carried out, by name; this one goes on behind the last of them (recall.py)."""


class TaskEvent(Event, frozen=True, kw_only=True):
    """An event of a task, or of an item of its loop."""

    task: str
    item: int = NO_ITEM


class LoopStarted(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A loop knows its items and limits."""

    items: list[Value]
    rate_control: Value


class BatchStarted(TaskEvent, frozen=True, kw_only=True, tag=True):
    """The next batch of a loop may start its items."""

    batch: int


class TaskStarted(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A task or item is about to act: written before anything is done."""

    attempt: int = 0


class TaskWaiting(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A task or item waits, for an instant or for a person."""

    reason: WaitReason
    until: datetime | None = None
    polls: int = 0
    """How often a WaitFor has looked so far."""
    observed: Value = None
    note: str = ""
    approvers: list[str] = []
    """Who may approve; empty: anybody."""
    required: int = 0
    """How many different people must approve."""


class TaskResumed(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A wait is over, or an interrupted call is made again with the same token."""

    why: str


class TargetReported(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A call that is under way told how a step of it ended in one of its targets, such as a task of a playbook."""

    target: str
    step: str
    status: str
    changed: bool = False
    message: str = ""

    @property
    def ending(self) -> str:
        """How the step ended, in words."""
        return f"{self.target}: {self.step}: {self.status}" + (" (changed)" if self.changed else "")


class TaskSucceeded(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A task or item did what it was for; outputs come from what was observed afterwards."""

    outputs: dict[str, Value] = {}
    response: Value = None
    """The raw response, kept where a later reference reads it or where the operation changed something."""
    next_task: str = ""
    """Where a Choice goes on."""


class TaskFailed(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A task or item could not do what it was for."""

    code: str
    message: str


class TaskSkipped(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A task or item was left out."""

    reason: str


class TaskCancelled(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A task or item was ended by a cancellation before it acted."""

    reason: str = ""


class Notified(Event, frozen=True, kw_only=True, tag=True):
    """A person told the execution something."""

    type: NotifyType
    by: str
    note: str = ""
    task: str = ""
    """The task meant; for ExecuteTask, the task to run next."""
    item: int = NO_ITEM
    items: list[int] = []
    """The loop items meant, where there are several."""
    execution_status: Status | None = None
    """For CompleteExecution: the final status."""
    parameters: dict[str, Value] = {}
    """Parameters of the execution that change with this, bound to their types."""
    loop_item: Value = None
    """For ExecuteTask: the one value that a loop runs for, in place of its items."""


class ExecutionUpdated(Event, frozen=True, kw_only=True, tag=True):
    """A person changed parameters, description or tags of an execution that has not ended."""

    by: str
    parameters: dict[str, Value] = {}
    """Those that changed, bound to their types; tasks that start later see them."""
    description: str | None = None
    tags: dict[str, str] | None = None


class CancelRequested(Event, frozen=True, kw_only=True, tag=True):
    """A person, or the parent, wants the execution to end."""

    by: str
    reason: str = ""
    rejected: bool = False
    """Whether it is a refusal of what the execution asked for."""


class ExecutionResumed(Event, frozen=True, kw_only=True, tag=True):
    """A process took the execution over after its driver had died."""

    by: str
    process: str = ""
    standing: str = ""
    """Digest of how far the execution and its descendants had come: the same twice means no progress."""


class ExecutionHeld(Event, frozen=True, kw_only=True, tag=True):
    """Nothing goes on in the execution until a person speaks."""

    reason: WaitReason
    note: str = ""


class TriggerArmed(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A trigger waits for its next firing."""

    next: datetime | None = None
    """When it fires next; None for one that is fired by events."""
    ends: datetime | None = None
    """When it is over."""


class TriggerFired(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A trigger starts a child execution; `item` is the number of the firing."""

    message: Value = None
    """What fired it, as the child's trigger task gives it out."""
    due: datetime | None = None
    """The instant that it fires for; it may have come a little late."""
    next: datetime | None = None
    by: str = ""
    """Who fired it by hand."""


class TriggerEnded(TaskEvent, frozen=True, kw_only=True, tag=True):
    """The child of a firing has ended."""

    status: Status
    message: str = ""
    outputs: dict[str, Value] = {}


class FiringMissed(TaskEvent, frozen=True, kw_only=True, tag=True):
    """Firings that were not made: nobody was there, the trigger was paused, or the one before still ran."""

    why: str
    count: int = 1
    first: datetime | None = None
    last: datetime | None = None
    next: datetime | None = None


class TriggerRequested(Event, frozen=True, kw_only=True, tag=True):
    """Somebody, or something that listens, wants a trigger to fire now (spec 6.4 TriggerExecution)."""

    by: str
    type: str = ""
    """`Event`, `Alarm` or `Timer`; empty: whatever the trigger is."""
    content: Value = None
    note: str = ""


class TriggerSwitched(Event, frozen=True, kw_only=True, tag=True):
    """A person paused a trigger, or had it go on."""

    by: str
    paused: bool
    note: str = ""


class ExecutionFinished(Event, frozen=True, kw_only=True, tag=True):
    """Nothing follows."""

    status: Status
    outputs: dict[str, Value] = {}
    code: str = ""
    message: str = ""


AnyEvent: TypeAlias = (
    ExecutionStarted
    | LoopStarted
    | BatchStarted
    | TaskStarted
    | TaskWaiting
    | TaskResumed
    | TargetReported
    | TaskSucceeded
    | TaskFailed
    | TaskSkipped
    | TaskCancelled
    | Notified
    | CancelRequested
    | ExecutionResumed
    | ExecutionFinished
    | ExecutionUpdated
    | ExecutionHeld
    | TriggerArmed
    | TriggerFired
    | TriggerEnded
    | FiringMissed
    | TriggerRequested
    | TriggerSwitched
)

Signalled: TypeAlias = Notified | CancelRequested | ExecutionUpdated | TriggerRequested | TriggerSwitched
"""What anybody may tell an execution; who drives it decides, and records."""


def path_of(event: AnyEvent) -> str:
    """The task path with loop index, by which a row is found: `copy`, `copy[3]`, or nothing for the execution."""
    task = getattr(event, "task", "")
    item = getattr(event, "item", NO_ITEM)
    return task if item == NO_ITEM else f"{task}[{item}]"

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
    parent_id: str = ""
    parent_task: str = ""
    parent_item: int = NO_ITEM


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


class TaskResumed(TaskEvent, frozen=True, kw_only=True, tag=True):
    """A wait is over, or an interrupted call is made again with the same token."""

    why: str


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
    item: int = NO_ITEM
    execution_status: Status | None = None


class CancelRequested(Event, frozen=True, kw_only=True, tag=True):
    """A person, or the parent, wants the execution to end."""

    by: str
    reason: str = ""


class ExecutionResumed(Event, frozen=True, kw_only=True, tag=True):
    """A process took the execution over after its driver had died."""

    by: str
    process: str = ""


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
    | TaskSucceeded
    | TaskFailed
    | TaskSkipped
    | TaskCancelled
    | Notified
    | CancelRequested
    | ExecutionResumed
    | ExecutionFinished
)


def path_of(event: AnyEvent) -> str:
    """The task path with loop index, by which a row is found: `copy`, `copy[3]`, or nothing for the execution."""
    task = getattr(event, "task", "")
    item = getattr(event, "item", NO_ITEM)
    return task if item == NO_ITEM else f"{task}[{item}]"

"""Steps: what the conductor answers: events to write down, and what to do once they are committed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import msgspec

from oos.diagnostics import DiagnosticError
from oos.execution.events import NO_ITEM, AnyEvent, TaskFailed
from oos.values.json import Value


class Perform(msgspec.Struct, frozen=True):
    """Act for a task or item: call the operation, look, send."""

    task: str
    item: int
    attempt: int
    started: datetime


class StartChild(msgspec.Struct, frozen=True):
    """Start the child execution of a task, item or firing, or join it if it exists."""

    task: str
    item: int
    attempt: int
    started: datetime
    message: Value = None
    """For a firing: what fired."""


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Ask again at this instant."""

    task: str
    item: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Listen:
    """Listen for what fires the trigger of a task: events, or the crossing of a threshold."""

    task: str


Action: TypeAlias = Perform | StartChild | WakeAt | Listen


@dataclass(slots=True)
class Step:
    """An answer of the conductor: what to write down, and what to do once that is committed."""

    events: list[AnyEvent] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)


def failed(task: str, now: datetime, code: str, message: str, item: int = NO_ITEM) -> Step:
    """The step in which a task or item fails."""
    return Step([TaskFailed(at=now, task=task, item=item, code=code, message=message)])


def first_of(error: DiagnosticError) -> str:
    """The first fault of several, in one line."""
    return str(error.diagnostics[0]) if error.diagnostics else str(error)

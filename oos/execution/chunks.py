"""Chunks: calls that one process has others carry out, and what those report (decision 040)."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import msgspec

from oos.execution.actions import Perform
from oos.execution.events import TargetReported, TaskFailed, TaskSucceeded, TaskWaiting
from oos.execution.model import Execution

Outcome: TypeAlias = TaskSucceeded | TaskFailed | TaskWaiting
"""What a call brings."""

Place: TypeAlias = tuple[str, str, int]
"""Execution, task, item."""


class DispatchFailed(Exception):
    """Calls could not be handed over, or nobody could say where they are; the message names the cause."""


class Errand(msgspec.Struct, frozen=True, array_like=True):
    """A call to be made for whoever drives its execution."""

    execution_id: str
    task: str
    item: int
    attempt: int
    polls: int
    """How often a WaitFor has looked so far."""
    started: datetime

    @property
    def place(self) -> Place:
        """What it is for."""
        return self.execution_id, self.task, self.item

    @property
    def action(self) -> Perform:
        """The action that it stands for."""
        return Perform(self.task, self.item, self.attempt, self.started)

    def is_wanted(self, execution: Execution) -> bool:
        """Whether its execution still waits for the outcome of just this call."""
        activity = execution.activity(self.task, self.item)
        return (
            activity is not None
            and activity.waiting is None
            and (activity.attempt, activity.polls) == (self.attempt, self.polls)
        )


class Chunk(msgspec.Struct, frozen=True):
    """Calls of one family that one process carries out."""

    id: str
    root_id: str
    errands: list[Errand]


class Done(msgspec.Struct, frozen=True, array_like=True):
    """A call that was made, and what it brought."""

    chunk_id: str
    errand: Errand
    outcome: Outcome
    steps: list[TargetReported] = []
    """What the call told of its targets before."""


class Report(msgspec.Struct, frozen=True, tag="CallsReported", tag_field="event"):
    """What became of calls, for the driver of their family: told like a signal, recorded by the driver alone."""

    done: list[Done]


def errand_for(execution: Execution, action: Perform) -> Errand | None:
    """The call that an action asks for, unless it is over or waits by now."""
    activity = execution.activity(action.task, action.item)
    if activity is None or activity.waiting is not None:
        return None
    return Errand(execution.id, action.task, action.item, action.attempt, activity.polls, action.started)

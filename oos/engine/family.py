"""Families: what a process drives: a root execution with all its descendants, under one lock."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime

from oos.engine.ports import Lock, Subscription
from oos.execution.model import Execution
from oos.execution.waits import due_at


@dataclass(slots=True)
class Live:
    """An execution that this process drives."""

    execution: Execution
    cancelled: threading.Event
    """Set when the outcome of its calls is no longer wanted."""
    performing: int = 0
    """How many calls are out."""


@dataclass(slots=True)
class Family:
    """A root execution that this process owns, and what there is of it."""

    root_id: str
    lock: Lock
    members: dict[str, Live] = field(default_factory=dict)
    listening: dict[str, Subscription] = field(default_factory=dict)
    """What its trigger listens to, by task."""
    ended: threading.Event = field(default_factory=threading.Event)
    result: Execution | None = None
    awaited: int = 0
    """How many wait for its end: it is not parked meanwhile."""
    calls: int = 0
    """How many calls workers carry; changed under the driver's guard."""
    abandoned: bool = False
    """The engine has let go of it; when calls were out, the last of them gives up the lock."""
    lost: bool = False
    """Another process took it over while this one drove it."""

    @property
    def performing(self) -> int:
        """How many calls are out."""
        return sum(live.performing for live in self.members.values())

    @property
    def is_held(self) -> bool:
        """Whether nothing goes on in it until a person speaks."""
        root = self.members.get(self.root_id)
        return root is not None and root.execution.held is not None

    @property
    def is_winding_down(self) -> bool:
        """Whether it was cancelled, or ended by hand."""
        root = self.members.get(self.root_id)
        return root is not None and (root.execution.cancel is not None or root.execution.forced_status is not None)

    def due_at(self) -> datetime | None:
        """From when on somebody must drive it; None while only a person moves it on."""
        if self.is_held and not self.is_winding_down:
            return None
        return min((due for live in self.members.values() if (due := due_at(live.execution))), default=None)

    def stop_listening(self) -> None:
        """Nothing fires its trigger any more."""
        subscriptions, self.listening = list(self.listening.values()), {}
        for subscription in subscriptions:
            subscription.close()

"""Events that await an instance, and what its operator wants done about maintenance: documents of the registry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from oos.service.kept import Kept
from oos.service.registry import Registry
from oos.values.typed import convert_as

_WISHES: Final = "maintenance"


class CycleStatus(StrEnum):
    """How far an event has come, in the words of ECS."""

    INQUIRING = "Inquiring"
    """It waits until somebody consents."""
    SCHEDULED = "Scheduled"
    EXECUTING = "Executing"
    EXECUTED = "Executed"
    CANCELED = "Canceled"


@dataclass(frozen=True, slots=True)
class SystemEvent:
    """Something announced for an instance."""

    id: str
    region: str
    instance_id: str
    type: str
    """`SystemMaintenance.Reboot`, …"""
    published: datetime
    not_before: datetime
    accepted: datetime | None = None
    canceled: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the day, UTC+8, in which maintenance may be done."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator wrote down about the maintenance of an instance."""

    notify: bool = False
    windows: tuple[Window, ...] = ()


EVENTS: Final = Kept("system-event", SystemEvent)
"""All events."""


def load_wishes(registry: Registry, instance_id: str) -> Wishes:
    """What was written down about an instance."""
    document = registry.get(_WISHES, instance_id)
    return Wishes() if document is None else convert_as(dict(document), Wishes)


def keep_wishes(registry: Registry, instance_id: str, wishes: Wishes) -> None:
    """Write down what is wanted for an instance."""
    registry.put(_WISHES, instance_id, msgspec.to_builtins(wishes))

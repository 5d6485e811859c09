"""Decisions about announced events and maintenance: where an event stands, how an instance is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from oos.fleet.instance import Instance, Power
from oos.service.errors import InvalidParameter, Refused
from oos_maintenance.model import CycleStatus, SystemEvent, Window
from oos_maintenance.requests import MaintenanceWindow, Range

TYPES: Final = (
    "SystemMaintenance.Reboot",
    "SystemMaintenance.Stop",
    "SystemMaintenance.Redeploy",
    "SystemFailure.Reboot",
    "SystemFailure.Stop",
    "SystemFailure.Redeploy",
    "InstanceFailure.Reboot",
)
_HOUR: Final = re.compile(r"([01]\d|2[0-3]):00:00")


def status_of(event: SystemEvent, now: datetime) -> CycleStatus:
    """How far an event has come. A failure is under way at once, until its time; what is planned waits for it.

    A redeployment waits for consent first, for it may cost what is on local disks.
    """
    if event.canceled is not None:
        return CycleStatus.CANCELED
    if event.type.endswith(".Redeploy") and event.accepted is None:
        return CycleStatus.INQUIRING
    if now >= event.not_before:
        return CycleStatus.EXECUTED
    return CycleStatus.SCHEDULED if event.type.startswith("SystemMaintenance.") else CycleStatus.EXECUTING


def require_open(event: SystemEvent, now: datetime, wanted: Sequence[CycleStatus]) -> None:
    """Raise Refused for an event that has come too far, or not far enough."""
    status = status_of(event, now)
    if status not in wanted:
        raise Refused("InvalidEventStatus", f"The event {event.id} is {status}; it must be {' or '.join(wanted)}.")


def is_in(moment: datetime, wanted: Range | None) -> bool:
    """Whether an instant lies in the range; no range holds all. Raises InvalidParameter."""
    if wanted is None:
        return True
    start, end = wanted.instants()
    return (start is None or moment >= start) and (end is None or moment <= end)


def windows_from(given: Iterable[MaintenanceWindow]) -> tuple[Window, ...]:
    """The windows of a request. Raises InvalidParameter for what are no whole hours."""
    found = []
    for number, each in enumerate(given, 1):
        if not (_HOUR.fullmatch(each.start_time) and _HOUR.fullmatch(each.end_time)):
            message = (
                f"A window is from one whole hour to another (HH:00:00), not {each.start_time} to {each.end_time}."
            )
            raise InvalidParameter(f"MaintenanceWindow.{number}", message)
        if each.start_time == each.end_time:
            message = "A window lasts from 1 to 23 hours."
            raise InvalidParameter(f"MaintenanceWindow.{number}", message)
        found.append(Window(each.start_time, each.end_time))
    return tuple(found)


def health_of(instance: Instance, events: Iterable[CycleStatus]) -> str:
    """How an instance is: maintained while an event is carried out; a guest that tells nothing leaves it open."""
    if CycleStatus.EXECUTING in events:
        return "Maintaining"
    match instance.power:
        case Power.RUNNING:
            return "Ok" if instance.has_agent else "InsufficientData"
        case Power.STARTING:
            return "Initializing"
        case Power.PAUSED:
            return "Impaired"
        case _:
            return "NotApplicable"

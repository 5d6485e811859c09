"""Requests about events and maintenance: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from oos.service.errors import InvalidParameter
from oos.service.paging import Paged
from oos.service.parameter import Param
from oos.values.time import parse_instant

InstanceIds = Annotated[tuple[str, ...], Param("The instances.", most=100)]
EventIds = Annotated[tuple[str, ...], Param("The events.", most=100)]
CYCLE = ("Scheduled", "Avoided", "Executing", "Executed", "Canceled", "Failed", "Inquiring")


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """From one instant to another; either may be open."""

    start: Annotated[str, Param("Not before.")] = ""
    end: Annotated[str, Param("Not after.")] = ""

    def instants(self) -> tuple[datetime | None, datetime | None]:
        """Both ends. Raises InvalidParameter."""
        try:
            return (parse_instant(self.start) if self.start else None, parse_instant(self.end) if self.end else None)
        except ValueError as error:
            raise InvalidParameter("NotBefore", f"A time range: {error}.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstancesFullStatus(Paged):
    """Of which instances to tell the status, the health and what is announced."""

    instance_id: Annotated[tuple[str, ...] | None, Param("Only these.", most=100)] = None
    event_id: EventIds = ()
    event_type: Annotated[str, Param("Only those with an event of this type.")] = ""
    instance_event_type: Annotated[tuple[str, ...], Param("Only those with an event of these types.", most=30)] = ()
    health_status: Annotated[str, Param("Only those that are so.")] = ""
    status: Annotated[str, Param("Only those with this status.")] = ""
    not_before: Annotated[Range | None, Param("When events are due.")] = None
    event_publish_time: Annotated[Range | None, Param("When events were announced.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstanceHistoryEvents(Paged):
    """Which events to list."""

    instance_id: Annotated[str, Param("Only of this instance.")] = ""
    resource_id: Annotated[tuple[str, ...], Param("Only of these instances.", most=100)] = ()
    resource_type: Annotated[str, Param("Kind of resource.", allowed=("instance", "ddh", "managedhost"))] = "instance"
    event_id: EventIds = ()
    event_type: Annotated[str, Param("Only of this type.")] = ""
    instance_event_type: Annotated[tuple[str, ...], Param("Only of these types.", most=30)] = ()
    event_cycle_status: Annotated[str, Param("Only those that are so far.", allowed=CYCLE)] = ""
    instance_event_cycle_status: Annotated[tuple[str, ...], Param("Only those that are so far.", most=7)] = ()
    not_before: Annotated[Range | None, Param("When they are due.")] = None
    event_publish_time: Annotated[Range | None, Param("When they were announced.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSimulatedSystemEvents:
    """What to announce for which instances. Nothing is done to them when it is due."""

    instance_id: InstanceIds
    event_type: Annotated[str, Param("Type of the event.")]
    not_before: Annotated[str, Param("When it is due.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSimulatedSystemEvents:
    """Which events to take back."""

    event_id: EventIds


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptInquiredSystemEvent:
    """Which event to consent to."""

    event_id: Annotated[str, Param("The event.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow:
    """Hours of the day, UTC+8."""

    start_time: Annotated[str, Param("First hour: HH:00:00.")]
    end_time: Annotated[str, Param("Last hour: HH:00:00.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstanceMaintenanceAttributes:
    """What is wanted when instances are maintained; what is not given stays."""

    instance_id: InstanceIds
    action_on_maintenance: Annotated[
        str,
        Param(
            "What the instance does when its host comes back: stays off, or starts.",
            allowed=("Stop", "AutoRecover", "AutoRedeploy"),
        ),
    ] = ""
    maintenance_window: Annotated[tuple[MaintenanceWindow, ...], Param("When it may be maintained.", most=1)] = ()
    notify_on_maintenance: Annotated[bool | None, Param("Whether to announce it before.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstanceMaintenanceAttributes(Paged):
    """Of which instances to tell what is wanted."""

    instance_id: Annotated[tuple[str, ...] | None, Param("Only these.", most=100)] = None

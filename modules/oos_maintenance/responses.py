"""Responses about events and maintenance: the part of ECS's shapes that can be filled honestly."""

from __future__ import annotations

from typing import TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class Named(TypedDict):
    """A status or a type by its name; the cloud's numbers for them mean nothing here."""

    Name: str


class ScheduledEvent(TypedDict):
    EventId: str
    EventType: Named
    EventCycleStatus: Named
    EventPublishTime: str
    NotBefore: str
    Reason: str


class ScheduledEvents(TypedDict):
    ScheduledSystemEventType: list[ScheduledEvent]


class FullStatus(TypedDict):
    InstanceId: str
    Status: Named
    HealthStatus: Named
    ScheduledSystemEventSet: ScheduledEvents


class FullStatuses(TypedDict):
    InstanceFullStatusType: list[FullStatus]


class InstancesFullStatus(TypedDict):
    InstanceFullStatusSet: FullStatuses
    TotalCount: int
    PageNumber: int
    PageSize: int


class HistoryEvent(TypedDict):
    EventId: str
    InstanceId: str
    ResourceType: str
    EventType: Named
    EventCycleStatus: Named
    EventPublishTime: str
    EventFinishTime: str
    NotBefore: str
    Reason: str


class HistoryEventSet(TypedDict):
    InstanceSystemEventType: list[HistoryEvent]


class HistoryEvents(TypedDict):
    InstanceSystemEventSet: HistoryEventSet
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str


class EventIds(TypedDict):
    EventId: list[str]


class MadeEvents(TypedDict):
    EventIdSet: EventIds


class SupportedValues(TypedDict):
    SupportedValue: list[str]


class Action(TypedDict):
    DefaultValue: str
    Value: str
    SupportedValues: SupportedValues


class WindowShape(TypedDict):
    StartTime: str
    EndTime: str


class WindowShapes(TypedDict):
    MaintenanceWindow: list[WindowShape]


class MaintenanceAttribute(TypedDict):
    InstanceId: str
    ActionOnMaintenance: Action
    MaintenanceWindows: WindowShapes
    NotifyOnMaintenance: bool


class MaintenanceAttributeShapes(TypedDict):
    MaintenanceAttribute: list[MaintenanceAttribute]


class MaintenanceAttributes(TypedDict):
    MaintenanceAttributes: MaintenanceAttributeShapes
    TotalCount: int
    PageNumber: int
    PageSize: int

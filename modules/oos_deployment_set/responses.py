"""Responses about deployment sets: the shapes of ECS."""

from __future__ import annotations

from typing import TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class MadeSet(TypedDict):
    DeploymentSetId: str


class CapacityShape(TypedDict):
    ZoneId: str
    UsedAmount: int
    AvailableAmount: int


class Capacities(TypedDict):
    Capacity: list[CapacityShape]


class InstanceIds(TypedDict):
    InstanceId: list[str]


class SetShape(TypedDict):
    DeploymentSetId: str
    DeploymentSetName: str
    DeploymentSetDescription: str
    Strategy: str
    DeploymentStrategy: str
    Domain: str
    Granularity: str
    Type: str
    CreationTime: str
    InstanceAmount: int
    InstanceIds: InstanceIds
    Capacities: Capacities


class SetShapes(TypedDict):
    DeploymentSet: list[SetShape]


class Sets(TypedDict):
    DeploymentSets: SetShapes
    RegionId: str
    TotalCount: int
    PageNumber: int
    PageSize: int


class Families(TypedDict):
    InstanceTypeFamilies: str

"""Responses about hosts."""

from __future__ import annotations

from typing import TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class Ids(TypedDict):
    InstanceId: list[str]


class HostShape(TypedDict):
    HostId: str
    RegionId: str
    ZoneId: str
    Status: str
    AutoPlacement: str
    Reason: str
    Cpus: int
    Memory: int
    PromisedMemory: int
    AvailableMemory: int
    InstanceAmount: int
    RunningAmount: int
    InstanceIds: Ids


class HostShapes(TypedDict):
    Host: list[HostShape]


class Hosts(TypedDict):
    Hosts: HostShapes
    TotalCount: int


class MoveShape(TypedDict):
    InstanceId: str
    InstanceName: str
    Status: str
    Memory: int
    DeploymentSetId: str
    SourceHostId: str
    TargetHostId: str


class MoveShapes(TypedDict):
    Move: list[MoveShape]


class Moves(TypedDict):
    Moves: MoveShapes
    TotalCount: int


class Redeployed(TypedDict):
    TaskId: str

"""Responses about snapshots: the part of ECS's shapes that a hypervisor can fill honestly."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from oos.service.filtering import TagShapes


class Nothing(TypedDict):
    """A response that says only that it is done."""


class MadeSnapshot(TypedDict):
    SnapshotId: str


class SnapshotShape(TypedDict):
    SnapshotId: str
    SnapshotName: str
    Description: str
    RegionId: str
    SourceDiskId: str
    SourceDiskSize: str
    SourceDiskType: str
    SourceStorageType: str
    SnapshotType: str
    Category: str
    Status: str
    Progress: str
    Available: bool
    Usage: str
    Encrypted: bool
    CreationTime: str
    LastModifiedTime: str
    ResourceGroupId: str
    RetentionDays: NotRequired[int]
    Tags: TagShapes


class SnapshotShapes(TypedDict):
    Snapshot: list[SnapshotShape]


class Snapshots(TypedDict):
    Snapshots: SnapshotShapes
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str


class ReasonShape(TypedDict):
    Code: str
    Text: str


class VerdictShape(TypedDict):
    SnapshotId: str
    SnapshotName: str
    SourceDiskId: str
    InstanceId: str
    Group: str
    CreationTime: str
    Status: str
    StoredBytes: int
    Verdict: str
    """`Keep` or `Delete`."""
    Reasons: list[ReasonShape]


class RoomShape(TypedDict):
    HostName: str
    CapacityBytes: int
    FreeBytes: int


class RetentionPlan(TypedDict):
    Now: str
    Verdicts: list[VerdictShape]
    Kept: list[str]
    Deleted: list[str]
    """In the order in which they are best deleted."""
    Rooms: list[RoomShape]


class DayForecast(TypedDict):
    Date: str
    Snapshots: int
    Bytes: int


class EndShape(TypedDict):
    SnapshotId: str
    CreationTime: str
    DeletionTime: str
    """Empty: not within the days that were looked at."""


class GroupForecast(TypedDict):
    Group: str
    SourceDiskId: str
    InstanceId: str
    EverySeconds: int
    MostSnapshots: int
    MostBytes: int
    Days: list[DayForecast]
    Ends: list[EndShape]
    Left: list[str]
    """Creation times of what there will be in the end."""


class RetentionForecast(TypedDict):
    Now: str
    Days: int
    Forecasts: list[GroupForecast]


class DiskCoverage(TypedDict):
    DiskId: str
    Device: str
    InstanceId: str
    InstanceName: str
    Covered: bool
    Usable: int
    NewestSnapshotId: str
    NewestTime: str
    Faults: list[str]


class SnapshotCoverage(TypedDict):
    Now: str
    Disks: list[DiskCoverage]
    Missing: list[DiskCoverage]
    MissingCount: int


class DiskContent(TypedDict):
    DiskId: str
    SnapshotId: str
    Result: str
    """`Equal`, `Different`, or `Unknown` where it cannot be looked at from here."""

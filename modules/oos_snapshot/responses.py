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

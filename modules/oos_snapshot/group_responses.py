"""Responses about snapshot groups: the part of ECS's shapes that a hypervisor can fill honestly."""

from __future__ import annotations

from typing import TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class MadeGroup(TypedDict):
    SnapshotGroupId: str


class TagShape(TypedDict):
    """A tag, spelled as only these shapes spell it."""

    Key: str
    Value: str


class TagShapes(TypedDict):
    Tag: list[TagShape]


class MemberShape(TypedDict):
    SnapshotId: str
    SourceDiskId: str
    SourceDiskType: str
    Progress: str
    Available: bool
    InstantAccess: bool
    Tags: TagShapes


class MemberShapes(TypedDict):
    Snapshot: list[MemberShape]


class GroupShape(TypedDict):
    SnapshotGroupId: str
    InstanceId: str
    Name: str
    Description: str
    Status: str
    CreationTime: str
    ResourceGroupId: str
    Snapshots: MemberShapes
    Tags: TagShapes


class GroupShapes(TypedDict):
    SnapshotGroup: list[GroupShape]


class Groups(TypedDict):
    SnapshotGroups: GroupShapes
    NextToken: str

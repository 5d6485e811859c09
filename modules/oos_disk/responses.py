"""Responses about disks: the part of ECS's shapes that a hypervisor can fill honestly."""

from __future__ import annotations

from typing import TypedDict

from oos.service.filtering import TagShapes


class Nothing(TypedDict):
    """A response that says only that it is done."""


class MadeDisk(TypedDict):
    DiskId: str


class Order(TypedDict):
    OrderId: str


class AttachmentShape(TypedDict):
    InstanceId: str
    Device: str


class Attachments(TypedDict):
    Attachment: list[AttachmentShape]


class LockShape(TypedDict):
    LockReason: str


class Locks(TypedDict):
    OperationLock: list[LockShape]


class DiskShape(TypedDict):
    DiskId: str
    DiskName: str
    Description: str
    RegionId: str
    ZoneId: str
    Size: int
    Category: str
    Type: str
    Status: str
    InstanceId: str
    Device: str
    SerialNumber: str
    SourceSnapshotId: str
    ImageId: str
    AutoSnapshotPolicyId: str
    EnableAutomatedSnapshotPolicy: bool
    EnableAutoSnapshot: bool
    DeleteAutoSnapshot: bool
    DeleteWithInstance: bool
    MultiAttach: str
    ResourceGroupId: str
    CreationTime: str
    DiskChargeType: str
    Portable: bool
    Encrypted: bool
    Attachments: Attachments
    OperationLocks: Locks
    Tags: TagShapes


class DiskShapes(TypedDict):
    Disk: list[DiskShape]


class Disks(TypedDict):
    Disks: DiskShapes
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str

"""Responses about images: the part of ECS's shapes that a hypervisor can fill honestly."""

from __future__ import annotations

from typing import TypedDict

from oos.service.filtering import TagShapes


class DeviceShape(TypedDict):
    Device: str
    Type: str
    Size: str
    SnapshotId: str
    Format: str


class DeviceShapes(TypedDict):
    DiskDeviceMapping: list[DeviceShape]


class ImageShape(TypedDict):
    ImageId: str
    ImageName: str
    ImageFamily: str
    Description: str
    ImageOwnerAlias: str
    Status: str
    Progress: str
    Size: int
    Architecture: str
    OSName: str
    OSNameEn: str
    OSType: str
    Platform: str
    Usage: str
    IsPublic: bool
    IsSelfShared: str
    CreationTime: str
    ResourceGroupId: str
    DiskDeviceMappings: DeviceShapes
    Tags: TagShapes


class ImageShapes(TypedDict):
    Image: list[ImageShape]


class Images(TypedDict):
    Images: ImageShapes
    RegionId: str
    TotalCount: int
    PageNumber: int
    PageSize: int

"""Responses about images: the part of ECS's shapes that a hypervisor can fill honestly."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from oos.service.filtering import TagShapes


class DeviceShape(TypedDict):
    Device: str
    Type: str
    Size: str
    SnapshotId: str
    Format: str


class DeviceShapes(TypedDict):
    DiskDeviceMapping: list[DeviceShape]


class FamilyImageShape(TypedDict):
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
    OSType: str
    Platform: str
    Usage: str
    IsCopied: bool
    IsSelfShared: str
    CreationTime: str
    DiskDeviceMappings: DeviceShapes
    Tags: TagShapes


class ImageShape(FamilyImageShape):
    OSNameEn: str
    IsPublic: bool
    ResourceGroupId: str


class ImageShapes(TypedDict):
    Image: list[ImageShape]


class Images(TypedDict):
    Images: ImageShapes
    RegionId: str
    TotalCount: int
    PageNumber: int
    PageSize: int


class ImageOfFamily(TypedDict):
    Image: NotRequired[FamilyImageShape]


class MadeImage(TypedDict):
    ImageId: str


class Nothing(TypedDict):
    pass


class AccountShape(TypedDict):
    AliyunId: str


class AccountShapes(TypedDict):
    Account: list[AccountShape]


class GroupShape(TypedDict):
    Group: str


class GroupShapes(TypedDict):
    ShareGroup: list[GroupShape]


class SharePermission(TypedDict):
    ImageId: str
    RegionId: str
    Accounts: AccountShapes
    ShareGroups: GroupShapes
    TotalCount: int
    PageNumber: int
    PageSize: int


class ImportedImage(TypedDict):
    ImageId: str
    RegionId: str
    TaskId: str


class ExportedImage(TypedDict):
    RegionId: str
    TaskId: str


class TypeShape(TypedDict):
    InstanceTypeId: str
    InstanceTypeFamily: str
    CpuCoreCount: int
    MemorySize: float


class TypeShapes(TypedDict):
    InstanceType: list[TypeShape]


class SupportedTypes(TypedDict):
    ImageId: str
    RegionId: str
    InstanceTypes: TypeShapes


# building


class BuiltStage(TypedDict):
    ImageId: str
    Status: str
    Cached: bool


class TestShape(TypedDict):
    Name: str
    Passed: bool
    ExitCode: int
    Output: str


class TestedImage(TypedDict):
    ImageId: str
    BootSeconds: float
    Tests: list[TestShape]
    PackageCount: int
    FileCount: int


class FileShape(TypedDict):
    Path: str
    Mode: str
    Owner: str
    Sha256: str
    Target: str


class Manifest(TypedDict):
    ImageId: str
    TakenAt: str
    BootSeconds: float
    Tests: list[TestShape]
    Packages: dict[str, str]
    Users: dict[str, str]
    Units: dict[str, str]
    Files: list[FileShape]
    Provenance: dict[str, Any]


class SpreadHosts(TypedDict):
    ImageId: str
    Hosts: list[str]

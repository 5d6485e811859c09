"""Responses about instances: the part of ECS's shapes that a hypervisor can fill honestly."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from oos.service.filtering import TagShapes


class Nothing(TypedDict):
    """A response that says only that it is done."""


class RegionShape(TypedDict):
    RegionId: str
    LocalName: str
    RegionEndpoint: str
    Status: str


class RegionShapes(TypedDict):
    Region: list[RegionShape]


class Regions(TypedDict):
    Regions: RegionShapes


class InstanceTypeNames(TypedDict):
    InstanceTypes: list[str]


class ResourceTypeNames(TypedDict):
    ResourceTypes: list[str]


class DiskCategoryNames(TypedDict):
    DiskCategories: list[str]


class ZoneShape(TypedDict):
    ZoneId: str
    LocalName: str
    ZoneType: str
    AvailableInstanceTypes: InstanceTypeNames
    AvailableResourceCreation: ResourceTypeNames
    AvailableDiskCategories: DiskCategoryNames


class ZoneShapes(TypedDict):
    Zone: list[ZoneShape]


class Zones(TypedDict):
    Zones: ZoneShapes


class PrivateIp(TypedDict):
    PrivateIpAddress: str
    Primary: bool


class PrivateIpSets(TypedDict):
    PrivateIpSet: list[PrivateIp]


class Ipv6(TypedDict):
    Ipv6Address: str


class Ipv6Sets(TypedDict):
    Ipv6Set: list[Ipv6]


class InterfaceShape(TypedDict):
    NetworkInterfaceId: str
    MacAddress: str
    PrimaryIpAddress: str
    Type: str
    PrivateIpSets: PrivateIpSets
    Ipv6Sets: Ipv6Sets


class InterfaceShapes(TypedDict):
    NetworkInterface: list[InterfaceShape]


class IpAddresses(TypedDict):
    IpAddress: list[str]


class VpcAttributes(TypedDict):
    VpcId: str
    VSwitchId: str
    NatIpAddress: str
    PrivateIpAddress: IpAddresses


class EipAddress(TypedDict):
    AllocationId: str
    IpAddress: str
    InternetChargeType: str


class SecurityGroupIds(TypedDict):
    SecurityGroupId: list[str]


class LockShape(TypedDict):
    LockReason: str


class Locks(TypedDict):
    LockReason: list[LockShape]


class HostOfInstance(TypedDict):
    DedicatedHostId: str
    DedicatedHostName: str


class InstanceShape(TypedDict):
    InstanceId: str
    InstanceName: str
    Description: str
    RegionId: str
    ZoneId: str
    HostName: str
    Status: str
    StoppedMode: str
    Cpu: int
    Memory: int
    InstanceType: str
    InstanceTypeFamily: str
    ImageId: str
    OSName: str
    OSNameEn: str
    OSType: str
    CreationTime: str
    StartTime: str
    ExpiredTime: str
    AutoReleaseTime: str
    KeyPairName: str
    SerialNumber: str
    ResourceGroupId: str
    DeploymentSetId: str
    DedicatedHostAttribute: HostOfInstance
    DeletionProtection: bool
    InstanceChargeType: str
    InstanceNetworkType: str
    InternetMaxBandwidthIn: int
    InternetMaxBandwidthOut: int
    IoOptimized: bool
    DeviceAvailable: bool
    SpotStrategy: str
    NetworkInterfaces: InterfaceShapes
    SecurityGroupIds: SecurityGroupIds
    VpcAttributes: VpcAttributes
    PublicIpAddress: IpAddresses
    InnerIpAddress: IpAddresses
    EipAddress: EipAddress
    OperationLocks: Locks
    Tags: TagShapes


class InstanceShapes(TypedDict):
    Instance: list[InstanceShape]


class Instances(TypedDict):
    Instances: InstanceShapes
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str


class StatusShape(TypedDict):
    InstanceId: str
    Status: str


class StatusShapes(TypedDict):
    InstanceStatus: list[StatusShape]


class InstanceStatuses(TypedDict):
    InstanceStatuses: StatusShapes
    TotalCount: int
    PageNumber: int
    PageSize: int


class TypeShape(TypedDict):
    InstanceTypeId: str
    InstanceTypeFamily: str
    CpuCoreCount: int
    CpuArchitecture: str
    MemorySize: float
    GPUAmount: int


class TypeShapes(TypedDict):
    InstanceType: list[TypeShape]


class InstanceTypes(TypedDict):
    InstanceTypes: TypeShapes
    NextToken: str


class InstanceIdSet(TypedDict):
    InstanceIdSet: list[str]


class MadeInstances(TypedDict):
    InstanceIdSets: InstanceIdSet


class MadeInstance(TypedDict):
    InstanceId: str


class InstanceResponse(TypedDict):
    InstanceId: str
    PreviousStatus: str
    CurrentStatus: str
    Code: str
    Message: str


class InstanceResponses(TypedDict):
    InstanceResponse: list[InstanceResponse]


class ManyInstances(TypedDict):
    InstanceResponses: InstanceResponses


class InstanceAttribute(TypedDict):
    InstanceId: str
    InstanceName: str
    Description: str
    RegionId: str
    ZoneId: str
    HostName: str
    Status: str
    StoppedMode: str
    Cpu: int
    Memory: int
    InstanceType: str
    ImageId: str
    CreationTime: str
    ExpiredTime: str
    SerialNumber: str
    InstanceChargeType: str
    InstanceNetworkType: str
    InternetMaxBandwidthIn: int
    InternetMaxBandwidthOut: int
    SecurityGroupIds: SecurityGroupIds
    VpcAttributes: VpcAttributes
    PublicIpAddress: IpAddresses
    InnerIpAddress: IpAddresses
    EipAddress: EipAddress
    OperationLocks: Locks


class FamilyShape(TypedDict):
    InstanceTypeFamilyId: str
    Generation: str


class FamilyShapes(TypedDict):
    InstanceTypeFamily: list[FamilyShape]


class InstanceTypeFamilies(TypedDict):
    InstanceTypeFamilies: FamilyShapes


class Ordered(TypedDict):
    OrderId: str


class Screenshot(TypedDict):
    InstanceId: str
    Screenshot: str


class ConsoleOutput(TypedDict):
    InstanceId: str
    ConsoleOutput: str
    LastUpdateTime: str


class SupportedResource(TypedDict):
    Value: str
    Status: str
    StatusCategory: str
    Min: NotRequired[int]
    Max: NotRequired[int]
    Unit: NotRequired[str]


class SupportedResources(TypedDict):
    SupportedResource: list[SupportedResource]


class AvailableResource(TypedDict):
    Type: str
    SupportedResources: SupportedResources


class AvailableResources(TypedDict):
    AvailableResource: list[AvailableResource]


class AvailableZone(TypedDict):
    RegionId: str
    ZoneId: str
    Status: str
    StatusCategory: str
    AvailableResources: AvailableResources


class AvailableZoneShapes(TypedDict):
    AvailableZone: list[AvailableZone]


class AvailableZones(TypedDict):
    AvailableZones: AvailableZoneShapes


class AttributeValue(TypedDict):
    Value: str


class AttributeValues(TypedDict):
    ValueItem: list[AttributeValue]


class AccountAttribute(TypedDict):
    AttributeName: str
    AttributeValues: AttributeValues


class AccountAttributeItems(TypedDict):
    AccountAttributeItem: list[AccountAttribute]


class AccountAttributes(TypedDict):
    AccountAttributeItems: AccountAttributeItems


class AttachedRole(TypedDict):
    InstanceId: str
    Success: bool
    Code: str
    Message: str


class AttachedRoleShapes(TypedDict):
    AttachInstanceRamRoleResult: list[AttachedRole]


class AttachedRoles(TypedDict):
    RamRoleName: str
    TotalCount: int
    FailCount: int
    AttachInstanceRamRoleResults: AttachedRoleShapes


class RoleShape(TypedDict):
    InstanceId: str
    RamRoleName: str


class RoleShapes(TypedDict):
    InstanceRamRoleSet: list[RoleShape]


class DetachedRole(TypedDict):
    InstanceId: str
    Success: bool
    Code: str
    Message: str
    InstanceRamRoleSets: RoleShapes


class DetachedRoleShapes(TypedDict):
    DetachInstanceRamRoleResult: list[DetachedRole]


class DetachedRoles(TypedDict):
    RamRoleName: str
    TotalCount: int
    FailCount: int
    DetachInstanceRamRoleResults: DetachedRoleShapes


class Roles(TypedDict):
    RegionId: str
    TotalCount: int
    InstanceRamRoleSets: RoleShapes

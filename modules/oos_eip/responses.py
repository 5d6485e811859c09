"""Responses about elastic addresses: the part of the shapes of VPC and ECS that a hypervisor can fill honestly."""

from __future__ import annotations

from typing import TypedDict

from oos.service.filtering import TagShapes


class Nothing(TypedDict):
    """A response that says only that it is done."""


class Page(TypedDict):
    TotalCount: int
    PageNumber: int
    PageSize: int


class PlainTag(TypedDict):
    Key: str
    Value: str


class PlainTags(TypedDict):
    Tag: list[PlainTag]


class EcsEipAllocated(TypedDict):
    AllocationId: str
    EipAddress: str


class EipAllocated(EcsEipAllocated):
    ResourceGroupId: str


class Lock(TypedDict):
    LockReason: str


class Locks(TypedDict):
    LockReason: list[Lock]


class EcsEipShape(TypedDict):
    AllocationId: str
    AllocationTime: str
    IpAddress: str
    Status: str
    Bandwidth: str
    EipBandwidth: str
    InternetChargeType: str
    ChargeType: str
    ExpiredTime: str
    InstanceId: str
    InstanceType: str
    RegionId: str
    OperationLocks: Locks


class EipShape(EcsEipShape):
    Name: str
    Description: str
    ISP: str
    PrivateIpAddress: str
    ResourceGroupId: str
    BandwidthPackageId: str
    BandwidthPackageType: str
    BandwidthPackageBandwidth: str
    BusinessStatus: str
    DeletionProtection: bool
    SecondLimited: bool
    Tags: PlainTags


class EcsEipShapes(TypedDict):
    EipAddress: list[EcsEipShape]


class EipShapes(TypedDict):
    EipAddress: list[EipShape]


class EcsEips(Page):
    EipAddresses: EcsEipShapes


class Eips(Page):
    EipAddresses: EipShapes


class PublicAddress(TypedDict):
    IpAddress: str


class PackageCreated(TypedDict):
    BandwidthPackageId: str
    ResourceGroupId: str


class PackageAddress(TypedDict):
    AllocationId: str
    IpAddress: str
    BandwidthPackageIpRelationStatus: str


class PackageAddresses(TypedDict):
    PublicIpAddresse: list[PackageAddress]


class PackageShape(TypedDict):
    BandwidthPackageId: str
    Name: str
    Description: str
    RegionId: str
    Bandwidth: str
    Status: str
    BusinessStatus: str
    CreationTime: str
    InstanceChargeType: str
    InternetChargeType: str
    ISP: str
    Ratio: int
    ResourceGroupId: str
    DeletionProtection: bool
    PublicIpAddresses: PackageAddresses
    Tags: PlainTags


class PackageShapes(TypedDict):
    CommonBandwidthPackage: list[PackageShape]


class Packages(Page):
    CommonBandwidthPackages: PackageShapes


class ForwardTableIds(TypedDict):
    ForwardTableId: list[str]


class GatewayCreated(TypedDict):
    NatGatewayId: str
    ForwardTableIds: ForwardTableIds


class GatewayIp(TypedDict):
    AllocationId: str
    IpAddress: str
    UsingStatus: str


class GatewayIps(TypedDict):
    IpList: list[GatewayIp]


class EcsGatewayShape(TypedDict):
    NatGatewayId: str
    Name: str
    Description: str
    RegionId: str
    VpcId: str
    Status: str
    BusinessStatus: str
    CreationTime: str
    InstanceChargeType: str
    ForwardTableIds: ForwardTableIds


class GatewayShape(EcsGatewayShape):
    NatType: str
    NetworkType: str
    DeletionProtection: bool
    IpLists: GatewayIps
    Tags: TagShapes


class GatewayShapes(TypedDict):
    NatGateway: list[GatewayShape]


class EcsGatewayShapes(TypedDict):
    NatGateway: list[EcsGatewayShape]


class EcsGateways(Page):
    NatGateways: EcsGatewayShapes


class Gateways(Page):
    NatGateways: GatewayShapes


class ForwardEntryCreated(TypedDict):
    ForwardEntryId: str


class EcsForwardEntryShape(TypedDict):
    ForwardEntryId: str
    ForwardTableId: str
    ExternalIp: str
    ExternalPort: str
    InternalIp: str
    InternalPort: str
    IpProtocol: str
    Status: str


class ForwardEntryShape(EcsForwardEntryShape):
    ForwardEntryName: str
    NatGatewayId: str


class EcsForwardEntryShapes(TypedDict):
    ForwardTableEntry: list[EcsForwardEntryShape]


class ForwardEntryShapes(TypedDict):
    ForwardTableEntry: list[ForwardEntryShape]


class EcsForwardEntries(Page):
    ForwardTableEntries: EcsForwardEntryShapes


class ForwardEntries(Page):
    ForwardTableEntries: ForwardEntryShapes

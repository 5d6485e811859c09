"""Responses about networks: the part of ECS's shapes that a hypervisor can fill honestly."""

from __future__ import annotations

from typing import TypedDict

from oos.service.filtering import TagShapes


class PrivateIp(TypedDict):
    PrivateIpAddress: str
    Primary: bool


class PrivateIpSets(TypedDict):
    PrivateIpSet: list[PrivateIp]


class Ipv6(TypedDict):
    Ipv6Address: str


class Ipv6Sets(TypedDict):
    Ipv6Set: list[Ipv6]


class SecurityGroupIds(TypedDict):
    SecurityGroupId: list[str]


class Nothing(TypedDict):
    """A response that says only that it is done."""


class Attachment(TypedDict):
    InstanceId: str
    DeviceIndex: int


class AssociatedPublicIp(TypedDict):
    AllocationId: str
    PublicIpAddress: str


class InterfaceShape(TypedDict):
    NetworkInterfaceId: str
    NetworkInterfaceName: str
    Description: str
    InstanceId: str
    MacAddress: str
    PrivateIpAddress: str
    PrivateIpSets: PrivateIpSets
    Ipv6Sets: Ipv6Sets
    SecurityGroupIds: SecurityGroupIds
    Status: str
    Type: str
    VSwitchId: str
    VpcId: str
    ZoneId: str
    CreationTime: str
    ResourceGroupId: str
    DeleteOnRelease: bool
    Attachment: Attachment
    AssociatedPublicIp: AssociatedPublicIp
    Tags: TagShapes


class InterfaceShapes(TypedDict):
    NetworkInterfaceSet: list[InterfaceShape]


class Interfaces(TypedDict):
    NetworkInterfaceSets: InterfaceShapes
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str


class CreatedInterface(TypedDict):
    NetworkInterfaceId: str
    NetworkInterfaceName: str
    Description: str
    MacAddress: str
    PrivateIpAddress: str
    PrivateIpSets: PrivateIpSets
    SecurityGroupIds: SecurityGroupIds
    Status: str
    Type: str
    VSwitchId: str
    VpcId: str
    ZoneId: str
    ResourceGroupId: str
    Tags: TagShapes


class NetworkSpecModified(TypedDict):
    OrderId: str


class AddressSet(TypedDict):
    PrivateIpAddress: list[str]


class Assigned(TypedDict):
    NetworkInterfaceId: str
    PrivateIpSet: AddressSet


class AssignedAddresses(TypedDict):
    AssignedPrivateIpAddressesSet: Assigned

"""Responses about VPCs and vSwitches: the part of the shapes of VPC and ECS that a hypervisor can fill honestly."""

from __future__ import annotations

from typing import TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class PlainTag(TypedDict):
    Key: str
    Value: str


class PlainTags(TypedDict):
    Tag: list[PlainTag]


class VSwitchIds(TypedDict):
    VSwitchId: list[str]


class EcsVpcCreated(TypedDict):
    VpcId: str


class VpcCreated(EcsVpcCreated):
    ResourceGroupId: str


class EcsVpcShape(TypedDict):
    VpcId: str
    VpcName: str
    Description: str
    RegionId: str
    CidrBlock: str
    Status: str
    IsDefault: bool
    CreationTime: str
    VSwitchIds: VSwitchIds


class VpcShape(EcsVpcShape):
    ResourceGroupId: str
    EnabledIpv6: bool
    Tags: PlainTags


class EcsVpcShapes(TypedDict):
    Vpc: list[EcsVpcShape]


class VpcShapes(TypedDict):
    Vpc: list[VpcShape]


class _Page(TypedDict):
    TotalCount: int
    PageNumber: int
    PageSize: int


class EcsVpcs(_Page):
    Vpcs: EcsVpcShapes


class Vpcs(_Page):
    Vpcs: VpcShapes


class ResourceCount(TypedDict):
    ResourceType: str
    ResourceCount: int


class ResourceCounts(TypedDict):
    CloudResourceSetType: list[ResourceCount]


class VpcAttribute(VpcShape):
    CloudResources: ResourceCounts


class VSwitchCreated(TypedDict):
    VSwitchId: str


class EcsVSwitchShape(TypedDict):
    VSwitchId: str
    VSwitchName: str
    Description: str
    VpcId: str
    ZoneId: str
    CidrBlock: str
    AvailableIpAddressCount: int
    IsDefault: bool
    Status: str
    CreationTime: str
    ResourceGroupId: str


class VSwitchShape(EcsVSwitchShape):
    EnabledIpv6: bool
    Tags: PlainTags


class EcsVSwitchShapes(TypedDict):
    VSwitch: list[EcsVSwitchShape]


class VSwitchShapes(TypedDict):
    VSwitch: list[VSwitchShape]


class EcsVSwitches(_Page):
    VSwitches: EcsVSwitchShapes


class VSwitches(_Page):
    VSwitches: VSwitchShapes

"""Requests about VPCs and vSwitches: parameters as VPC 2016-04-28 names them, and ECS, which has fewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Form, Param

Name = Annotated[str, Param("Name, as people call it.", most=128)]
Description = Annotated[str, Param("Description.", most=256)]
Tags = Annotated[tuple[Tag, ...], Param("Tags to give it.", most=20)]
NewName = Annotated[str | None, Param("New name; it stays when not given.", most=128)]
NewDescription = Annotated[str | None, Param("New description; it stays when not given.", most=256)]
TagConditions = Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)]
VpcId = Annotated[str, Param("The VPC.")]
VSwitchId = Annotated[str, Param("The vSwitch; a network of a host has its own name as id.")]
Ids = Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.COMMAS)]
IsDefault = Annotated[bool | None, Param("Whether it is the one taken when a request names none.")]


OwnerId = Annotated[int | None, Param("Account that they are of; all are of one.")]
WithIpv6 = Annotated[bool | None, Param("Whether they have IPv6 addresses; none has.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsCreateVpc:
    """What a new VPC should be."""

    cidr_block: Annotated[str, Param("Its addresses; vSwitches take theirs from them.")] = "172.16.0.0/12"
    vpc_name: Name = ""
    description: Description = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateVpc(EcsCreateVpc):
    """What a new VPC should be."""

    resource_group_id: Annotated[str, Param("Resource group it goes into.")] = ""
    tag: Tags = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsDescribeVpcs(Paged):
    """Which VPCs to list; conditions that are given must all hold."""

    vpc_id: Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.COMMAS)] = None
    is_default: IsDefault = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeVpcs(EcsDescribeVpcs):
    """Which VPCs to list; conditions that are given must all hold."""

    vpc_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    vpc_owner_id: OwnerId = None
    enable_ipv6: WithIpv6 = None
    dhcp_options_set_id: Annotated[str, Param("Set of DHCP options; none has one.")] = ""
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    tag: TagConditions = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeVpcAttribute:
    """Which VPC to describe."""

    vpc_id: VpcId


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyVpcAttribute:
    """What to change about a VPC."""

    vpc_id: VpcId
    vpc_name: NewName = None
    description: NewDescription = None
    cidr_block: Annotated[
        str, Param("New addresses, more or fewer of them; those of its vSwitches stay within. They stay if not given.")
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteVpc:
    """Which VPC to delete; it must have no vSwitch."""

    vpc_id: VpcId


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsCreateVSwitch:
    """What a new vSwitch should be."""

    vpc_id: VpcId
    zone_id: Annotated[str, Param("Zone; it is made on one of its hosts.")]
    cidr_block: Annotated[str, Param("Its addresses, 8 to 65536 of those of the VPC.")]
    v_switch_name: Name = ""
    description: Description = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateVSwitch(EcsCreateVSwitch):
    """What a new vSwitch should be."""

    tag: Tags = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsDescribeVSwitches(Paged):
    """Which vSwitches to list; conditions that are given must all hold."""

    v_switch_id: Ids = None
    vpc_id: Annotated[str, Param("VPC they are in; networks made by others are in none.")] = ""
    zone_id: Annotated[str, Param("Zone.")] = ""
    is_default: IsDefault = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeVSwitches(EcsDescribeVSwitches):
    """Which vSwitches to list; conditions that are given must all hold."""

    v_switch_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    v_switch_owner_id: OwnerId = None
    enable_ipv6: WithIpv6 = None
    route_table_id: Annotated[str, Param("Route table of its own; none has one.")] = ""
    resource_group_id: Annotated[str, Param("Resource group; that of the VPC.")] = ""
    tag: TagConditions = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeVSwitchAttributes:
    """Which vSwitch to describe."""

    v_switch_id: VSwitchId


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyVSwitchAttribute:
    """What to change about a vSwitch."""

    v_switch_id: VSwitchId
    v_switch_name: NewName = None
    description: NewDescription = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteVSwitch:
    """Which vSwitch to delete; no network card may be in it."""

    v_switch_id: VSwitchId

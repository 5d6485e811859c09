"""Requests about networks: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Param

_STATUSES = ("Available", "Attaching", "InUse", "Detaching", "Deleting")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeNetworkInterfaces(Paged):
    """Which network interfaces to list; conditions that are given must all hold."""

    network_interface_id: Annotated[tuple[str, ...] | None, Param("Only these.", most=100)] = None
    instance_id: Annotated[str, Param("Instance they are in.")] = ""
    v_switch_id: Annotated[str, Param("Network they are in.")] = ""
    vpc_id: Annotated[str, Param("VPC of their network; networks made by others are in none.")] = ""
    security_group_id: Annotated[str, Param("Security group.")] = ""
    primary_ip_address: Annotated[str, Param("First address.")] = ""
    private_ip_address: Annotated[tuple[str, ...] | None, Param("Any of their addresses.")] = None
    ipv6_address: Annotated[tuple[str, ...] | None, Param("Any of the IPv6 addresses that their guests tell.")] = None
    service_managed: Annotated[bool | None, Param("Whether a service manages them; none is.")] = None
    type: Annotated[str, Param("First card of an instance, or a further one.", allowed=("Primary", "Secondary"))] = ""
    status: Annotated[str, Param("Status.", allowed=_STATUSES)] = ""
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    network_interface_name: Annotated[str, Param("Name.")] = ""
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()


InterfaceId = Annotated[str, Param("The network interface.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeNetworkInterfaceAttribute:
    """Which network interface to describe."""

    network_interface_id: InterfaceId


InstanceId = Annotated[str, Param("The instance.")]
Further = Annotated[tuple[str, ...], Param("Secondary addresses of its vSwitch that are kept for it.", most=10)]
FurtherCount = Annotated[int, Param("So many secondary addresses, any that are free.", minimum=0, maximum=10)]
_GROUPS = Param("Security groups of the card.", most=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateNetworkInterface:
    """What a new network interface should be."""

    v_switch_id: Annotated[str, Param("Network that it is for.")]
    primary_ip_address: Annotated[str, Param("Address that DHCP keeps for it; any when not given.")] = ""
    private_ip_address: Further = ()
    secondary_private_ip_address_count: FurtherCount = 0
    network_interface_name: Annotated[str, Param("Name.", most=128)] = ""
    description: Annotated[str, Param("Description.", most=255)] = ""
    security_group_id: Annotated[str, Param("Security group of the card.")] = ""
    security_group_ids: Annotated[tuple[str, ...], _GROUPS] = ()
    delete_on_release: Annotated[bool, Param("Whether it goes with the instance that it is in.")] = True
    resource_group_id: Annotated[str, Param("Resource group it goes into.")] = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags to give it.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachNetworkInterface:
    """Which network interface to plug into which instance, running or stopped."""

    network_interface_id: InterfaceId
    instance_id: InstanceId


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachNetworkInterface:
    """Which network interface to take out of which instance; a running guest must let it go."""

    network_interface_id: InterfaceId
    instance_id: InstanceId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteNetworkInterface:
    """Which network interface to delete; it must be in no instance."""

    network_interface_id: InterfaceId


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyNetworkInterfaceAttribute:
    """What to change about a network interface."""

    network_interface_id: InterfaceId
    network_interface_name: Annotated[str | None, Param("New name; it stays when not given.", most=128)] = None
    description: Annotated[str | None, Param("New description; it stays when not given.", most=255)] = None
    delete_on_release: Annotated[bool | None, Param("Whether it goes with the instance that it is in.")] = None
    security_group_id: Annotated[
        tuple[str, ...] | None, Param("Security groups of the card from now on; they stay when not given.", most=10)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignPrivateIpAddresses:
    """Which network interface gets which secondary addresses, or how many."""

    network_interface_id: InterfaceId
    private_ip_address: Further = ()
    secondary_private_ip_address_count: FurtherCount = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnassignPrivateIpAddresses:
    """Which secondary addresses to take from a network interface."""

    network_interface_id: InterfaceId
    private_ip_address: Annotated[tuple[str, ...], Param("The addresses.", most=10)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstanceNetworkSpec:
    """What an instance may carry to and from the internet; 0 takes the limit away, and with it a public address."""

    instance_id: InstanceId
    allocate_public_ip: Annotated[bool, Param("Whether it shall have a public address from now on.")] = False
    internet_max_bandwidth_in: Annotated[
        int | None, Param("Mbit/s towards the guest; it stays when not given.", minimum=0, maximum=100_000)
    ] = None
    internet_max_bandwidth_out: Annotated[
        int | None, Param("Mbit/s from the guest; it stays when not given.", minimum=0, maximum=100_000)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstanceVpcAttribute:
    """Into which network to move the first card of a stopped instance."""

    instance_id: InstanceId
    v_switch_id: Annotated[str, Param("The network.")]
    vpc_id: Annotated[str, Param("The VPC that the network is in; it is checked when given.")] = ""
    private_ip_address: Annotated[str, Param("Address that DHCP keeps for the card; any when not given.")] = ""
    security_group_id: Annotated[
        tuple[str, ...] | None, Param("Security groups of the card from now on; they stay when not given.", most=10)
    ] = None

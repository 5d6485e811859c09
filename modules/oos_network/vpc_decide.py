"""Decisions about VPCs and vSwitches: which addresses are allowed, which host gets one, how one is described. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

from oos.fleet.identity import made_network_name
from oos.fleet.instance import Instance
from oos.fleet.network import Network
from oos.inventory.model import Host
from oos.service.errors import ApiError, InvalidParameter, NotFound, Refused
from oos.service.filtering import has_tags, is_wanted, matches_name
from oos.service.network_interfaces import InterfaceRecord
from oos.service.shape import instant
from oos.service.vpcs import Vpc
from oos_network.vpc_requests import DescribeVpcs, DescribeVSwitches
from oos_network.vpc_responses import PlainTags, VpcShape, VSwitchShape

PRIVATE: Final = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
"""Addresses that nobody outside has; any other range would hide a part of the internet from the guests."""
TAKEN: Final = 3
"""Addresses of a network that no card gets: the first, the last, and the host's own."""

Tags = Mapping[str, Mapping[str, str]]


def vpc_range(text: str) -> IPv4Network:
    """The addresses of a VPC: 16 to 16 million private ones. Raises InvalidParameter."""
    network = _range(text)
    if not any(network.subnet_of(each) for each in PRIVATE) or not 8 <= network.prefixlen <= 28:
        message = f"{text} is no range of 16 to 16,777,216 private addresses."
        raise InvalidParameter("CidrBlock", message, code="InvalidCidrBlock.Malformed")
    return network


def changed_range(text: str, vpc: Vpc, networks: Iterable[Network]) -> str:
    """The addresses that a VPC shall have from now on; as before where none are said. Raises ApiError."""
    if not text:
        return vpc.cidr
    network = vpc_range(text)
    if vpc.cidr and not network.overlaps(IPv4Network(vpc.cidr)):
        message = f"{text} is neither more nor less than {vpc.cidr}, the addresses of the VPC {vpc.id}."
        raise InvalidParameter("CidrBlock", message, code="InvalidCidrBlock")
    for each in networks:
        if each.vpc_id == vpc.id and each.cidr and not IPv4Network(each.cidr).subnet_of(network):
            message = f"The vSwitch {each.name} of the VPC has {each.cidr}, which is no part of {text}."
            raise ApiError("InvalidCidrBlock.InUse", message)
    return str(network)


def switch_range(text: str, vpc: Vpc, networks: Iterable[Network]) -> IPv4Network:
    """The addresses of a vSwitch: some of its VPC's that no other vSwitch has. Raises ApiError."""
    network = _range(text)
    if not 16 <= network.prefixlen <= 29:
        message = f"{text} holds {network.num_addresses} addresses; a vSwitch has 8 to 65536."
        raise InvalidParameter("CidrBlock", message, code="InvalidCidrBlock.Malformed")
    if vpc.cidr and not network.subnet_of(IPv4Network(vpc.cidr)):
        message = f"{text} is no part of {vpc.cidr}, the addresses of the VPC {vpc.id}."
        raise InvalidParameter("CidrBlock", message, code="InvalidCidrBlock")
    for each in networks:
        if each.vpc_id == vpc.id and overlaps(each, network):
            message = f"{text} overlaps {each.cidr}, the addresses of the vSwitch {each.name} in the same VPC."
            raise ApiError("InvalidCidrBlock.Overlapped", message)
    return network


def _range(text: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise InvalidParameter("CidrBlock", f"{text!r}: {error}.", code="InvalidCidrBlock.Malformed") from error


def overlaps(network: Network, cidr: IPv4Network) -> bool:
    """Whether a network has some of these addresses."""
    return bool(network.cidr) and IPv4Network(network.cidr).overlaps(cidr)


def host_for(cidr: IPv4Network, hosts: Sequence[Host], networks: Sequence[Network], token: str) -> Host:
    """The host for a new vSwitch: where this request made it already, else the one with fewest networks.

    Raises Refused when each host of the zone uses some of the addresses.
    """
    name = made_network_name(token)
    on = {host.name: [each for each in networks if each.host == host.name] for host in hosts}
    for host in hosts:
        if any(each.name == name for each in on[host.name]):
            return host
    free = [host for host in hosts if not any(overlaps(each, cidr) for each in on[host.name])]
    if not free:
        message = f"Every host of the zone has a network with some of the addresses {cidr}."
        raise Refused("InvalidCidrBlock.Overlapped", message)
    return min(free, key=lambda host: (len(on[host.name]), host.name))


def require_vpc(vpcs: Mapping[str, Vpc], id: str) -> Vpc:
    """The VPC with this id. Raises NotFound."""
    if id not in vpcs:
        raise NotFound("InvalidVpcId.NotFound", f"The specified VPC {id} does not exist.")
    return vpcs[id]


@dataclass(frozen=True, slots=True)
class VSwitch:
    """A network of a zone, under one name; one made by others may be on several of its hosts."""

    network: Network
    is_default: bool
    used: int
    """Cards that are in it."""


def switches(
    networks: Iterable[Network],
    hosts: Iterable[Host],
    instances: Iterable[Instance],
    records: Iterable[InterfaceRecord],
) -> list[VSwitch]:
    """The vSwitches that these networks are."""
    defaults = {(host.name, host.network) for host in hosts}
    cards = {(each.zone, card.network, card.id) for each in instances for card in each.interfaces}
    cards.update((each.zone, each.network, each.id) for each in records)
    used: dict[tuple[str, str], int] = {}
    for zone, network, _ in cards:
        used[zone, network] = used.get((zone, network), 0) + 1
    found: dict[tuple[str, str], VSwitch] = {}
    for each in networks:
        key = (each.zone, each.name)
        is_default = (each.host, each.name) in defaults
        if key not in found or (is_default and not found[key].is_default):
            found[key] = VSwitch(each, is_default, used.get(key, 0))
    return list(found.values())


def selected_vpcs(vpcs: Iterable[Vpc], tags: Tags, request: DescribeVpcs) -> list[Vpc]:
    """The VPCs that meet every condition; none is a default one."""
    if request.is_default or request.enable_ipv6 or request.dhcp_options_set_id:
        return []
    return [
        each
        for each in vpcs
        if (request.vpc_id is None or each.id in request.vpc_id)
        and matches_name(each.name, request.vpc_name)
        and is_wanted(each.resource_group, request.resource_group_id)
        and has_tags(tags.get(each.id, {}), request.tag)
    ]


def selected_switches(
    found: Iterable[VSwitch], vpcs: Mapping[str, Vpc], tags: Tags, request: DescribeVSwitches
) -> list[VSwitch]:
    """The vSwitches that meet every condition."""
    if request.enable_ipv6 or request.route_table_id:
        return []
    return [
        each
        for each in found
        if (request.v_switch_id is None or each.network.name in request.v_switch_id)
        and is_wanted(each.network.vpc_id, request.vpc_id)
        and is_wanted(each.network.zone, request.zone_id)
        and request.is_default in (None, each.is_default)
        and matches_name(name_of(each.network), request.v_switch_name)
        and is_wanted(_group(each.network, vpcs), request.resource_group_id)
        and has_tags(tags.get(each.network.name, {}), request.tag)
    ]


def name_of(network: Network) -> str:
    """The name a person gave it; of one made by others, its name on the host."""
    return network.labels.name or ("" if network.token else network.name)


def _group(network: Network, vpcs: Mapping[str, Vpc]) -> str:
    vpc = vpcs.get(network.vpc_id)
    return vpc.resource_group if vpc is not None else ""


def vpc_shape(vpc: Vpc, networks: Iterable[Network], tags: Mapping[str, str]) -> VpcShape:
    """One VPC of DescribeVpcs."""
    return {
        "VpcId": vpc.id,
        "VpcName": vpc.name,
        "Description": vpc.description,
        "RegionId": vpc.region,
        "CidrBlock": vpc.cidr,
        "Status": "Available",
        "IsDefault": False,
        "CreationTime": instant(vpc.created),
        "VSwitchIds": {"VSwitchId": sorted({each.name for each in networks if each.vpc_id == vpc.id})},
        "ResourceGroupId": vpc.resource_group,
        "EnabledIpv6": False,
        "Tags": plain_tags(tags),
    }


def switch_shape(switch: VSwitch, vpcs: Mapping[str, Vpc], tags: Mapping[str, str]) -> VSwitchShape:
    """One vSwitch of DescribeVSwitches."""
    network = switch.network
    size = ipaddress.ip_network(network.cidr).num_addresses if network.cidr else 0
    return {
        "VSwitchId": network.name,
        "VSwitchName": name_of(network),
        "Description": network.labels.description,
        "VpcId": network.vpc_id,
        "ZoneId": network.zone,
        "CidrBlock": network.cidr,
        "AvailableIpAddressCount": max(0, size - TAKEN - switch.used),
        "IsDefault": switch.is_default,
        "Status": "Available" if network.is_active else "Pending",
        "CreationTime": instant(network.created),
        "ResourceGroupId": _group(network, vpcs),
        "EnabledIpv6": False,
        "Tags": plain_tags(tags),
    }


def plain_tags(tags: Mapping[str, str]) -> PlainTags:
    """Tags as VPC lists them, by key."""
    return {"Tag": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}

"""Decisions about network interfaces: which are meant, and how one is described. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from oos.fleet.instance import GuestAddress, Instance, NetworkInterface
from oos.service.filtering import has_tags, is_wanted, tag_shapes
from oos.service.shape import instant
from oos_network.requests import DescribeNetworkInterfaces
from oos_network.responses import InterfaceShape


@dataclass(frozen=True, slots=True)
class Placed:
    """A network card, and where it is."""

    card: NetworkInterface
    instance: Instance
    number: int

    @property
    def kind(self) -> str:
        """The first card of an instance is its primary one."""
        return "Secondary" if self.number else "Primary"


def placed(instances: Iterable[Instance]) -> Iterator[Placed]:
    """Every card of every instance."""
    for instance in instances:
        for number, card in enumerate(instance.interfaces):
            yield Placed(card, instance, number)


def selected(
    cards: Iterable[Placed], tags: Mapping[str, Mapping[str, str]], request: DescribeNetworkInterfaces
) -> list[Placed]:
    """The cards that meet every condition which needs no look into the guest."""
    if request.vpc_id or request.resource_group_id or request.network_interface_name:
        return []
    return [
        each
        for each in cards
        if (request.network_interface_id is None or each.card.id in request.network_interface_id)
        and is_wanted(each.instance.id, request.instance_id)
        and is_wanted(each.card.network, request.v_switch_id)
        and (not request.security_group_id or request.security_group_id in each.card.security_group_ids)
        and is_wanted(each.kind, request.type)
        and is_wanted("InUse", request.status)
        and has_tags(tags.get(each.card.id, {}), request.tag)
    ]


def has_address(card: Placed, addresses: Sequence[GuestAddress], request: DescribeNetworkInterfaces) -> bool:
    """Whether a card has the addresses that are asked for."""
    own = addresses_of(card, addresses, 4)
    return request.primary_ip_address in ("", *own[:1]) and (
        request.private_ip_address is None or any(each in own for each in request.private_ip_address)
    )


def addresses_of(card: Placed, addresses: Sequence[GuestAddress], version: int) -> list[str]:
    """The addresses of one card."""
    return [
        each.address
        for each in addresses
        if each.mac.casefold() == card.card.mac.casefold() and _is_shown(each.address, version)
    ]


def _is_shown(address: str, version: int) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.version == version and not parsed.is_link_local


def interface_shape(card: Placed, addresses: Sequence[GuestAddress], tags: Mapping[str, str]) -> InterfaceShape:
    """One interface of DescribeNetworkInterfaces."""
    private = addresses_of(card, addresses, 4)
    return {
        "NetworkInterfaceId": card.card.id,
        "NetworkInterfaceName": "",
        "Description": "",
        "InstanceId": card.instance.id,
        "MacAddress": card.card.mac,
        "PrivateIpAddress": private[0] if private else "",
        "PrivateIpSets": {
            "PrivateIpSet": [{"PrivateIpAddress": each, "Primary": each == private[0]} for each in private]
        },
        "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": each} for each in addresses_of(card, addresses, 6)]},
        "SecurityGroupIds": {"SecurityGroupId": list(card.card.security_group_ids)},
        "Status": "InUse",
        "Type": card.kind,
        "VSwitchId": card.card.network,
        "VpcId": "",
        "ZoneId": card.instance.zone,
        "CreationTime": instant(card.instance.created),
        "ResourceGroupId": "",
        "Attachment": {"InstanceId": card.instance.id, "DeviceIndex": card.number},
        "Tags": tag_shapes(tags),
    }

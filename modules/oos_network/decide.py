"""Decisions about network interfaces: which are meant, which addresses they may have, how one is described. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from oos.fleet.instance import GuestAddress, Instance, NetworkInterface, Power
from oos.fleet.network import Network
from oos.service.elastic_addresses import ElasticAddress
from oos.service.errors import ApiError, InvalidParameter, Refused, Unsupported
from oos.service.filtering import has_tags, is_wanted, matches_name, tag_shapes
from oos.service.network_interfaces import InterfaceRecord
from oos.service.shape import instant
from oos_network.requests import DescribeNetworkInterfaces
from oos_network.responses import InterfaceShape, PrivateIpSets


@dataclass(frozen=True, slots=True)
class Placed:
    """A network card, what is written down about it, and where it is."""

    card: NetworkInterface
    zone: str
    instance: Instance | None = None
    """None: it is in no instance."""
    number: int = 0
    record: InterfaceRecord | None = None
    vpc_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The first card of an instance is its primary one."""
        return "Primary" if self.instance is not None and not self.number else "Secondary"

    @property
    def status(self) -> str:
        """The status ECS has for it."""
        return "Available" if self.instance is None else "InUse"

    @property
    def instance_id(self) -> str:
        """The instance that it is in."""
        return "" if self.instance is None else self.instance.id


def placed(
    instances: Iterable[Instance],
    records: Iterable[InterfaceRecord],
    networks: Iterable[Network],
    tags: Mapping[str, Mapping[str, str]],
) -> Iterator[Placed]:
    """Every card: of every instance, and those that are in none."""
    written = {each.id: each for each in records}
    vpcs = {(each.zone, each.name): each.vpc_id for each in networks}
    for instance in instances:
        for number, card in enumerate(instance.interfaces):
            vpc = vpcs.get((instance.zone, card.network), "")
            yield Placed(card, instance.zone, instance, number, written.pop(card.id, None), vpc, tags.get(card.id, {}))
    for record in written.values():
        card = NetworkInterface(record.mac, record.network, record.security_group_ids)
        vpc = vpcs.get((record.zone, record.network), "")
        yield Placed(card, record.zone, record=record, vpc_id=vpc, tags=tags.get(record.id, {}))


def selected(cards: Iterable[Placed], request: DescribeNetworkInterfaces) -> list[Placed]:
    """The cards that meet every condition which needs no look into the guest."""
    return [
        each
        for each in cards
        if not request.service_managed
        and (request.network_interface_id is None or each.card.id in request.network_interface_id)
        and is_wanted(each.instance_id, request.instance_id)
        and is_wanted(each.card.network, request.v_switch_id)
        and is_wanted(each.vpc_id, request.vpc_id)
        and (not request.security_group_id or request.security_group_id in each.card.security_group_ids)
        and is_wanted(each.kind, request.type)
        and is_wanted(each.status, request.status)
        and matches_name("" if each.record is None else each.record.name, request.network_interface_name)
        and is_wanted("" if each.record is None else each.record.resource_group, request.resource_group_id)
        and has_tags(each.tags, request.tag)
    ]


def has_address(card: Placed, addresses: Sequence[GuestAddress], request: DescribeNetworkInterfaces) -> bool:
    """Whether a card has the addresses that are asked for."""
    own = private_of(card, addresses)
    if request.ipv6_address is not None:
        wanted = {ipaddress.ip_address(each) for each in request.ipv6_address}
        if wanted.isdisjoint(map(ipaddress.ip_address, addresses_of(card, addresses, 6))):
            return False
    return request.primary_ip_address in ("", *own[:1]) and (
        request.private_ip_address is None or any(each in own for each in request.private_ip_address)
    )


def private_of(card: Placed, addresses: Sequence[GuestAddress]) -> list[str]:
    """The addresses of a card: those that its guest tells, else the one that DHCP keeps for it; then further ones."""
    further = list(card.record.secondary) if card.record is not None else []
    told = [each for each in addresses_of(card, addresses, 4) if each not in further]
    kept = [card.record.address] if card.record is not None and card.record.address else []
    return [*(told or kept), *further]


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


def private_ip_sets(private: Sequence[str]) -> PrivateIpSets:
    """Addresses as ECS lists them, the first one being the primary."""
    return {"PrivateIpSet": [{"PrivateIpAddress": each, "Primary": each == private[0]} for each in private]}


def written_down(card: Placed, region: str) -> InterfaceRecord:
    """What is written down about a card; of one of which nothing is, the beginning."""
    return card.record or InterfaceRecord(
        card.card.id, card.card.mac, region, card.zone, card.card.network, instance_id=card.instance_id
    )


def interface_shape(
    card: Placed, addresses: Sequence[GuestAddress], elastic: Mapping[str, ElasticAddress]
) -> InterfaceShape:
    """One interface of DescribeNetworkInterfaces; `elastic` are the addresses given to instances and interfaces."""
    outside = elastic.get(card.card.id) or (elastic.get(card.instance_id) if card.kind == "Primary" else None)
    private, record, instance = private_of(card, addresses), card.record, card.instance
    created = record.created if record is not None else None
    if created is None and instance is not None:
        created = instance.created
    return {
        "NetworkInterfaceId": card.card.id,
        "NetworkInterfaceName": "" if record is None else record.name,
        "Description": "" if record is None else record.description,
        "InstanceId": card.instance_id,
        "MacAddress": card.card.mac,
        "PrivateIpAddress": private[0] if private else "",
        "PrivateIpSets": private_ip_sets(private),
        "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": each} for each in addresses_of(card, addresses, 6)]},
        "SecurityGroupIds": {"SecurityGroupId": list(card.card.security_group_ids)},
        "Status": card.status,
        "Type": card.kind,
        "VSwitchId": card.card.network,
        "VpcId": card.vpc_id,
        "ZoneId": card.zone,
        "CreationTime": instant(created),
        "ResourceGroupId": "" if record is None else record.resource_group,
        "DeleteOnRelease": card.kind == "Primary" or record is None or record.delete_on_release,
        "AssociatedPublicIp": {
            "AllocationId": "" if outside is None else outside.id,
            "PublicIpAddress": "" if outside is None else outside.address,
        },
        "Attachment": {"InstanceId": card.instance_id, "DeviceIndex": card.number},
        "Tags": tag_shapes(card.tags),
    }


def require_reservable(address: str, network: Network, mac: str, cards: Iterable[Placed]) -> None:
    """Raise unless DHCP can keep this address for this card."""
    if not network.has_dhcp or not network.cidr:
        raise Unsupported(f"The network {network.name} of {network.host} has no DHCP that could keep {address}.")
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError as error:
        raise InvalidParameter("PrimaryIpAddress", f"{address!r} is no address.", code="InvalidIp.Address") from error
    cidr = ipaddress.IPv4Network(network.cidr)
    if parsed not in cidr or parsed in (cidr[0], cidr[-1]) or address == network.gateway:
        message = f"{address} is none of the addresses that cards of {network.name} may have ({network.cidr})."
        raise InvalidParameter("PrimaryIpAddress", message, code="InvalidIp.Address")
    holders = {card for card, kept in network.reservations.items() if kept == address}
    holders |= {
        each.card.mac.lower()
        for each in cards
        if each.card.network == network.name and each.record is not None and each.record.address == address
    }
    if holders - {mac.lower()}:
        raise ApiError("InvalidIPAddress.AlreadyUsed", f"{address} is kept for the card {min(holders)} already.")


def require_attachable(card: Placed, instance: Instance, networks: Iterable[Network]) -> None:
    """Raise unless the card can be plugged into the instance now."""
    if card.instance is not None:
        message = f"The network interface {card.card.id} is in {card.instance_id}."
        raise Refused("InvalidOperation.InvalidEniState", message)
    if card.zone != instance.zone:
        message = f"The network interface {card.card.id} is of zone {card.zone}, {instance.id} is in {instance.zone}."
        raise Refused("InvalidOperation.AvailabilityZoneMismatch", message)
    require_network_beside(card.card.network, instance, networks)
    if instance.power not in (Power.RUNNING, Power.STOPPED):
        message = f"The instance {instance.id} ({instance.name}) is {instance.power}; it must run or be stopped."
        raise Refused("IncorrectInstanceStatus", message)


def require_network_beside(name: str, instance: Instance, networks: Iterable[Network]) -> Network:
    """The network of this name on the host of the instance. Raises Unsupported: a network does not reach further."""
    hosts = [each for each in networks if each.name == name]
    for each in hosts:
        if each.host == instance.host:
            return each
    if not hosts:
        raise ApiError("InvalidVSwitchId.NotFound", f"The specified vSwitch {name} does not exist.", status=404)
    message = f"The vSwitch {name} is on {hosts[0].host}; the instance {instance.id} is on {instance.host}."
    raise Unsupported(message)


def require_detachable(card: Placed, instance_id: str) -> None:
    """Raise unless the card is a further one of this instance."""
    if card.instance_id != instance_id:
        where = card.instance_id or "no instance"
        message = f"The network interface {card.card.id} is in {where}, not in {instance_id}."
        raise Refused("InvalidOperation.InvalidEniState", message)
    if card.kind == "Primary":
        message = f"The network interface {card.card.id} is the first one of {instance_id}: it stays."
        raise Refused("InvalidOperation.InvalidEniType", message)

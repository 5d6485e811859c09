"""Private addresses that people choose: the first one of a new card, and further ones that its guest configures.

A card is written down with them, by the token of the request that assigned each. DHCP gives a card its first address
only; that nobody else is given the others, a reservation for a card that there is not sees to.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from oos.fleet.errors import FleetError
from oos.fleet.identity import made_mac
from oos.fleet.instance import Instance, interface_id
from oos.fleet.network import Network
from oos.service.address_translation import hypervisor_of
from oos.service.context import Context
from oos.service.errors import ApiError, InvalidParameter, Refused, Unsupported
from oos.service.guest import addresses_of
from oos.service.network_interfaces import INTERFACES, InterfaceRecord


def keeper_of(card_id: str, address: str) -> str:
    """The MAC address under which DHCP keeps a secondary address: of no card."""
    return made_mac(f"secondary/{card_id}/{address}")


def assign_addresses(
    context: Context, record: InterfaceRecord, networks: Sequence[Network], addresses: Sequence[str], count: int
) -> InterfaceRecord:
    """Give a card these further addresses, or so many that are free; asked again, those it got. Raises ApiError."""
    with context.registry.alone_with(f"addresses of {record.network}"):
        record = INTERFACES.load(context.registry, record.id) or record
        mine = [address for address, token in record.secondary.items() if token == context.token]
        wanted = list(dict.fromkeys(addresses))
        taken = _taken(context, record.network, networks) - set(mine)
        for address in wanted:
            _require_free(record.id, address, networks, taken)
        if count:
            free = _free(record.id, networks[0], taken | set(mine))
            wanted = [*mine, *(next(free) for _ in range(count - len(mine)))]
        record = replace(record, secondary={**record.secondary, **dict.fromkeys(wanted, context.token)})
        INTERFACES.keep(context.registry, record)
    for network in networks:
        for address in wanted:
            hypervisor_of(context, network.host).reserve_address(network.name, keeper_of(record.id, address), address)
    return record


def _taken(context: Context, name: str, networks: Sequence[Network], mac: str = "") -> set[str]:
    """The addresses of a network that cards have (not this one): kept, written down, or told by guests."""
    kept = {address for each in networks for address in (each.gateway, *each.reservations.values())}
    instances = context.fleet.instances(context.region)
    inside = [each for each in instances if any(card.network == name for card in each.interfaces)]
    for told in addresses_of(context, inside):
        kept |= {each.address for each in told if each.mac.lower() != mac.lower()}
    there = {each.id for each in instances}
    for record in INTERFACES.of_region(context.registry, context.region):
        is_gone = record.delete_on_release and record.instance_id and record.instance_id not in there
        if record.network == name and record.mac.lower() != mac.lower() and not is_gone:
            kept |= {*filter(None, [record.address]), *record.secondary}
    return kept


def _require_free(card_id: str, address: str, networks: Sequence[Network], taken: Collection[str]) -> None:
    for network in networks:
        if not network.has_dhcp or not network.cidr:
            message = f"The network {network.name} of {network.host} has no DHCP that could keep {address}."
            raise Unsupported(message)
        try:
            parsed = ipaddress.IPv4Address(address)
        except ValueError as error:
            message = f"{address!r} is no address."
            raise InvalidParameter("PrivateIpAddress", message, code="InvalidIp.Address") from error
        cidr = ipaddress.IPv4Network(network.cidr)
        if parsed not in cidr or parsed in (cidr[0], cidr[-1]):
            message = f"{address} is none of the addresses that cards of {network.name} may have ({network.cidr})."
            raise InvalidParameter("PrivateIpAddress", message, code="InvalidIp.Address")
    if address in taken:
        message = f"{address} is that of another card, or one of {card_id} already."
        raise ApiError("InvalidIp.IpAssigned", message)


def _free(card_id: str, network: Network, taken: Collection[str]) -> Iterator[str]:
    """Addresses of a network that nobody has, those of one card in an order of its own. Raises Refused at the end."""
    if not network.has_dhcp or not network.cidr:
        raise Unsupported(f"The network {network.name} of {network.host} has no DHCP that could keep addresses.")
    cidr = ipaddress.IPv4Network(network.cidr)
    count = cidr.num_addresses - 2
    start = int.from_bytes(hashlib.sha256(card_id.encode()).digest()[:4])
    for step in range(min(count, 1 << 16)):
        address = str(cidr[1 + (start + step) % count])
        if address not in taken:
            yield address
    raise Refused("InvalidVSwitchId.IpNotEnough", f"The vSwitch {network.name} has no more free addresses.")


def keep_first_address(context: Context, instance: Instance, address: str) -> None:
    """Have DHCP give the first card of a new instance this address. Raises ApiError."""
    card = instance.interfaces[0]
    with context.registry.alone_with(f"addresses of {card.network}"):
        hypervisor = hypervisor_of(context, instance.host)
        network = hypervisor.network(card.network)
        if network.reservations.get(card.mac.lower()) != address:
            require_free_address(context, network, address, card.mac)
        record = INTERFACES.load(context.registry, card.id) or InterfaceRecord(
            card.id, card.mac, context.region, instance.zone, card.network, instance_id=instance.id
        )
        INTERFACES.keep(context.registry, replace(record, address=address))
        hypervisor.reserve_address(network.name, card.mac, address)


def require_free_address(context: Context, network: Network, address: str, mac: str) -> None:
    """Raise ApiError unless this card may have this address of a network, and nobody else has it."""
    _require_free(interface_id(mac), address, [network], _taken(context, network.name, [network], mac))


def unassign_addresses(
    context: Context, record: InterfaceRecord, networks: Sequence[Network], addresses: Collection[str]
) -> InterfaceRecord:
    """Take these addresses from a card: others may have them then."""
    for network in networks:
        for address in addresses:
            mac = keeper_of(record.id, address)
            if network.reservations.get(mac) == address:
                hypervisor_of(context, network.host).reserve_address(network.name, mac, "")
    with context.registry.alone_with(f"addresses of {record.network}"):
        record = INTERFACES.load(context.registry, record.id) or record
        left = {address: token for address, token in record.secondary.items() if address not in addresses}
        record = replace(record, secondary=left)
        INTERFACES.keep(context.registry, record)
    return record


def forget_addresses(context: Context, instance: Instance) -> None:
    """The instance is to be deleted: the addresses that were chosen for cards that go with it are free again."""
    records = [INTERFACES.load(context.registry, card.id) for card in instance.interfaces]
    going = [each for each in records if each is not None and each.delete_on_release]
    going = [each for each in going if each.secondary or each.address]
    networks = context.fleet.networks(context.region) if going else ()
    for record in going:
        beside = [each for each in networks if each.name == record.network]
        try:
            unassign_addresses(context, record, beside, list(record.secondary))
            for network in beside:
                if network.reservations.get(record.mac.lower()) == record.address:
                    hypervisor_of(context, network.host).reserve_address(network.name, record.mac, "")
        except FleetError as error:
            context.report(f"{record.id}: addresses stay reserved: {error}")

"""Security groups carried out: which cards are in them, and the filter of each group on each host that needs it.

Whoever changes a group's rules or members calls `enforce` or `follow_members` afterwards. They look, put filters in
place, and look again: should somebody else have changed something meanwhile, the later of the two puts it right.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from oos.fleet.errors import FleetError
from oos.fleet.firewall import GroupFilter, Member, SecurityGroup, compile_group
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import GuestAddress, Instance, NetworkInterface
from oos.fleet.network import Network
from oos.service.context import Context
from oos.service.errors import Unavailable
from oos.service.guest import addresses_of
from oos.service.network_interfaces import INTERFACES
from oos.service.security_groups import filtered_group, load_groups

_ROUNDS: Final = 10
"""How often others may change a group while one wants to have it carried out."""


@dataclass(frozen=True, slots=True)
class Enforced:
    """What is to be carried out, and where: filters by the name of the host."""

    filters: Mapping[str, tuple[GroupFilter, ...]]


def enforce(context: Context, group_ids: Collection[str], hosts: Collection[str] = ()) -> None:
    """Have these groups carried out wherever they have members, and on these hosts besides. Raises FleetError."""
    wanted = look(context, group_ids, hosts)
    for _ in range(_ROUNDS):
        for host, filters in wanted.filters.items():
            hypervisor = hypervisor_named(context, host)
            for each in filters:
                hypervisor.put_group_filter(each)
        now = look(context, group_ids, hosts)
        if now == wanted:
            return
        wanted = now
    raise Unavailable(f"The security groups {', '.join(group_ids)} change faster than they can be carried out.")


def follow_members(context: Context, group_ids: Collection[str]) -> None:
    """The members of these groups changed: have them carried out, and every group whose rules name them."""
    named = {
        each.id for each in groups_of(context).values() if each.id in group_ids or not each.peers.isdisjoint(group_ids)
    }
    enforce(context, sorted(named))


def groups_of(context: Context) -> Mapping[str, SecurityGroup]:
    """Every group of the region, as what it lets through."""
    return {each.id: filtered_group(context.registry, each) for each in load_groups(context.registry, context.region)}


def look(context: Context, group_ids: Collection[str], hosts: Collection[str] = ()) -> Enforced:
    """What is to be carried out for these groups now."""
    groups = [each for id, each in groups_of(context).items() if id in group_ids]
    instances = context.fleet.instances(context.region)
    members = members_of(context, instances, {peer for each in groups for peer in each.peers})
    filters: dict[str, tuple[GroupFilter, ...]] = {}
    for group in groups:
        compiled = compile_group(group, members)
        for host in sorted({*hosts, *(each.host for each in instances if is_in(each, group.id))}):
            filters[host] = (*filters.get(host, ()), compiled)
    return Enforced(filters)


def is_in(instance: Instance, group_id: str) -> bool:
    """Whether a card of the instance is in the group."""
    return any(group_id in card.security_group_ids for card in instance.interfaces)


def members_of(
    context: Context, instances: Iterable[Instance], group_ids: Collection[str]
) -> Mapping[str, Sequence[Member]]:
    """The cards in each of these groups, with the addresses that they have, or that DHCP keeps for them."""
    inside = [each for each in instances if any(is_in(each, id) for id in group_ids)]
    if not inside:
        return {}
    networks = {(each.host, each.name): each for each in context.fleet.networks(context.region)}
    found: dict[str, list[Member]] = {}
    for instance, told in zip(inside, addresses_of(context, inside), strict=True):
        for card in instance.interfaces:
            kept = _addresses(card, networks.get((instance.host, card.network)), told)
            record = INTERFACES.load(context.registry, card.id)
            further = record.secondary if record is not None else ()
            member = Member(card.mac, tuple(sorted({*kept, *further})))
            for group_id in card.security_group_ids:
                if group_id in group_ids:
                    found.setdefault(group_id, []).append(member)
    return found


def _addresses(card: NetworkInterface, network: Network | None, told: Iterable[GuestAddress]) -> set[str]:
    found = {each.address for each in told if each.mac.lower() == card.mac.lower()}
    if network is not None and card.mac.lower() in network.reservations:
        found.add(network.reservations[card.mac.lower()])
    return {each for each in found if not ipaddress.ip_address(each).is_link_local}


def hypervisor_named(context: Context, name: str) -> Hypervisor:
    """The hypervisor of a host of the region."""
    (host,) = (each for each in context.fleet.hosts(context.region) if each.name == name)
    return context.fleet.hypervisor(host)


def set_groups(context: Context, instance: Instance, card: NetworkInterface, group_ids: Sequence[str]) -> Instance:
    """Let a card be in these groups and in no other, and have all that this changes carried out."""
    hypervisor = hypervisor_named(context, instance.host)
    enforce(context, group_ids, (instance.host,))
    keep_address(context, hypervisor, instance, card)
    now = hypervisor.set_security_groups(instance.id, card.mac, group_ids)
    follow_members(context, {*group_ids, *card.security_group_ids})
    return now


def keep_members(context: Context, made: Iterable[Instance]) -> None:
    """Instances were made in groups: keep addresses for their cards, and tell the groups."""
    joined = [(each, card) for each in made for card in each.interfaces if card.security_group_ids]
    for instance, card in joined:
        keep_address(context, hypervisor_named(context, instance.host), instance, card)
    follow_members(context, {id for _, card in joined for id in card.security_group_ids})


def keep_address(context: Context, hypervisor: Hypervisor, instance: Instance, card: NetworkInterface) -> None:
    """Have DHCP give the card the same address always: rules that name its groups go by it.

    A network without DHCP of libvirt's is left alone; its cards are known while their guests tell.
    """
    address = address_to_keep(context, instance, card)
    if address:
        hypervisor.reserve_address(card.network, card.mac, address)


def address_to_keep(context: Context, instance: Instance, card: NetworkInterface) -> str:
    """The address that DHCP should keep for a card: that of its guest now, else a free one.

    Empty where it keeps one already, or where the network has no DHCP.
    """
    hypervisor = hypervisor_named(context, instance.host)
    network = next((each for each in hypervisor.networks() if each.name == card.network), None)
    if network is None or not network.has_dhcp or not network.cidr or card.mac.lower() in network.reservations:
        return ""
    beside = [each for each in hypervisor.instances() if any(one.network == network.name for one in each.interfaces)]
    told = dict(zip([each.id for each in beside], addresses_of(context, beside), strict=True))
    own = [each.address for each in told.get(instance.id, ()) if each.mac.lower() == card.mac.lower()]
    taken = {each.address for addresses in told.values() for each in addresses}
    return next((each for each in own if _is_in(each, network)), None) or _free(card, network, taken)


def _is_in(address: str, network: Network) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.version == 4 and parsed in ipaddress.ip_network(network.cidr)


def _free(card: NetworkInterface, network: Network, taken: Collection[str]) -> str:
    """An address of the network that nobody has; the same for the same card, as long as it is free."""
    cidr = ipaddress.IPv4Network(network.cidr)
    used = {*taken, *network.reservations.values(), network.gateway}
    count = cidr.num_addresses - 2
    start = int.from_bytes(hashlib.sha256(card.mac.lower().encode()).digest()[:4])
    for step in range(min(count, 1 << 16)):
        address = str(cidr[1 + (start + step) % count])
        if address not in used:
            return address
    return ""


def forget_members(context: Context, instance: Instance) -> None:
    """An instance with its cards is gone: give back the addresses that were kept, and tell the groups."""
    cards = [card for card in instance.interfaces if card.security_group_ids]
    if not cards:
        return
    hypervisor = hypervisor_named(context, instance.host)
    networks = {each.name: each for each in hypervisor.networks()}
    for card in cards:
        network = networks.get(card.network)
        if network is not None and card.mac.lower() in network.reservations:
            try:
                hypervisor.reserve_address(network.name, card.mac, "")
            except FleetError as error:
                context.report(f"{card.id}: its address stays reserved: {error}")
    follow_members(context, {id for card in cards for id in card.security_group_ids})

"""Address translation: what the registry says of elastic addresses, carried out by the hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from oos.fleet.errors import FleetError
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import Instance
from oos.fleet.network import Network
from oos.fleet.translation import Elastic, Limit, PortForward, Translations, translations
from oos.inventory.model import Host
from oos.service.context import Context
from oos.service.elastic_addresses import (
    BANDWIDTH_PACKAGES,
    ELASTIC_ADDRESSES,
    FORWARD_ENTRIES,
    BandwidthPackage,
    EipStatus,
    ElasticAddress,
    ForwardEntry,
    HolderType,
)
from oos.service.errors import Unavailable, Unsupported
from oos.service.many import at_once
from oos.service.network_interfaces import INTERFACES

KILOBYTES_OF_A_MEGABIT: Final = 125
_HELD: Final = frozenset({EipStatus.ASSOCIATING, EipStatus.IN_USE})


def wanted_of(
    host: str,
    addresses: Iterable[ElasticAddress],
    packages: Iterable[BandwidthPackage],
    entries: Iterable[ForwardEntry],
) -> Translations:
    """What a host should translate, as these documents have it. Pure."""
    here = [each for each in addresses if each.holder is not None and each.holder.host == host and each.status in _HELD]
    own = {each.address for each in here}
    ports = [each for each in entries if each.host == host and each.address in own]
    whole = {each.address: each.target for each in ports if not each.protocol}
    limits = [
        Limit(each.id, each.bandwidth * KILOBYTES_OF_A_MEGABIT, each.inbound * KILOBYTES_OF_A_MEGABIT) for each in here
    ]
    limits += [Limit(each.id, each.bandwidth * KILOBYTES_OF_A_MEGABIT) for each in packages]
    return translations(
        tuple(
            Elastic(each.address, each.holder.address or whole.get(each.address, ""), each.package_id or each.id)
            for each in here
            if each.holder is not None
        ),
        tuple(forward for each in ports if each.protocol for forward in _forwards(each)),
        tuple(limits),
    )


def _forwards(entry: ForwardEntry) -> Iterator[PortForward]:
    """What a host does for an entry: a range that leads to other ports is one forward for each of them."""
    if entry.port == entry.target_port:
        yield PortForward(entry.address, entry.protocol, entry.port, entry.target, entry.target_port, entry.last)
        return
    for place, port in enumerate(entry.ports):
        yield PortForward(entry.address, entry.protocol, port, entry.target, entry.target_port + place)


def carry_out(context: Context, hosts: Iterable[str]) -> None:
    """Have hosts translate all that the registry says: so whatever was lost there comes back. Raises ApiError."""
    for name in sorted({*hosts} - {""}):
        with context.registry.alone_with(f"elastic addresses of {name}"):
            wanted = wanted_of(
                name,
                ELASTIC_ADDRESSES.of_region(context.registry, context.region),
                BANDWIDTH_PACKAGES.of_region(context.registry, context.region),
                FORWARD_ENTRIES.of_region(context.registry, context.region),
            )
            if hypervisor_of(context, name).translate(wanted) != wanted:
                raise Unavailable(f"The host {name} was told what to translate, and does not do it.")


def translated_on(context: Context, hosts: Iterable[str]) -> dict[str, Translations]:
    """What hosts translate now; one that does not tell is left out."""

    def ask(name: str) -> Translations | None:
        try:
            return hypervisor_of(context, name).translations()
        except (FleetError, Unavailable):
            return None

    names = sorted({*hosts} - {""})
    told = zip(names, at_once(ask, names), strict=True)
    return {name: answer for name, answer in told if answer is not None}


def host_of(context: Context, name: str) -> Host:
    """The host of this name. Raises Unavailable when it is in maintenance, or gone from the inventory."""
    for host in context.fleet.hosts(context.region):
        if host.name == name:
            return host
    raise Unavailable(f"The host {name} is in maintenance, or not in the inventory any more.")


def hypervisor_of(context: Context, name: str) -> Hypervisor:
    """The hypervisor of a host."""
    return context.fleet.hypervisor(host_of(context, name))


def require_uplink(context: Context, name: str) -> None:
    """Raise Unsupported for a host that cannot translate."""
    if host_of(context, name).uplink is None:
        raise Unsupported(f"The host {name} holds no elastic addresses: the inventory gives it no uplink.")


def unassociate(context: Context, address: ElasticAddress) -> ElasticAddress:
    """Take an address away from what holds it; it stays given out, unless it is the public one of an instance."""
    holder = address.holder
    if holder is None:
        return address
    address = ELASTIC_ADDRESSES.keep(context.registry, replace(address, status=EipStatus.UNASSOCIATING))
    carry_out(context, [holder.host])
    if holder.is_pinned:
        network = _network(context, holder.host, holder.network)
        kept = network is not None and network.reservations.get(holder.mac.lower()) == holder.address
        if network is not None and kept and not _is_in_groups(context, holder.mac):
            hypervisor_of(context, holder.host).reserve_address(network.name, holder.mac, "")
    freed = replace(address, status=EipStatus.AVAILABLE, holder=None)
    if address.is_public:
        ELASTIC_ADDRESSES.forget(context.registry, address)
        return freed
    return ELASTIC_ADDRESSES.keep(context.registry, freed)


def let_go_of(context: Context, instance: Instance) -> None:
    """The instance is to be deleted: its public address is given back, elastic ones are free again."""
    going = {instance.id}
    for card in instance.interfaces:
        record = INTERFACES.load(context.registry, card.id)
        if record is None or record.delete_on_release:
            going.add(card.id)
    for address in ELASTIC_ADDRESSES.of_region(context.registry, context.region):
        if address.holder is not None and address.holder.type is not HolderType.GATEWAY and address.holder.id in going:
            unassociate(context, address)


def _is_in_groups(context: Context, mac: str) -> bool:
    """Whether rules of security groups go by the address that this card has."""
    cards = (card for each in context.fleet.instances(context.region) for card in each.interfaces)
    return any(card.security_group_ids for card in cards if card.mac.lower() == mac.lower())


def _network(context: Context, host: str, name: str) -> Network | None:
    return next(
        (each for each in context.fleet.networks(context.region) if (each.host, each.name) == (host, name)), None
    )

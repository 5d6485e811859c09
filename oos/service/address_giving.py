"""Addresses of the region given out and led to what gets them: elastic ones, and the public ones of instances."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from oos.fleet.errors import InterfaceAbsent
from oos.fleet.instance import GuestAddress, Instance, NetworkInterface, Power
from oos.fleet.network import Bandwidth, Network
from oos.service.address_translation import KILOBYTES_OF_A_MEGABIT, carry_out, hypervisor_of, require_uplink
from oos.service.context import Context
from oos.service.elastic_addresses import (
    ELASTIC_ADDRESSES,
    MOST_MEGABITS,
    NAT_GATEWAYS,
    EipStatus,
    ElasticAddress,
    Holder,
    HolderType,
)
from oos.service.errors import ApiError, InvalidParameter, NotFound, Refused, Unsupported
from oos.service.group_enforcement import address_to_keep
from oos.service.guest import addresses_of
from oos.service.network_interfaces import INTERFACES, InterfaceRecord
from oos.values.identifiers import resource_id

POLL_SECONDS: Final = 1.0
ADDRESS_SECONDS: Final = 30.0
"""How long a guest may take to tell the address of a card."""
LEAST_INBOUND: Final = 10
"""Mbit/s towards an instance with a public address, unless it may send more: as in the cloud."""


@dataclass(frozen=True, slots=True)
class AddressWish:
    """What an address that is to be given out should be."""

    address: str = ""
    """Empty: any that is free."""
    bandwidth: int = 5
    inbound: int = 0
    charge_type: str = "PayByTraffic"
    isp: str = "BGP"
    name: str = ""
    description: str = ""
    resource_group: str = ""


def public_wish(outbound: int, inbound: int | None = None, address: str = "") -> AddressWish:
    """The public address of an instance that may carry so much, in Mbit/s."""
    return AddressWish(address, outbound, inbound or max(outbound, LEAST_INBOUND))


def usual_wish(instance: Instance, address: str = "") -> AddressWish:
    """The public address of an instance of which nothing was said: limited as its first card is, else not at all."""
    bandwidth = instance.interfaces[0].bandwidth if instance.interfaces else Bandwidth()
    return public_wish(
        bandwidth.outbound // KILOBYTES_OF_A_MEGABIT or MOST_MEGABITS,
        bandwidth.inbound // KILOBYTES_OF_A_MEGABIT or MOST_MEGABITS,
        address,
    )


# giving out


def pool(ranges: Iterable[str]) -> Iterator[str]:
    """Every address of the region's ranges, in order; those of a range are all usable, for nothing broadcasts there."""
    for text in ranges:
        for address in ipaddress.IPv4Network(text):
            yield str(address)


def _ranges(context: Context) -> tuple[str, ...]:
    region = context.fleet.inventory.region(context.region)
    ranges = region.elastic_addresses if region is not None else ()
    if not ranges:
        raise Unsupported(f"The inventory gives the region {context.region} no elastic addresses.")
    return ranges


def _require_in_pool(address: str, ranges: Iterable[str]) -> None:
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError as error:
        raise InvalidParameter("IpAddress", f"{address!r} is no address.", code="InvalidIpAddress.Malformed") from error
    if not any(parsed in ipaddress.IPv4Network(each) for each in ranges):
        message = f"{address} is none of the elastic addresses of the region."
        raise InvalidParameter("IpAddress", message, code="InvalidIpAddress.NotInPool")


def _all_given_out(context: Context) -> Refused:
    return Refused("QuotaExceeded.Eip", f"All elastic addresses of the region {context.region} are given out.")


def require_free(context: Context, tokens: Collection[str]) -> None:
    """Raise ApiError unless the region has an address for each of these requests that has none yet."""
    given = ELASTIC_ADDRESSES.of_region(context.registry, context.region)
    taken, asked = {each.address for each in given}, {resource_id("eip", each) for each in tokens}
    free = sum(1 for each in pool(_ranges(context)) if each not in taken)
    if free < len(asked - {each.id for each in given}):
        raise _all_given_out(context)


def give_out(context: Context, token: str, wish: AddressWish, public_of: Holder | None = None) -> ElasticAddress:
    """Give out an address: an elastic one, or the public one of an instance; the same for the same token."""
    id = resource_id("eip", token)
    for each in ELASTIC_ADDRESSES.of_region(context.registry, context.region):
        if each.id == id:
            return each
    ranges = _ranges(context)
    if wish.address:
        _require_in_pool(wish.address, ranges)
    for address in [wish.address] if wish.address else pool(ranges):
        wanted = ElasticAddress(
            id=id,
            region=context.region,
            address=address,
            created=context.now(),
            token=token,
            bandwidth=wish.bandwidth,
            inbound=wish.inbound,
            charge_type=wish.charge_type,
            isp=wish.isp,
            name=wish.name,
            description=wish.description,
            resource_group=wish.resource_group,
            is_public=public_of is not None,
            status=EipStatus.AVAILABLE if public_of is None else EipStatus.ASSOCIATING,
            holder=public_of,
        )
        # Two who want the same one at once: the registry gives it to one of them.
        if ELASTIC_ADDRESSES.add(context.registry, wanted):
            return wanted
    if wish.address:
        raise ApiError("InvalidIpAddress.AlreadyUsed", f"The address {wish.address} is given out already.")
    raise _all_given_out(context)


# leading it to what gets it


def lead(context: Context, address: ElasticAddress) -> None:
    """Carry out what is written down: asked again, this puts back what was lost."""
    holder = address.holder
    assert holder is not None, "it was associated a moment ago"
    if holder.is_pinned:
        hypervisor_of(context, holder.host).reserve_address(holder.network, holder.mac, holder.address)
    carry_out(context, [holder.host])
    ELASTIC_ADDRESSES.keep(context.registry, replace(address, status=EipStatus.IN_USE))


def holder_of(context: Context, id: str, type: HolderType, wanted: str) -> Holder:
    """What is to get an address, and where it is. Raises ApiError."""
    if type is HolderType.GATEWAY:
        if all(each.id != id for each in NAT_GATEWAYS.of_region(context.registry, context.region)):
            raise NotFound("InvalidNatGatewayId.NotFound", f"The specified NAT gateway {id} does not exist.")
        return Holder(id, type)
    instance, card = _card(context, id, type)
    require_uplink(context, instance.host)
    network = _network(context, instance, card)
    record = INTERFACES.load(context.registry, card.id)
    waited = 0.0
    while True:
        told = addresses_of(context, [instance])[0]
        known = known_addresses(card, told, network, record)
        if known or instance.power is not Power.RUNNING or waited >= ADDRESS_SECONDS:
            holder = holder_for(id, type, instance, card, known, network, wanted)
            is_further = record is not None and holder.address in record.secondary
            return replace(holder, is_pinned=False) if is_further else holder
        # A card that was plugged in a moment ago has asked DHCP, and not heard yet.
        context.pause(POLL_SECONDS, f"{instance.id} ({instance.name}) to have an address")
        waited += POLL_SECONDS


def _network(context: Context, instance: Instance, card: NetworkInterface) -> Network | None:
    networks = context.fleet.networks(context.region)
    return next((each for each in networks if (each.host, each.name) == (instance.host, card.network)), None)


def _card(context: Context, id: str, type: HolderType) -> tuple[Instance, NetworkInterface]:
    if type is HolderType.INSTANCE:
        instance = context.fleet.of_instance(id, context.region)[1]
        if not instance.interfaces:
            message = f"The instance {instance.id} ({instance.name}) has no network card."
            raise Refused("OperationDenied.NoNetworkInterface", message)
        return instance, instance.interfaces[0]
    for instance in context.fleet.instances(context.region):
        for card in instance.interfaces:
            if card.id == id:
                return instance, card
    if INTERFACES.load(context.registry, id) is None:
        raise InterfaceAbsent(id)
    message = f"The network interface {id} is in no instance; attach it first."
    raise Refused("InvalidOperation.InvalidEniState", message)


def known_addresses(
    card: NetworkInterface,
    told: Sequence[GuestAddress],
    network: Network | None,
    record: InterfaceRecord | None,
) -> list[str]:
    """The addresses of a card: those that its guest tells, and those that DHCP keeps for it."""
    own = [each.address for each in told if each.mac.casefold() == card.mac.casefold() and _is_shown(each.address)]
    kept = network.reservations.get(card.mac.lower(), "") if network is not None else ""
    further: Mapping[str, str] = record.secondary if record is not None else {}
    # The first address of a card is the one that it stands for unless another is said.
    first = [*(each for each in own if each not in further), kept, record.address if record is not None else ""]
    return list(dict.fromkeys([*filter(None, first), *further]))


def holder_for(
    id: str,
    type: HolderType,
    instance: Instance,
    card: NetworkInterface,
    known: Sequence[str],
    network: Network | None,
    wanted: str,
) -> Holder:
    """Where an address leads that is associated with a card of an instance. Raises ApiError."""
    if instance.power not in (Power.RUNNING, Power.STOPPED):
        message = f"The instance {instance.id} ({instance.name}) is {instance.power}; it must run or be stopped."
        raise Refused("IncorrectInstanceStatus", message)
    if wanted and wanted not in known:
        message = f"The card {card.id} of {instance.id} has no address {wanted}."
        raise InvalidParameter("PrivateIpAddress", message, code="InvalidPrivateIpAddress.NotFound")
    if not known:
        message = (
            f"The address of {instance.id} ({instance.name}) in its network is not known: its guest does not tell."
        )
        raise Refused("IncorrectInstanceStatus", message)
    address = wanted or known[0]
    # Without a reservation, the guest could have another address after its next start.
    kept = network.reservations.get(card.mac.lower()) if network is not None else None
    pinned = network is not None and network.has_dhcp and kept != address
    return Holder(id, type, instance.host, address, card.network, card.mac, pinned)


def _is_shown(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.version == 4 and not parsed.is_link_local


# public addresses of instances


def public_address_of(context: Context, instance_id: str) -> ElasticAddress | None:
    """The public address that an instance has, if it has one; an elastic one is none."""
    given = ELASTIC_ADDRESSES.of_region(context.registry, context.region)
    return next(
        (each for each in given if each.is_public and each.holder is not None and each.holder.id == instance_id), None
    )


def give_public_address(context: Context, instance: Instance, token: str, wish: AddressWish) -> ElasticAddress:
    """Give an instance a public address, which goes with it. Raises ApiError."""
    mine = next(
        (
            each
            for each in ELASTIC_ADDRESSES.of_region(context.registry, context.region)
            if each.id == resource_id("eip", token)
        ),
        None,
    )
    if mine is None:
        _require_without(context, instance.id)
        holder = _public_holder(context, instance)
        with context.registry.alone_with(f"elastic addresses of the region {context.region}"):
            _require_without(context, instance.id)
            mine = give_out(context, token, wish, holder)
    lead(context, mine)
    return mine


def _public_holder(context: Context, instance: Instance) -> Holder:
    """Where a public address of an instance leads; one that never ran is given an address of its network first."""
    if instance.power is Power.STOPPED and instance.interfaces:
        require_uplink(context, instance.host)
        card, network = instance.interfaces[0], _network(context, instance, instance.interfaces[0])
        known = known_addresses(card, (), network, INTERFACES.load(context.registry, card.id))
        known = known or [*filter(None, [address_to_keep(context, instance, card)])]
        return holder_for(instance.id, HolderType.INSTANCE, instance, card, known, network, "")
    return holder_of(context, instance.id, HolderType.INSTANCE, "")


def _require_without(context: Context, id: str) -> None:
    given = ELASTIC_ADDRESSES.of_region(context.registry, context.region)
    held = [each.address for each in given if each.holder is not None and each.holder.id == id]
    if held:
        raise Refused("IpAddressInUse", f"The instance {id} has the address {held[0]} already.")

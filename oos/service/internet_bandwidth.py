"""What an instance may carry to and from the internet: the limit of its public address, else that of its first card."""

from __future__ import annotations

from dataclasses import replace

from oos.fleet.instance import Instance, NetworkInterface
from oos.fleet.network import Bandwidth
from oos.service.address_giving import give_public_address, public_address_of, public_wish, usual_wish
from oos.service.address_translation import KILOBYTES_OF_A_MEGABIT, carry_out, hypervisor_of, unassociate
from oos.service.context import Context
from oos.service.elastic_addresses import ELASTIC_ADDRESSES, ElasticAddress
from oos.service.errors import InvalidParameter, Refused, Unavailable
from oos.values.identifiers import resource_id


def change_internet_bandwidth(
    context: Context, instance: Instance, inbound: int | None, outbound: int | None, *, allocate: bool = False
) -> None:
    """Limit an instance to so many Mbit/s; None stays, 0 is no limit, and takes a public address away.

    `allocate`: it shall have a public address from now on. Raises ApiError.
    """
    if allocate and outbound == 0:
        message = "An instance that may carry nothing to the internet gets no public address."
        raise InvalidParameter("InternetMaxBandwidthOut", message)
    address = public_address_of(context, instance.id)
    if allocate and (address is None or address.id == resource_id("eip", context.token)):
        wish = public_wish(outbound, inbound) if outbound else usual_wish(instance)
        give_public_address(context, instance, context.token, wish)
    elif address is not None:
        _limit_address(context, address, inbound, outbound)
    else:
        _limit_card(context, instance, inbound, outbound)


def _limit_address(context: Context, address: ElasticAddress, inbound: int | None, outbound: int | None) -> None:
    if outbound == 0:
        unassociate(context, address)
        return
    changed = replace(
        address,
        bandwidth=address.bandwidth if outbound is None else outbound,
        inbound=address.inbound if inbound is None else inbound,
    )
    ELASTIC_ADDRESSES.keep(context.registry, changed)
    assert changed.holder is not None, "it is the public address of an instance"
    carry_out(context, [changed.holder.host])


def _limit_card(context: Context, instance: Instance, inbound: int | None, outbound: int | None) -> None:
    card = first_card(instance)
    wanted = bandwidth_after(card.bandwidth, inbound, outbound)
    after = hypervisor_of(context, instance.host).limit_interface(instance.id, card.mac, wanted)
    if first_card(after).bandwidth != wanted:
        raise Unavailable(f"The network card {card.id} of {instance.id} was limited, and is not.")


def bandwidth_after(before: Bandwidth, inbound: int | None, outbound: int | None) -> Bandwidth:
    """What a card may carry, with new limits in Mbit/s; one that is None stays."""
    return Bandwidth(
        before.inbound if inbound is None else inbound * KILOBYTES_OF_A_MEGABIT,
        before.outbound if outbound is None else outbound * KILOBYTES_OF_A_MEGABIT,
    )


def first_card(instance: Instance) -> NetworkInterface:
    """The first network card of an instance. Raises Refused."""
    if not instance.interfaces:
        message = f"The instance {instance.id} ({instance.name}) has no network card."
        raise Refused("OperationDenied.NoNetworkInterface", message)
    return instance.interfaces[0]

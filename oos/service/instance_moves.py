"""Moves of instances between hosts of a zone, with all that the service knows of them: groups, addresses, sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from oos.fleet.errors import InstanceAbsent
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import Instance, Power
from oos.fleet.network import Network
from oos.inventory.model import Host
from oos.service.address_translation import carry_out
from oos.service.context import Context
from oos.service.deployment_sets import DEPLOYMENT_SETS, members
from oos.service.elastic_addresses import ELASTIC_ADDRESSES, ElasticAddress
from oos.service.errors import InvalidParameter, NotFound, Unavailable, Unsupported
from oos.service.group_enforcement import enforce, follow_members, hypervisor_named
from oos.service.host_loads import Membership
from oos.service.stopping import stop

_RELOCATION: Final = "relocation"
"""Kind of the documents that tell what a request to start an instance anew elsewhere is about."""


def host_called(context: Context, name: str, parameter: str) -> Host:
    """The host of the region with this name. Raises NotFound."""
    for host in context.fleet.hosts(context.region):
        if host.name == name:
            return host
    raise NotFound(f"Invalid{parameter}.NotFound", f"The specified host {name} does not exist.")


def memberships(context: Context) -> tuple[Membership, ...]:
    """Every deployment set of the region, with the ids of the instances in it."""
    of = members(context.registry)
    return tuple(
        Membership(each.id, each.strategy, frozenset(id for id, set_id in of.items() if set_id == each.id))
        for each in DEPLOYMENT_SETS.of_region(context.registry, context.region)
    )


def move(context: Context, instance_id: str, target: Host) -> Instance:
    """Have an instance on this host of its zone, running or stopped as it is; a move that was interrupted is ended.

    Its security groups are carried out there before it comes, its reserved and elastic addresses come along.
    """
    at, instance = context.fleet.of_instance(instance_id, context.region)
    if instance.moving_from:
        instance = _complete(context, at, instance)
        at = hypervisor_named(context, instance.host)
    if instance.host == target.name:
        return _afterwards(context, instance)
    if instance.zone != target.zone:
        message = f"{instance.id} is in the zone {instance.zone}; {target.name} is in {target.zone}."
        raise InvalidParameter("DedicatedHostId", message, code="ResourcesNotInSameZone")
    there = context.fleet.hypervisor(target)
    _require_alike(instance, at.networks(), there.networks())
    if _addresses_of(context, instance) and target.uplink is None:
        raise Unsupported(f"{instance.id} has an elastic address, and {target.name} holds none.")
    enforce(context, _groups(instance), (target.name,))
    kept = _reservations(instance, at, there)
    for network, mac, address in kept:
        there.reserve_address(network, mac, address)
    context.report(f"moves {instance.name} from {instance.host} to {target.name}")
    now = at.move_instance(instance.id, there, lambda percent: context.report(f"moves {instance.name}: {percent} %"))
    # One that a move which died had left standing goes on: stopped it was not.
    wanted = Power.STOPPED if instance.power is Power.STOPPED else Power.RUNNING
    if now.host != target.name or now.power is not wanted:
        raise Unavailable(f"{instance.id} was moved to {target.name}, yet it is {now.power} on {now.host}.")
    for network, mac, _ in kept:
        at.reserve_address(network, mac, "")
    return _afterwards(context, now)


def move_restarted(
    context: Context, instance_id: str, choose: Callable[[Instance], str], *, force: bool = False
) -> Instance:
    """Stop an instance, move it to a host that is chosen once for a token, and start it there if it ran before.

    Whether it ran, and where it goes, is written down first: after a crash neither can be told from what is seen.
    """
    at, instance = context.fleet.of_instance(instance_id, context.region)
    key = f"{context.token}/{instance_id}"
    kept = context.registry.get(_RELOCATION, key)
    if kept is None:
        kept = {"Host": choose(instance), "Ran": instance.power is not Power.STOPPED}
        if not context.registry.add(_RELOCATION, key, kept):
            kept = context.registry.get(_RELOCATION, key) or kept
    target = host_called(context, kept["Host"], "DedicatedHostId")
    if instance.host != target.name:
        stop(context, at, instance, force=force)
    moved = move(context, instance_id, target)
    if not kept["Ran"]:
        return moved
    hypervisor = context.fleet.hypervisor(target)
    hypervisor.start(instance_id)
    now = hypervisor.instance(instance_id)
    if now.power not in (Power.RUNNING, Power.STARTING):
        raise Unavailable(f"The instance {now.id} ({now.name}) was started on {now.host}, yet it is {now.power}.")
    return now


def _complete(context: Context, at: Hypervisor, instance: Instance) -> Instance:
    """End a move that was interrupted after the instance had come to this host."""
    context.report(f"completes the move of {instance.name} from {instance.moving_from} to {instance.host}")
    return hypervisor_named(context, instance.moving_from).move_instance(instance.id, at, lambda _percent: None)


def _afterwards(context: Context, instance: Instance) -> Instance:
    """What names the instance's host is told where it is; harmless when nothing was moved."""
    for address in _addresses_of(context, instance):
        holder = address.holder
        if holder is not None and holder.host != instance.host:
            ELASTIC_ADDRESSES.keep(context.registry, replace(address, holder=replace(holder, host=instance.host)))
            carry_out(context, [holder.host, instance.host])
    if _groups(instance):
        follow_members(context, _groups(instance))
    found = context.fleet.of_instance(instance.id, context.region)[1]
    if found.host != instance.host:
        raise InstanceAbsent(instance.id)
    return found


def _groups(instance: Instance) -> Sequence[str]:
    return sorted({id for card in instance.interfaces for id in card.security_group_ids})


def _addresses_of(context: Context, instance: Instance) -> list[ElasticAddress]:
    """The elastic addresses that lead to this instance."""
    ids = {instance.id, *(card.id for card in instance.interfaces)}
    return [
        each
        for each in ELASTIC_ADDRESSES.of_region(context.registry, context.region)
        if each.holder is not None and each.holder.id in ids
    ]


def _require_alike(instance: Instance, here: Sequence[Network], there: Sequence[Network]) -> None:
    """Raise Unsupported where a network of the other host has this one's name, and other addresses."""
    at, beyond = {each.name: each for each in here}, {each.name: each for each in there}
    for card in instance.interfaces:
        ours, theirs = at.get(card.network), beyond.get(card.network)
        if ours is not None and theirs is None:
            raise Unsupported(f"{instance.id} has a card in {card.network}, which its new host has not.")
        if ours is not None and theirs is not None and ours.cidr and theirs.cidr and ours.cidr != theirs.cidr:
            message = f"{card.network} has the addresses {ours.cidr} here and {theirs.cidr} on the other host."
            raise Unsupported(message)


def _reservations(instance: Instance, at: Hypervisor, there: Hypervisor) -> list[tuple[str, str, str]]:
    """Network, card and address of what DHCP of this host keeps for it, where that of the other host can.

    Where it cannot, the bridge of the other leads here, and the address goes on coming from here.
    """
    here = {each.name: each for each in at.networks()}
    beyond = {each.name for each in there.networks() if each.has_dhcp}
    return [
        (card.network, card.mac, here[card.network].reservations[card.mac.lower()])
        for card in instance.interfaces
        if card.network in beyond and card.network in here and card.mac.lower() in here[card.network].reservations
    ]

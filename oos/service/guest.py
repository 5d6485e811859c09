"""Guests: what several operations ask of one through its agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oos.fleet.errors import AgentFailed, FleetError
from oos.fleet.guest import Guest
from oos.fleet.instance import GuestAddress, Instance, Power
from oos.service.context import Context
from oos.service.guest_command import BOOT_ID
from oos.service.many import at_once


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of a guest."""

    name: str
    """Different after each start; empty where the guest cannot tell one from another."""
    kernel_name: str = ""
    """What its kernel calls it, where it does."""


def boot_of(guest: Guest, instance_id: str) -> Boot:
    """Which start of the guest this is. Raises AgentUnavailable, AgentFailed."""
    try:
        name = guest.guest_read(instance_id, BOOT_ID, limit=64).decode(errors="replace").strip()
    except AgentFailed:
        moment = guest.guest_info(instance_id).boot_time
        return Boot("" if moment is None else moment.isoformat())
    return Boot(name, name)


def addresses_of(context: Context, instances: Sequence[Instance]) -> list[tuple[GuestAddress, ...]]:
    """The addresses of each instance; none of one that is off, or whose guest does not tell just now."""

    def ask(instance: Instance) -> tuple[GuestAddress, ...]:
        if instance.power is not Power.RUNNING:
            return ()
        host = next(each for each in context.fleet.hosts(instance.region) if each.name == instance.host)
        try:
            return context.fleet.hypervisor(host).addresses(instance.id)
        except FleetError:
            # A guest that is mute, or gone since it was listed, must not hide all others.
            return ()

    if sum(each.power is Power.RUNNING for each in instances) <= 1:
        return [ask(each) for each in instances]
    return at_once(ask, instances)

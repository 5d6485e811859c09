"""Guests: what several operations ask of one through its agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from oos.fleet.errors import AgentFailed, AgentUnavailable, FleetError
from oos.fleet.guest import Guest, Machine
from oos.fleet.instance import GuestAddress, Instance, Power
from oos.service.context import Context
from oos.service.guest_command import BOOT_ID
from oos.service.many import at_once

COMING_UP: Final = timedelta(minutes=2)
"""So long after its start a guest may still be on the way to its agent; Debian took half a minute without KVM."""
PAUSE_SECONDS: Final = 1.0


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


def answering(context: Context, machine_id: str, region: str) -> tuple[Guest, Machine, Boot | None]:
    """A machine, and which start of it this is; None when it does not run.

    One that was started or restarted a moment ago gets the time to come up, be that by the run that asks, or by the
    one whose interrupted call this is. Raises InstanceAbsent, HostUnreachable, AgentUnavailable, AgentFailed.
    """
    while True:
        # Each time anew: who answers for it, its agent or SSH, may change as it comes up.
        guest, machine = context.fleet.of_guest(machine_id, region)
        if machine.power is not Power.RUNNING:
            return guest, machine, None
        try:
            return guest, machine, boot_of(guest, machine_id)
        except AgentUnavailable:
            is_new = machine.started is not None and context.now() - machine.started < COMING_UP
            if not is_new or context.cancelled.is_set():
                raise
        context.sleep(context.cancelled, PAUSE_SECONDS)


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

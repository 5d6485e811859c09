"""The twin: simulated hosts that begin as the real ones are, and ask them what cannot be copied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from oos.adapters.memory.clock import SimulatedClock
from oos.adapters.memory.guest import GuestProgram
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.adapters.memory.state import Guest, HostState, twin_of
from oos.fleet.errors import AgentFailed, HostUnreachable
from oos.fleet.fleet import Fleet
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import GuestAddress, GuestInfo, Power
from oos.fleet.statistics import InstanceStatistics
from oos.inventory.model import Host
from oos.service.guest_command import BOOT_ID
from oos.service.many import at_once
from oos.values.identifiers import client_token


class TwinHypervisor(MemoryHypervisor):
    """A host that began as a real one.

    What is inside a guest, and what it was given, is asked of the real guest as long as the twin's has not been
    started anew: until then it is the same. Nothing that changes is ever asked.
    """

    def __init__(self, original: Hypervisor, clock: SimulatedClock, guest_program: GuestProgram) -> None:
        """Copies what can be observed. Raises HostUnreachable, DeadlineExceeded."""
        super().__init__(original.host, _copied(original, clock), clock=clock, guest_program=guest_program)
        self._original = original
        self._boots = {id: guest.boot for id, guest in self.state.guests.items()}

    def _is_as_it_was(self, instance_id: str) -> bool:
        guest = self.state.guests.get(instance_id)
        return guest is not None and guest.boot == self._boots.get(instance_id) and guest.off_at is None

    def addresses(self, instance_id: str) -> tuple[GuestAddress, ...]:
        made_up = super().addresses(instance_id)
        if not made_up or instance_id not in self._boots:
            return made_up
        # A lease outlives a restart: cards that are still there keep their addresses.
        real = self._original.addresses(instance_id)
        known = {each.mac for each in real}
        cards = {each.mac for each in made_up}
        return (*(each for each in real if each.mac in cards), *(each for each in made_up if each.mac not in known))

    def guest_info(self, instance_id: str) -> GuestInfo:
        made_up = super().guest_info(instance_id)
        if instance_id not in self._boots:
            return made_up
        real = self._original.guest_info(instance_id)
        return real if self._is_as_it_was(instance_id) else replace(real, boot_time=made_up.boot_time)

    def guest_read(self, instance_id: str, path: str, *, limit: int = 1 << 20) -> bytes:
        try:
            return super().guest_read(instance_id, path, limit=limit)
        except AgentFailed:
            if path == BOOT_ID or not self._is_as_it_was(instance_id):
                raise
            return self._original.guest_read(instance_id, path, limit=limit)

    def console(self, instance_id: str) -> bytes:
        return self._original.console(instance_id) if self._is_as_it_was(instance_id) else super().console(instance_id)

    def statistics(self) -> Mapping[str, InstanceStatistics]:
        made_up = super().statistics()
        real = self._original.statistics()
        return {id: real[id] if id in real and self._is_as_it_was(id) else each for id, each in made_up.items()}


def twins_of(fleet: Fleet, clock: SimulatedClock, guest_program: GuestProgram) -> dict[str, MemoryHypervisor]:
    """A twin of every host, by name; one that does not answer has a twin that does not answer either."""

    def twin(host: Host) -> MemoryHypervisor:
        try:
            return TwinHypervisor(fleet.hypervisor(host), clock, guest_program)
        except HostUnreachable:
            return MemoryHypervisor(host, HostState(unreachable=True), clock=clock, guest_program=guest_program)

    return {each.host.name: each for each in at_once(twin, fleet.hosts())}


def _copied(original: Hypervisor, clock: SimulatedClock) -> HostState:
    state = twin_of(original)
    room = original.snapshot_room()
    held = sum(each.stored_bytes for each in state.snapshots.values())
    state.pool_bytes = room.free_bytes + held
    state.files = {id: {} for id in (*state.disks, *state.snapshots, *state.images)}
    for id, instance in state.instances.items():
        if instance.power is not Power.STOPPED:
            state.guests[id] = Guest(ready_at=clock.now(), boot=client_token("twin", id)[:32])
    return state

"""The fleet: all hosts of the inventory, found by what is on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from oos.fleet.errors import (
    AbsentError,
    DiskAbsent,
    HostUnreachable,
    ImageAbsent,
    InstanceAbsent,
    MachineUnreachable,
    NetworkAbsent,
    SnapshotAbsent,
)
from oos.fleet.guest import Guest, Machine
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import Instance, Power
from oos.fleet.moving import preferred
from oos.fleet.network import Network
from oos.fleet.statistics import InstanceStatistics
from oos.fleet.storage import Disk, Image, PoolRoom, Snapshot
from oos.inventory.model import Host, Inventory, ManagedInstance, SshAccess

T = TypeVar("T")
Stored = TypeVar("Stored", Disk, Snapshot)
Noun = TypeVar("Noun", Instance, Disk, Snapshot)

HOSTS_AT_ONCE = 16
"""How many hosts one listing asks at the same time."""


class Fleet:
    """Hypervisors of an inventory, connected to when they are first asked.

    A listing that cannot hear from a host raises HostUnreachable rather than showing less than there is;
    put the host into maintenance in the inventory to go on without it.
    """

    def __init__(
        self,
        inventory: Inventory,
        connect: Callable[[Host], Hypervisor],
        reach: Callable[[SshAccess], Guest] | None = None,
    ) -> None:
        """`reach` gives the inside of a machine that is reached over SSH; without it, none is."""
        self.inventory = inventory
        self._connect = connect
        self._reach = reach
        self._lock = threading.Lock()
        self._hypervisors: dict[str, Hypervisor] = {}

    def close(self) -> None:
        """Let go of every connection."""
        with self._lock:
            hypervisors, self._hypervisors = list(self._hypervisors.values()), {}
        for hypervisor in hypervisors:
            hypervisor.close()

    def hypervisor(self, host: Host) -> Hypervisor:
        """The hypervisor of a host. Raises HostUnreachable."""
        with self._lock:
            known = self._hypervisors.get(host.name)
        if known is not None:
            return known
        made = self._connect(host)
        with self._lock:
            kept = self._hypervisors.setdefault(host.name, made)
        if kept is not made:
            made.close()
        return kept

    def hosts(self, region: str | None = None, zone: str | None = None) -> tuple[Host, ...]:
        """The hosts of a region or zone, those in maintenance left out."""
        return tuple(
            host
            for each in self.inventory.regions
            if region is None or each.id == region
            for host in each.hosts()
            if zone is None or host.zone == zone
        )

    def instances(self, region: str | None = None) -> tuple[Instance, ...]:
        """Every instance of the region, once also while it moves from host to host."""
        found = self._gather(region, lambda each: each.instances())
        return _once(found, preferred)

    def disks(self, region: str | None = None) -> tuple[Disk, ...]:
        """Every disk of the region, once also while its instance moves, or where hosts share a pool."""
        return _once(self._gather(region, lambda each: each.disks()), self._where_its_instance_is)

    def snapshots(self, region: str | None = None) -> tuple[Snapshot, ...]:
        """Every snapshot of the region, once also while its instance moves, or where hosts share a pool."""
        return _once(self._gather(region, lambda each: each.snapshots()), self._where_its_instance_is)

    def _where_its_instance_is(self, found: list[Stored]) -> Stored:
        """Of a disk or a snapshot that several hosts have, the one on the host that has its instance."""
        attached = next((each.instance_id for each in found if each.instance_id), "")
        if not attached:
            return found[0]
        try:
            host = self.of_instance(attached)[1].host
        except AbsentError:
            return found[0]
        return next((each for each in found if each.host == host), found[0])

    def snapshot_rooms(self, region: str | None = None) -> dict[str, PoolRoom]:
        """The room for snapshots on every host of the region, by the host's name."""
        found = self._gather(region, lambda each: ((each.host.name, each.snapshot_room()),))
        return dict(found)

    def images(self, region: str | None = None) -> tuple[Image, ...]:
        """Every image of the region."""
        return self._gather(region, lambda each: each.images())

    def networks(self, region: str | None = None) -> tuple[Network, ...]:
        """Every network of the region; those of the same name on several hosts are several."""
        return self._gather(region, lambda each: each.networks())

    def statistics(self, region: str | None = None) -> dict[str, InstanceStatistics]:
        """What every running instance of the region has used; a host that does not answer is left out."""
        answers = self._ask_all(self.hosts(region), lambda each: each.statistics())
        return {id_: told for each in answers if isinstance(each, Mapping) for id_, told in each.items()}

    def of_instance(self, instance_id: str, region: str | None = None) -> tuple[Hypervisor, Instance]:
        """The instance and the host it is on. Raises InstanceAbsent, HostUnreachable."""
        try:
            found = self._find_all(region, InstanceAbsent(instance_id), lambda each: each.instance(instance_id))
        except InstanceAbsent:
            # It may have moved from the host that answered later to the one that answered before.
            found = self._find_all(region, InstanceAbsent(instance_id), lambda each: each.instance(instance_id))
        chosen = preferred([instance for _, instance in found])
        return next(each for each in found if each[1] is chosen)

    def of_guest(self, machine_id: str, region: str | None = None) -> tuple[Guest, Machine]:
        """Whoever speaks for the inside of a machine, and what it is. Raises InstanceAbsent, HostUnreachable."""
        if machine_id.startswith("mi-"):
            managed = self.managed(machine_id, region)
            return self._over_ssh(managed.access), Machine(managed.id, managed.name, Power.RUNNING)
        hypervisor, instance = self.of_instance(machine_id, region)
        machine = Machine(instance.id, instance.name, instance.power, instance.started)
        access = self._access_to(hypervisor, instance)
        return hypervisor if access is None else self._over_ssh(access), machine

    def managed(self, machine_id: str, region: str | None = None) -> ManagedInstance:
        """A machine of the inventory that is reached over SSH. Raises InstanceAbsent."""
        for each in self.inventory.regions:
            for machine in each.managed if region in (None, each.id) else ():
                if machine.id == machine_id:
                    return machine
        raise InstanceAbsent(machine_id)

    def _access_to(self, hypervisor: Hypervisor, instance: Instance) -> SshAccess | None:
        """How a guest is reached over SSH whose agent does not answer; None when it does, or is not to be."""
        region = self.inventory.region(instance.region)
        if instance.has_agent or instance.power is not Power.RUNNING or region is None or region.ssh is None:
            return None
        found = (each.address for each in hypervisor.addresses(instance.id))
        address = next((each for each in found if ":" not in each), "")
        return replace(region.ssh, address=address) if address else None

    def _over_ssh(self, access: SshAccess) -> Guest:
        if self._reach is None:
            raise MachineUnreachable(access.address, "no machine is reached over SSH here")
        return self._reach(access)

    def of_disk(self, disk_id: str, region: str | None = None) -> tuple[Hypervisor, Disk]:
        """The disk and the host it is on. Raises DiskAbsent, HostUnreachable."""
        found = self._find_all(region, DiskAbsent(disk_id), lambda each: each.disk(disk_id))
        chosen = found[0][1] if len(found) == 1 else self._where_its_instance_is([disk for _, disk in found])
        return next(each for each in found if each[1] is chosen)

    def of_snapshot(self, snapshot_id: str, region: str | None = None) -> tuple[Hypervisor, Snapshot]:
        """The snapshot and the host it is on. Raises SnapshotAbsent, HostUnreachable."""
        found = self._find_all(region, SnapshotAbsent(snapshot_id), lambda each: each.snapshot(snapshot_id))
        chosen = found[0][1] if len(found) == 1 else self._where_its_instance_is([each for _, each in found])
        return next(each for each in found if each[1] is chosen)

    def of_image(self, image_id: str, region: str | None = None) -> tuple[Hypervisor, Image]:
        """The image and a host it is on. Raises ImageAbsent, HostUnreachable."""
        return self._find(region, ImageAbsent(image_id), lambda each: each.image(image_id))

    def of_network(self, name: str, region: str | None = None) -> tuple[Hypervisor, Network]:
        """The network and a host it is on. Raises NetworkAbsent, HostUnreachable."""
        return self._find(region, NetworkAbsent(name), lambda each: each.network(name))

    def _gather(self, region: str | None, ask: Callable[[Hypervisor], tuple[T, ...]]) -> tuple[T, ...]:
        answers = self._ask_all(self.hosts(region), ask)
        for answer in answers:
            if isinstance(answer, HostUnreachable):
                raise answer
        return tuple(item for answer in answers if isinstance(answer, tuple) for item in answer)

    def _find(self, region: str | None, absent: AbsentError, ask: Callable[[Hypervisor], T]) -> tuple[Hypervisor, T]:
        return self._find_all(region, absent, ask)[0]

    def _find_all(
        self, region: str | None, absent: AbsentError, ask: Callable[[Hypervisor], T]
    ) -> list[tuple[Hypervisor, T]]:
        def look(hypervisor: Hypervisor) -> tuple[Hypervisor, T] | None:
            try:
                return hypervisor, ask(hypervisor)
            except AbsentError:
                return None

        answers = self._ask_all(self.hosts(region), look)
        found = [answer for answer in answers if isinstance(answer, tuple)]
        if found:
            return found
        for answer in answers:
            if isinstance(answer, HostUnreachable):
                raise answer
        raise absent

    def _ask_all(self, hosts: Iterable[Host], ask: Callable[[Hypervisor], T]) -> list[T | HostUnreachable]:
        def answer(host: Host) -> T | HostUnreachable:
            try:
                return ask(self.hypervisor(host))
            except HostUnreachable as unreachable:
                return unreachable

        hosts = list(hosts)
        if len(hosts) <= 1:
            return [answer(host) for host in hosts]
        with ThreadPoolExecutor(min(HOSTS_AT_ONCE, len(hosts))) as pool:
            return list(pool.map(answer, hosts))


def _once(found: tuple[Noun, ...], choose: Callable[[list[Noun]], Noun]) -> tuple[Noun, ...]:
    """Each by its id once, in the order that they were found in; of several, the one chosen."""
    if len({each.id for each in found}) == len(found):
        return found
    by_id: dict[str, list[Noun]] = {}
    for each in found:
        by_id.setdefault(each.id, []).append(each)
    return tuple(each[0] if len(each) == 1 else choose(each) for each in by_id.values())

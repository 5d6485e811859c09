"""Simulated moves of instances between hosts, each step a change of one of the two states, as on real hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from oos.adapters.memory.disks import SimulatedDisks
from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.adapters.memory.instances import SimulatedInstances
from oos.fleet.errors import Incapable, NetworkAbsent, SecurityGroupAbsent, WrongState
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import Instance, Power
from oos.fleet.moving import Copy, HostCapacity, NextStep, next_step
from oos.fleet.storage import Snapshot, SnapshotStatus

V = TypeVar("V")


class SimulatedMoving(SimulatedInstances, SimulatedDisks):
    """The half of the port that is about a host among others."""

    def capacity(self) -> HostCapacity:
        with self._call("capacity", ""), self._lock:
            return HostCapacity(self.state.cpus, self.state.memory_mib)

    def move_instance(self, instance_id: str, target: Hypervisor, report: Callable[[int], None]) -> Instance:
        if not isinstance(target, SimulatedMoving):
            raise Incapable(instance_id, f"{target.host.name} is a host of another kind")
        with self._alone_with(instance_id):
            while True:
                step = next_step(
                    instance_id, self._host.name, self._copy(instance_id), target._copy(instance_id), is_same=True
                )
                match step:
                    case NextStep.SEND | NextStep.COPY:
                        self._send(instance_id, target)
                        report(99)
                    case NextStep.CLEAR_TARGET:
                        target._clear(instance_id)
                    case NextStep.CLEAR_SOURCE:
                        self._hand_over(instance_id, target)
                    case NextStep.GO_ON_HERE:
                        self._let_go_on(instance_id)
                    case NextStep.COMPLETE:
                        with self._call("complete_move", instance_id):
                            self._clear(instance_id)
                            target._unmark(instance_id)
                    case _:
                        report(100)
                        return target.instance(instance_id)

    def _copy(self, instance_id: str) -> Copy | None:
        with self._lock:
            if instance_id not in self.state.instances:
                return None
            instance = self._instance(instance_id)
            return Copy(instance.power, instance.moving_from, was_leaving=instance_id in self.state.in_handover)

    def _send(self, instance_id: str, target: SimulatedMoving) -> None:
        """Let the target have all of it, then hand it over. A crash between the two leaves it here."""
        with self._call("move_instance", instance_id, target.host.name) as fault, _both(self, target):
            instance = self._instance(instance_id)
            if any(each.status is SnapshotStatus.PROGRESSING for each in self._snapshots_of(instance)):
                raise WrongState(instance_id, "being backed up", "wait until its snapshot is accomplished")
            target._require_room_for(instance, fault)
            with target._change():
                target._receive(instance, self)
            if fault is FaultKind.CRASH:
                self._stand_still(instance)
                raise SimulatedCrash("the process died while it moved an instance")
            self._hand_over(instance_id, target)

    def _stand_still(self, instance: Instance) -> None:
        """What a move leaves that dies in the handover: a guest that runs on neither host."""
        if instance.power is Power.RUNNING:
            with self._change():
                self.state.instances[instance.id] = replace(instance, power=Power.PAUSED)
                self.state.in_handover.append(instance.id)

    def _let_go_on(self, instance_id: str) -> None:
        with self._lock, self._change():
            self.state.in_handover.remove(instance_id)
            self.state.instances[instance_id] = replace(self.state.instances[instance_id], power=Power.RUNNING)

    def _require_room_for(self, instance: Instance, fault: FaultKind | None) -> None:
        for card in instance.interfaces:
            if card.network not in self.state.networks:
                raise NetworkAbsent(card.network)
            for group_id in card.security_group_ids:
                if group_id not in self.state.group_filters:
                    raise SecurityGroupAbsent(group_id)
        self._require_space(self._host.pools.disks, fault)

    def _receive(self, instance: Instance, source: SimulatedMoving) -> None:
        """Take a copy of everything; it does not run yet."""
        host, zone, region = self._host.name, self._host.zone, self._host.region
        came = replace(instance, host=host, zone=zone, region=region, moving_from=source._host.name)
        self.state.instances[instance.id] = replace(came, power=Power.STOPPED, started=None, has_agent=False)
        disks = [source.state.disks[id] for id in instance.disk_ids if id in source.state.disks]
        for disk in disks:
            self.state.disks[disk.id] = replace(disk, host=host, zone=zone, region=region, pool=self._host.pools.disks)
        for snapshot in source._snapshots_of(instance):
            self.state.snapshots[snapshot.id] = replace(snapshot, host=host, zone=zone, region=region)
        ids = [*(each.id for each in disks), *(each.id for each in source._snapshots_of(instance))]
        for id in ids:
            _take(source.state.files, self.state.files, id)
            _take(source.state.checkpoints, self.state.checkpoints, id)
            _take(source.state.restores, self.state.restores, id)
        _take(source.state.seeds, self.state.seeds, instance.id)
        _take(source.state.displays, self.state.displays, instance.id)
        _take(source.state.threads, self.state.threads, instance.id)
        for name in ("deaf", "without_agent", "unfreezable", "autostarted"):
            named: list[str] = getattr(self.state, name)
            if instance.id in getattr(source.state, name) and instance.id not in named:
                named.append(instance.id)

    def _hand_over(self, instance_id: str, target: SimulatedMoving) -> None:
        """The moment of the move: it is gone here, and goes on there as it was."""
        with _both(self, target):
            was = self._instance(instance_id)
            with self._change():
                guest = self.state.guests.pop(instance_id, None)
                del self.state.instances[instance_id]
            with target._change():
                now = replace(target.state.instances[instance_id], power=was.power, started=was.started)
                target.state.instances[instance_id] = now
                if guest is not None:
                    target.state.guests[instance_id] = guest
                target._count("move_instance", instance_id)
        target._tell(was, "Defined")
        if guest is not None:
            target._tell(was, "Moved")
        self._tell(was, "Undefined")

    def _clear(self, instance_id: str) -> None:
        """Take away what is here of an instance that is on the other host."""
        with self._lock, self._change():
            instance = self.state.instances.pop(instance_id, None)
            self.state.guests.pop(instance_id, None)
            self.state.consoles.pop(instance_id, None)
            self.state.seeds.pop(instance_id, None)
            disks = {each.id for each in self.state.disks.values() if each.instance_id == instance_id}
            snapshots = {each.id for each in self.state.snapshots.values() if each.disk_id in disks}
            for id in disks | snapshots:
                self.state.disks.pop(id, None)
                self.state.snapshots.pop(id, None)
                self.state.files.pop(id, None)
                self.state.checkpoints.pop(id, None)
                self.state.restores.pop(id, None)
            flags = (self.state.deaf, self.state.without_agent, self.state.unfreezable, self.state.autostarted)
            for named in (*flags, self.state.in_handover):
                if instance_id in named:
                    named.remove(instance_id)
        if instance is not None:
            self._tell(instance, "Undefined")

    def _snapshots_of(self, instance: Instance) -> list[Snapshot]:
        return [each for each in self.state.snapshots.values() if each.disk_id in instance.disk_ids]

    def _unmark(self, instance_id: str) -> None:
        with self._lock, self._change():
            self.state.instances[instance_id] = replace(self.state.instances[instance_id], moving_from="")


def _take(source: dict[str, V], target: dict[str, V], id: str) -> None:
    if id in source:
        target[id] = source[id]


@contextmanager
def _both(one: SimulatedMoving, other: SimulatedMoving) -> Iterator[None]:
    """The locks of both hosts, in an order that all keep to."""
    first, second = sorted((one, other), key=lambda each: each._host.name)
    with first._lock, second._lock:
        yield

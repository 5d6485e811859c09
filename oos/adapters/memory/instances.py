"""Simulated instances: made, powered, labelled, removed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from oos.adapters.memory.filters import SimulatedFilters
from oos.adapters.memory.seeding import SimulatedSeeding
from oos.adapters.memory.state import Guest
from oos.fleet.errors import AgentUnavailable, ImageAbsent, NetworkAbsent, SnapshotAbsent, WrongState
from oos.fleet.identity import made_disk_id, made_domain_name, made_instance_id, made_mac, made_uuid
from oos.fleet.image import WHOLE
from oos.fleet.instance import (
    DataDiskSpec,
    GuestAddress,
    Instance,
    InstanceSpec,
    Labels,
    NetworkInterface,
    Power,
    StopMethod,
)
from oos.fleet.moving import interrupted_handover, unfinished_move
from oos.fleet.seed import seed_of
from oos.fleet.storage import Disk, DiskKind, Image, SnapshotStatus
from oos.values.identifiers import client_token

CONSOLE_BYTES = 65536
"""How much of a console is kept."""


class SimulatedInstances(SimulatedFilters, SimulatedSeeding):
    """The half of the port that is about instances."""

    def instances(self) -> tuple[Instance, ...]:
        with self._call("instances", ""), self._lock:
            return tuple(self._instance(id) for id in sorted(self.state.instances))

    def instance(self, instance_id: str) -> Instance:
        with self._call("instance", instance_id):
            return self._instance(instance_id)

    def make_instance(self, spec: InstanceSpec) -> Instance:
        id = made_instance_id(spec.token)
        with self._call("make_instance", id, spec.token) as fault, self._lock:
            if id in self.state.instances:
                return self._instance(id)
            image = self.state.images.get(spec.image_id)
            if image is None:
                raise ImageAbsent(spec.image_id)
            if image.status not in WHOLE:
                raise WrongState(image.id, image.status, "only of a whole image instances are made")
            network = spec.network or self._host.network
            if network not in self.state.networks:
                raise NetworkAbsent(network)
            self._require_groups(spec.security_group_ids)
            self._require_space(self._host.pools.disks, fault)
            disks = self._made_disks(spec, id, image)
            instance = Instance(
                id=id,
                uuid=made_uuid(spec.token),
                domain=made_domain_name(spec),
                host=self._host.name,
                zone=self._host.zone,
                region=self._host.region,
                power=Power.STOPPED,
                cpu=spec.cpu,
                memory_mib=spec.memory_mib,
                labels=spec.labels,
                instance_type=spec.instance_type,
                image_id=spec.image_id,
                host_name=spec.host_name,
                key_pair=spec.key_pair if spec.public_key else "",
                created=spec.created,
                interfaces=(NetworkInterface(made_mac(spec.token), network, spec.security_group_ids),),
                disk_ids=tuple(disk.id for disk in disks),
                token=spec.token,
            )
            with self._change():
                for disk in disks:
                    self.state.disks[disk.id] = disk
                for disk, data in zip(disks[1:], spec.data_disks, strict=True):
                    self.state.files[disk.id] = dict(self.state.files.get(self._content_of(data, image)[0], {}))
                self.state.files[disks[0].id] = dict(self.state.files.get(image.id, {}))
                self.state.instances[id] = instance
                self.state.seeds[id] = seed_of(spec)
                self._count("make_instance", spec.token)
            self._tell(instance, "Defined")
            return self._instance(id)

    def _made_disks(self, spec: InstanceSpec, instance_id: str, image: Image) -> list[Disk]:
        contents = [max(each.size_bytes, self._content_of(each, image)[1]) for each in spec.data_disks]
        sizes = [max(spec.system_disk_bytes or 0, image.size_bytes), *contents]
        names = ["", *(each.name for each in spec.data_disks)]
        snapshots = ["", *(each.snapshot_id for each in spec.data_disks)]
        return [
            Disk(
                id=made_disk_id(spec.token, number),
                host=self._host.name,
                zone=self._host.zone,
                region=self._host.region,
                pool=self._host.pools.disks,
                volume=f"{made_disk_id(spec.token, number)}.qcow2",
                size_bytes=size,
                kind=DiskKind.DATA if number else DiskKind.SYSTEM,
                instance_id=instance_id,
                device=f"vd{chr(ord('a') + number)}",
                name=name,
                delete_with_instance=True,
                source_snapshot_id=snapshot_id,
                created=spec.created,
            )
            for number, (size, name, snapshot_id) in enumerate(zip(sizes, names, snapshots, strict=True))
        ]

    def _content_of(self, disk: DataDiskSpec, image: Image) -> tuple[str, int]:
        """Where the files of a data disk come from, and how large it is at least."""
        if disk.image_device:
            found = next((each for each in image.data_disks if each.device == disk.image_device), None)
            if found is None:
                raise WrongState(image.id, f"without a disk {disk.image_device}", "name a disk of the image")
            return found.volume, found.size_bytes
        if disk.snapshot_id:
            snapshot = self.state.snapshots.get(disk.snapshot_id)
            if snapshot is None:
                raise SnapshotAbsent(disk.snapshot_id)
            if snapshot.status is not SnapshotStatus.ACCOMPLISHED:
                raise WrongState(snapshot.id, snapshot.status, "only an accomplished snapshot can be copied")
            return snapshot.id, snapshot.source_size_bytes
        return "", 0

    def remove_instance(self, instance_id: str) -> None:
        with self._call("remove_instance", instance_id), self._lock:
            if instance_id not in self.state.instances:
                return
            instance = self._instance(instance_id)
            if instance.power is not Power.STOPPED:
                raise WrongState(instance_id, instance.power, "stop it first")
            with self._change():
                for disk_id in instance.disk_ids:
                    disk = self.state.disks.get(disk_id)
                    if disk is None:
                        continue
                    self.state.checkpoints.pop(disk_id, None)
                    if disk.delete_with_instance:
                        del self.state.disks[disk_id]
                        self.state.files.pop(disk_id, None)
                    else:
                        self.state.disks[disk_id] = replace(disk, instance_id="", device="", kind=DiskKind.DATA)
                del self.state.instances[instance_id]
                self.state.consoles.pop(instance_id, None)
                self.state.seeds.pop(instance_id, None)
                self._count("remove_instance", instance_id)
            self._tell(instance, "Undefined")

    # power

    def start(self, instance_id: str) -> None:
        with self._call("start", instance_id), self._lock:
            instance = self._instance(instance_id)
            if instance.power is Power.RUNNING:
                return
            if instance.moving_from:
                raise unfinished_move(instance_id, instance.moving_from)
            if instance_id in self.state.in_handover:
                raise interrupted_handover(instance_id)
            with self._change():
                now = self._clock.now()
                if instance.power is Power.STOPPED:
                    self._boot(instance_id)
                    instance = replace(instance, started=now)
                self.state.instances[instance_id] = replace(instance, power=Power.RUNNING)
                self._count("start", instance_id)
            self._tell(instance, "Resumed" if instance.power is Power.PAUSED else "Started")

    def _boot(self, instance_id: str) -> None:
        starts = [self.state.effects.get(f"{method} {instance_id}", 0) for method in ("start", "reboot")]
        self.state.guests[instance_id] = Guest(
            ready_at=self._clock.now() + timedelta(seconds=self._pace.boot),
            boot=client_token("boot", instance_id, *starts)[:32],
        )
        self._carry_out_seed(self.state.instances[instance_id])
        name = self.state.instances[instance_id].domain
        self._print(instance_id, f"simulated guest: {name} is up\n".encode())

    def _print(self, instance_id: str, text: bytes) -> None:
        self.state.consoles[instance_id] = (self.state.consoles.get(instance_id, b"") + text)[-CONSOLE_BYTES:]

    def stop(self, instance_id: str, method: StopMethod) -> None:
        with self._call("stop", instance_id), self._lock:
            instance = self._instance(instance_id)
            if instance.power is Power.STOPPED:
                return
            if method is StopMethod.POWER_OFF:
                self._count("stop", instance_id)
                self._power_off(instance, "destroyed")
                return
            if instance.power is not Power.RUNNING:
                raise WrongState(instance_id, instance.power, "it must run to be asked to stop")
            if method is StopMethod.AGENT and not instance.has_agent:
                raise AgentUnavailable(instance_id, "it is not connected")
            guest = self.state.guests[instance_id]
            if instance_id in self.state.deaf or guest.off_at is not None:
                return
            with self._change():
                guest.off_at = self._clock.now() + timedelta(seconds=self._pace.shutdown)
                self._count("stop", instance_id)

    def reboot(self, instance_id: str, *, force: bool) -> None:
        with self._call("reboot", instance_id), self._lock:
            instance = self._instance(instance_id)
            if instance.power is not Power.RUNNING:
                raise WrongState(instance_id, instance.power, "it must run to be restarted")
            if instance_id in self.state.deaf and not force:
                return
            with self._change():
                self._boot(instance_id)
                self.state.instances[instance_id] = replace(instance, started=self._clock.now())
                self._count("reboot", instance_id)
            self._tell(instance, "Rebooted")

    # what is written on it, what it shows

    def label(self, instance_id: str, labels: Labels) -> Instance:
        with self._call("label", instance_id), self._lock:
            instance = self._instance(instance_id)
            if instance.labels != labels:
                with self._change():
                    self.state.instances[instance_id] = replace(instance, labels=labels)
                    self._count("label", instance_id)
            return self._instance(instance_id)

    def addresses(self, instance_id: str) -> tuple[GuestAddress, ...]:
        with self._call("addresses", instance_id):
            instance = self._instance(instance_id)
            if instance.power is not Power.RUNNING:
                return ()
            return tuple(
                GuestAddress(card.mac, *self._address(card), f"eth{number}" if instance.has_agent else "")
                for number, card in enumerate(instance.interfaces)
            )

    def console(self, instance_id: str) -> bytes:
        with self._call("console", instance_id), self._lock:
            self._instance(instance_id)
            return self.state.consoles.get(instance_id, b"")

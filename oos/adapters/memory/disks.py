"""Simulated disks: made, attached, grown, given other content, replaced, deleted."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import replace

from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.adapters.memory.state import Files
from oos.adapters.memory.storage import SimulatedStorage
from oos.fleet.errors import DeadlineExceeded, DiskAbsent, HypervisorFailed, ImageAbsent, WrongState
from oos.fleet.image import WHOLE
from oos.fleet.instance import Instance, Power
from oos.fleet.storage import Disk, DiskKind, DiskLabels, DiskSpec, Snapshot, SnapshotStatus, SystemDiskSpec

DETACH_SECONDS = 90.0
"""How long a guest may hold on to a disk."""


class SimulatedDisks(SimulatedStorage):
    """The half of the port that makes disks, and changes what they are."""

    def make_disk(self, spec: DiskSpec) -> Disk:
        with self._call("make_disk", spec.id) as fault, self._lock:
            known = self.state.disks.get(spec.id)
            if known is not None:
                return known
            source = self._accomplished(spec.snapshot_id, "copied") if spec.snapshot_id else None
            self._require_space(self._host.pools.disks, fault)
            if fault is FaultKind.CRASH:
                raise SimulatedCrash("the process died while it made a disk")
            with self._change():
                self.state.disks[spec.id] = Disk(
                    id=spec.id,
                    host=self._host.name,
                    zone=self._host.zone,
                    region=self._host.region,
                    pool=self._host.pools.disks,
                    volume=f"{spec.id}.qcow2",
                    size_bytes=max(spec.size_bytes, source.source_size_bytes if source else 0),
                    kind=DiskKind.DATA,
                    name=spec.labels.name,
                    description=spec.labels.description,
                    delete_with_instance=spec.labels.delete_with_instance,
                    source_snapshot_id=spec.snapshot_id,
                    created=spec.created,
                    is_blank=source is None,
                )
                self.state.files[spec.id] = dict(self.state.files.get(spec.snapshot_id, {}))
                self._count("make_disk", spec.id)
            return self._disk(spec.id)

    def _accomplished(self, snapshot_id: str, used: str) -> Snapshot:
        snapshot = self._snapshot(snapshot_id)
        if snapshot.status is not SnapshotStatus.ACCOMPLISHED:
            raise WrongState(snapshot_id, snapshot.status, f"only an accomplished snapshot can be {used}")
        return snapshot

    def delete_disk(self, disk_id: str) -> None:
        with self._call("delete_disk", disk_id), self._lock:
            disk = self.state.disks.get(disk_id)
            if disk is None:
                return
            if disk.instance_id:
                raise WrongState(disk_id, f"attached to {disk.instance_id}", "detach it first")
            with self._change():
                self._forget_disk(disk_id)
                self._count("delete_disk", disk_id)

    def _forget_disk(self, disk_id: str) -> None:
        for kept in (self.state.disks, self.state.files, self.state.checkpoints, self.state.restores):
            kept.pop(disk_id, None)

    def label_disk(self, disk_id: str, labels: DiskLabels) -> Disk:
        with self._call("label_disk", disk_id), self._lock:
            disk = self._disk(disk_id)
            if disk.labels != labels:
                with self._change():
                    self.state.disks[disk_id] = replace(
                        disk,
                        name=labels.name,
                        description=labels.description,
                        delete_with_instance=labels.delete_with_instance,
                    )
                    self._count("label_disk", disk_id)
            return self._disk(disk_id)

    def resize_disk(self, disk_id: str, size_bytes: int) -> Disk:
        with self._call("resize_disk", disk_id) as fault, self._lock:
            disk = self._disk(disk_id)
            if size_bytes < disk.size_bytes:
                raise WrongState(disk_id, f"{disk.size_bytes} bytes large", "a disk only grows")
            if size_bytes > disk.size_bytes:
                self._require_space(self._host.pools.disks, fault)
                with self._change():
                    self.state.disks[disk_id] = replace(disk, size_bytes=size_bytes)
                    self._count("resize_disk", disk_id)
            return self._disk(disk_id)

    # attaching

    def attach_disk(self, disk_id: str, instance_id: str) -> Disk:
        with self._call("attach_disk", disk_id, instance_id), self._alone_with(instance_id), self._lock:
            instance = self._instance(instance_id)
            disk = self._disk(disk_id)
            if disk.instance_id == instance_id:
                return disk
            if disk.instance_id:
                raise WrongState(disk_id, f"attached to {disk.instance_id}", "detach it first")
            with self._change():
                device = self._free_device(instance)
                self.state.disks[disk_id] = replace(disk, instance_id=instance_id, device=device, is_blank=False)
                self.state.instances[instance_id] = replace(instance, disk_ids=(*instance.disk_ids, disk_id))
                self._count("attach_disk", disk_id)
            return self._disk(disk_id)

    def _free_device(self, instance: Instance) -> str:
        used = {self.state.disks[id].device for id in instance.disk_ids if id in self.state.disks}
        for letter in string.ascii_lowercase:
            if f"vd{letter}" not in used:
                return f"vd{letter}"
        raise HypervisorFailed(instance.id, "it has as many disks as it can have")

    def detach_disk(self, disk_id: str, instance_id: str) -> Disk:
        with self._call("detach_disk", disk_id, instance_id), self._alone_with(instance_id):
            instance = self._instance(instance_id)
            disk = self._disk(disk_id)
            if not disk.instance_id:
                return disk
            if disk.instance_id != instance_id:
                raise WrongState(disk_id, f"attached to {disk.instance_id}", f"not to {instance_id}")
            if disk_id == instance.disk_ids[0]:
                raise WrongState(disk_id, "a system disk", "it is replaced, not detached")
            if instance.power not in (Power.RUNNING, Power.STOPPED):
                raise WrongState(instance_id, instance.power, "it must run, or be stopped")
            if instance.power is Power.RUNNING and instance_id in self.state.deaf:
                self._clock.sleep(DETACH_SECONDS)
                raise DeadlineExceeded(instance_id, f"letting go of {disk_id}", DETACH_SECONDS)
            with self._lock, self._change():
                self.state.disks[disk_id] = replace(disk, instance_id="", device="")
                left = tuple(each for each in instance.disk_ids if each != disk_id)
                self.state.instances[instance_id] = replace(instance, disk_ids=left)
                self.state.checkpoints.pop(disk_id, None)
                self._count("detach_disk", disk_id)
            return self._disk(disk_id)

    # other content

    def restore_disk(self, disk_id: str, snapshot_id: str, token: str) -> Disk:
        def content() -> Files:
            return self.state.files.get(self._accomplished(snapshot_id, "restored").id, {})

        return self._give_content("restore_disk", disk_id, token, snapshot_id, content)

    def renew_disk(self, disk_id: str, image_id: str, token: str) -> Disk:
        def content() -> Files:
            if not image_id:
                return {}
            image = self.state.images.get(image_id)
            if image is None:
                raise ImageAbsent(image_id)
            if image.status not in WHOLE:
                raise WrongState(image_id, image.status, "only of a whole image disks are made")
            size = self._disk(disk_id).size_bytes
            if image.size_bytes > size:
                raise WrongState(disk_id, f"{size} bytes large", f"{image_id} has {image.size_bytes}")
            return self.state.files.get(image_id, {})

        return self._give_content("renew_disk", disk_id, token, "", content)

    def _give_content(
        self, method: str, disk_id: str, token: str, source_snapshot_id: str, content: Callable[[], Files]
    ) -> Disk:
        disk = self._disk(disk_id)
        with self._call(method, disk_id, token) as fault, self._alone_with(disk.instance_id or disk_id):
            if self.state.restores.get(disk_id) == token:
                return self._disk(disk_id)
            if not disk.instance_id:
                raise WrongState(disk_id, "attached to nothing", "attach it to a stopped instance first")
            power = self._instance(disk.instance_id).power
            if power is not Power.STOPPED:
                raise WrongState(disk.instance_id, power, "stop it before a disk is restored")
            files = content()
            self._require_space(self._host.pools.disks, fault)
            if fault is FaultKind.CRASH:
                raise SimulatedCrash("the process died while it copied the content")
            with self._change():
                self.state.files[disk_id] = dict(files)
                self.state.disks[disk_id] = replace(
                    disk, volume=f"{disk_id}.{token[:8]}.qcow2", source_snapshot_id=source_snapshot_id
                )
                self.state.restores[disk_id] = token
                self.state.checkpoints.pop(disk_id, None)
                self._count(method, token)
            return self._disk(disk_id)

    def replace_system_disk(self, instance_id: str, spec: SystemDiskSpec) -> Disk:
        with (
            self._call("replace_system_disk", instance_id, spec.id) as fault,
            self._alone_with(instance_id),
            self._lock,
        ):
            instance = self._instance(instance_id)
            if not instance.disk_ids:
                raise HypervisorFailed(instance_id, "it has no disk")
            if instance.disk_ids[0] == spec.id:
                return self._disk(spec.id)
            if instance.power is not Power.STOPPED:
                raise WrongState(instance_id, instance.power, "stop it before a disk is restored")
            image = self.state.images.get(spec.image_id)
            if image is None:
                raise ImageAbsent(spec.image_id)
            if image.status not in WHOLE:
                raise WrongState(image.id, image.status, "only of a whole image disks are made")
            self._require_space(self._host.pools.disks, fault)
            if fault is FaultKind.CRASH:
                raise SimulatedCrash("the process died while it copied the image")
            old = self.state.disks.get(instance.disk_ids[0])
            if old is None:
                raise DiskAbsent(instance.disk_ids[0])
            with self._change():
                self._forget_disk(old.id)
                self.state.disks[spec.id] = replace(
                    old,
                    id=spec.id,
                    volume=f"{spec.id}.qcow2",
                    size_bytes=max(spec.size_bytes or 0, image.size_bytes),
                    name="",
                    description="",
                    delete_with_instance=bool(instance.token),
                    source_snapshot_id="",
                    created=spec.created,
                )
                self.state.files[spec.id] = dict(self.state.files.get(image.id, {}))
                self.state.instances[instance_id] = replace(
                    instance, image_id=spec.image_id, disk_ids=(spec.id, *instance.disk_ids[1:])
                )
                self._count("replace_system_disk", spec.id)
            return self._disk(spec.id)

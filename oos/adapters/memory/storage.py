"""Simulated storage: disks with content, and snapshots that copy it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.adapters.memory.host import SimulatedHost
from oos.adapters.memory.state import Files
from oos.fleet.errors import DiskAbsent, HypervisorFailed, SnapshotAbsent, WrongState
from oos.fleet.increments import Ancestor, choose_parent
from oos.fleet.instance import Instance, Power
from oos.fleet.storage import (
    Consistency,
    Disk,
    PoolRoom,
    Snapshot,
    SnapshotRequest,
    SnapshotStatus,
    Verification,
)

PROGRESS_STEPS = 4
"""In how many steps a snapshot tells how far it is."""


class SimulatedStorage(SimulatedHost):
    """The half of the port that lists disks, and is about snapshots."""

    def disks(self) -> tuple[Disk, ...]:
        with self._call("disks", ""), self._lock:
            return tuple(self.state.disks[id] for id in sorted(self.state.disks))

    def disk(self, disk_id: str) -> Disk:
        with self._call("disk", disk_id):
            return self._disk(disk_id)

    def snapshots(self) -> tuple[Snapshot, ...]:
        with self._call("snapshots", ""), self._lock:
            return tuple(self.state.snapshots[id] for id in sorted(self.state.snapshots))

    def snapshot(self, snapshot_id: str) -> Snapshot:
        with self._call("snapshot", snapshot_id):
            return self._snapshot(snapshot_id)

    def snapshot_room(self) -> PoolRoom:
        pool = self._host.pools.snapshots
        with self._call("snapshot_room", ""), self._lock:
            stored = sum(each.stored_bytes for each in self.state.snapshots.values())
            free = 0 if self.state.full else max(0, self.state.pool_bytes - stored)
            return PoolRoom(pool, self.state.pool_bytes, free)

    def _disk(self, disk_id: str) -> Disk:
        with self._lock:
            if disk_id not in self.state.disks:
                raise DiskAbsent(disk_id)
            return self.state.disks[disk_id]

    def _snapshot(self, snapshot_id: str) -> Snapshot:
        with self._lock:
            if snapshot_id not in self.state.snapshots:
                raise SnapshotAbsent(snapshot_id)
            return self.state.snapshots[snapshot_id]

    def _put_snapshot(self, snapshot: Snapshot) -> Snapshot:
        with self._change():
            self.state.snapshots[snapshot.id] = snapshot
        return snapshot

    def has_content(self, disk_id: str, snapshot_id: str) -> bool | None:
        disk = self._disk(disk_id)
        with self._call("has_content", disk_id), self._lock:
            self._snapshot(snapshot_id)
            if disk.instance_id and self._instance(disk.instance_id).power is not Power.STOPPED:
                return None
            return self.state.files.get(disk_id, {}) == self.state.files.get(snapshot_id, {})

    # snapshots

    def create_snapshot(self, request: SnapshotRequest, report: Callable[[int], None]) -> Snapshot:
        known = self.state.snapshots.get(request.id)
        if known is not None and known.status is SnapshotStatus.ACCOMPLISHED:
            with self._call("create_snapshot", request.disk_id, request.id, request.token):
                return known
        disk = self._disk(request.disk_id)
        with self._alone_with(disk.instance_id or disk.id):
            begun: Snapshot | None = None
            try:
                with self._call("create_snapshot", request.disk_id, request.id, request.token) as fault:
                    known = self.state.snapshots.get(request.id)
                    if known is not None and known.status is SnapshotStatus.ACCOMPLISHED:
                        return known
                    self._thaw_after_crash(disk.instance_id)
                    self._made.add(request.id)
                    begun = self._begin_snapshot(request, disk)
                    self._require_space(self._host.pools.snapshots, fault)
                    content = self._take_point_in_time(begun, fault)
                    self._pass_time(begun, report)
                    return self._finish_snapshot(begun, content)
            except HypervisorFailed as failed:
                if begun is not None and self._snapshot(begun.id).status is SnapshotStatus.PROGRESSING:
                    self._put_snapshot(replace(begun, status=SnapshotStatus.FAILED, progress=0, fault=str(failed)))
                raise
            finally:
                self._made.discard(request.id)

    def _begin_snapshot(self, request: SnapshotRequest, disk: Disk) -> Snapshot:
        parent = self._parent(disk) if request.incremental else ""
        return self._put_snapshot(
            Snapshot(
                id=request.id,
                host=self._host.name,
                zone=self._host.zone,
                region=self._host.region,
                disk_id=disk.id,
                instance_id=disk.instance_id,
                disk_kind=disk.kind,
                source_size_bytes=disk.size_bytes,
                created=request.created,
                status=SnapshotStatus.PROGRESSING,
                progress=0,
                name=request.name,
                description=request.description,
                tags=dict(request.tags),
                retention_days=request.retention_days,
                consistency=self._consistency(disk, freeze=request.freeze),
                parent_id=parent,
                token=request.token,
            )
        )

    def _parent(self, disk: Disk) -> str:
        """The snapshot to continue from: known changes exist for a running guest only, as with a real hypervisor."""
        if not disk.instance_id or self._instance(disk.instance_id).power is Power.STOPPED:
            return ""
        checkpoint = self.state.checkpoints.get(disk.id, "")
        ancestors = [
            Ancestor(each.id, each.created, each.source_size_bytes, each.id, each.parent_id)
            for each in self.state.snapshots.values()
            if each.disk_id == disk.id and each.status is SnapshotStatus.ACCOMPLISHED
        ]
        parent = choose_parent(disk.size_bytes, ancestors, {checkpoint} if checkpoint else ())
        return parent.id if parent else ""

    def _consistency(self, disk: Disk, *, freeze: bool) -> Consistency:
        if not disk.instance_id:
            return Consistency.STOPPED
        instance: Instance = self._instance(disk.instance_id)
        if instance.power is Power.STOPPED:
            return Consistency.STOPPED
        can_freeze = instance.has_agent and instance.id not in self.state.unfreezable
        return Consistency.FROZEN if freeze and can_freeze else Consistency.CRASH

    def _thaw_after_crash(self, instance_id: str) -> None:
        guest = self.state.guests.get(instance_id)
        if guest is not None and guest.frozen:
            with self._change():
                guest.frozen = False

    def _take_point_in_time(self, begun: Snapshot, fault: FaultKind | None) -> Files:
        """Copy the content, as of now. A crash here leaves a guest frozen and a snapshot in progress."""
        with self._change():
            if fault is FaultKind.CRASH:
                if begun.consistency is Consistency.FROZEN:
                    self.state.guests[begun.instance_id].frozen = True
            else:
                return dict(self.state.files.setdefault(begun.disk_id, {}))
        raise SimulatedCrash("the process died while it made a snapshot")

    def _pass_time(self, begun: Snapshot, report: Callable[[int], None]) -> None:
        for step in range(1, PROGRESS_STEPS + 1):
            if self._pace.snapshot:
                self._clock.sleep(self._pace.snapshot / PROGRESS_STEPS)
            percent = 100 * step // PROGRESS_STEPS
            with self._lock:
                self.state.snapshots[begun.id] = replace(begun, progress=min(percent, 99))
            report(percent)
            if begun.consistency is not Consistency.STOPPED and begun.instance_id not in self.state.guests:
                raise HypervisorFailed(begun.disk_id, "the guest stopped while its snapshot was made")

    def create_snapshots(
        self, requests: Sequence[SnapshotRequest], report: Callable[[int], None]
    ) -> tuple[Snapshot, ...]:
        disks = [self._disk(each.disk_id) for each in requests]
        owners = {each.instance_id for each in disks}
        if len(owners) != 1 or "" in owners:
            raise WrongState(disks[0].id, "not of one instance with the others", "name disks of one instance")
        (owner,) = owners
        ids = [each.id for each in requests]
        with self._alone_with(owner):
            begun: list[Snapshot] = []
            try:
                with self._call("create_snapshots", owner, *ids) as fault:
                    known = [self.state.snapshots.get(id) for id in ids]
                    if all(each is not None and each.status is SnapshotStatus.ACCOMPLISHED for each in known):
                        return tuple(map(self._snapshot, ids))
                    self._thaw_after_crash(owner)
                    for each in known:
                        if each is not None:
                            self._drop_snapshot(each)
                    self._made.update(ids)
                    for request, disk in zip(requests, disks, strict=True):
                        begun.append(self._begin_snapshot(request, disk))
                    self._require_space(self._host.pools.snapshots, fault)
                    with self._lock:
                        contents = [self._take_point_in_time(each, fault) for each in begun]
                    self._pass_time(begun[0], report)
                    return tuple(
                        self._finish_snapshot(each, content) for each, content in zip(begun, contents, strict=True)
                    )
            except HypervisorFailed as failed:
                for each in begun:
                    self._put_snapshot(replace(each, status=SnapshotStatus.FAILED, progress=0, fault=str(failed)))
                raise
            finally:
                self._made.difference_update(ids)

    def _finish_snapshot(self, begun: Snapshot, content: Files) -> Snapshot:
        before = self.state.files.get(begun.parent_id, {}) if begun.parent_id else {}
        stored = sum(len(data) for name, data in content.items() if before.get(name) != data)
        with self._change():
            self.state.files[begun.id] = content
            if begun.consistency is not Consistency.STOPPED:
                self.state.checkpoints[begun.disk_id] = begun.id
            self._count("create_snapshot", begun.token)
            return self._put_snapshot(
                replace(
                    begun,
                    status=SnapshotStatus.ACCOMPLISHED,
                    progress=100,
                    verification=Verification.CHECKED,
                    stored_bytes=stored,
                )
            )

    def delete_snapshot(self, snapshot_id: str) -> None:
        with self._call("delete_snapshot", snapshot_id), self._lock:
            if snapshot_id not in self.state.snapshots:
                return
            for child in self.state.snapshots.values():
                # What a crash left does not count: begun again, it finds its parent gone, and becomes a whole one.
                if child.parent_id == snapshot_id and child.id in self._made:
                    raise WrongState(snapshot_id, "being continued", f"wait until {child.id} is accomplished")
            with self._change():
                self._drop_snapshot(self.state.snapshots[snapshot_id])
                self._count("delete_snapshot", snapshot_id)

    def _drop_snapshot(self, gone: Snapshot) -> None:
        """Take it away; what stood on it becomes whole."""
        with self._change():
            for child in [each for each in self.state.snapshots.values() if each.parent_id == gone.id]:
                whole = sum(len(data) for data in self.state.files.get(child.id, {}).values())
                self.state.snapshots[child.id] = replace(child, parent_id="", stored_bytes=whole)
            del self.state.snapshots[gone.id]
            self.state.files.pop(gone.id, None)
            if self.state.checkpoints.get(gone.disk_id) == gone.id:
                del self.state.checkpoints[gone.disk_id]

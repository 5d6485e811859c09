"""Snapshots on libvirt: a qcow2 volume of its own each, with a manifest beside it.

The volume of a full snapshot is `s-….whole.qcow2`, that of an increment `s-….delta.qcow2`, which stands on the
volume of its parent. The two names have one length on purpose: see `_make_whole`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Final

import msgspec

from oos.adapters.libvirt.backups import Backup, BackupInTheWay, LibvirtBackups
from oos.adapters.libvirt.connection import LibvirtFailed, Stopwatch, libvirt
from oos.adapters.libvirt.disks import LibvirtDisks
from oos.adapters.libvirt.domain_xml import DomainDisk
from oos.adapters.libvirt.host import Domain
from oos.adapters.libvirt.pools import Volume
from oos.adapters.libvirt.verification import verify_volume
from oos.fleet.errors import AbsentError, DeadlineExceeded, HypervisorFailed, PoolFull, SnapshotAbsent, WrongState
from oos.fleet.image import ImageStatus
from oos.fleet.increments import Ancestor, choose_parent
from oos.fleet.instance import Power
from oos.fleet.manifest import SnapshotManifest
from oos.fleet.storage import Consistency, Disk, PoolRoom, Snapshot, SnapshotRequest, SnapshotStatus, Verification
from oos.values.identifiers import is_resource_id
from oos.values.time import format_instant, parse_instant

WHOLE: Final = "whole"
DELTA: Final = "delta"
ATTEMPTS: Final = 20
"""How often a snapshot gives way to backups of others."""
FROZEN_SECONDS: Final = 5.0
"""A guest that is frozen for longer than this was left so; it should be for a tenth of a second."""
NOTE_PAUSES: Final = (0.0, 0.2, 0.5, 1.0, 2.0)
"""Before each try to write down that a snapshot failed."""


def volume_name(snapshot_id: str, kind: str) -> str:
    """The name of a snapshot's volume."""
    return f"{snapshot_id}.{kind}.qcow2"


class LibvirtSnapshots(LibvirtDisks, LibvirtBackups):
    """The half of the port that makes and lists snapshots."""

    def snapshots(self) -> tuple[Snapshot, ...]:
        found = self._snapshots.listing()
        stored = self._sizes.of(found)
        return tuple(self._as_snapshot(each, stored.get(each.volume)) for _, each in sorted(found.manifests.items()))

    def snapshot(self, snapshot_id: str) -> Snapshot:
        manifest = self._snapshots.find(snapshot_id)
        if manifest is None:
            raise SnapshotAbsent(snapshot_id)
        volume = self._snapshot_pool.find(manifest.volume)
        return self._as_snapshot(manifest, volume.stored_bytes if volume else None)

    def snapshot_room(self) -> PoolRoom:
        return PoolRoom(self._snapshot_pool.name, *self._snapshot_pool.room())

    def _as_snapshot(self, manifest: SnapshotManifest, stored_bytes: int | None) -> Snapshot:
        status, fault, progress = manifest.status, manifest.fault, 100
        if status is SnapshotStatus.ACCOMPLISHED and stored_bytes is None:
            status, fault = SnapshotStatus.FAILED, f"its volume {manifest.volume} is missing"
        if status is SnapshotStatus.PROGRESSING:
            progress = self._progress(manifest)
        elif status is SnapshotStatus.FAILED:
            progress = 0
        return Snapshot(
            id=manifest.id,
            host=self._host.name,
            zone=self._host.zone,
            region=self._host.region,
            disk_id=manifest.disk_id,
            instance_id=manifest.instance_id,
            disk_kind=manifest.disk_kind,
            source_size_bytes=manifest.source_size_bytes,
            created=parse_instant(manifest.created),
            status=status,
            progress=progress,
            name=manifest.name,
            description=manifest.description,
            tags=manifest.tags,
            retention_days=manifest.retention_days,
            consistency=manifest.consistency,
            verification=manifest.verification,
            parent_id=manifest.parent_id,
            stored_bytes=stored_bytes or 0,
            token=manifest.token,
            fault=fault,
        )

    def _progress(self, manifest: SnapshotManifest) -> int:
        """Percent of a snapshot in the making; 0 where its backup does not run (yet, or any more)."""
        try:
            if not manifest.instance_id or not self._is_ours(manifest):
                return 0
            return self._backup_percent(manifest.instance_id)
        except (HypervisorFailed, AbsentError):
            return 0

    def _is_ours(self, manifest: SnapshotManifest) -> bool:
        """Whether a backup into this snapshot runs now."""
        targets = self._backup_targets(manifest.instance_id)
        return manifest.volume in {each.rsplit("/", 1)[-1] for each in targets}

    # making

    def create_snapshot(self, request: SnapshotRequest, report: Callable[[int], None]) -> Snapshot:
        disk = self.disk(request.disk_id)
        with self._alone_with(disk.instance_id or disk.id):
            known = self._snapshots.find(request.id)
            if known is not None and known.status is SnapshotStatus.ACCOMPLISHED:
                report(100)
                return self.snapshot(request.id)
            try:
                self._make_in_spite_of_others(request, known, report)
            except (HypervisorFailed, DeadlineExceeded, WrongState) as failed:
                self._note_failure(request.id, str(failed))
                raise
            report(100)
            return self.snapshot(request.id)

    def _make_in_spite_of_others(
        self, request: SnapshotRequest, known: SnapshotManifest | None, report: Callable[[int], None]
    ) -> None:
        """Begin anew while other processes, who do not know of us, back up the same instance."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                # Looked at again: until a moment ago somebody else may have been at work on it.
                self._make_snapshot(request, self.disk(request.disk_id), known, report)
            except BackupInTheWay:
                if attempt == ATTEMPTS:
                    raise
                known = self._snapshots.find(request.id)
            else:
                return

    def _make_snapshot(
        self,
        request: SnapshotRequest,
        disk: Disk,
        known: SnapshotManifest | None,
        report: Callable[[int], None],
    ) -> None:
        domain = self._domain(disk.instance_id) if disk.instance_id else None
        if domain is None or domain.power is Power.STOPPED:
            self._clear_away(request.id, domain)
            self._copy_stopped(request, disk)
            return
        self._thaw_leftovers(domain, request.id)
        if known is not None and self._is_ours(known):
            self._finish_backup(known, report)
            return
        self._clear_away(request.id, domain)
        if known is not None and domain.is_stuck:
            domain = self._freed(domain.id, request.id)
        self._wait_for_others(domain.id)
        manifest = self._back_up(request, disk, domain)
        self._finish_backup(manifest, report)

    def _freed(self, instance_id: str, snapshot_id: str) -> Domain:
        """A guest that our backup stopped goes on, with its file systems thawed."""
        self._set_going(instance_id)
        domain = self._domain(instance_id)
        self._thaw_leftovers(domain, snapshot_id)
        return domain

    def _thaw_leftovers(self, domain: Domain, made_id: str) -> None:
        """Thaw a guest that a process of ours left frozen when it died; what others froze is their business.

        Between freeze and thaw a snapshot or an image is in progress. If it is not this one, its maker may be alive:
        then the guest thaws by itself within a moment.
        """
        if not may_answer(domain):
            return
        watch = Stopwatch(FROZEN_SECONDS)
        while self._is_frozen(domain.id):
            begun = self._begun_of(domain.id)
            if made_id in begun or (begun and not watch.left):
                self._thaw(domain.id)
                return
            if not begun:
                return
            time.sleep(0.2)

    def _begun_of(self, instance_id: str) -> set[str]:
        """Snapshots and images of an instance that are being made, or whose makers died."""
        begun = {
            each.id
            for each in self._snapshots.all().values()
            if each.instance_id == instance_id and each.status is SnapshotStatus.PROGRESSING
        }
        return begun | {
            each.id
            for each in self._images.all().values()
            if each.instance_id == instance_id and each.status == ImageStatus.CREATING
        }

    def _clear_away(self, snapshot_id: str, domain: Domain | None) -> None:
        """Remove what an earlier attempt left: volumes and checkpoint, not the manifest."""
        for kind in (WHOLE, DELTA):
            self._snapshot_pool.delete(volume_name(snapshot_id, kind))
        if domain is not None and snapshot_id in self._checkpoints(domain.id):
            self._drop_checkpoint(domain.id, snapshot_id, bitmap=domain.power is not Power.STOPPED)

    def _note_failure(self, snapshot_id: str, fault: str) -> None:
        """Write down why; best effort, because the pool may be what failed."""
        manifest = self._snapshots.find(snapshot_id)
        if manifest is None:
            return
        failed = msgspec.structs.replace(manifest, status=SnapshotStatus.FAILED, fault=fault, parent_id="")
        for pause in NOTE_PAUSES:
            time.sleep(pause)
            try:
                self._take_down(manifest)
                self._put_somehow(failed)
            except (HypervisorFailed, DeadlineExceeded):
                continue
            else:
                return
        # The manifest still says "progressing", or is gone: asking again begins again.

    def _take_down(self, manifest: SnapshotManifest) -> None:
        """End what still works on a failed snapshot, and remove what there is of it."""
        with contextlib.suppress(AbsentError):
            if manifest.instance_id and self._is_ours(manifest):
                self._give_up(manifest.instance_id)
        for kind in (WHOLE, DELTA):
            self._snapshot_pool.delete(volume_name(manifest.id, kind))
        with contextlib.suppress(AbsentError):
            if manifest.instance_id and self._domain(manifest.instance_id).is_stuck:
                self._freed(manifest.instance_id, manifest.id)

    def _put_somehow(self, failed: SnapshotManifest) -> None:
        try:
            self._snapshots.put(failed)
        except PoolFull:
            # QEMU may hold the deleted file, and its room, until the guest stops. The version that says "progressing"
            # takes up the room that this one needs.
            self._snapshots.remove(failed.id)
            self._snapshots.put(failed)

    def _copy_stopped(self, request: SnapshotRequest, disk: Disk) -> None:
        """Copy the volume. Should the guest start meanwhile: QEMU's image lock lets only one of the two have it."""
        manifest = self._put_begun(request, disk, WHOLE, consistency=Consistency.STOPPED)
        if not disk.pool:
            raise HypervisorFailed(
                disk.id, f"{disk.volume} stands in no storage pool; start the instance to snapshot it"
            )
        source = self._pool_named(disk.pool).require(disk.volume)
        made = self._snapshot_pool.clone(manifest.volume, source, disk.size_bytes)
        self._accomplish(manifest, made)

    def _back_up(self, request: SnapshotRequest, disk: Disk, domain: Domain) -> SnapshotManifest:
        """Begin a backup: an increment where that is safe, else a full one."""
        source = domain.text.find_disk(disk.id)
        assert source is not None, "the disk was found through its domain"
        parent = self._parent(disk, source, domain) if request.incremental else None
        if parent is not None:
            try:
                return self._begin(request, disk, source, domain, parent)
            except LibvirtFailed as failed:
                # A guest that was killed leaves its bitmaps in doubt; the full backup starts afresh.
                if failed.code not in DOUBTFUL:
                    raise
                self._clear_away(request.id, domain)
                self._drop_of_disks(domain.id, parent.checkpoint, [source.device], bitmap=True)
        return self._begin(request, disk, source, domain, None)

    def _begin(
        self,
        request: SnapshotRequest,
        disk: Disk,
        source: DomainDisk,
        domain: Domain,
        parent: SnapshotManifest | None,
    ) -> SnapshotManifest:
        # Only qcow2 keeps the bitmap of a checkpoint.
        checkpoint = request.id if source.format == "qcow2" else ""
        kind = DELTA if parent else WHOLE
        manifest = self._put_begun(request, disk, kind, parent_id=parent.id if parent else "", checkpoint=checkpoint)
        below = self._snapshot_pool.require(parent.volume).path if parent else ""
        target = self._snapshot_pool.create(manifest.volume, disk.size_bytes, backing=below)
        backup = Backup(source.device, target.path, checkpoint, parent.checkpoint if parent else "")
        frozen = self._begin_backup(domain.id, backup, freeze=request.freeze and may_answer(domain))
        if frozen:
            manifest = self._snapshots.put(msgspec.structs.replace(manifest, consistency=Consistency.FROZEN))
        return manifest

    def _put_begun(
        self,
        request: SnapshotRequest,
        disk: Disk,
        kind: str,
        *,
        consistency: Consistency = Consistency.CRASH,
        parent_id: str = "",
        checkpoint: str = "",
    ) -> SnapshotManifest:
        """The first version of the manifest: from now on a crash leaves a trace."""
        image_id = self._domain(disk.instance_id).text.note.image_id if disk.instance_id else ""
        return self._snapshots.put(
            SnapshotManifest(
                id=request.id,
                volume=volume_name(request.id, kind),
                disk_id=disk.id,
                instance_id=disk.instance_id,
                disk_kind=disk.kind,
                source_size_bytes=disk.size_bytes,
                created=format_instant(request.created),
                token=request.token,
                status=SnapshotStatus.PROGRESSING,
                name=request.name,
                description=request.description,
                tags=dict(request.tags),
                retention_days=request.retention_days,
                consistency=consistency,
                parent_id=parent_id,
                image_id=image_id,
                checkpoint=checkpoint,
            )
        )

    def _parent(self, disk: Disk, source: DomainDisk, domain: Domain) -> SnapshotManifest | None:
        """The snapshot to continue from, if its volume and its checkpoint are there."""
        if source.format != "qcow2":
            return None
        volumes = set(self._snapshot_pool.names())
        mine = {
            each.id: each
            for each in self._snapshots.all().values()
            if each.disk_id == disk.id and each.status is SnapshotStatus.ACCOMPLISHED and each.volume in volumes
        }
        chosen = choose_parent(
            disk.size_bytes,
            (
                Ancestor(each.id, parse_instant(each.created), each.source_size_bytes, each.checkpoint, each.parent_id)
                for each in mine.values()
            ),
            [name for name, each in self._described_checkpoints(domain.id).items() if source.device in each.devices],
        )
        return mine[chosen.id] if chosen else None

    def _finish_backup(self, manifest: SnapshotManifest, report: Callable[[int], None]) -> None:
        target = self._snapshot_pool.require(manifest.volume)
        self._wait_for_backup(manifest.instance_id, target.path, report)
        self._accomplish(manifest, target)
        self._drop_older_checkpoints(manifest.instance_id, manifest.checkpoint)

    def _accomplish(self, manifest: SnapshotManifest, volume: Volume) -> None:
        """Verify it, then say so."""
        self._put_accomplished(manifest, self._verified(manifest, volume))

    def _verified(self, manifest: SnapshotManifest, volume: Volume) -> Verification:
        """How far it could be verified. Raises HypervisorFailed."""
        below = ""
        if manifest.parent_id:
            parent = self._snapshots.find(manifest.parent_id)
            if parent is None:
                raise HypervisorFailed(manifest.id, f"its parent {manifest.parent_id} was deleted meanwhile")
            below = self._snapshot_pool.require(parent.volume).path
        return verify_volume(self._snapshot_pool, volume, manifest.source_size_bytes, below)

    def _put_accomplished(self, manifest: SnapshotManifest, verification: Verification) -> None:
        self._snapshots.put(
            msgspec.structs.replace(manifest, status=SnapshotStatus.ACCOMPLISHED, verification=verification, fault="")
        )

    def _drop_older_checkpoints(self, instance_id: str, newest: str) -> None:
        """Keep one for each disk that the newest covers: every bitmap costs the guest something at each write."""
        # What libvirt has first: whoever sets a checkpoint has written its manifest before.
        found = self._described_checkpoints(instance_id)
        if newest not in found:
            return
        known = {each.checkpoint for each in self._snapshots.all().values()}
        for name in found:
            if name == newest or not is_resource_id(name, "s"):
                continue
            if name not in known:
                self._drop_checkpoint(instance_id, name, bitmap=True)
            else:
                self._drop_of_disks(instance_id, name, found[newest].devices, bitmap=True)


DOUBTFUL: Final = frozenset(
    {
        libvirt.VIR_ERR_CHECKPOINT_INCONSISTENT,
        libvirt.VIR_ERR_NO_DOMAIN_CHECKPOINT,
        libvirt.VIR_ERR_INVALID_DOMAIN_CHECKPOINT,
    }
)


def may_answer(domain: Domain) -> bool:
    """Whether it is worth asking the guest's agent."""
    return domain.power is Power.RUNNING and domain.text.agent_state == "connected"

"""Snapshots of several disks at one moment on libvirt: one backup job of them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from oos.adapters.libvirt.backups import Backup, BackupInTheWay
from oos.adapters.libvirt.connection import Stopwatch
from oos.adapters.libvirt.host import Domain
from oos.adapters.libvirt.snapshots import ATTEMPTS, WHOLE, LibvirtSnapshots, may_answer
from oos.fleet.errors import DeadlineExceeded, HypervisorFailed, WrongState
from oos.fleet.instance import Power
from oos.fleet.manifest import SnapshotManifest
from oos.fleet.storage import Consistency, Disk, Snapshot, SnapshotRequest, SnapshotStatus

GIVING_UP_SECONDS = 10.0
"""How long a job that was given up may take to end."""

Pair = tuple[SnapshotRequest, Disk]


class LibvirtGrouping(LibvirtSnapshots):
    """The half of the port that makes snapshots of one moment."""

    def create_snapshots(
        self, requests: Sequence[SnapshotRequest], report: Callable[[int], None]
    ) -> tuple[Snapshot, ...]:
        pairs = [(request, self.disk(request.disk_id)) for request in requests]
        owners = {disk.instance_id for _, disk in pairs}
        if len(owners) != 1 or "" in owners:
            raise WrongState(pairs[0][1].id, "not of one instance with the others", "name disks of one instance")
        (owner,) = owners
        with self._alone_with(owner):
            known = [self._snapshots.find(request.id) for request in requests]
            if not all(each is not None and each.status is SnapshotStatus.ACCOMPLISHED for each in known):
                try:
                    self._make_together(owner, pairs, report)
                except (HypervisorFailed, DeadlineExceeded, WrongState) as failed:
                    for request in requests:
                        self._note_failure(request.id, str(failed))
                    raise
            report(100)
            return tuple(self.snapshot(request.id) for request in requests)

    def _make_together(self, owner: str, pairs: Sequence[Pair], report: Callable[[int], None]) -> None:
        """Begin anew while other processes, who do not know of us, back up the same instance."""
        for attempt in range(1, ATTEMPTS + 1):
            domain = self._domain(owner)
            if domain.power is Power.STOPPED:
                self._copy_together(domain, pairs)
                return
            try:
                self._back_up_together(self._cleared(domain, pairs), pairs, report)
            except BackupInTheWay:
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def _copy_together(self, domain: Domain, pairs: Sequence[Pair]) -> None:
        """Copies of an instance that is off, and stays so until the last is made."""
        for request, disk in pairs:
            self._clear_away(request.id, domain)
            self._copy_stopped(request, disk)
        now = self._domain(domain.id)
        if now.power is not Power.STOPPED:
            raise WrongState(domain.id, now.power, "it was started while its disks were copied")

    def _cleared(self, domain: Domain, pairs: Sequence[Pair]) -> Domain:
        """The domain without anything that an attempt which died has left."""
        first = pairs[0][0]
        self._thaw_leftovers(domain, first.id)
        left = self._snapshots.find(first.id)
        if left is not None and self._is_ours(left):
            self._give_up(domain.id)
            watch = Stopwatch(GIVING_UP_SECONDS)
            while self._is_ours(left) and watch.left:
                time.sleep(0.1)
        for request, _ in pairs:
            self._clear_away(request.id, domain)
        if left is not None and domain.is_stuck:
            domain = self._freed(domain.id, first.id)
        self._wait_for_others(domain.id)
        return domain

    def _back_up_together(self, domain: Domain, pairs: Sequence[Pair], report: Callable[[int], None]) -> None:
        manifests: list[SnapshotManifest] = []
        backups: list[Backup] = []
        for request, disk in pairs:
            source = domain.text.find_disk(disk.id)
            if source is None:
                raise WrongState(disk.id, f"not attached to {domain.id} any more", "name disks of one instance")
            manifest = self._put_begun(request, disk, WHOLE)
            target = self._snapshot_pool.create(manifest.volume, disk.size_bytes)
            manifests.append(manifest)
            # Without checkpoints: one for all disks could not be dropped for one of them.
            backups.append(Backup(source.device, target.path, ""))
        freeze = all(request.freeze for request, _ in pairs) and may_answer(domain)
        if self._begin_backup(domain.id, *backups, freeze=freeze):
            manifests = [
                self._snapshots.put(msgspec.structs.replace(each, consistency=Consistency.FROZEN)) for each in manifests
            ]
        self._wait_for_backup(domain.id, backups[0].target, report)
        for manifest in manifests:
            self._accomplish(manifest, self._snapshot_pool.require(manifest.volume))

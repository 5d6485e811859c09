"""Snapshots of several disks at one moment on libvirt: one backup job of them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from oos.adapters.libvirt.backups import Backup, BackupInTheWay
from oos.adapters.libvirt.connection import LibvirtFailed, Stopwatch
from oos.adapters.libvirt.deleting import LibvirtDeleting
from oos.adapters.libvirt.domain_xml import DomainDisk
from oos.adapters.libvirt.host import Domain
from oos.adapters.libvirt.snapshots import ATTEMPTS, DELTA, DOUBTFUL, WHOLE, may_answer
from oos.fleet.errors import DeadlineExceeded, HypervisorFailed, WrongState
from oos.fleet.instance import Power
from oos.fleet.manifest import SnapshotManifest
from oos.fleet.storage import Consistency, Disk, Snapshot, SnapshotRequest, SnapshotStatus

GIVING_UP_SECONDS = 10.0
"""How long a job that was given up may take to end."""

Pair = tuple[SnapshotRequest, Disk]


class LibvirtGrouping(LibvirtDeleting):
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
            if not all(map(_is_accomplished, known)):
                begun = [each for each in known if each is not None and each.status is not SnapshotStatus.FAILED]
                if len(begun) == len(known) and any(map(_is_written, begun)):
                    self._accomplish_all(begun)
                else:
                    self._make_all(owner, pairs, report)
            report(100)
            return tuple(self.snapshot(request.id) for request in requests)

    def _make_all(self, owner: str, pairs: Sequence[Pair], report: Callable[[int], None]) -> None:
        try:
            self._make_together(owner, pairs, report)
        except (HypervisorFailed, DeadlineExceeded, WrongState) as failed:
            known = [self._snapshots.find(request.id) for request, _ in pairs]
            # Once one of them is accomplished the job is known to be good: asked again, what is left is written down.
            for request, _ in () if any(map(_is_written, known)) else pairs:
                self._note_failure(request.id, str(failed))
            raise

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
        self._clear_members(pairs, domain)
        for request, disk in pairs:
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
        self._clear_members(pairs, domain)
        if left is not None and domain.is_stuck:
            domain = self._freed(domain.id, first.id)
        self._wait_for_others(domain.id)
        return domain

    def _clear_members(self, pairs: Sequence[Pair], domain: Domain) -> None:
        for request, _ in pairs:
            if _is_accomplished(self._snapshots.find(request.id)):
                # Others of its group were deleted, and it may have increments that stand on it.
                self._delete(request.id)
            self._clear_away(request.id, domain)

    def _back_up_together(self, domain: Domain, pairs: Sequence[Pair], report: Callable[[int], None]) -> None:
        sources = [_source(domain, disk) for _, disk in pairs]
        parents = [
            self._parent(disk, source, domain) if request.incremental else None
            for (request, disk), source in zip(pairs, sources, strict=True)
        ]
        try:
            manifests = self._begin_together(domain, pairs, sources, parents)
        except LibvirtFailed as failed:
            # As with a single one: what changed on one of the disks is in doubt, so all begin afresh.
            if failed.code not in DOUBTFUL or not any(parents):
                raise
            self._clear_members(pairs, domain)
            for source, parent in zip(sources, parents, strict=True):
                if parent is not None:
                    self._drop_of_disks(domain.id, parent.checkpoint, [source.device], bitmap=True)
            manifests = self._begin_together(domain, pairs, sources, [None] * len(pairs))
        self._wait_for_backup(domain.id, self._snapshot_pool.require(manifests[0].volume).path, report)
        self._accomplish_all(manifests)

    def _begin_together(
        self,
        domain: Domain,
        pairs: Sequence[Pair],
        sources: Sequence[DomainDisk],
        parents: Sequence[SnapshotManifest | None],
    ) -> list[SnapshotManifest]:
        """Begin the backup of all: of each an increment on its parent, or a full one."""
        manifests: list[SnapshotManifest] = []
        backups: list[Backup] = []
        for (request, disk), source, parent in zip(pairs, sources, parents, strict=True):
            # One for all of them, called by the first: libvirt sets one for a moment.
            checkpoint = pairs[0][0].id if source.format == "qcow2" else ""
            kind = DELTA if parent else WHOLE
            above = parent.id if parent else ""
            manifest = self._put_begun(request, disk, kind, parent_id=above, checkpoint=checkpoint)
            below = self._snapshot_pool.require(parent.volume).path if parent else ""
            target = self._snapshot_pool.create(manifest.volume, disk.size_bytes, backing=below)
            manifests.append(manifest)
            backups.append(Backup(source.device, target.path, checkpoint, parent.checkpoint if parent else ""))
        freeze = all(request.freeze for request, _ in pairs) and may_answer(domain)
        if self._begin_backup(domain.id, *backups, freeze=freeze):
            manifests = [
                self._snapshots.put(msgspec.structs.replace(each, consistency=Consistency.FROZEN)) for each in manifests
            ]
        return manifests

    def _accomplish_all(self, manifests: Sequence[SnapshotManifest]) -> None:
        """The job went well: verify them all, then write down of each that it is accomplished."""
        verified = [
            (each, self._verified(each, self._snapshot_pool.require(each.volume)))
            for each in manifests
            if not _is_accomplished(each)
        ]
        for manifest, verification in verified:
            self._put_accomplished(manifest, verification)
        for name in {each.checkpoint for each in manifests} - {""}:
            self._drop_older_checkpoints(manifests[0].instance_id, name)


def _is_accomplished(manifest: SnapshotManifest | None) -> bool:
    return manifest is not None and manifest.status is SnapshotStatus.ACCOMPLISHED


def _is_written(manifest: SnapshotManifest | None) -> bool:
    """Whether it was made by a job that is known to have ended well, and so were the others of its group."""
    return manifest is not None and _is_accomplished(manifest) and manifest.consistency is not Consistency.STOPPED


def _source(domain: Domain, disk: Disk) -> DomainDisk:
    source = domain.text.find_disk(disk.id)
    if source is None:
        raise WrongState(disk.id, f"not attached to {domain.id} any more", "name disks of one instance")
    return source

"""Deleting snapshots on libvirt, without harm to those that stand on them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import msgspec

from oos.adapters.libvirt.pools import Volume
from oos.adapters.libvirt.qcow2 import HEADER_BYTES, backing_change, read_header
from oos.adapters.libvirt.snapshots import DELTA, WHOLE, LibvirtSnapshots, volume_name
from oos.adapters.libvirt.verification import verify_volume
from oos.fleet.errors import AbsentError, HypervisorFailed, WrongState
from oos.fleet.instance import Power
from oos.fleet.manifest import SnapshotManifest
from oos.fleet.storage import SnapshotStatus


class LibvirtDeleting(LibvirtSnapshots):
    """The half of the port that deletes snapshots."""

    def delete_snapshot(self, snapshot_id: str) -> None:
        manifest = self._snapshots.find(snapshot_id)
        if manifest is None:
            # Its maker may have died before the first manifest was whole.
            self._snapshots.remove(snapshot_id)
            return
        with self._alone_with(manifest.instance_id or manifest.disk_id):
            self._delete(snapshot_id)

    def _delete(self, snapshot_id: str) -> None:
        manifests = self._snapshots.all()
        manifest = manifests.get(snapshot_id)
        if manifest is None:
            return
        children = [each for each in manifests.values() if each.parent_id == snapshot_id]
        self._refuse_while_made([manifest, *children])
        for child in children:
            if child.status is SnapshotStatus.ACCOMPLISHED:
                self._make_whole(child, manifests.values())
        self._thaw_what_it_left(manifest)
        self._forget_checkpoint(manifest)
        # The volume first: until the manifest is gone, asking again finds what is left to do.
        for kind in (WHOLE, DELTA):
            self._snapshot_pool.delete(volume_name(snapshot_id, kind))
        self._snapshots.remove(snapshot_id)

    def _refuse_while_made(self, manifests: Iterable[SnapshotManifest]) -> None:
        """A snapshot in progress, or one that a backup in progress continues, stays. What a crash left does not count:
        begun again, it finds that its parent is gone, and becomes a full one."""
        for manifest in manifests:
            if manifest.status is SnapshotStatus.PROGRESSING and manifest.instance_id and self._is_running(manifest):
                raise WrongState(manifest.id, manifest.status, "wait until it is accomplished")

    def _is_running(self, manifest: SnapshotManifest) -> bool:
        try:
            return self._is_ours(manifest)
        except AbsentError:
            return False

    def _thaw_what_it_left(self, manifest: SnapshotManifest) -> None:
        """A snapshot that is still in progress though nobody makes it any more may have left its guest frozen."""
        if manifest.status is SnapshotStatus.PROGRESSING and manifest.instance_id:
            with contextlib.suppress(AbsentError):
                self._thaw_leftovers(self._domain(manifest.instance_id), manifest.id)

    def _make_whole(self, child: SnapshotManifest, manifests: Iterable[SnapshotManifest]) -> None:
        """Turn an increment into a full snapshot, so that its parent can go; each step can be the last before a crash.

        1. Copy what can be read through the increment into `….whole.qcow2`. Nothing refers to that yet.
        2. Move the increments that stand on `….delta.qcow2` onto it, one after another. They read the same through
           either. Only the name of the backing file changes, by a few bytes within one sector, because the two names
           have one length.
        3. Write the manifest. 4. Delete the old volume.
        """
        if not child.volume.endswith(f".{DELTA}.qcow2"):
            raise HypervisorFailed(child.id, f"its volume {child.volume} is not named as an increment's is")
        delta = self._snapshot_pool.require(child.volume)
        upper = [
            each for each in manifests if each.parent_id == child.id and each.status is SnapshotStatus.ACCOMPLISHED
        ]
        name = volume_name(child.id, WHOLE)
        whole = self._snapshot_pool.find(name)
        if whole is None or not any(self._backing(each) == whole.path for each in upper):
            self._snapshot_pool.delete(name)
            whole = self._snapshot_pool.clone(name, delta, child.source_size_bytes)
        verification = verify_volume(self._snapshot_pool, whole, child.source_size_bytes)
        for each in upper:
            self._move(each, delta, whole)
        self._snapshots.put(msgspec.structs.replace(child, volume=name, parent_id="", verification=verification))
        self._snapshot_pool.delete(child.volume)

    def _backing(self, manifest: SnapshotManifest) -> str:
        return read_header(self._snapshot_pool.read(manifest.volume, HEADER_BYTES)).backing

    def _move(self, upper: SnapshotManifest, before: Volume, after: Volume) -> None:
        """Let an increment stand on another volume of the same content."""
        header = self._snapshot_pool.read(upper.volume, HEADER_BYTES)
        backing = read_header(header).backing
        if backing == after.path:
            return
        if backing != before.path:
            raise HypervisorFailed(upper.id, f"it stands on {backing or 'nothing'} instead of {before.path}")
        offset, name = backing_change(header, after.path)
        self._snapshot_pool.write(upper.volume, name, offset)
        moved = self._backing(upper)
        if moved != after.path:
            raise HypervisorFailed(upper.id, f"it stands on {moved or 'nothing'} instead of {after.path}")

    def _forget_checkpoint(self, manifest: SnapshotManifest) -> None:
        """Without its snapshot a checkpoint is of no use. That of a stopped guest stays until the next snapshot."""
        if not manifest.checkpoint:
            return
        with contextlib.suppress(AbsentError):
            domain = self._domain(manifest.instance_id)
            disk = domain.text.find_disk(manifest.disk_id)
            if domain.power is not Power.STOPPED and disk is not None:
                self._drop_of_disks(domain.id, manifest.checkpoint, [disk.device], bitmap=True)

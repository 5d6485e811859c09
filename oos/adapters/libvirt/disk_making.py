"""Making, growing, labelling and deleting disks on libvirt. https://libvirt.org/html/libvirt-libvirt-storage.html"""

from __future__ import annotations

import contextlib

import msgspec

from oos.adapters.libvirt.connection import Handle, libvirt
from oos.adapters.libvirt.domain_xml import read_domain
from oos.adapters.libvirt.pools import Volume
from oos.adapters.libvirt.restoring import LibvirtRestoring
from oos.adapters.libvirt.verification import verify_volume
from oos.fleet.errors import DiskAbsent, HypervisorFailed, SnapshotAbsent, WrongState
from oos.fleet.instance import Power
from oos.fleet.manifest import DiskManifest
from oos.fleet.storage import Disk, DiskLabels, DiskSpec, SnapshotStatus
from oos.values.time import format_instant


class LibvirtDiskMaking(LibvirtRestoring):
    """The half of the port that makes disks and changes what they are."""

    def make_disk(self, spec: DiskSpec) -> Disk:
        with self._alone_with(spec.id):
            known = self._disk_notes.find(spec.id)
            if known is not None and known.is_ready:
                return self.disk(spec.id)
            source = self._source_of(spec)
            written = self._disk_notes.put(
                DiskManifest(
                    id=spec.id,
                    volume=f"{spec.id}.qcow2",
                    created=format_instant(spec.created) if spec.created else "",
                    name=spec.labels.name,
                    description=spec.labels.description,
                    delete_with_instance=spec.labels.delete_with_instance,
                    source_snapshot_id=spec.snapshot_id,
                    is_ready=False,
                    is_blank=not spec.snapshot_id,
                )
            )
            try:
                self._fill_disk(written.volume, spec, source)
            except HypervisorFailed:
                self._disk_pool.delete(written.volume)
                self._disk_notes.remove(spec.id)
                raise
            self._disk_notes.put(msgspec.structs.replace(written, is_ready=True))
            return self.disk(spec.id)

    def _source_of(self, spec: DiskSpec) -> Volume | None:
        if not spec.snapshot_id:
            return None
        manifest = self._snapshots.find(spec.snapshot_id)
        if manifest is None:
            raise SnapshotAbsent(spec.snapshot_id)
        if manifest.status is not SnapshotStatus.ACCOMPLISHED:
            raise WrongState(spec.snapshot_id, manifest.status, "only an accomplished snapshot can be copied")
        return self._snapshot_pool.require(manifest.volume)

    def _fill_disk(self, name: str, spec: DiskSpec, source: Volume | None) -> None:
        """The volume of the disk, anew if a crash left one."""
        self._disk_pool.delete(name)
        if source is None:
            self._disk_pool.create(name, spec.size_bytes)
        else:
            made = self._disk_pool.clone(name, source, spec.size_bytes)
            verify_volume(self._disk_pool, made, made.size_bytes)

    def delete_disk(self, disk_id: str) -> None:
        with self._alone_with(disk_id):
            # The volume first, and any other that was left of the disk; while its note is there, it is found again.
            with contextlib.suppress(DiskAbsent):
                while True:
                    self._delete_volume(self.disk(disk_id))
            self._disk_notes.remove(disk_id)

    def _delete_volume(self, disk: Disk) -> None:
        if disk.instance_id:
            raise WrongState(disk.id, f"attached to {disk.instance_id}", "detach it first")
        volume = self._disk_pool.require(disk.volume)
        self._require_unused(disk.id, volume.path)
        self._disk_pool.delete(volume.name)

    def _require_unused(self, disk_id: str, path: str) -> None:
        """Raise for a disk that some domain uses, or will use when it starts next."""

        def definitions(conn: Handle) -> list[str]:
            return [
                str(domain.XMLDesc(flag))
                for domain in conn.listAllDomains(0)
                for flag in {0, libvirt.VIR_DOMAIN_XML_INACTIVE if domain.isPersistent() else 0}
            ]

        for xml in self._connection.call(self._host.name, "looking who uses a disk", definitions):
            text = read_domain(xml)
            if any(each.source == path for each in text.disks):
                raise WrongState(disk_id, f"in the definition of {text.id}", "detach it first")

    def label_disk(self, disk_id: str, labels: DiskLabels) -> Disk:
        disk = self.disk(disk_id)
        with self._alone_with(disk.instance_id or disk_id):
            self._write_down(self.disk(disk_id), labels)
            return self.disk(disk_id)

    def _write_down(self, disk: Disk, labels: DiskLabels | None = None) -> None:
        """Let the manifest beside the volume say what is known of the disk."""
        labels = labels or disk.labels
        written = DiskManifest(
            id=disk.id,
            volume=disk.volume,
            created=format_instant(disk.created) if disk.created else "",
            name=labels.name,
            description=labels.description,
            delete_with_instance=labels.delete_with_instance,
            source_snapshot_id=disk.source_snapshot_id,
            is_ready=disk.is_ready,
            is_blank=disk.is_blank,
        )
        if self._disk_notes.find(disk.id) != written:
            self._disk_notes.put(written)

    def resize_disk(self, disk_id: str, size_bytes: int) -> Disk:
        disk = self.disk(disk_id)
        with self._alone_with(disk.instance_id or disk_id):
            disk = self.disk(disk_id)
            if size_bytes < disk.size_bytes:
                raise WrongState(disk_id, f"{disk.size_bytes} bytes large", "a disk only grows")
            if size_bytes > disk.size_bytes:
                self._grow(disk, size_bytes)
            return self.disk(disk_id)

    def _grow(self, disk: Disk, size_bytes: int) -> None:
        if disk.instance_id and self._domain(disk.instance_id).power is not Power.STOPPED:
            self._ask(
                disk.instance_id,
                f"letting {disk.id} grow",
                lambda domain: domain.blockResize(disk.device, size_bytes, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES),
            )
        elif disk.pool:
            self._pool_named(disk.pool).grow(disk.volume, size_bytes)
        else:
            raise HypervisorFailed(disk.id, f"{disk.volume} stands in no storage pool; start the instance to resize it")

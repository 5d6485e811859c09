"""Restoring disks on libvirt, and renewing them: a new volume, then one change of the domain, then the old one goes.

Reverting to an external snapshot is not what this is: libvirt 9.0 cannot. https://libvirt.org/formatdomain.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from oos.adapters.libvirt.connection import Handle, LibvirtFailed, libvirt
from oos.adapters.libvirt.deleting import LibvirtDeleting
from oos.adapters.libvirt.disk_changes import with_disk_replaced
from oos.adapters.libvirt.domain_xml import DomainDisk, read_domain
from oos.adapters.libvirt.host import Domain
from oos.adapters.libvirt.instances import LibvirtInstances
from oos.adapters.libvirt.note import DiskNote, Note
from oos.adapters.libvirt.pools import Volume
from oos.adapters.libvirt.verification import same_content, verify_volume
from oos.fleet.errors import DiskAbsent, ImageAbsent, SnapshotAbsent, WrongState
from oos.fleet.image import WHOLE
from oos.fleet.instance import Power
from oos.fleet.storage import Disk, SnapshotStatus
from oos.values.identifiers import client_token, is_resource_id


class LibvirtRestoring(LibvirtInstances, LibvirtDeleting):
    """The half of the port that restores disks."""

    def restore_disk(self, disk_id: str, snapshot_id: str, token: str) -> Disk:
        def copied(name: str, size_bytes: int) -> Volume:
            manifest = self._snapshots.find(snapshot_id)
            if manifest is None:
                raise SnapshotAbsent(snapshot_id)
            if manifest.status is not SnapshotStatus.ACCOMPLISHED:
                raise WrongState(snapshot_id, manifest.status, "only an accomplished snapshot can be restored")
            source = self._snapshot_pool.require(manifest.volume)
            self._disk_pool.delete(name)
            return self._disk_pool.clone(name, source, size_bytes)

        return self._give_content(disk_id, token, snapshot_id, copied)

    def renew_disk(self, disk_id: str, image_id: str, token: str) -> Disk:
        def fresh(name: str, size_bytes: int) -> Volume:
            if not image_id:
                self._disk_pool.delete(name)
                return self._disk_pool.create(name, size_bytes)
            image = self._images.find(image_id)
            if image is None:
                raise ImageAbsent(image_id)
            if image.status not in WHOLE:
                raise WrongState(image.id, image.status, "only of a whole image disks are made")
            source = self._image_pool.require(image.volume)
            if source.size_bytes > size_bytes:
                raise WrongState(disk_id, f"{size_bytes} bytes large", f"the image {image_id} has {source.size_bytes}")
            self._disk_pool.delete(name)
            return self._disk_pool.clone(name, source, size_bytes)

        return self._give_content(disk_id, token, "", fresh)

    def _give_content(
        self, disk_id: str, token: str, source_snapshot_id: str, make: Callable[[str, int], Volume]
    ) -> Disk:
        """Put another volume behind a disk, which `make` makes by name and size; once for a token."""
        owner = self.disk(disk_id).instance_id
        if not owner:
            raise WrongState(disk_id, "attached to nothing", "attach it to a stopped instance first")
        with self._alone_with(owner):
            domain = self._domain(owner)
            disk = self._disk_in(domain, disk_id)
            noted = domain.text.note.disk(disk.device)
            if noted is None or noted.restore_token != token:
                self._require_stopped(domain)
                self._clear_after_restore(owner, disk_id)
                # Should a crash have left one of this name: the domain does not use it, or we would not be here.
                made = make(f"{disk_id}.{client_token('restore', token)[:8]}.qcow2", self.disk(disk_id).size_bytes)
                verify_volume(self._disk_pool, made, made.size_bytes)
                self._require_still_stopped(owner, made)
                self._redefine(owner, disk, made, source_snapshot_id, token)
            self._clear_after_restore(owner, disk_id)
            return self.disk(disk_id)

    def has_content(self, disk_id: str, snapshot_id: str) -> bool | None:
        disk, manifest = self.disk(disk_id), self._snapshots.find(snapshot_id)
        if manifest is None:
            raise SnapshotAbsent(snapshot_id)
        with self._alone_with(disk.instance_id or disk.id):
            if disk.instance_id and self._domain(disk.instance_id).power is not Power.STOPPED:
                return None
            if disk.pool != self._disk_pool.name:
                return None
            snapshot = self._snapshot_pool.require(manifest.volume)
            return same_content(self._disk_pool, self._disk_pool.require(disk.volume), self._snapshot_pool, snapshot)

    def _require_stopped(self, domain: Domain) -> None:
        if domain.power is not Power.STOPPED:
            raise WrongState(domain.id, domain.power, "stop it before a disk is restored")

    def _require_still_stopped(self, instance_id: str, made: Volume) -> None:
        """Copying takes its time; if the instance was started meanwhile, what was made for it goes."""
        now = self._domain(instance_id)
        if now.power is not Power.STOPPED:
            self._disk_pool.delete(made.name)
            self._require_stopped(now)

    def _disk_in(self, domain: Domain, disk_id: str) -> DomainDisk:
        disk = domain.text.find_disk(disk_id)
        if disk is None:
            raise DiskAbsent(disk_id)
        return disk

    def _definition(self, instance_id: str) -> str:
        """What a domain will be when it starts next, whole: with passwords and the like, which libvirt leaves out
        unless asked, and which must survive."""
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
        return self._ask(instance_id, "looking", lambda handle: str(handle.XMLDesc(flags)))

    def _redefine(self, instance_id: str, disk: DomainDisk, copy: Volume, snapshot_id: str, token: str) -> None:
        """Let the domain use the copy: that one change is the moment of the restore."""
        xml = self._definition(instance_id)
        text = read_domain(xml)
        noted = text.note.disk(disk.device) or DiskNote(text.disk_id(disk), disk.device)
        changed = replace(noted, source_snapshot_id=snapshot_id, restore_token=token, replaced=disk.source)
        fresh = with_disk_replaced(xml, disk.device, copy.path, with_disk(text.note, changed))
        self._connection.call(instance_id, "pointing its disk at the copy", lambda conn: conn.defineXML(fresh))

    # afterwards

    def _clear_after_restore(self, instance_id: str, disk_id: str) -> None:
        """Drop checkpoints that speak of the old content, and the old volume. Asking again ends it after a crash."""
        domain = self._domain(instance_id)
        disk = self._disk_in(domain, disk_id)
        noted = domain.text.note.disk(disk.device)
        if noted is None or not noted.replaced:
            return
        self._forget_checkpoints(domain, disk_id, bitmap=False)
        self._delete_replaced(instance_id, noted.replaced)
        for flag, text in self._texts(instance_id):
            self._put_note(instance_id, with_disk(text.note, replace(noted, replaced="")), flag)

    def _forget_checkpoints(self, domain: Domain, disk_id: str, *, bitmap: bool) -> None:
        """Drop the checkpoints of one disk, and those of disks that the domain has no more."""
        found = self._described_checkpoints(domain.id)
        manifests = self._snapshots.all().values() if found else ()
        others = {domain.text.disk_id(each): each.device for each in domain.text.disks}
        others.pop(disk_id, None)
        for name, checkpoint in found.items():
            if is_resource_id(name, "s"):
                staying = {others.get(each.disk_id) for each in manifests if each.checkpoint == name}
                self._drop_of_disks(domain.id, name, set(checkpoint.devices) - staying, bitmap=bitmap)

    def _delete_replaced(self, instance_id: str, path: str) -> None:
        """Delete the old volume, unless it stands in no pool or anything else uses it."""
        is_used = any(disk.source == path for domain in self._domains() for disk in domain.text.disks)
        try:
            pool_name, name = self._connection.call(
                instance_id,
                "finding its old volume",
                lambda conn: _pool_and_name(conn.storageVolLookupByPath(path)),
            )
        except LibvirtFailed as failed:
            if failed.code == libvirt.VIR_ERR_NO_STORAGE_VOL:
                return
            raise
        pool = self._pool_named(pool_name)
        beneath = {volume.backing for volume in pool.volumes()}
        if not is_used and path not in beneath:
            pool.delete(name)


def _pool_and_name(volume: Handle) -> tuple[str, str]:
    return str(volume.storagePoolLookupByVolume().name()), str(volume.name())


def with_disk(note: Note, changed: DiskNote) -> Note:
    """The note with this about the disk in place of what it said."""
    return replace(note, disks=(*(each for each in note.disks if each.device != changed.device), changed))

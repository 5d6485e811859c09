"""Restoring disks on libvirt: a new volume from the snapshot, then one change of the domain, then the old one goes.

Reverting to an external snapshot is not what this is: libvirt 9.0 cannot. https://libvirt.org/formatdomain.html
"""

from __future__ import annotations

from dataclasses import replace

from oos.adapters.libvirt.connection import Handle, LibvirtFailed, libvirt
from oos.adapters.libvirt.deleting import LibvirtDeleting
from oos.adapters.libvirt.domain_xml import DomainDisk, read_domain, with_disk_replaced
from oos.adapters.libvirt.host import Domain
from oos.adapters.libvirt.instances import LibvirtInstances
from oos.adapters.libvirt.note import DiskNote, Note
from oos.adapters.libvirt.pools import Volume
from oos.adapters.libvirt.verification import verify_volume
from oos.fleet.errors import DiskAbsent, SnapshotAbsent, WrongState
from oos.fleet.instance import Power
from oos.fleet.storage import Disk, SnapshotStatus
from oos.values.identifiers import client_token, is_resource_id


class LibvirtRestoring(LibvirtInstances, LibvirtDeleting):
    """The half of the port that restores disks."""

    def restore_disk(self, disk_id: str, snapshot_id: str, token: str) -> Disk:
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
                self._point_at_copy(domain, disk, snapshot_id, token)
            self._clear_after_restore(owner, disk_id)
            return self.disk(disk_id)

    def _require_stopped(self, domain: Domain) -> None:
        if domain.power is not Power.STOPPED:
            raise WrongState(domain.id, domain.power, "stop it before a disk is restored")

    def _disk_in(self, domain: Domain, disk_id: str) -> DomainDisk:
        disk = domain.text.find_disk(disk_id)
        if disk is None:
            raise DiskAbsent(disk_id)
        return disk

    def _point_at_copy(self, domain: Domain, disk: DomainDisk, snapshot_id: str, token: str) -> None:
        """Copy the snapshot, and let the domain use the copy: that one change is the moment of the restore."""
        manifest = self._snapshots.find(snapshot_id)
        if manifest is None:
            raise SnapshotAbsent(snapshot_id)
        if manifest.status is not SnapshotStatus.ACCOMPLISHED:
            raise WrongState(snapshot_id, manifest.status, "only an accomplished snapshot can be restored")
        disk_id = domain.text.disk_id(disk)
        name = f"{disk_id}.{client_token('restore', token)[:8]}.qcow2"
        # Should a crash have left it: the domain does not use it, or we would not be here.
        self._disk_pool.delete(name)
        copy = self._disk_pool.clone(name, self._snapshot_pool.require(manifest.volume), self.disk(disk_id).size_bytes)
        verify_volume(self._disk_pool, copy, copy.size_bytes)
        now = self._domain(domain.id)
        if now.power is not Power.STOPPED:
            self._disk_pool.delete(name)
            self._require_stopped(now)
        self._redefine(domain.id, disk, copy, snapshot_id, token)

    def _redefine(self, instance_id: str, disk: DomainDisk, copy: Volume, snapshot_id: str, token: str) -> None:
        # With passwords and the like, which libvirt leaves out unless asked: they must survive.
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
        xml = self._ask(instance_id, "looking", lambda handle: str(handle.XMLDesc(flags)))
        text = read_domain(xml)
        noted = text.note.disk(disk.device) or DiskNote(text.disk_id(disk), disk.device)
        changed = replace(noted, source_snapshot_id=snapshot_id, restore_token=token, replaced=disk.source)
        fresh = with_disk_replaced(xml, disk.device, copy.path, _with_disk(text.note, changed))
        self._connection.call(instance_id, "pointing its disk at the copy", lambda conn: conn.defineXML(fresh))

    # afterwards

    def _clear_after_restore(self, instance_id: str, disk_id: str) -> None:
        """Drop checkpoints that speak of the old content, and the old volume. Asking again ends it after a crash."""
        domain = self._domain(instance_id)
        disk = self._disk_in(domain, disk_id)
        noted = domain.text.note.disk(disk.device)
        if noted is None or not noted.replaced:
            return
        self._forget_checkpoints(domain, disk_id)
        self._delete_replaced(instance_id, noted.replaced)
        for flag, text in self._texts(instance_id):
            self._put_note(instance_id, _with_disk(text.note, replace(noted, replaced="")), flag)

    def _forget_checkpoints(self, domain: Domain, disk_id: str) -> None:
        manifests = self._snapshots.all()
        for name in self._checkpoints(domain.id):
            known = manifests.get(name)
            if is_resource_id(name, "s") and (known is None or known.disk_id == disk_id):
                self._drop_checkpoint(domain.id, name, bitmap=False)

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


def _with_disk(note: Note, changed: DiskNote) -> Note:
    """The note with this about the disk in place of what it said."""
    return replace(note, disks=(*(each for each in note.disks if each.device != changed.device), changed))

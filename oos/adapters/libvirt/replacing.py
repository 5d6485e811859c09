"""Replacing system disks on libvirt: a new volume from an image, one change of the domain, then the old one goes."""

from __future__ import annotations

from dataclasses import replace

from oos.adapters.libvirt.disk_changes import NewSystemDisk, with_system_disk
from oos.adapters.libvirt.domain_template import serial_of
from oos.adapters.libvirt.domain_xml import read_domain
from oos.adapters.libvirt.making import LibvirtMaking
from oos.adapters.libvirt.note import DiskNote
from oos.adapters.libvirt.pools import Volume
from oos.adapters.libvirt.restoring import with_disk
from oos.fleet.errors import HypervisorFailed, ImageAbsent, WrongState
from oos.fleet.image import WHOLE
from oos.fleet.manifest import ImageManifest
from oos.fleet.storage import Disk, SystemDiskSpec


class LibvirtReplacing(LibvirtMaking):
    """The half of the port that replaces system disks."""

    def replace_system_disk(self, instance_id: str, spec: SystemDiskSpec) -> Disk:
        with self._alone_with(instance_id):
            domain = self._domain(instance_id)
            if not domain.text.disks:
                raise HypervisorFailed(instance_id, "it has no disk")
            before = domain.text.disk_id(domain.text.disks[0])
            if before != spec.id:
                self._require_stopped(domain)
                self._clear_after_restore(instance_id, before)
                image = self._images.find(spec.image_id)
                if image is None:
                    raise ImageAbsent(spec.image_id)
                if image.status not in WHOLE:
                    raise WrongState(image.id, image.status, "only of a whole image disks are made")
                name = f"{spec.id}.qcow2"
                # Should a crash have left one: the domain does not use it, or we would not be here.
                self._disk_pool.delete(name)
                made = self._disk_pool.clone(name, self._image_pool.require(image.volume), spec.size_bytes or 0)
                self._require_still_stopped(instance_id, made)
                self._start_from(instance_id, spec, image, made)
            self._clear_after_replacing(instance_id, spec.id)
            return self.disk(spec.id)

    def _start_from(self, instance_id: str, spec: SystemDiskSpec, image: ImageManifest, made: Volume) -> None:
        """Let the domain start from the new volume: that one change is the moment in which the disk is replaced."""
        xml = self._definition(instance_id)
        text = read_domain(xml)
        old = text.disks[0]
        noted = DiskNote(spec.id, old.device, made=True, created=spec.created, replaced=old.source)
        note = replace(with_disk(text.note, noted), image_id=spec.image_id)
        boot = self._boot(image, text.note.host_name, instance_id)
        new = NewSystemDisk(made.path, serial_of(spec.id), boot)
        fresh = with_system_disk(xml, old.device, new, note)
        self._connection.call(instance_id, "putting in a new system disk", lambda conn: conn.defineXML(fresh))

    def _clear_after_replacing(self, instance_id: str, disk_id: str) -> None:
        """Forget the old disk, then delete it as after a restore; asking again ends it after a crash."""
        domain = self._domain(instance_id)
        noted = domain.text.note.disk(domain.text.disks[0].device)
        if noted is not None and noted.replaced:
            name = noted.replaced.rsplit("/", 1)[-1]
            for id, written in self._disk_notes.all().items():
                if id != disk_id and (written.volume == name or name.startswith(f"{id}.")):
                    self._disk_notes.remove(id)
        self._clear_after_restore(instance_id, disk_id)

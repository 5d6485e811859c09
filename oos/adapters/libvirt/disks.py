"""Disks and images on libvirt: what there is of them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from oos.adapters.libvirt.connection import Handle, LibvirtFailed, libvirt
from oos.adapters.libvirt.domain_xml import DomainDisk
from oos.adapters.libvirt.host import Domain, LibvirtHost
from oos.adapters.libvirt.note import DiskNote
from oos.adapters.libvirt.pools import Volume, read_volume
from oos.fleet.errors import DiskAbsent, ImageAbsent, InstanceAbsent
from oos.fleet.identity import adopted_disk_id
from oos.fleet.image import WHOLE, ImageStatus
from oos.fleet.manifest import MANIFEST_NAME, DiskManifest, ImageManifest
from oos.fleet.storage import Disk, DiskKind, Image
from oos.values.identifiers import is_resource_id
from oos.values.time import format_instant, parse_instant

_ID_LENGTH: Final = len("d-") + 20
_NOT_DISKS: Final = ("s", "m", "i")
"""Prefixes of volumes of ours that are no disks: snapshots, images, consoles of instances."""


def volumes_of(manifest: ImageManifest) -> tuple[str, ...]:
    """The names of an image's volumes, that of its system disk first; without kernel and initrd."""
    return (manifest.volume, *(each.volume for each in manifest.data_disks))


class LibvirtDisks(LibvirtHost):
    """The half of the port that lists disks and images."""

    def disks(self) -> tuple[Disk, ...]:
        domains = self._domains()
        volumes = {volume.path: volume for volume in self._disk_pool.volumes()}
        notes = self._disk_notes.all()
        attached = [disk for domain in domains for disk in self._disks_of(domain, volumes, notes)]
        taken = {disk.id for disk in attached}
        return (*attached, *self._unattached(domains, volumes.values(), notes, taken))

    def disk(self, disk_id: str) -> Disk:
        domain = self._domain_with(disk_id)
        if domain is not None:
            noted = self._disk_notes.find(disk_id)
            notes = {} if noted is None else {disk_id: noted}
            found = next((disk for disk in self._disks_of(domain, {}, notes, only=disk_id)), None)
            if found is not None:
                return found
        loose = next((disk for disk in self.disks() if disk.id == disk_id), None)
        if loose is None:
            raise DiskAbsent(disk_id)
        return loose

    def _domain_with(self, disk_id: str) -> Domain | None:
        """The domain that has this disk, or None. It is looked for where it was last, before all are asked."""
        known = self._owners.get(disk_id)
        if known is not None:
            with contextlib.suppress(InstanceAbsent):
                domain = self._domain(known)
                if domain.text.find_disk(disk_id) is not None:
                    return domain
        domains = self._domains()
        self._owners = {each.text.disk_id(disk): each.id for each in domains for disk in each.text.disks}
        return next((each for each in domains if each.id == self._owners.get(disk_id)), None)

    def _disks_of(
        self, domain: Domain, volumes: dict[str, Volume], notes: Mapping[str, DiskManifest], only: str = ""
    ) -> Iterable[Disk]:
        for number, disk in enumerate(domain.text.disks):
            id = domain.text.disk_id(disk)
            if only in ("", id):
                yield self._attached(domain, disk, number, volumes, notes.get(id))

    def _attached(
        self, domain: Domain, disk: DomainDisk, number: int, volumes: dict[str, Volume], written: DiskManifest | None
    ) -> Disk:
        id = domain.text.disk_id(disk)
        noted = domain.text.note.disk(disk.device) or DiskNote(id, disk.device)
        # What somebody wrote later is in the manifest; where the content comes from, the domain knows best.
        kept = written or DiskManifest(
            id=id,
            volume="",
            created=format_instant(noted.created) if noted.created else "",
            name=noted.name,
            delete_with_instance=noted.made and bool(domain.text.note.token),
            source_snapshot_id=noted.source_snapshot_id,
        )
        pool, volume = self._volume_of(disk, volumes)
        return Disk(
            id=id,
            host=self._host.name,
            zone=self._host.zone,
            region=self._host.region,
            pool=pool,
            volume=volume.name if volume and pool else disk.source or disk.volume,
            size_bytes=volume.size_bytes if volume else self._size_in_domain(domain, disk),
            kind=DiskKind.DATA if number else DiskKind.SYSTEM,
            format=disk.format,
            instance_id=domain.id,
            device=disk.device,
            name=kept.name,
            description=kept.description,
            delete_with_instance=kept.delete_with_instance,
            source_snapshot_id=noted.source_snapshot_id if noted.restore_token else kept.source_snapshot_id,
            created=parse_instant(kept.created) if kept.created else None,
        )

    def _volume_of(self, disk: DomainDisk, volumes: dict[str, Volume]) -> tuple[str, Volume | None]:
        """The pool and the volume behind a disk; nothing where the file stands in no pool."""
        if disk.source in volumes:
            return self._disk_pool.name, volumes[disk.source]

        def look(conn: Handle) -> tuple[str, str]:
            if disk.pool:
                volume = conn.storagePoolLookupByName(disk.pool).storageVolLookupByName(disk.volume)
            else:
                volume = conn.storageVolLookupByPath(disk.source)
            return str(volume.storagePoolLookupByVolume().name()), str(volume.XMLDesc(0))

        try:
            pool, xml = self._connection.call(disk.source or disk.volume, "finding its volume", look)
        except LibvirtFailed as failed:
            if failed.code in (libvirt.VIR_ERR_NO_STORAGE_VOL, libvirt.VIR_ERR_NO_STORAGE_POOL):
                return "", None
            raise
        return pool, read_volume(xml)

    def _size_in_domain(self, domain: Domain, disk: DomainDisk) -> int:
        """The size of what stands in no pool; 0 where libvirt cannot look (a network disk of a stopped domain)."""
        try:
            return int(self._ask(domain.id, "measuring a disk", lambda handle: handle.blockInfo(disk.device, 0))[0])
        except LibvirtFailed:
            return 0

    def _unattached(
        self,
        domains: Collection[Domain],
        volumes: Collection[Volume],
        notes: Mapping[str, DiskManifest],
        taken: set[str],
    ) -> Iterable[Disk]:
        by_volume = {each.volume: each for each in notes.values()}
        used = {disk.source for domain in domains for disk in domain.text.disks}
        used |= {f"{disk.pool}/{disk.volume}" for domain in domains for disk in domain.text.disks}
        beneath = {volume.backing for volume in volumes}
        of_images = self._image_volumes()
        # Of several volumes of one disk, that is its own which is written down; others were left by what died.
        for volume in sorted(volumes, key=lambda each: each.name not in by_volume):
            if volume.path in used or f"{self._disk_pool.name}/{volume.name}" in used or volume.path in beneath:
                continue
            if not _may_be_a_disk(volume) or volume.name in of_images:
                continue
            written = by_volume.get(volume.name)
            id = written.id if written else self._id_of(volume)
            # A second volume of a disk is what an interrupted restore left; asking again, or deleting it, removes it.
            if id in taken:
                continue
            taken.add(id)
            yield Disk(
                id=id,
                host=self._host.name,
                zone=self._host.zone,
                region=self._host.region,
                pool=self._disk_pool.name,
                volume=volume.name,
                size_bytes=volume.size_bytes,
                kind=DiskKind.DATA,
                format=volume.format,
                **_told(written),
            )

    def _id_of(self, volume: Volume) -> str:
        """The id of a disk that nobody wrote about: in the name of its volume, or made from it."""
        named = volume.name[:_ID_LENGTH]
        return named if is_resource_id(named, "d") else adopted_disk_id("", f"{self._disk_pool.name}/{volume.name}")

    def _image_volumes(self) -> set[str]:
        """Names that are no disks, where images and disks share a pool."""
        if self._image_pool.name != self._disk_pool.name:
            return set()
        names: set[str] = set()
        for image in self._images.all().values():
            names |= {image.volume, *((image.boot.kernel, image.boot.initrd) if image.boot else ())}
        return names

    # images

    def images(self) -> tuple[Image, ...]:
        manifests = self._images.all()
        if not manifests:
            return ()
        sizes = {volume.name: volume.size_bytes for volume in self._image_pool.volumes()}
        return tuple(self._as_image(each, sizes) for _, each in sorted(manifests.items()))

    def image(self, image_id: str) -> Image:
        manifest = self._images.find(image_id)
        if manifest is None:
            raise ImageAbsent(image_id)
        found = (self._image_pool.find(name) for name in volumes_of(manifest))
        return self._as_image(manifest, {volume.name: volume.size_bytes for volume in found if volume})

    def _as_image(self, manifest: ImageManifest, sizes: Mapping[str, int]) -> Image:
        is_there = all(sizes.get(name) for name in volumes_of(manifest))
        return Image(
            id=manifest.id,
            host=self._host.name,
            zone=self._host.zone,
            region=self._host.region,
            volume=manifest.volume,
            size_bytes=sizes.get(manifest.volume, 0),
            name=manifest.name,
            description=manifest.description,
            family=manifest.family,
            os_name=manifest.os_name,
            os_type=manifest.os_type,
            platform=manifest.platform,
            architecture=manifest.architecture,
            status=ImageStatus.UNAVAILABLE if manifest.status in WHOLE and not is_there else manifest.status,
            created=parse_instant(manifest.created) if manifest.created else None,
            boot=manifest.boot,
            tags=manifest.tags,
            token=manifest.token,
            instance_id=manifest.instance_id,
            snapshot_id=manifest.snapshot_id,
            copied_from=manifest.copied_from,
            consistency=manifest.consistency,
            shared_with=tuple(manifest.shared_with),
            progress=100 if manifest.status in WHOLE else 0,
            fault=manifest.fault,
            data_disks=tuple(manifest.data_disks),
        )


def _told(written: DiskManifest | None) -> dict[str, Any]:
    """The facts of a disk that are written beside its volume."""
    if written is None:
        return {}
    return {
        "name": written.name,
        "description": written.description,
        "delete_with_instance": written.delete_with_instance,
        "source_snapshot_id": written.source_snapshot_id,
        "created": parse_instant(written.created) if written.created else None,
        "is_ready": written.is_ready,
        "is_blank": written.is_blank,
    }


def _may_be_a_disk(volume: Volume) -> bool:
    if MANIFEST_NAME.fullmatch(volume.name) or volume.format == "iso":
        return False
    return not any(is_resource_id(volume.name[: len(prefix) + 21], prefix) for prefix in _NOT_DISKS)

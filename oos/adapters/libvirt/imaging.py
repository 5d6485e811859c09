"""Images on libvirt, made from what is on the host: from disks and snapshots; labelled, and deleted.

An image is the volume `m-….qcow2` of the image pool, and a manifest beside it. One whose guests the hypervisor boots
itself names kernel and initrd, volumes of the same pool, which images that were made from each other share.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from oos.adapters.libvirt.backups import Backup, BackupInTheWay
from oos.adapters.libvirt.disks import volumes_of
from oos.adapters.libvirt.domain_xml import DomainText
from oos.adapters.libvirt.host import Domain
from oos.adapters.libvirt.snapshots import ATTEMPTS, LibvirtSnapshots, may_answer
from oos.adapters.libvirt.verification import verify_volume
from oos.fleet.errors import (
    AbsentError,
    DeadlineExceeded,
    HypervisorFailed,
    ImageAbsent,
    PoolFull,
    SnapshotAbsent,
    WrongState,
)
from oos.fleet.image import WHOLE, ImageLabels, ImageRequest, ImageStatus
from oos.fleet.instance import Power
from oos.fleet.manifest import ImageManifest, SnapshotManifest
from oos.fleet.storage import Consistency, DirectBoot, Disk, Image, ImageDisk, SnapshotStatus
from oos.values.time import format_instant

_HOST_NAME_WORD: Final = re.compile(r"\s*\boos\.hostname=\S*")
"""What RunInstances adds to the kernel's command line for one instance."""
_BOOT_VOLUME: Final = re.compile(r"(?P<id>m-[0-9a-f]{20})\.(?:kernel|initrd)")


def volume_name(image_id: str, device: str = "") -> str:
    """The name of an image's volume: that of its system disk, or of a data disk."""
    return f"{image_id}.{device}.qcow2" if device else f"{image_id}.qcow2"


def raw_name(image_id: str) -> str:
    """The name of the volume that takes what must be converted first."""
    return f"{image_id}.import"


class LibvirtImaging(LibvirtSnapshots):
    """The half of the port that makes images from disks and snapshots, and deletes them."""

    def create_image(self, request: ImageRequest, report: Callable[[int], None]) -> Image:
        with self._alone_with(request.id):
            known = self._images.find(request.id)
            if known is not None and known.status in WHOLE:
                report(100)
                return self.image(request.id)
            make = self._image_of_snapshot if request.snapshot_id else self._image_of_disk
            return self._made_or_failed(request.id, report, lambda: make(request, report))

    def _made_or_failed(self, image_id: str, report: Callable[[int], None], make: Callable[[], None]) -> Image:
        try:
            make()
        except (HypervisorFailed, DeadlineExceeded, WrongState) as failed:
            self._note_image_failure(image_id, str(failed))
            raise
        report(100)
        return self.image(image_id)

    def _image_of_snapshot(self, request: ImageRequest, report: Callable[[int], None]) -> None:
        snapshot = self._require_accomplished(request.snapshot_id)
        try:
            text = self._domain(snapshot.instance_id).text if snapshot.instance_id else None
        except AbsentError:
            text = None
        further = [self._require_accomplished(each.snapshot_id) for each in request.data]
        data = [
            ImageDisk(each.device, volume_name(request.id, each.device), found.source_size_bytes, found.id)
            for each, found in zip(request.data, further, strict=True)
        ]
        manifest = self._put_image_begun(request, text, snapshot.instance_id, snapshot.image_id, data)
        report(1)
        for name, each in zip(volumes_of(manifest), (snapshot, *further), strict=True):
            self._image_pool.delete(name)
            # The copy reads through the whole chain of increments, and stands alone.
            self._image_pool.clone(name, self._snapshot_pool.require(each.volume), each.source_size_bytes)
        self._finish_image(manifest, request.labels.status, snapshot.consistency)

    def _require_accomplished(self, snapshot_id: str) -> SnapshotManifest:
        snapshot = self._snapshots.find(snapshot_id)
        if snapshot is None:
            raise SnapshotAbsent(snapshot_id)
        if snapshot.status is not SnapshotStatus.ACCOMPLISHED:
            raise WrongState(snapshot.id, snapshot.status, "only of an accomplished one an image is made")
        return snapshot

    def _image_of_disk(self, request: ImageRequest, report: Callable[[int], None]) -> None:
        disk = self.disk(request.disk_id)
        disks = [disk, *(self.disk(each.disk_id) for each in request.data)]
        data = [
            ImageDisk(each.device, volume_name(request.id, each.device), found.size_bytes)
            for each, found in zip(request.data, disks[1:], strict=True)
        ]
        for each in disks[1:]:
            if not disk.instance_id or each.instance_id != disk.instance_id:
                raise WrongState(each.id, "not of one instance with the system disk", "name disks of one instance")
        with self._alone_with(disk.instance_id or disk.id):
            for attempt in range(1, ATTEMPTS + 1):
                domain = self._domain(disk.instance_id) if disk.instance_id else None
                manifest = self._put_image_begun(request, domain.text if domain else None, disk.instance_id, data=data)
                try:
                    if domain is None or domain.power is Power.STOPPED:
                        self._copy_stopped_disks(manifest, disks)
                        consistency = Consistency.STOPPED
                    else:
                        consistency = self._copy_running_disks(manifest, disks, domain, report)
                except BackupInTheWay:
                    if attempt == ATTEMPTS:
                        raise
                    continue
                self._finish_image(manifest, request.labels.status, consistency)
                return

    def _copy_stopped_disks(self, manifest: ImageManifest, disks: Sequence[Disk]) -> None:
        """Copy the volumes. Should the guest start meanwhile: QEMU's image lock lets only one of the two have each."""
        for name, disk in zip(volumes_of(manifest), disks, strict=True):
            self._image_pool.delete(name)
            if not disk.pool:
                raise HypervisorFailed(
                    disk.id, f"{disk.volume} stands in no storage pool; start the instance to make an image of it"
                )
            source = self._pool_named(disk.pool).require(disk.volume)
            self._image_pool.clone(name, source, disk.size_bytes)
        if len(disks) > 1 and (now := self._domain(disks[0].instance_id)).power is not Power.STOPPED:
            raise WrongState(now.id, now.power, "it was started while its disks were copied")

    def _copy_running_disks(
        self, manifest: ImageManifest, disks: Sequence[Disk], domain: Domain, report: Callable[[int], None]
    ) -> Consistency:
        """Full backups straight into the image's volumes, in one job, with no checkpoint: chains of snapshots go on."""
        devices = []
        for disk in disks:
            source = domain.text.find_disk(disk.id)
            if source is None:
                raise WrongState(disk.id, f"not attached to {domain.id} any more", "name disks of one instance")
            devices.append(source.device)
        self._thaw_leftovers(domain, manifest.id)
        target = self._image_pool.find(manifest.volume)
        consistency = manifest.consistency or Consistency.CRASH
        if target is None or target.path not in self._backup_targets(domain.id):
            for name in volumes_of(manifest):
                self._image_pool.delete(name)
            if domain.is_stuck:
                domain = self._freed(domain.id, manifest.id)
            self._wait_for_others(domain.id)
            targets = [
                self._image_pool.create(name, disk.size_bytes)
                for name, disk in zip(volumes_of(manifest), disks, strict=True)
            ]
            target = targets[0]
            backups = [Backup(device, each.path, checkpoint="") for device, each in zip(devices, targets, strict=True)]
            frozen = self._begin_backup(domain.id, *backups, freeze=may_answer(domain))
            consistency = Consistency.FROZEN if frozen else Consistency.CRASH
            # Whoever finds our backup still running after a crash reads here how it began.
            self._images.put(msgspec.structs.replace(manifest, consistency=consistency))
        try:
            self._wait_for_backup(domain.id, target.path, report)
        except PoolFull as full:
            raise PoolFull(self._image_pool.target, full.cause) from full
        return consistency

    def _finish_image(self, manifest: ImageManifest, status: str, consistency: Consistency | None) -> None:
        """Verify it, then say that it is whole, unless somebody deleted it meanwhile."""
        self._require_wanted(manifest.id)
        for name in volumes_of(manifest):
            volume = self._image_pool.require(name)
            verify_volume(self._image_pool, volume, volume.size_bytes)
        self._require_wanted(manifest.id)
        self._images.put(msgspec.structs.replace(manifest, status=status, consistency=consistency, fault=""))

    def _require_wanted(self, image_id: str) -> None:
        """Raise WrongState when the image was deleted while it was made."""
        manifest = self._images.find(image_id)
        if manifest is None or manifest.status != ImageStatus.CREATING:
            raise WrongState(image_id, "deleted", "it was deleted while it was made")

    # what it says of itself

    def _put_image_begun(
        self,
        request: ImageRequest,
        text: DomainText | None,
        instance_id: str,
        image_id: str = "",
        data: Sequence[ImageDisk] = (),
    ) -> ImageManifest:
        """The first version of the manifest: from now on a crash leaves a trace.

        What an earlier attempt wrote of the moment of its copy stays, because that copy may still run.
        """
        base = self._images.find(text.note.image_id if text is not None else image_id)
        known = self._images.find(request.id)
        if text is not None:
            boot = self._boot_of(text)
        else:
            boot = base.boot if base else None
        facts = request.facts
        return self._images.put(
            ImageManifest(
                id=request.id,
                volume=volume_name(request.id),
                created=format_instant(request.created),
                name=request.labels.name,
                description=request.labels.description,
                family=request.labels.family,
                os_name=facts.os_name or (base.os_name if base else ""),
                os_type=facts.os_type or (base.os_type if base else "linux"),
                platform=facts.platform or (base.platform if base else ""),
                architecture=facts.architecture or (base.architecture if base else "x86_64"),
                status=ImageStatus.CREATING,
                boot=boot,
                tags=dict(request.tags),
                token=request.token,
                instance_id=instance_id,
                snapshot_id=request.snapshot_id,
                copied_from=request.copied_from,
                consistency=known.consistency if known else None,
                shared_with=list(request.labels.shared_with),
                data_disks=list(data),
            )
        )

    def _boot_of(self, text: DomainText) -> DirectBoot | None:
        """How instances of this domain's disk boot: as the domain does, without what is its alone."""
        if not text.kernel:
            return None
        names = []
        for path in (text.kernel, text.initrd):
            name = path.rsplit("/", 1)[-1]
            volume = self._image_pool.find(name) if name else None
            if volume is None or volume.path != path:
                wanted = f"boot its guests by {path or 'an initrd'}, which stands in {self._image_pool.target}"
                raise HypervisorFailed(text.id, f"an image of it cannot {wanted}")
            names.append(name)
        return DirectBoot(names[0], names[1], _HOST_NAME_WORD.sub("", text.command_line).strip())

    def label_image(self, image_id: str, labels: ImageLabels) -> Image:
        with self._alone_with(image_id):
            manifest = self._images.find(image_id)
            if manifest is None:
                raise ImageAbsent(image_id)
            if manifest.status not in WHOLE:
                raise WrongState(image_id, manifest.status, "wait until it is available")
            changed = msgspec.structs.replace(
                manifest,
                name=labels.name,
                description=labels.description,
                family=labels.family,
                status=labels.status,
                shared_with=list(labels.shared_with),
            )
            if changed != manifest:
                self._images.put(changed)
            return self.image(image_id)

    # deleting, and what failed

    def delete_image(self, image_id: str) -> None:
        manifest = self._images.find(image_id)
        if manifest is None:
            # Its maker may have died before the first manifest was whole.
            self._images.remove(image_id)
            return
        if manifest.status == ImageStatus.CREATING:
            with contextlib.suppress(AbsentError):
                if manifest.instance_id:
                    self._thaw_leftovers(self._domain(manifest.instance_id), image_id)
            # Without the lock, which its maker may hold. He looks at the manifest now and then, and gives up.
            manifest = self._images.put(msgspec.structs.replace(manifest, status=ImageStatus.CREATE_FAILED))
            self._end_image(manifest)
            self._images.remove(image_id)
            return
        with self._alone_with(image_id):
            # The volumes first: until the manifest is gone, asking again finds what is left to do.
            self._end_image(manifest)
            self._images.remove(image_id)

    def _end_image(self, manifest: ImageManifest) -> None:
        """End what still works on an image, and remove what there is of it."""
        domain = self._domain_copied_into(manifest)
        if domain is not None:
            self._give_up(domain.id)
        for name in (*volumes_of(manifest), raw_name(manifest.id)):
            self._image_pool.delete(name)
        for name in self._unused_boot_volumes(manifest):
            self._image_pool.delete(name)
        if domain is not None and self._domain(domain.id).is_stuck:
            self._freed(domain.id, manifest.id)

    def _domain_copied_into(self, manifest: ImageManifest) -> Domain | None:
        """The running guest whose disk is being copied into this image now, if any."""
        try:
            if not manifest.instance_id:
                return None
            targets = self._backup_targets(manifest.instance_id)
            is_ours = manifest.volume in {each.rsplit("/", 1)[-1] for each in targets}
            return self._domain(manifest.instance_id) if is_ours else None
        except AbsentError:
            return None

    def _unused_boot_volumes(self, gone: ImageManifest) -> set[str]:
        """Kernels and initrds that no image and no domain needs when this image is gone.

        Those of images that were deleted before, while instances still booted from them, are among them.
        """
        manifests = {**self._images.all(), gone.id: gone}
        used = {
            name
            for each in manifests.values()
            if each.boot and each.id != gone.id
            for name in (each.boot.kernel, each.boot.initrd)
        }
        used |= {path.rsplit("/", 1)[-1] for each in self._domains() for path in (each.text.kernel, each.text.initrd)}
        own = {gone.boot.kernel, gone.boot.initrd} if gone.boot else set()
        manifests.pop(gone.id)
        named = filter(None, map(_BOOT_VOLUME.fullmatch, self._image_pool.names()))
        left = {each.string for each in named if each["id"] not in manifests}
        return (own | left) - used

    def _note_image_failure(self, image_id: str, fault: str) -> None:
        """Write down why, and take down what there is; best effort, because the pool may be what failed."""
        manifest = self._images.find(image_id)
        try:
            if manifest is None or manifest.status != ImageStatus.CREATING:
                # Somebody deleted it meanwhile; what was written since goes too.
                for name in self._image_pool.names():
                    if name == raw_name(image_id) or (name.startswith(f"{image_id}.") and name.endswith(".qcow2")):
                        self._image_pool.delete(name)
                return
            self._end_image(manifest)
            failed = msgspec.structs.replace(manifest, status=ImageStatus.CREATE_FAILED, fault=fault, boot=None)
            self._images.put(failed)
        except (HypervisorFailed, DeadlineExceeded):
            # The manifest still says "Creating": asking again begins again.
            return

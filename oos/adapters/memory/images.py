"""Simulated images: copies of what disks and snapshots hold, labelled, sent to other hosts, deleted."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import msgspec

from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.adapters.memory.state import Files
from oos.adapters.memory.storage import SimulatedStorage
from oos.fleet.errors import HypervisorFailed, ImageAbsent, WrongState
from oos.fleet.image import WHOLE, DataContent, ImageContent, ImageLabels, ImageRequest, ImageStatus, Part, PartContent
from oos.fleet.image_file import BadImageFile, examine
from oos.fleet.storage import Consistency, DirectBoot, Disk, Image, ImageDisk, Snapshot, SnapshotStatus
from oos.values.typed import decode_as

_HEADER: Final = struct.Struct(">4sIQIIQ")
_FILES_AT: Final = 512
"""Where in a simulated file of an image the files of its disk begin; before that it is the header of a qcow2 file."""
_KERNEL: Final = b"a simulated kernel"


class SimulatedImages(SimulatedStorage):
    """The half of the port that is about images."""

    def images(self) -> tuple[Image, ...]:
        with self._call("images", ""), self._lock:
            return tuple(self.state.images[id] for id in sorted(self.state.images))

    def image(self, image_id: str) -> Image:
        with self._call("image", image_id):
            return self._image(image_id)

    def _image(self, image_id: str) -> Image:
        with self._lock:
            if image_id not in self.state.images:
                raise ImageAbsent(image_id)
            return self.state.images[image_id]

    def create_image(self, request: ImageRequest, report: Callable[[int], None]) -> Image:
        target = request.snapshot_id or request.disk_id

        def make(fault: FaultKind | None) -> Image:
            if request.snapshot_id:
                return self._image_of_snapshot(request, fault)
            with self._alone_with(self._disk(request.disk_id).instance_id or request.disk_id):
                return self._image_of_disk(request, self._disk(request.disk_id), fault)

        return self._made_image("create_image", request, target, report, make)

    def import_image(self, request: ImageRequest, content: ImageContent, report: Callable[[int], None]) -> Image:
        def make(fault: FaultKind | None) -> Image:
            contents = [content.parts[Part.DISK], *(each.content for each in content.data)]
            try:
                file, *further = (examine(each) for each in contents)
            except BadImageFile as bad:
                raise HypervisorFailed(request.id, f"it cannot be imported: {bad}") from bad
            data_disks = tuple(
                ImageDisk(each.device, _volume(request.id, each.device), found.size_bytes)
                for each, found in zip(content.data, further, strict=True)
            )
            boot = None
            if Part.KERNEL in content.parts:
                boot = DirectBoot(f"{request.id}.kernel", f"{request.id}.initrd", content.command_line)
            image = replace(self._new_image(request), size_bytes=file.size_bytes, boot=boot, data_disks=data_disks)
            self._begin_image(image, fault)
            read = [each.read(0, each.length) for each in contents]
            for each, data in zip(contents, read, strict=True):
                if len(data) < each.length:
                    raise HypervisorFailed(request.id, f"its content ended at {len(data)} of {each.length} bytes")
            return self._end_image(request, *map(_files_in, read))

        return self._made_image("import_image", request, request.copied_from, report, make)

    def _made_image(
        self,
        method: str,
        request: ImageRequest,
        target: str,
        report: Callable[[int], None],
        make: Callable[[FaultKind | None], Image],
    ) -> Image:
        with self._alone_with(request.id):
            try:
                with self._call(method, target, request.id, request.token) as fault:
                    known = self.state.images.get(request.id)
                    made = known if known is not None and known.status in WHOLE else make(fault)
                    report(100)
                    return made
            except HypervisorFailed as failed:
                begun = self.state.images.get(request.id)
                if begun is not None and begun.status == ImageStatus.CREATING:
                    with self._change():
                        self.state.images[request.id] = replace(
                            begun, status=ImageStatus.CREATE_FAILED, fault=str(failed), boot=None
                        )
                raise

    def _image_of_snapshot(self, request: ImageRequest, fault: FaultKind | None) -> Image:
        snapshot, *further = (
            self._accomplished_for_image(id)
            for id in (request.snapshot_id, *(each.snapshot_id for each in request.data))
        )
        image = replace(
            self._new_image(request, snapshot.instance_id),
            size_bytes=snapshot.source_size_bytes,
            consistency=snapshot.consistency,
            data_disks=tuple(
                ImageDisk(each.device, _volume(request.id, each.device), found.source_size_bytes, found.id)
                for each, found in zip(request.data, further, strict=True)
            ),
        )
        self._begin_image(image, fault)
        return self._end_image(request, *(self.state.files.get(each.id, {}) for each in (snapshot, *further)))

    def _accomplished_for_image(self, snapshot_id: str) -> Snapshot:
        snapshot = self._snapshot(snapshot_id)
        if snapshot.status is not SnapshotStatus.ACCOMPLISHED:
            raise WrongState(snapshot.id, snapshot.status, "only of an accomplished one an image is made")
        return snapshot

    def _image_of_disk(self, request: ImageRequest, disk: Disk, fault: FaultKind | None) -> Image:
        further = [self._disk(each.disk_id) for each in request.data]
        for each in further:
            if not disk.instance_id or each.instance_id != disk.instance_id:
                raise WrongState(each.id, "not of one instance with the system disk", "name disks of one instance")
        consistency = self._consistency(disk, freeze=True)
        image = replace(
            self._new_image(request, disk.instance_id),
            size_bytes=disk.size_bytes,
            consistency=consistency,
            data_disks=tuple(
                ImageDisk(each.device, _volume(request.id, each.device), found.size_bytes)
                for each, found in zip(request.data, further, strict=True)
            ),
        )
        self._thaw_after_crash(disk.instance_id)
        if fault is FaultKind.CRASH and consistency is Consistency.FROZEN:
            with self._change():
                self.state.guests[disk.instance_id].frozen = True
        self._begin_image(image, fault)
        return self._end_image(request, *(self.state.files.get(each.id, {}) for each in (disk, *further)))

    def _new_image(self, request: ImageRequest, instance_id: str = "") -> Image:
        """The image as it is to be, with what is known of the one below; still without content."""
        instance = self.state.instances.get(instance_id)
        base = self.state.images.get(instance.image_id) if instance else None
        facts = request.facts
        return Image(
            id=request.id,
            host=self._host.name,
            zone=self._host.zone,
            region=self._host.region,
            volume=f"{request.id}.qcow2",
            size_bytes=0,
            name=request.labels.name,
            description=request.labels.description,
            family=request.labels.family,
            os_name=facts.os_name or (base.os_name if base else ""),
            os_type=facts.os_type or (base.os_type if base else "linux"),
            platform=facts.platform or (base.platform if base else ""),
            architecture=facts.architecture or (base.architecture if base else "x86_64"),
            status=ImageStatus.CREATING,
            created=request.created,
            boot=base.boot if base else None,
            tags=dict(request.tags),
            token=request.token,
            instance_id=instance_id,
            snapshot_id=request.snapshot_id,
            copied_from=request.copied_from,
            shared_with=request.labels.shared_with,
            progress=0,
        )

    def _begin_image(self, image: Image, fault: FaultKind | None) -> None:
        with self._change():
            self.state.images[image.id] = image
        self._require_space(self._host.pools.images, fault)
        if fault is FaultKind.CRASH:
            raise SimulatedCrash("the process died while it made an image")

    def _end_image(self, request: ImageRequest, content: Files, *data: Files) -> Image:
        with self._change():
            begun = self.state.images.get(request.id)
            if begun is None:
                raise WrongState(request.id, "deleted", "it was deleted while it was made")
            whole = replace(begun, status=request.labels.status, progress=100)
            self.state.files[request.id] = dict(content)
            for disk, files in zip(begun.data_disks, data, strict=True):
                self.state.files[disk.volume] = dict(files)
            self.state.images[request.id] = whole
            self._count("make_image", request.token)
            return whole

    def read_image(self, image_id: str) -> ImageContent:
        with self._call("read_image", image_id), self._lock:
            image = self._image(image_id)
            if image.status not in WHOLE:
                raise WrongState(image_id, image.status, "wait until it is available")
            disk = _file_of(self.state.files.get(image_id, {}), image.size_bytes)
            parts = {Part.DISK: _content(disk)}
            data = tuple(
                DataContent(each.device, _content(_file_of(self.state.files.get(each.volume, {}), each.size_bytes)))
                for each in image.data_disks
            )
            if image.boot is None:
                return ImageContent(parts, data=data)
            parts |= {Part.KERNEL: _content(_KERNEL), Part.INITRD: _content(_KERNEL)}
            return ImageContent(parts, image.boot.command_line, data)

    def label_image(self, image_id: str, labels: ImageLabels) -> Image:
        with self._call("label_image", image_id), self._lock:
            image = self._image(image_id)
            if image.status not in WHOLE:
                raise WrongState(image_id, image.status, "wait until it is available")
            changed = replace(
                image,
                name=labels.name,
                description=labels.description,
                family=labels.family,
                status=labels.status,
                shared_with=labels.shared_with,
            )
            if changed != image:
                with self._change():
                    self.state.images[image_id] = changed
                    self._count("label_image", image_id)
            return changed

    def delete_image(self, image_id: str) -> None:
        with self._call("delete_image", image_id), self._lock:
            if image_id not in self.state.images:
                return
            with self._change():
                image = self.state.images.pop(image_id)
                for content in (image_id, *(each.volume for each in image.data_disks)):
                    self.state.files.pop(content, None)
                self._count("delete_image", image_id)


def _volume(image_id: str, device: str) -> str:
    """The name of the volume of a data disk, under which its files are kept."""
    return f"{image_id}.{device}.qcow2"


def _file_of(files: Files, size_bytes: int) -> bytes:
    """What stands for a qcow2 file with these files on it: a real header, and then the files."""
    header = _HEADER.pack(b"QFI\xfb", 2, 0, 0, 16, size_bytes)
    return header.ljust(_FILES_AT, b"\0") + msgspec.json.encode(files)


def _files_in(file: bytes) -> Files:
    """The files on the disk in such a file; none where it is a real one, which the simulation cannot read."""
    try:
        return decode_as(file[_FILES_AT:], Files)
    except msgspec.MsgspecError:
        return {}


def _content(data: bytes) -> PartContent:
    return PartContent(len(data), lambda offset, length: data[offset : offset + length])

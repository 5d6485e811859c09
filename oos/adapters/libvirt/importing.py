"""Images on libvirt that come from files and other hosts, and go there: their content, piece by piece.

Each piece is a call of its own, so a large image needs no long one, and an import that is deleted soon ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from oos.adapters.libvirt.disks import volumes_of
from oos.adapters.libvirt.imaging import LibvirtImaging, raw_name, volume_name
from oos.fleet.errors import HypervisorFailed, ImageAbsent, WrongState
from oos.fleet.image import WHOLE, DataContent, ImageContent, ImageRequest, ImageStatus, Part, PartContent
from oos.fleet.image_file import BadImageFile, ImageFile, ImageFormat, examine
from oos.fleet.manifest import ImageManifest
from oos.fleet.storage import DirectBoot, Image, ImageDisk
from oos.values.time import format_instant

PIECE: Final = 8 << 20
"""Bytes that are read and written at a time."""


class LibvirtImporting(LibvirtImaging):
    """The half of the port that takes images in, and gives them out."""

    def import_image(self, request: ImageRequest, content: ImageContent, report: Callable[[int], None]) -> Image:
        with self._alone_with(request.id):
            known = self._images.find(request.id)
            if known is not None and known.status in WHOLE:
                report(100)
                return self.image(request.id)
            try:
                files = [examine(each) for each in (content.parts[Part.DISK], *(each.content for each in content.data))]
            except BadImageFile as bad:
                raise HypervisorFailed(request.id, f"it cannot be imported: {bad}") from bad
            return self._made_or_failed(request.id, report, lambda: self._import(request, content, files, report))

    def _import(
        self, request: ImageRequest, content: ImageContent, files: Sequence[ImageFile], report: Callable[[int], None]
    ) -> None:
        manifest = self._images.put(_begun(request, content, files))
        for name in (*volumes_of(manifest), raw_name(request.id), *_boot_names(manifest)):
            self._image_pool.delete(name)
        for part, name in zip((Part.KERNEL, Part.INITRD), _boot_names(manifest), strict=False):
            piece = content.parts[part]
            self._image_pool.create(name, piece.length, format="raw")
            self._fill(manifest.id, name, piece)
        done, total = 0, sum(file.content.length for file in files)
        for name, file in zip(volumes_of(manifest), files, strict=True):
            self._import_disk(manifest, name, file, partial(_tell, report, total, done))
            done += file.content.length
        self._finish_image(manifest, request.labels.status, None)

    def _import_disk(self, manifest: ImageManifest, volume: str, file: ImageFile, told: Callable[[int], None]) -> None:
        if file.format is ImageFormat.QCOW2:
            # Made as what it will be, then overwritten: libvirt knows size and format without looking again.
            self._image_pool.create(volume, file.size_bytes)
            self._fill(manifest.id, volume, file.content, told)
            return
        name = raw_name(manifest.id)
        raw = self._image_pool.create_sparse(name, file.size_bytes)
        self._fill(manifest.id, name, file.content, told)
        self._image_pool.clone(volume, raw, file.size_bytes)
        self._image_pool.delete(name)

    def _fill(self, image_id: str, name: str, content: PartContent, told: Callable[[int], None] | None = None) -> None:
        """Write all of it into a volume; holes stay holes, for a fresh volume reads as zeros."""
        for offset in range(0, content.length, PIECE):
            self._require_wanted(image_id)
            wanted = min(PIECE, content.length - offset)
            piece = content.read(offset, wanted)
            end = offset + len(piece)
            if len(piece) != wanted:
                raise HypervisorFailed(image_id, f"its content ended at {end} of {content.length} bytes")
            if end == content.length or piece.strip(b"\0"):
                self._image_pool.write(name, piece, offset)
            if told is not None:
                told(end)

    def read_image(self, image_id: str) -> ImageContent:
        manifest = self._images.find(image_id)
        if manifest is None:
            raise ImageAbsent(image_id)
        if manifest.status not in WHOLE:
            raise WrongState(image_id, manifest.status, "wait until it is available")
        names = {Part.DISK: manifest.volume}
        if manifest.boot is not None:
            names |= {Part.KERNEL: manifest.boot.kernel, Part.INITRD: manifest.boot.initrd}
        return ImageContent(
            {part: self._content(name) for part, name in names.items()},
            manifest.boot.command_line if manifest.boot else "",
            tuple(DataContent(each.device, self._content(each.volume)) for each in manifest.data_disks),
        )

    def _content(self, name: str) -> PartContent:
        def read(offset: int, length: int) -> bytes:
            return self._image_pool.read(name, length, offset)

        return PartContent(self._image_pool.length(name), read)


def _begun(request: ImageRequest, content: ImageContent, files: Sequence[ImageFile]) -> ImageManifest:
    boot = None
    if Part.KERNEL in content.parts:
        boot = DirectBoot(f"{request.id}.kernel", f"{request.id}.initrd", content.command_line)
    return ImageManifest(
        id=request.id,
        volume=volume_name(request.id),
        created=format_instant(request.created),
        name=request.labels.name,
        description=request.labels.description,
        family=request.labels.family,
        os_name=request.facts.os_name,
        os_type=request.facts.os_type or "linux",
        platform=request.facts.platform,
        architecture=request.facts.architecture or "x86_64",
        status=ImageStatus.CREATING,
        boot=boot,
        tags=dict(request.tags),
        token=request.token,
        copied_from=request.copied_from,
        shared_with=list(request.labels.shared_with),
        data_disks=[
            ImageDisk(each.device, volume_name(request.id, each.device), file.size_bytes)
            for each, file in zip(content.data, files[1:], strict=True)
        ],
    )


def _boot_names(manifest: ImageManifest) -> tuple[str, ...]:
    return (manifest.boot.kernel, manifest.boot.initrd) if manifest.boot else ()


def _tell(report: Callable[[int], None], length: int, before: int, done: int) -> None:
    report(min(99, 100 * (before + done) // max(1, length)))

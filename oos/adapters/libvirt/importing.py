"""Images on libvirt that come from files and other hosts, and go there: their content, piece by piece.

Each piece is a call of its own, so a large image needs no long one, and an import that is deleted soon ends.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from oos.adapters.libvirt.imaging import LibvirtImaging, raw_name, volume_name
from oos.adapters.libvirt.pools import Volume
from oos.fleet.errors import HypervisorFailed, ImageAbsent, WrongState
from oos.fleet.image import WHOLE, ImageContent, ImageRequest, ImageStatus, Part, PartContent
from oos.fleet.image_file import BadImageFile, ImageFile, ImageFormat, examine
from oos.fleet.manifest import ImageManifest
from oos.fleet.storage import DirectBoot, Image
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
                file = examine(content.parts[Part.DISK])
            except BadImageFile as bad:
                raise HypervisorFailed(request.id, f"it cannot be imported: {bad}") from bad
            return self._made_or_failed(request.id, report, lambda: self._import(request, content, file, report))

    def _import(
        self, request: ImageRequest, content: ImageContent, file: ImageFile, report: Callable[[int], None]
    ) -> None:
        manifest = self._images.put(_begun(request, content))
        for name in (manifest.volume, raw_name(request.id), *_boot_names(manifest)):
            self._image_pool.delete(name)
        for part, name in zip((Part.KERNEL, Part.INITRD), _boot_names(manifest), strict=False):
            piece = content.parts[part]
            self._image_pool.create(name, piece.length, format="raw")
            self._fill(manifest.id, name, piece)
        made = self._import_disk(manifest, file, partial(_tell, report, file.content.length))
        self._finish_image(manifest, made, request.labels.status, None)

    def _import_disk(self, manifest: ImageManifest, file: ImageFile, told: Callable[[int], None]) -> Volume:
        if file.format is ImageFormat.QCOW2:
            # Made as what it will be, then overwritten: libvirt knows size and format without looking again.
            made = self._image_pool.create(manifest.volume, file.size_bytes)
            self._fill(manifest.id, manifest.volume, file.content, told)
            return made
        name = raw_name(manifest.id)
        raw = self._image_pool.create_sparse(name, file.size_bytes)
        self._fill(manifest.id, name, file.content, told)
        made = self._image_pool.clone(manifest.volume, raw, file.size_bytes)
        self._image_pool.delete(name)
        return made

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
            {
                part: PartContent(
                    self._image_pool.length(name),
                    partial(lambda name, offset, length: self._image_pool.read(name, length, offset), name),
                )
                for part, name in names.items()
            },
            manifest.boot.command_line if manifest.boot else "",
        )


def _begun(request: ImageRequest, content: ImageContent) -> ImageManifest:
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
    )


def _boot_names(manifest: ImageManifest) -> tuple[str, ...]:
    return (manifest.boot.kernel, manifest.boot.initrd) if manifest.boot else ()


def _tell(report: Callable[[int], None], length: int, done: int) -> None:
    report(min(99, 100 * done // max(1, length)))

"""Images as files of a bucket: the disk, kernel and initrd where there are any, and a card that says what it is.

`web_m-….qcow2`, `web_m-….kernel`, `web_m-….initrd`, `web_m-….json`. A file without a card is a disk that boots itself.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from oos.fleet.image import DataContent, ImageContent, ImageFacts, Part, PartContent
from oos.fleet.image_file import BadImageFile, ImageFormat, examine
from oos.service.buckets import bucket_of, file_in, placed
from oos.service.context import Context
from oos.service.errors import InvalidParameter, NotFound, Refused, Unsupported
from oos.values.identifiers import resource_id
from oos.values.typed import decode_as
from oos_image import decide, requests, responses
from oos_image.operations import home_of, image_of

PIECE: Final = 8 << 20
CARD_BYTES: Final = 1 << 20
"""The largest card that is read."""
_SUFFIXES: Final = {Part.DISK: ".qcow2", Part.KERNEL: ".kernel", Part.INITRD: ".initrd"}


class DataCard(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the card about a data disk: its device, and the sum of its file."""

    device: str
    sha256: str


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands beside the files of an exported image."""

    image_id: str
    name: str = ""
    description: str = ""
    facts: ImageFacts = ImageFacts()
    command_line: str = ""
    sha256: Mapping[Part, str] = {}
    data: tuple[DataCard, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """An image that was found in a bucket."""

    content: ImageContent
    card: Card | None


def export_image(context: Context, request: requests.ExportImage) -> responses.ExportedImage:
    """Write an image into a bucket as qcow2, with what boots it and a card; asked again, it is written again."""
    image = image_of(context, request.image_id)
    decide.require_usable(image)
    if request.image_format.casefold() != "qcow2":
        raise Unsupported(f"Images are written as qcow2; qemu-img convert makes {request.image_format} of that.")
    bucket = bucket_of(context, request.oss_bucket)
    stem = f"{request.oss_prefix}_{image.id}" if request.oss_prefix else image.id
    content = home_of(context, image).read_image(image.id)
    sums = {}
    for part, each in content.parts.items():
        path = file_in(bucket, stem + _SUFFIXES[part], "OSSPrefix")
        sums[part] = _write(context, each, path)
    data = []
    for disk in content.data:
        path = file_in(bucket, f"{stem}_{disk.device}.qcow2", "OSSPrefix")
        data.append(DataCard(device=disk.device, sha256=_write(context, disk.content, path)))
    card = Card(
        image_id=image.id,
        name=image.name,
        description=image.description,
        facts=ImageFacts(image.os_name, image.os_type, image.platform, image.architecture),
        command_line=content.command_line,
        sha256=sums,
        data=tuple(data),
    )
    # The card comes last: an image that has one is whole.
    with placed(file_in(bucket, f"{stem}.json", "OSSPrefix")) as file:
        file.write(msgspec.json.format(msgspec.json.encode(card)) + b"\n")
    return {"RegionId": context.region, "TaskId": resource_id("t", context.token)}


def _write(context: Context, content: PartContent, path: Path) -> str:
    total = hashlib.sha256()
    with placed(path) as file:
        for offset in range(0, content.length, PIECE):
            piece = content.read(offset, min(PIECE, content.length - offset))
            total.update(piece)
            file.write(piece)
            context.report(f"{path.name}: {100 * file.tell() // content.length}%")
    return total.hexdigest()


def found(context: Context, request: requests.ImportImage) -> Found:
    """The image that is meant, its files checked against its card. Raises ApiError."""
    wanted, *further = request.disk_device_mapping
    bucket = bucket_of(context, wanted.oss_bucket)
    path = _there(file_in(bucket, wanted.oss_object))
    disk = part_of(path)
    _require_disk(wanted, disk)
    card = _card(path.with_suffix(".json"))
    if card is None or further:
        return Found(ImageContent({Part.DISK: disk}, data=_further(context, further)), None)
    parts = {Part.DISK: disk}
    for part in card.sha256:
        if part is not Part.DISK:
            parts[part] = part_of(_there(path.with_suffix(_SUFFIXES[part])))
    for part, content in parts.items():
        if _sum(content) != card.sha256.get(part):
            message = f"The {part} of {wanted.oss_object} is not what its card {path.stem}.json speaks of."
            raise Refused("InvalidOSSObject.Checksum", message)
    data = []
    for each in card.data:
        content = part_of(_there(path.with_name(f"{path.stem}_{each.device}.qcow2")))
        if _sum(content) != each.sha256:
            message = f"The disk {each.device} of {wanted.oss_object} is not what its card {path.stem}.json speaks of."
            raise Refused("InvalidOSSObject.Checksum", message)
        data.append(DataContent(each.device, content))
    return Found(ImageContent(parts, card.command_line, tuple(data)), card)


def _further(context: Context, wanted: Sequence[requests.ImportedDisk]) -> tuple[DataContent, ...]:
    """The data disks that further files become: vdb, vdc, … in their order."""
    found = []
    for device, each in zip(string.ascii_lowercase[1:], wanted, strict=False):
        disk = part_of(_there(file_in(bucket_of(context, each.oss_bucket), each.oss_object)))
        _require_disk(each, disk)
        found.append(DataContent(f"vd{device}", disk))
    return tuple(found)


def _there(path: Path) -> Path:
    if not path.is_file():
        raise NotFound("InvalidOSSObject.NotFound", f"There is no file {path.name} in the bucket.")
    return path


def _require_disk(wanted: requests.ImportedDisk, disk: PartContent) -> None:
    try:
        format = examine(disk).format
    except BadImageFile as bad:
        raise InvalidParameter("OSSObject", f"The file {wanted.oss_object} cannot become an image: {bad}.") from bad
    is_qcow2 = format is ImageFormat.QCOW2
    if wanted.format and (wanted.format == "QCOW2") != is_qcow2:
        message = f"The file {wanted.oss_object} is {format}, not {wanted.format}."
        raise InvalidParameter("Format", message, code="InvalidImageFormat.Mismatch")


def _card(path: Path) -> Card | None:
    try:
        with path.open("rb") as file:
            return decode_as(file.read(CARD_BYTES), Card)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise InvalidParameter("OSSObject", f"The card {path.name} beside the file is none: {error}.") from error


def part_of(path: Path) -> PartContent:
    """A part of an image that stands in a file of this machine."""

    def read(offset: int, length: int) -> bytes:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    return PartContent(path.stat().st_size, read)


def _sum(content: PartContent) -> str:
    total = hashlib.sha256()
    for offset in range(0, content.length, PIECE):
        total.update(content.read(offset, PIECE))
    return total.hexdigest()

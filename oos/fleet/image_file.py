"""Files of images: which format one has, how large its disk is, and whether it may be trusted to stand alone.

https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.txt · VHD: Microsoft's Virtual Hard Disk Image
Format Specification, 1.0
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from oos.fleet.image import PartContent

_QCOW2: Final = b"QFI\xfb"
_QCOW2_FIELDS: Final = struct.Struct(">4sIQIIQ")
"""Magic, version, offset and length of the backing file's name, cluster bits, virtual size."""
_QCOW2_FEATURES: Final = (72, struct.Struct(">Q"))
_EXTERNAL_DATA: Final = 1 << 2
_VHD: Final = b"conectix"
_VHD_FOOTER: Final = 512
_VHD_SIZE: Final = (48, struct.Struct(">Q"))
_VHD_KIND: Final = (60, struct.Struct(">I"))
_VHD_FIXED, _VHD_DIFFERENCING = 2, 4
_FOREIGN: Final = {b"KDMV": "VMDK", b"# Di": "VMDK", b"vhdx": "VHDX", b"QED\0": "QED", b"QFI\0": "QCOW"}
SECTOR: Final = 512


class ImageFormat(StrEnum):
    """Formats of a disk in a file, by the names that QEMU gives them."""

    QCOW2 = "qcow2"
    RAW = "raw"
    """Also a VHD of fixed size, which is a raw disk and a footer."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """What a file of an image says about itself."""

    format: ImageFormat
    size_bytes: int
    """Of the disk, as a guest sees it."""
    content: PartContent
    """What of the file is the disk."""


class BadImageFile(ValueError):
    """This file cannot become an image; the text says why."""


def examine(content: PartContent) -> ImageFile:
    """What the content is. Raises BadImageFile for what is no disk, and for a disk that is not all in this file.

    A qcow2 file that names another file as its backing or data file would show its guest that file of the host.
    """
    head = content.read(0, SECTOR)
    if head.startswith(_QCOW2):
        return _qcow2(head, content)
    if head[:4] in _FOREIGN:
        raise BadImageFile(f"it is a {_FOREIGN[head[:4]]} file; convert it to qcow2 first")
    foot = content.read(max(0, content.length - _VHD_FOOTER), _VHD_FOOTER)
    if foot.startswith(_VHD):
        return _vhd(foot, content)
    if not content.length or content.length % SECTOR:
        raise BadImageFile(f"its {content.length} bytes are no whole number of sectors, and no format is known by it")
    return ImageFile(ImageFormat.RAW, content.length, content)


def _qcow2(head: bytes, content: PartContent) -> ImageFile:
    if len(head) < _QCOW2_FEATURES[0] + _QCOW2_FEATURES[1].size:
        raise BadImageFile("its qcow2 header is cut off")
    _, version, backing, _, _, size = _QCOW2_FIELDS.unpack_from(head)
    if version not in (2, 3):
        raise BadImageFile(f"its qcow2 version {version} is unknown")
    if backing:
        raise BadImageFile("it stands on another file; make it whole first (qemu-img convert)")
    offset, features = _QCOW2_FEATURES
    if version == 3 and features.unpack_from(head, offset)[0] & _EXTERNAL_DATA:
        raise BadImageFile("its data is in another file; make it whole first (qemu-img convert)")
    return ImageFile(ImageFormat.QCOW2, size, content)


def _vhd(foot: bytes, content: PartContent) -> ImageFile:
    offset, field = _VHD_KIND
    kind = field.unpack_from(foot, offset)[0]
    if kind == _VHD_DIFFERENCING:
        raise BadImageFile("it stands on another file; make it whole first (qemu-img convert)")
    if kind != _VHD_FIXED:
        raise BadImageFile("it is a VHD that grows; convert it to qcow2 first")
    offset, field = _VHD_SIZE
    size = field.unpack_from(foot, offset)[0]
    if size != content.length - _VHD_FOOTER:
        raise BadImageFile(f"its VHD footer speaks of {size} bytes, but {content.length - _VHD_FOOTER} are there")
    return ImageFile(ImageFormat.RAW, size, PartContent(size, content.read))

"""The header of a qcow2 file: read to verify a snapshot, changed to move it onto another backing file.

https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.txt
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

HEADER_BYTES: Final = 65536
"""Enough for the header with the name of the backing file: both stand in the first cluster."""

_MAGIC: Final = b"QFI\xfb"
_FIELDS: Final = struct.Struct(">4sIQIIQ")
"""Magic, version, offset and length of the backing file's name, cluster bits, virtual size."""
_FEATURES: Final = struct.Struct(">Q")
_FEATURES_OFFSET: Final = 72
_LENGTH_OFFSET: Final = 16
_CLUSTER_BITS_OFFSET: Final = 20
_DIRTY, _CORRUPT = 1, 2


class BadHeader(ValueError):
    """These are not the first bytes of a sound qcow2 file; the text says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says."""

    version: int
    size_bytes: int
    backing: str
    backing_offset: int
    dirty: bool
    corrupt: bool


def read_header(content: bytes) -> Header:
    """The header at the start of a file. Raises BadHeader."""
    if len(content) < _FIELDS.size or content[:4] != _MAGIC:
        raise BadHeader("it is not a qcow2 file")
    _, version, offset, length, _, size = _FIELDS.unpack_from(content)
    if version not in (2, 3):
        raise BadHeader(f"its qcow2 version {version} is unknown")
    if offset + length > len(content):
        raise BadHeader("the name of its backing file lies beyond its header")
    features = 0
    if version == 3:
        if len(content) < _FEATURES_OFFSET + _FEATURES.size:
            raise BadHeader("its header is cut off")
        (features,) = _FEATURES.unpack_from(content, _FEATURES_OFFSET)
    return Header(
        version=version,
        size_bytes=size,
        backing=content[offset : offset + length].decode(errors="surrogateescape") if offset else "",
        backing_offset=offset,
        dirty=bool(features & _DIRTY),
        corrupt=bool(features & _CORRUPT),
    )


def verify_header(content: bytes, size_bytes: int, backing: str) -> None:
    """Make sure that a snapshot's file is what it should be. Raises BadHeader."""
    header = read_header(content)
    if header.size_bytes != size_bytes:
        raise BadHeader(f"it holds {header.size_bytes} bytes instead of {size_bytes}")
    if header.backing != backing:
        raise BadHeader(f"it stands on {header.backing or 'nothing'} instead of {backing or 'nothing'}")
    if header.corrupt:
        raise BadHeader("it is marked corrupt")
    if header.dirty:
        raise BadHeader("it is marked dirty: it was not closed")


def backing_change(content: bytes, backing: str) -> tuple[int, bytes]:
    """Where to write what, so that the file stands on another backing file, as `qemu-img rebase -u` would have it.

    The names must be of one length: then a few bytes within one sector change, and there is no moment in between.
    """
    header = read_header(content)
    name = backing.encode(errors="surrogateescape")
    assert header.backing_offset, "there is no backing file to change"
    assert len(name) == len(header.backing.encode(errors="surrogateescape")), "the names are of different length"
    return header.backing_offset, name


def with_backing(content: bytes, backing: str) -> bytes:
    """The first bytes of a file with the name of another backing file, of any length; for a copy nobody uses yet.

    The name is the last thing in the first cluster, so a longer one has room.
    """
    header = read_header(content)
    name = backing.encode(errors="surrogateescape")
    start = header.backing_offset
    (bits,) = struct.unpack_from(">I", content, _CLUSTER_BITS_OFFSET)
    if not start or start + len(name) > min(1 << bits, len(content)):
        raise BadHeader("it has no room for the name of its backing file")
    before = header.backing.encode(errors="surrogateescape")
    named = content[:start] + name.ljust(len(before), b"\0") + content[start + max(len(name), len(before)) :]
    return named[:_LENGTH_OFFSET] + struct.pack(">I", len(name)) + named[_LENGTH_OFFSET + 4 :]

"""A small read-only medium: a few files in one folder, as an ISO 9660 image with Joliet names (ECMA-119).

Nothing of it varies with the time, so the same files make the same image.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

SECTOR: Final = 2048
_DESCRIPTORS: Final = 16
"""Sectors before the first descriptor are left to systems."""
_TABLES: Final = _DESCRIPTORS + 3
_ROOT: Final = _TABLES + 4
_ROOT_JOLIET: Final = _ROOT + 1
_FILES: Final = _ROOT + 2
_NO_DATE: Final = b"0" * 16 + b"\0"
_EPOCH: Final = bytes((70, 1, 1, 0, 0, 0, 0))
_JOLIET: Final = b"%/E"
"""UCS-2 level 3."""
_FOLDER: Final = 2


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    content: bytes
    sector: int


def iso_image(label: str, files: Mapping[str, bytes]) -> bytes:
    """The image of a medium with this label. Raises ValueError for more files than one sector of names holds."""
    placed = _place(files)
    end = max((each.sector + _sectors(each) for each in placed), default=_FILES)
    plain, joliet = _folder(placed, _ROOT, _plain_name), _folder(placed, _ROOT_JOLIET, _joliet_name)
    parts = {
        _DESCRIPTORS: _descriptor(1, label.encode("ascii").ljust(32), _ROOT, _TABLES, end),
        _DESCRIPTORS + 1: _descriptor(2, label.encode("utf-16-be").ljust(32, b"\0"), _ROOT_JOLIET, _TABLES + 2, end),
        _DESCRIPTORS + 2: b"\xffCD001\x01",
        _TABLES: _path_table(_ROOT, "<"),
        _TABLES + 1: _path_table(_ROOT, ">"),
        _TABLES + 2: _path_table(_ROOT_JOLIET, "<"),
        _TABLES + 3: _path_table(_ROOT_JOLIET, ">"),
        _ROOT: plain,
        _ROOT_JOLIET: joliet,
        **{each.sector: each.content for each in placed},
    }
    image = bytearray(end * SECTOR)
    for sector, content in parts.items():
        image[sector * SECTOR : sector * SECTOR + len(content)] = content
    return bytes(image)


def read_iso(image: bytes) -> Mapping[str, bytes]:
    """The files of such an image. Raises ValueError for what is none of ours."""
    if image[_DESCRIPTORS * SECTOR + 1 : _DESCRIPTORS * SECTOR + 6] != b"CD001":
        raise ValueError("it is no ISO 9660 image")
    files: dict[str, bytes] = {}
    at = _ROOT_JOLIET * SECTOR
    while length := image[at]:
        record = image[at : at + length]
        sector, size = struct.unpack_from("<I", record, 2)[0], struct.unpack_from("<I", record, 10)[0]
        if not record[25] & _FOLDER:
            name = record[33 : 33 + record[32]].decode("utf-16-be")
            files[name] = image[sector * SECTOR : sector * SECTOR + size]
        at += length
    return files


def _place(files: Mapping[str, bytes]) -> list[_File]:
    placed: list[_File] = []
    sector = _FILES
    # Folders are read in the order of their names.
    for name in sorted(files, key=_plain_name):
        placed.append(_File(name, files[name], sector))
        sector += _sectors(placed[-1])
    return placed


def _sectors(file: _File) -> int:
    return max(1, -(-len(file.content) // SECTOR))


def _plain_name(name: str) -> bytes:
    return f"{name.upper()}.;1".encode("ascii") if "." not in name else f"{name.upper()};1".encode("ascii")


def _joliet_name(name: str) -> bytes:
    return name.encode("utf-16-be")


def _folder(files: Sequence[_File], own: int, named: Callable[[str], bytes]) -> bytes:
    records = [_record(b"\0", own, SECTOR, folder=True), _record(b"\1", own, SECTOR, folder=True)]
    records += [_record(named(each.name), each.sector, len(each.content), folder=False) for each in files]
    content = b"".join(records)
    if len(content) > SECTOR:
        raise ValueError(f"{len(files)} files are too many for a small medium")
    return content.ljust(SECTOR, b"\0")


def _record(name: bytes, sector: int, size: int, *, folder: bool) -> bytes:
    length = 33 + len(name) + (len(name) + 1) % 2
    fixed = struct.pack("BB", length, 0) + _both(sector) + _both(size) + _EPOCH
    fixed += struct.pack("BBB", _FOLDER if folder else 0, 0, 0) + struct.pack("<H", 1) + struct.pack(">H", 1)
    return (fixed + struct.pack("B", len(name)) + name).ljust(length, b"\0")


def _both(number: int) -> bytes:
    """A number in both orders of bytes."""
    return struct.pack("<I", number) + struct.pack(">I", number)


def _path_table(root: int, order: str) -> bytes:
    return struct.pack(f"{order}BBIH", 1, 0, root, 1) + b"\0\0"


def _descriptor(kind: int, label: bytes, root: int, tables: int, sectors: int) -> bytes:
    is_joliet = kind == 2
    blank = b"\0 " if is_joliet else b" "

    def blanks(count: int) -> bytes:
        return (blank * count)[:count]

    both16 = struct.pack("<H", 1) + struct.pack(">H", 1)
    content = bytes((kind,)) + b"CD001\x01\0" + blanks(32) + label + bytes(8) + _both(sectors)
    content += (_JOLIET if is_joliet else b"").ljust(32, b"\0")
    content += both16 + both16 + struct.pack("<H", SECTOR) + struct.pack(">H", SECTOR) + _both(10)
    content += struct.pack("<II", tables, 0) + struct.pack(">II", tables + 1, 0)
    content += _record(b"\0", root, SECTOR, folder=True)
    content += blanks(128 * 4) + blanks(37 * 3) + _NO_DATE * 4 + b"\x01\0"
    return content.ljust(SECTOR, b"\0")

"""Manifests: what is written beside a volume, as small versioned JSON volumes in the same pool.

A libvirt volume has no room for a note, and it cannot be renamed. So the note of `s-1234` is a volume of its own,
`s-1234.V.json`, where V counts up: a change writes version V + 1 whole, and only then removes V. A reader takes the
highest version that is whole, so a crash between the two never loses the note.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from oos.fleet.storage import Consistency, DirectBoot, DiskKind, ImageDisk, SnapshotStatus, Verification
from oos.values.typed import decode_as

MANIFEST_NAME: Final = re.compile(r"(?P<id>[a-z]+-[0-9a-f]{20})\.(?P<version>\d+)\.json")
MANIFEST_BYTES: Final = 65536
"""The size of a manifest volume; the JSON is padded with blanks."""


class SnapshotManifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The note beside a snapshot volume."""

    id: str
    volume: str
    disk_id: str
    instance_id: str
    disk_kind: DiskKind
    source_size_bytes: int
    created: str
    token: str
    status: SnapshotStatus
    name: str = ""
    description: str = ""
    tags: dict[str, str] = {}
    retention_days: int | None = None
    consistency: Consistency = Consistency.CRASH
    verification: Verification = Verification.NONE
    parent_id: str = ""
    image_id: str = ""
    """The image that the instance was made from: what boots an image made from this."""
    checkpoint: str = ""
    """libvirt checkpoint from which the next increment can start."""
    fault: str = ""


class ImageManifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The note beside an image volume."""

    id: str
    volume: str
    created: str
    name: str = ""
    description: str = ""
    family: str = ""
    os_name: str = ""
    os_type: str = "linux"
    platform: str = ""
    architecture: str = "x86_64"
    status: str = "Available"
    boot: DirectBoot | None = None
    tags: dict[str, str] = {}
    token: str = ""
    instance_id: str = ""
    snapshot_id: str = ""
    copied_from: str = ""
    consistency: Consistency | None = None
    shared_with: list[str] = []
    fault: str = ""
    data_disks: list[ImageDisk] = []


class DiskManifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The note beside a disk's volume: what a person wrote on it, and its id where the volume does not tell.

    Disks that were made with an instance, and adopted ones, have none until somebody labels or detaches them.
    """

    id: str
    volume: str
    """Its volume when it was attached to nothing last; a disk that was restored has another meanwhile."""
    created: str = ""
    name: str = ""
    description: str = ""
    delete_with_instance: bool = False
    source_snapshot_id: str = ""
    is_ready: bool = True
    is_blank: bool = False


_Manifest = TypeVar("_Manifest", SnapshotManifest, ImageManifest, DiskManifest)


class ManifestTorn(ValueError):
    """A manifest volume that was not written to its end."""


def manifest_name(id: str, version: int) -> str:
    """The name of a manifest volume."""
    return f"{id}.{version}.json"


def encode_manifest(manifest: SnapshotManifest | ImageManifest | DiskManifest) -> bytes:
    """The bytes of a manifest volume: JSON, its SHA-256 on the first line, padded to a fixed size."""
    body = msgspec.json.encode(manifest)
    content = hashlib.sha256(body).hexdigest().encode() + b"\n" + body + b"\n"
    assert len(content) <= MANIFEST_BYTES, f"the manifest of {manifest.id} is too large"
    return content.ljust(MANIFEST_BYTES)


def decode_snapshot_manifest(content: bytes) -> SnapshotManifest:
    """The manifest in these bytes. Raises ManifestTorn."""
    return _decode(content, SnapshotManifest)


def decode_image_manifest(content: bytes) -> ImageManifest:
    """The manifest in these bytes. Raises ManifestTorn."""
    return _decode(content, ImageManifest)


def decode_disk_manifest(content: bytes) -> DiskManifest:
    """The manifest in these bytes. Raises ManifestTorn."""
    return _decode(content, DiskManifest)


def versions(names: Iterable[str]) -> dict[str, list[int]]:
    """The versions of every manifest among these volume names, highest first, by id."""
    found: dict[str, list[int]] = {}
    for name in names:
        matched = MANIFEST_NAME.fullmatch(name)
        if matched:
            found.setdefault(matched["id"], []).append(int(matched["version"]))
    return {id: sorted(numbers, reverse=True) for id, numbers in found.items()}


def _decode(content: bytes, type: type[_Manifest]) -> _Manifest:
    line, _, rest = content.partition(b"\n")
    body = rest.rstrip(b" \n\0")
    if hashlib.sha256(body).hexdigest().encode() != line.strip():
        raise ManifestTorn("the manifest is torn")
    try:
        return decode_as(body, type)
    except msgspec.ValidationError as error:
        raise ManifestTorn(f"not a manifest: {error}") from error

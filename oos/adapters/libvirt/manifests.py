"""Manifests in a pool: written whole, read once. See oos.fleet.manifest for what they are."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from oos.adapters.libvirt.connection import LibvirtFailed, libvirt
from oos.adapters.libvirt.pools import Pool, being_made
from oos.fleet.manifest import (
    MANIFEST_BYTES,
    DiskManifest,
    ImageManifest,
    ManifestTorn,
    SnapshotManifest,
    encode_manifest,
    manifest_name,
    versions,
)

WRITING_SECONDS: Final = 60.0
"""A manifest that is torn after so long is not being written any more: its writer died."""

M = TypeVar("M", SnapshotManifest, ImageManifest, DiskManifest)


@dataclass(frozen=True, slots=True)
class Listing(Generic[M]):
    """What a pool was seen to hold."""

    manifests: dict[str, M]
    names: frozenset[str]
    """Of all volumes, manifests among them."""


class Manifests(Generic[M]):
    """The manifests of one kind (ids that begin with the prefix) in one pool.

    A volume of one name never changes: versions are numbered by the clock, so not even a snapshot that is deleted
    and made anew writes a name twice. Hence what was read once need not be read again.
    """

    def __init__(self, pool: Pool, prefix: str, decode: Callable[[bytes], M]) -> None:
        self._pool = pool
        self._prefix = prefix
        self._decode: Callable[[bytes], M] = decode
        self._lock = threading.Lock()
        self._known: dict[str, M] = {}
        self._torn: dict[str, float] = {}
        """When one was first seen torn, by a clock that only goes forward: its writer's clock may be another."""

    def all(self) -> dict[str, M]:
        """Every manifest by id, each in its newest whole version."""
        return self.listing().manifests

    def listing(self) -> Listing[M]:
        """Every manifest, and the names of the volumes beside which they stood."""
        found: dict[str, M] = {}
        names = frozenset(self._pool.names())
        listed = versions(name for name in names if name.startswith(f"{self._prefix}-"))
        for id, numbers in listed.items():
            manifest = self._newest(id, numbers) or self.find(id)
            if manifest is not None:
                found[id] = manifest
        with self._lock:
            self._known = {name: manifest for name, manifest in self._known.items() if name in names}
            self._torn = {name: seen for name, seen in self._torn.items() if name in names}
        return Listing(found, names)

    def find(self, id: str) -> M | None:
        """The newest whole version of one manifest, or None."""
        numbers = self._versions(id)
        while numbers:
            manifest = self._newest(id, numbers)
            if manifest is not None:
                return manifest
            # All torn; or replaced by a newer version while we read: then the list has changed.
            numbers, before = self._versions(id), numbers
            if numbers == before:
                return None
        return None

    def put(self, manifest: M) -> M:
        """Write a new version whole, then remove those before it."""
        older: list[int] = self._versions(manifest.id)
        number = max([time.time_ns() // 1_000_000, *(each + 1 for each in older)])
        name = manifest_name(manifest.id, number)
        self._pool.create(name, MANIFEST_BYTES, format="raw")
        self._pool.write(name, encode_manifest(manifest))
        for each in older:
            self._pool.delete(manifest_name(manifest.id, each))
        with self._lock:
            self._known[name] = manifest
        return manifest

    def remove(self, id: str) -> None:
        """Remove all versions, oldest first: until the last is gone, the newest is what is read."""
        for number in reversed(self._versions(id)):
            self._pool.delete(manifest_name(id, number))

    def _versions(self, id: str) -> list[int]:
        return versions(name for name in self._pool.names() if name.startswith(f"{id}.")).get(id, [])

    def _newest(self, id: str, numbers: list[int]) -> M | None:
        for number in numbers:
            manifest = self._read(manifest_name(id, number))
            if manifest is not None:
                return manifest
        return None

    def _read(self, name: str) -> M | None:
        with self._lock:
            known = self._known.get(name)
            if known is not None or time.monotonic() > self._torn.get(name, math.inf) + WRITING_SECONDS:
                return known
        try:
            manifest = self._decode(self._pool.read(name, MANIFEST_BYTES))
        except ManifestTorn:
            with self._lock:
                self._torn.setdefault(name, time.monotonic())
            return None
        except LibvirtFailed as failed:
            # A newer version replaced it since the names were listed; or its volume is being made in this moment.
            if failed.code == libvirt.VIR_ERR_NO_STORAGE_VOL or being_made(failed):
                return None
            raise
        with self._lock:
            self._known[name] = manifest
        return manifest

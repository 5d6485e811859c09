"""What snapshots take up: asked of libvirt once, because a finished snapshot is not written to any more."""

from __future__ import annotations

import threading

from oos.adapters.libvirt.manifests import Listing
from oos.adapters.libvirt.pools import Pool
from oos.fleet.manifest import SnapshotManifest
from oos.fleet.storage import SnapshotStatus


class SnapshotSizes:
    """The bytes that the volumes of snapshots take up.

    To ask for one is a call to the daemon, and a listing needs them all: that was a third of the time of a rotation. A
    size is good for as long as the manifest is the one that was measured: a new version of it (the increment became
    whole, its making began anew) is measured anew.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._measured: dict[str, tuple[SnapshotManifest, int]] = {}

    def of(self, listing: Listing[SnapshotManifest]) -> dict[str, int]:
        """By volume, of all snapshots; without those whose volume is missing."""
        wanted = {each.volume: each for each in listing.manifests.values()}
        with self._lock:
            known = {
                name: size
                for name, (manifest, size) in self._measured.items()
                # The very same: manifests are read once, and kept.
                if name in listing.names and wanted.get(name) is manifest
            }
        measured = self._pool.stored_bytes(wanted.keys() - known.keys())
        finished = {
            name: (wanted[name], size)
            for name, size in measured.items()
            if wanted[name].status is SnapshotStatus.ACCOMPLISHED
        }
        with self._lock:
            self._measured = {name: self._measured[name] for name in known if name in self._measured} | finished
        return known | measured

"""What an instance has of files, brought to another host: volumes of its disks, its snapshots, notes about them.

The content of a running guest's disks is left to QEMU, which copies them while they change; all else goes through here
piece by piece, as images do. What both hosts share is found out by looking, not believed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from oos.adapters.libvirt.connection import LibvirtFailed, Stopwatch, libvirt
from oos.adapters.libvirt.importing import PIECE
from oos.adapters.libvirt.moving_xml import DomainFile, FileKind, files_of
from oos.adapters.libvirt.pools import BUSY_SECONDS, Pool, Volume
from oos.adapters.libvirt.qcow2 import BadHeader, with_backing
from oos.adapters.libvirt.replacing import LibvirtReplacing
from oos.adapters.libvirt.verification import verify_volume
from oos.fleet.errors import HypervisorFailed, Incapable, WrongState
from oos.fleet.manifest import SnapshotManifest
from oos.fleet.storage import SnapshotStatus
from oos.values.identifiers import client_token, is_resource_id


@dataclass(frozen=True, slots=True)
class Cargo:
    """A file of an instance, and where it goes."""

    file: DomainFile
    pool: Pool
    volume: Volume
    target: Pool
    is_shared: bool
    """Whether both hosts have the same file."""


class LibvirtCarrying(LibvirtReplacing):
    """Bringing files from this host to another, and taking away what is not needed here any more."""

    def _cargo(self, instance_id: str, xml: str, target: LibvirtCarrying) -> list[Cargo]:
        """The files that a domain needs on the target. Raises Incapable for one that cannot be brought there."""
        try:
            files = files_of(xml)
        except ValueError as error:
            raise Incapable(instance_id, f"it cannot move: {error}") from error
        shared: dict[str, bool] = {}
        found = []
        for file in files:
            place = self._place_of(file.path)
            if place is None:
                if file.kind == FileKind.LOG:
                    continue  # made anew wherever its emulator starts
                raise Incapable(instance_id, f"it cannot move: {file.path} stands in no storage pool")
            pool, volume = place
            beyond = self._counterpart(pool, target)
            if pool.name not in shared:
                shared[pool.name] = _is_shared(instance_id, pool, beyond)
            found.append(Cargo(file, pool, volume, beyond, shared[pool.name]))
        return found

    def _place_of(self, path: str) -> tuple[Pool, Volume] | None:
        def look(conn: object) -> tuple[str, str]:
            found = conn.storageVolLookupByPath(path)  # type: ignore[attr-defined]  # libvirt-python has no types
            return str(found.storagePoolLookupByVolume().name()), str(found.name())

        try:
            pool_name, name = self._connection.call(path, "finding its volume", look)
        except LibvirtFailed as failed:
            if failed.code in (libvirt.VIR_ERR_NO_STORAGE_VOL, libvirt.VIR_ERR_NO_STORAGE_POOL):
                return None
            raise
        pool = self._pool_named(pool_name)
        volume = pool.find(name)
        return (pool, volume) if volume is not None else None

    def _counterpart(self, pool: Pool, target: LibvirtCarrying) -> Pool:
        """The pool that is on the target what this one is here; one that no inventory names is called alike."""
        for ours, theirs in (
            (self._disk_pool, target._disk_pool),
            (self._image_pool, target._image_pool),
            (self._snapshot_pool, target._snapshot_pool),
        ):
            if pool.name == ours.name:
                return theirs
        return target._pool_named(pool.name)

    # there

    def _claim(self, instance_id: str, cargo: Iterable[Cargo], target: LibvirtCarrying) -> None:
        """Note on the target that what will stand there is of this move, once nothing of others' stands in its way.

        Raises Incapable where something does: an adopted disk has a name that others may have, too.
        """
        if target._is_claimed(instance_id):
            return
        for each in cargo:
            name = each.volume.name
            if each.is_shared or _is_our_name(name) or each.target.find(name) is None:
                continue
            if each.file.kind != FileKind.FIXED or not _same_bytes(each.pool, each.target, name):
                raise Incapable(instance_id, f"it cannot move: {each.target.target} has another {name}")
        target._disk_pool.create(_claim_name(instance_id), 0, format="raw")

    def _is_claimed(self, instance_id: str) -> bool:
        """Whether what stands here under the names of an instance's files may be of a move of it."""
        return self._disk_pool.find(_claim_name(instance_id)) is not None

    def _disclaim(self, instance_id: str) -> None:
        """The move of an instance to this host has come to its end."""
        self._disk_pool.delete(_claim_name(instance_id))

    def _bring(
        self, instance_id: str, cargo: Iterable[Cargo], target: LibvirtCarrying, *, live: bool
    ) -> dict[str, str]:
        """Have every file on the target, whole but for what QEMU will fill; its path there, by its path here."""
        paths = {}
        for each in cargo:
            with target._alone_with(f"{each.target.name}/{each.volume.name}"):
                paths[each.file.path] = self._bring_one(instance_id, each, target, live=live).path
        return paths

    def _bring_one(self, instance_id: str, each: Cargo, target: LibvirtCarrying, *, live: bool) -> Volume:
        name = each.volume.name
        if each.is_shared:
            same = each.target.require(name)
            if same.path != each.volume.path:
                raise Incapable(instance_id, f"it cannot move: {name} is shared, but called {same.path} on the target")
            return same
        in_the_way = each.target.find(name)
        if in_the_way is not None:
            if each.file.kind == FileKind.FIXED and _same_bytes(each.pool, each.target, name):
                return in_the_way
            target._require_unused(instance_id, in_the_way.path)
            each.target.delete(name)
        match each.file.kind:
            case FileKind.LOG:
                return each.target.create(name, 0, format="raw")
            case FileKind.DISK if live and each.volume.format == "raw":
                return each.target.create_sparse(name, each.volume.size_bytes)
            case FileKind.DISK if live:
                return each.target.create(name, each.volume.size_bytes, format=each.volume.format)
            case _:
                if each.volume.backing:
                    raise Incapable(instance_id, f"it moves running only: {name} stands on {each.volume.backing}")
                return _copied(each.pool, each.target, each.volume)

    def _bring_snapshots(self, instance_id: str, disk_ids: Iterable[str], target: LibvirtCarrying) -> None:
        """Have the snapshots of these disks on the target; of each, the manifest comes last.

        Raises WrongState for one that is being made.
        """
        wanted = self._snapshots_of(disk_ids)
        for each in wanted:
            if each.status is SnapshotStatus.PROGRESSING and each.instance_id and self._is_running(each):
                raise WrongState(each.id, each.status, "wait until it is accomplished")
        if not wanted or _is_shared(instance_id, self._snapshot_pool, target._snapshot_pool):
            return
        known = target._snapshots.all()
        for manifest in wanted:
            if known.get(manifest.id) == manifest:
                continue
            target._snapshot_pool.delete(manifest.volume)
            if manifest.status is SnapshotStatus.ACCOMPLISHED:
                volume = self._snapshot_pool.require(manifest.volume)
                below = volume.backing and target._snapshot_pool.require(volume.backing.rsplit("/", 1)[-1]).path
                _copied(self._snapshot_pool, target._snapshot_pool, volume, backing=below)
            target._snapshots.put(manifest)

    def _snapshots_of(self, disk_ids: Iterable[str]) -> list[SnapshotManifest]:
        """Their manifests, each after what it stands on."""
        wanted = set(disk_ids)
        known = self._snapshots.all()
        found = [each for each in known.values() if each.disk_id in wanted]
        return sorted(found, key=lambda each: (_depth(each, known), each.id))

    def _bring_notes(self, disk_ids: Iterable[str], target: LibvirtCarrying) -> None:
        """Have what is written about these disks on the target."""
        for disk_id in disk_ids:
            note = self._disk_notes.find(disk_id)
            if note is not None and target._disk_notes.find(disk_id) != note:
                target._disk_notes.put(note)

    # here

    def _take_away(self, instance_id: str, xml: str, disk_ids: Iterable[str], target: LibvirtCarrying) -> None:
        """Delete what this host still has of an instance that is on the target, whole, as the XML has it there."""
        for each in self._left_behind(instance_id, xml, target):
            is_its_own = each.file.kind == FileKind.DISK or each.volume.name.startswith(f"{instance_id}.")
            if is_its_own and not each.is_shared and not self._is_needed(each):
                each.pool.delete(each.volume.name)
        disk_ids = tuple(disk_ids)
        noted = [each for each in disk_ids if self._disk_notes.find(each) is not None]
        if noted and not _is_shared(instance_id, self._disk_pool, target._disk_pool):
            for disk_id in noted:
                self._disk_notes.remove(disk_id)
        manifests = self._snapshots_of(disk_ids)
        if manifests and not _is_shared(instance_id, self._snapshot_pool, target._snapshot_pool):
            for manifest in reversed(manifests):
                # The volume first: until the manifest is gone, asking again finds what is left to do.
                self._snapshot_pool.delete(manifest.volume)
                self._snapshots.remove(manifest.id)

    def _is_needed(self, cargo: Cargo) -> bool:
        """Whether a domain of this host uses a file, or another volume stands on it."""
        path = cargo.volume.path
        try:
            self._require_unused(path, path)
        except WrongState:
            return True
        return any(each.backing == path for each in cargo.pool.volumes())

    def _left_behind(self, instance_id: str, xml: str, target: LibvirtCarrying) -> Iterator[Cargo]:
        """Files of this host that became files of a domain on the target, by the same name in the pool that answers."""
        shared: dict[str, bool] = {}
        for file in files_of(xml):
            place = target._place_of(file.path)
            if place is None:
                continue
            beyond, volume = place
            pool = target._counterpart(beyond, self)
            if pool.name not in shared:
                shared[pool.name] = _is_shared(instance_id, pool, beyond)
            here = pool.find(volume.name)
            if here is not None:
                yield Cargo(file, pool, here, beyond, shared[pool.name])


def _claim_name(instance_id: str) -> str:
    return f"{instance_id}.moving"


def _is_our_name(name: str) -> bool:
    """Whether a volume is named after an id: nobody else would have one of that name."""
    return any(is_resource_id(name[: len(kind) + 21], kind) for kind in ("d", "i", "m", "s"))


def _depth(manifest: SnapshotManifest, known: Mapping[str, SnapshotManifest]) -> int:
    """How many snapshots it stands on."""
    depth = 0
    while manifest.parent_id in known and depth < len(known):
        manifest, depth = known[manifest.parent_id], depth + 1
    return depth


def stamp_of(cargo: Iterable[Cargo]) -> str:
    """When the disks of a stopped instance were written last, as a word to compare."""
    times = [f"{each.volume.name} {each.volume.changed}" for each in cargo if each.file.kind == FileKind.DISK]
    return client_token("stamp", *sorted(times))


def _is_shared(instance_id: str, pool: Pool, beyond: Pool) -> bool:
    """Whether two pools of two hosts are one: what is made in the one is in the other."""
    name = f"{instance_id}.{hashlib.sha256(f'{pool.target}{beyond.target}'.encode()).hexdigest()[:8]}.probe"
    pool.delete(name)
    pool.create(name, 0, format="raw")
    try:
        _refresh(beyond)
        return name in beyond.names()
    finally:
        pool.delete(name)
        _refresh(beyond)


def _refresh(pool: Pool) -> None:
    """Let a pool look at its directory; while a volume of it is being copied, it cannot, and has to be asked again."""
    watch = Stopwatch(BUSY_SECONDS)
    while True:
        try:
            return pool.refresh()
        except LibvirtFailed as failed:
            if "asynchronous" not in failed.cause or not watch.left:
                raise
            time.sleep(0.2)


def _copied(source: Pool, target: Pool, volume: Volume, *, backing: str = "") -> Volume:
    """A volume of the target with every byte of one of the source; holes stay holes."""
    length = source.length(volume.name)
    if volume.format == "qcow2":
        target.create(volume.name, volume.size_bytes, backing=backing)
    else:
        target.create_sparse(volume.name, length)
    for offset in range(0, length, PIECE):
        piece = source.read(volume.name, min(PIECE, length - offset), offset)
        if offset == 0 and backing:
            try:
                piece = with_backing(piece, backing)
            except BadHeader as error:
                raise HypervisorFailed(f"volume {volume.name}", str(error)) from error
        if offset + len(piece) == length or piece.strip(b"\0"):
            target.write(volume.name, piece, offset)
    made = target.require(volume.name)
    if volume.format == "qcow2":
        verify_volume(target, made, volume.size_bytes, backing)
    return made


def _same_bytes(source: Pool, target: Pool, name: str) -> bool:
    """Whether two volumes of one name hold the same."""
    length = source.length(name)
    if target.length(name) != length:
        return False
    pieces = ((offset, min(PIECE, length - offset)) for offset in range(0, length, PIECE))
    return all(source.read(name, size, offset) == target.read(name, size, offset) for offset, size in pieces)

"""Storage pools of a host, and the volumes in them.

https://libvirt.org/formatstorage.html · https://libvirt.org/html/libvirt-libvirt-storage.html
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import escape

from oos.adapters.libvirt.connection import Connection, Handle, LibvirtFailed, Stopwatch, code_of, libvirt
from oos.adapters.libvirt.domain_xml import bytes_of, parse_xml
from oos.fleet.errors import DeadlineExceeded, HypervisorFailed

CHUNK: Final = 256 * 1024
"""Bytes in one piece of a stream; libvirt cuts larger ones itself."""
BUSY_SECONDS: Final = 600.0
"""How long to wait for a volume that somebody (an abandoned call of ours, say) still fills."""
BUSY_PAUSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume as its XML has it."""

    name: str
    path: str
    size_bytes: int
    stored_bytes: int
    format: str
    backing: str
    """Path of the volume beneath; empty without one."""
    changed: str = ""
    """When its file was written last, in seconds since 1970 with a fraction."""


@lru_cache(maxsize=4096)
def read_volume(xml: str) -> Volume:
    """The values in a volume's XML."""
    root = parse_xml(xml)
    format = root.find("target/format")
    return Volume(
        name=root.findtext("name", ""),
        path=root.findtext("target/path", ""),
        size_bytes=bytes_of(root.find("capacity")),
        stored_bytes=bytes_of(root.find("allocation")),
        format=format.get("type", "raw") if format is not None else "raw",
        backing=root.findtext("backingStore/path", ""),
        changed=root.findtext("target/timestamps/mtime", ""),
    )


def volume_xml(name: str, size_bytes: int, *, format: str = "qcow2", backing: str = "", extra: str = "") -> str:
    """The XML that makes a volume; qcow2 of version 3, which can hold the bitmaps that increments need."""
    version = "<compat>1.1</compat>" if format == "qcow2" else ""
    below = f"<backingStore><path>{escape(backing)}</path><format type='qcow2'/></backingStore>" if backing else ""
    return (
        f"<volume><name>{escape(name)}</name><capacity unit='bytes'>{size_bytes}</capacity>{extra}"
        f"<target><format type='{format}'/>{version}</target>{below}</volume>"
    )


def being_made(failed: LibvirtFailed) -> bool:
    """Whether a volume could not be used because somebody makes it in this moment. libvirt has no code for it."""
    return "still being allocated" in failed.cause


def _names(pool: Handle) -> list[str]:
    """The names of all volumes. Not `listVolumes`: that counts them, and then asks for as many; while others make
    volumes, it leaves some out."""
    return [str(each.name()) for each in pool.listAllVolumes(0)]


class Pool:
    """One storage pool, by name."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name
        self.target = f"pool {name} of host {connection.host}"

    def names(self) -> tuple[str, ...]:
        """The names of all volumes."""
        return self._connection.call(self.target, "listing it", lambda conn: tuple(_names(self._of(conn))))

    def volumes(self) -> tuple[Volume, ...]:
        """All volumes, in bulk."""
        return tuple(map(read_volume, self._connection.call(self.target, "listing it", self._all_xml)))

    def _all_xml(self, conn: Handle) -> list[str]:
        found = []
        for volume in self._of(conn).listAllVolumes(0):
            try:
                found.append(str(volume.XMLDesc(0)))
            except libvirt.libvirtError as error:
                # It went away since the list was made.
                if code_of(error) != libvirt.VIR_ERR_NO_STORAGE_VOL:
                    raise
        return found

    def find(self, name: str) -> Volume | None:
        """The volume of this name, or None."""
        try:
            xml = self._connection.call(
                self._of_volume(name), "looking", lambda conn: self._volume(conn, name).XMLDesc(0)
            )
        except LibvirtFailed as failed:
            if failed.code == libvirt.VIR_ERR_NO_STORAGE_VOL:
                return None
            raise
        return read_volume(str(xml))

    def require(self, name: str) -> Volume:
        """The volume of this name. Raises HypervisorFailed when there is none."""
        volume = self.find(name)
        if volume is None:
            raise HypervisorFailed(self._of_volume(name), "the volume is missing")
        return volume

    def stored_bytes(self, names: Collection[str]) -> dict[str, int]:
        """What these volumes take up, by name; those that are missing are left out."""
        wanted = set(names)

        def measure(conn: Handle) -> dict[str, int]:
            found = {}
            for volume in self._of(conn).listAllVolumes(0):
                if (name := str(volume.name())) not in wanted:
                    continue
                try:
                    found[name] = int(volume.info()[2])
                except libvirt.libvirtError as error:
                    # It went away since the list was made.
                    if code_of(error) != libvirt.VIR_ERR_NO_STORAGE_VOL:
                        raise
            return found

        return self._connection.call(self.target, "measuring volumes", measure) if wanted else {}

    def room(self) -> tuple[int, int]:
        """Bytes it has, and bytes that are free."""

        def look(conn: Handle) -> tuple[int, int]:
            pool = self._of(conn)
            # Backups fill volumes behind libvirt's back; while a volume is being copied it cannot look anew.
            with contextlib.suppress(libvirt.libvirtError):
                pool.refresh(0)
            _, capacity, _, available = pool.info()
            return int(capacity), int(available)

        return self._connection.call(self.target, "measuring it", look)

    def create(self, name: str, size_bytes: int, *, format: str = "qcow2", backing: str = "") -> Volume:
        """Make an empty volume."""
        xml = volume_xml(name, size_bytes, format=format, backing=backing)
        made = self._connection.call(
            self.target, f"making {name}", lambda conn: str(self._of(conn).createXML(xml, 0).XMLDesc(0))
        )
        return read_volume(made)

    def create_sparse(self, name: str, size_bytes: int) -> Volume:
        """Make a raw volume full of nothing, which takes up no room until it is written to."""
        xml = volume_xml(name, size_bytes, format="raw", extra="<allocation unit='bytes'>0</allocation>")
        made = self._connection.call(
            self.target, f"making {name}", lambda conn: str(self._of(conn).createXML(xml, 0).XMLDesc(0))
        )
        return read_volume(made)

    def length(self, name: str) -> int:
        """How many bytes the file of a volume has, holes counted."""
        flag = libvirt.VIR_STORAGE_VOL_GET_PHYSICAL
        return self._connection.call(
            self._of_volume(name), "measuring it", lambda conn: int(self._volume(conn, name).infoFlags(flag)[2])
        )

    def clone(self, name: str, source: Volume, size_bytes: int) -> Volume:
        """Make a volume with the content of another, whatever chain that stands on; grown to the size if smaller.

        libvirt runs `qemu-img convert`, which reads through backing files: the copy stands alone.
        """
        xml = volume_xml(name, max(size_bytes, source.size_bytes))

        def copy(conn: Handle) -> str:
            original = conn.storageVolLookupByPath(source.path)
            return str(self._of(conn).createXMLFrom(xml, original, 0).XMLDesc(0))

        made = read_volume(
            self._connection.call(self.target, f"copying {source.name}", copy, seconds=self._connection.deadlines.long)
        )
        if made.size_bytes < size_bytes:
            self.grow(name, size_bytes)
            return self.require(name)
        return made

    def grow(self, name: str, size_bytes: int) -> None:
        """Let a volume that no guest uses grow."""
        self._connection.call(
            self._of_volume(name), "growing it", lambda conn: self._volume(conn, name).resize(size_bytes, 0)
        )

    def delete(self, name: str) -> None:
        """Delete a volume; absent is done. One that is still being filled is waited for."""
        try:
            self._when_free(name, "deleting it", lambda conn: self._volume(conn, name).delete(0))
        except LibvirtFailed as failed:
            if failed.code != libvirt.VIR_ERR_NO_STORAGE_VOL:
                raise

    def _when_free(self, name: str, doing: str, ask: Callable[[Handle], object]) -> None:
        """Do something to a volume that nobody may fill, or read, in that moment."""
        watch = Stopwatch(BUSY_SECONDS)
        while True:
            try:
                self._connection.call(self._of_volume(name), doing, ask)
            except LibvirtFailed as failed:
                if not being_made(failed) and "still in use" not in failed.cause:
                    raise
                if not watch.left:
                    raise DeadlineExceeded(self._of_volume(name), "the call that uses it", BUSY_SECONDS) from failed
                time.sleep(min(BUSY_PAUSE, watch.left))
            else:
                return

    def read(self, name: str, length: int, offset: int = 0) -> bytes:
        """Bytes of a volume, as they are stored."""

        def download(conn: Handle) -> bytes:
            stream = conn.newStream(0)
            self._volume(conn, name).download(stream, offset, length, 0)
            pieces: list[bytes] = []
            while piece := stream.recv(CHUNK):
                pieces.append(piece)
            stream.finish()
            return b"".join(pieces)

        return self._connection.call(self._of_volume(name), "reading it", download)

    def write(self, name: str, content: bytes, offset: int = 0) -> None:
        """Put bytes into a volume."""

        def upload(conn: Handle) -> None:
            stream = conn.newStream(0)
            self._volume(conn, name).upload(stream, offset, len(content), 0)
            sent = 0
            while sent < len(content):
                sent += stream.send(content[sent : sent + CHUNK])
            stream.finish()

        # Who lists snapshots reads manifests; libvirt then lets nobody write to that volume for a moment.
        self._when_free(name, "writing it", upload)

    def refresh(self) -> None:
        """Let libvirt look at the directory again, for files that others put there."""
        self._connection.call(self.target, "refreshing it", lambda conn: self._of(conn).refresh(0))

    def _of(self, conn: Handle) -> Handle:
        return conn.storagePoolLookupByName(self.name)

    def _volume(self, conn: Handle, name: str) -> Handle:
        return self._of(conn).storageVolLookupByName(name)

    def _of_volume(self, name: str) -> str:
        return f"volume {name} in {self.target}"

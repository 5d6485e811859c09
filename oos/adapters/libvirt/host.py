"""What the halves of the libvirt adapter have in common: the connection, the pools, and domains found by id."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from oos.adapters.libvirt.connection import Connection, Deadlines, Handle, LibvirtFailed, code_of, libvirt
from oos.adapters.libvirt.domain_xml import DomainText, read_domain
from oos.adapters.libvirt.manifests import Manifests
from oos.adapters.libvirt.pools import Pool
from oos.adapters.libvirt.sizes import SnapshotSizes
from oos.fleet.errors import InstanceAbsent
from oos.fleet.instance import Power
from oos.fleet.manifest import (
    DiskManifest,
    ImageManifest,
    SnapshotManifest,
    decode_disk_manifest,
    decode_image_manifest,
    decode_snapshot_manifest,
)
from oos.inventory.model import Host
from oos.values.identifiers import instance_id as id_of_uuid

T = TypeVar("T")

_HANDOVER: Final = (
    libvirt.VIR_DOMAIN_PAUSED_MIGRATION,
    libvirt.VIR_DOMAIN_PAUSED_POSTCOPY,
    libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED,
)


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain as it was observed."""

    text: DomainText
    power: Power
    is_stuck: bool = False
    """Whether QEMU stopped it because a write failed."""
    is_in_handover: bool = False
    """Whether it stands still because it is handed over to another host, or comes from one."""

    @property
    def id(self) -> str:
        """The id of the instance."""
        return self.text.id


class LibvirtHost:
    """A host, its connection and its pools."""

    def __init__(
        self,
        host: Host,
        deadlines: Deadlines | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        connect: Callable[[str, str, Deadlines], Connection] = Connection,
    ) -> None:
        self._host = host
        self._now = now
        self._connection = connect(host.name, host.uri, deadlines or Deadlines())
        self._image_pool = Pool(self._connection, host.pools.images)
        self._disk_pool = Pool(self._connection, host.pools.disks)
        self._snapshot_pool = Pool(self._connection, host.pools.snapshots)
        self._images: Manifests[ImageManifest] = Manifests(self._image_pool, "m", decode_image_manifest)
        self._snapshots: Manifests[SnapshotManifest] = Manifests(self._snapshot_pool, "s", decode_snapshot_manifest)
        self._sizes = SnapshotSizes(self._snapshot_pool)
        self._disk_notes: Manifests[DiskManifest] = Manifests(self._disk_pool, "d", decode_disk_manifest)
        self._lock = threading.Lock()
        self._uuids: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        """By disk, the instance that had it when all were last asked."""
        self._busy: dict[str, threading.Lock] = {}

    @property
    def host(self) -> Host:
        return self._host

    def _pool_named(self, name: str) -> Pool:
        """A pool of this host, whatever the inventory uses it for."""
        return Pool(self._connection, name)

    def _domains(self) -> tuple[Domain, ...]:
        """All domains, in bulk: one call for their states, one each for their XML, on one worker."""
        listed = self._connection.call(self._host.name, "listing its domains", _list_domains)
        found = tuple(_as_domain(*each) for each in listed)
        with self._lock:
            self._uuids = {domain.id: domain.text.uuid for domain in found}
        return found

    def _domain(self, instance_id: str) -> Domain:
        """One domain as it is now. Raises InstanceAbsent."""
        return _as_domain(*self._ask(instance_id, "looking", _describe))

    def _ask(self, instance_id: str, what: str, ask: Callable[[Handle], T], *, seconds: float | None = None) -> T:
        """Ask a domain something, or make it change one thing. Raises InstanceAbsent."""
        uuid = self._uuid(instance_id)
        try:
            return self._connection.call(
                instance_id, what, lambda conn: ask(conn.lookupByUUIDString(uuid)), seconds=seconds
            )
        except LibvirtFailed as failed:
            if failed.code == libvirt.VIR_ERR_NO_DOMAIN:
                with self._lock:
                    self._uuids.pop(instance_id, None)
                raise InstanceAbsent(instance_id) from failed
            raise

    def _uuid(self, instance_id: str) -> str:
        """The UUID of a domain: it begins with the digits of the id, and the rest is found by looking at all."""
        with self._lock:
            known = self._uuids.get(instance_id)
        if known is not None:
            return known
        uuids = self._connection.call(
            self._host.name, "listing its domains", lambda conn: [each.UUIDString() for each in conn.listAllDomains(0)]
        )
        with self._lock:
            self._uuids.update((id_of_uuid(uuid), uuid) for uuid in uuids)
            if instance_id not in self._uuids:
                raise InstanceAbsent(instance_id)
            return self._uuids[instance_id]

    @contextmanager
    def _alone_with(self, id: str) -> Iterator[None]:
        """One at a time for each instance or lone disk: libvirt runs one backup of a domain at once."""
        with self._lock:
            lock = self._busy.setdefault(id, threading.Lock())
        with lock:
            yield


def _list_domains(conn: Handle) -> list[tuple[str, int, int]]:
    found = []
    for domain, statistics in conn.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE, 0):
        try:
            found.append((str(domain.XMLDesc(0)), statistics["state.state"], statistics["state.reason"]))
        except libvirt.libvirtError as error:
            # It went away since the list was made.
            if code_of(error) != libvirt.VIR_ERR_NO_DOMAIN:
                raise
    return found


def _describe(domain: Handle) -> tuple[str, int, int]:
    state, reason = domain.state(0)
    return str(domain.XMLDesc(0)), state, reason


def _as_domain(xml: str, state: int, reason: int) -> Domain:
    is_stuck = (state, reason) == (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR)
    is_in_handover = state == libvirt.VIR_DOMAIN_PAUSED and reason in _HANDOVER
    return Domain(read_domain(xml), power_of(state, reason), is_stuck, is_in_handover)


def power_of(state: int, reason: int) -> Power:
    """What libvirt's state means. A paused domain is "active" to libvirt, so active does not mean running."""
    match state:
        case libvirt.VIR_DOMAIN_RUNNING | libvirt.VIR_DOMAIN_BLOCKED:
            return Power.RUNNING
        case libvirt.VIR_DOMAIN_PAUSED if reason == libvirt.VIR_DOMAIN_PAUSED_STARTING_UP:
            return Power.STARTING
        case libvirt.VIR_DOMAIN_PAUSED | libvirt.VIR_DOMAIN_PMSUSPENDED:
            return Power.PAUSED
        case libvirt.VIR_DOMAIN_SHUTDOWN:
            return Power.STOPPING
        case _:
            return Power.STOPPED

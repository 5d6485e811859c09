"""Moving instances between hosts under libvirt: the running ones live, by the daemons of the two hosts themselves.

Peer to peer: the source's daemon leads, so the death of whoever asked changes nothing, and asking again joins the job.
https://libvirt.org/migration.html · https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainMigrateToURI3
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from oos.adapters.libvirt.connection import Handle, LibvirtFailed, Stopwatch, code_of, libvirt
from oos.adapters.libvirt.domain_xml import parse_xml, read_domain
from oos.adapters.libvirt.moving_files import Cargo, LibvirtCarrying, stamp_of
from oos.adapters.libvirt.moving_xml import FileKind, with_moved_files
from oos.adapters.libvirt.note import MOVE_NAMESPACE, MOVE_PREFIX, MoveMark
from oos.fleet.errors import DeadlineExceeded, FleetError, HypervisorFailed, Incapable, InstanceAbsent, WrongState
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import Instance, Power
from oos.fleet.moving import Copy, HostCapacity, NextStep, next_step
from oos.fleet.storage import SnapshotStatus
from oos.inventory.model import Host
from oos.values.time import parse_instant

_WITH_SECRETS: Final = libvirt.VIR_DOMAIN_XML_MIGRATABLE | libvirt.VIR_DOMAIN_XML_SECURE
"""What a domain is, as another host wants to be told."""
LOOK_SECONDS: Final = 0.5
"""How often a move is asked how far it is."""
MOST_STEPS: Final = 12
"""A move takes four or five steps; one that takes more goes round in circles, with somebody else at work on it."""


class LibvirtMoving(LibvirtCarrying):
    """The half of the port that is about a host among others."""

    def capacity(self) -> HostCapacity:
        _, memory_mib, cpus, *_ = self._connection.call(self._host.name, "measuring it", lambda conn: conn.getInfo())
        return HostCapacity(int(cpus), int(memory_mib))

    def move_instance(self, instance_id: str, target: Hypervisor, report: Callable[[int], None]) -> Instance:
        if not isinstance(target, LibvirtMoving):
            raise Incapable(instance_id, f"{target.host.name} is a host of another kind")
        with self._alone_with(instance_id):
            for _ in range(MOST_STEPS):
                step = self._next_step(instance_id, target)
                if step is NextStep.NOTHING:
                    report(100)
                    return target.instance(instance_id)
                try:
                    self._take_step(step, instance_id, target, report)
                except FleetError:
                    if step in (NextStep.SEND, NextStep.COPY):
                        self._withdraw(instance_id, target)
                    raise
        raise HypervisorFailed(instance_id, f"its move to {target._host.name} does not come to an end")

    def _next_step(self, instance_id: str, target: LibvirtMoving) -> NextStep:
        # The source first: what is seen on the target afterwards can only be newer.
        here, there = self._copy(instance_id), target._copy(instance_id)
        is_same = bool(here and there) and self._is_as_copied(instance_id, target)
        return next_step(instance_id, self._host.name, here, there, is_same=is_same)

    def _take_step(
        self, step: NextStep, instance_id: str, target: LibvirtMoving, report: Callable[[int], None]
    ) -> None:
        match step:
            case NextStep.JOIN:
                self._wait_for_job(instance_id, report)
            case NextStep.SEND:
                self._send(instance_id, target, report)
            case NextStep.COPY:
                self._move_stopped(instance_id, target)
            case NextStep.CLEAR_TARGET:
                target._forget_copy(instance_id)
            case NextStep.CLEAR_SOURCE:
                self._cede(instance_id, target)
            case NextStep.GO_ON_HERE:
                self._ask(instance_id, "letting it go on", lambda domain: domain.resume())
            case _:
                self._complete(instance_id, target)

    # looking

    def _copy(self, instance_id: str) -> Copy | None:
        try:
            domain = self._domain(instance_id)
            leaving = domain.power is not Power.STOPPED and self._is_leaving(instance_id)
        except InstanceAbsent:
            return None
        mark = domain.text.mark
        return Copy(domain.power, mark.source if mark else "", leaving, domain.is_in_handover)

    def _is_leaving(self, instance_id: str) -> bool:
        return bool(self._job(instance_id).get("operation") == libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT)

    def _job(self, instance_id: str) -> dict[str, Any]:
        """The statistics of the job that a domain has now; empty without one."""

        def look(domain: Handle) -> dict[str, Any]:
            try:
                found: dict[str, Any] = domain.jobStats(0)
            except libvirt.libvirtError as error:
                # It went off meanwhile; or it only arrives here, of which its source keeps the statistics.
                if code_of(error) in (libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_OPERATION_UNSUPPORTED):
                    return {}
                raise
            return found if found.get("type") != libvirt.VIR_DOMAIN_JOB_NONE else {}

        return self._ask(instance_id, "looking at its job", look)

    def _is_as_copied(self, instance_id: str, target: LibvirtMoving) -> bool:
        mark = target._domain(instance_id).text.mark
        return mark is not None and mark.stamp == stamp_of(self._disks_cargo(instance_id, target))

    def _disks_cargo(self, instance_id: str, target: LibvirtMoving) -> list[Cargo]:
        return self._cargo(instance_id, self._xml(instance_id, libvirt.VIR_DOMAIN_XML_INACTIVE), target)

    def _xml(self, instance_id: str, flags: int = 0) -> str:
        return self._ask(instance_id, "looking", lambda domain: str(domain.XMLDesc(_WITH_SECRETS | flags)))

    # there

    def _prepare(self, instance_id: str, target: LibvirtMoving, xml: str) -> list[Cargo]:
        """What the target needs besides the domain; the cargo that goes with it. Raises what says why it cannot."""
        text = read_domain(xml)
        if any(each.replaced for each in text.note.disks):
            raise WrongState(instance_id, "being restored", "ask for that restore again, to complete it")
        for name in _networks(xml):
            target._require_network(name)
        cargo = self._cargo(instance_id, xml, target)
        self._claim(instance_id, cargo, target)
        for card in text.cards:
            if card.filter.is_ours:
                others = self._others(card.filter.name, [card.filter])
                target._define_card_filter(card.filter.name, card.filter.group_ids, others)
        disk_ids = [text.disk_id(disk) for disk in text.disks]
        self._bring_snapshots(instance_id, disk_ids, target)
        self._bring_notes(disk_ids, target)
        return cargo

    def _mark(self, instance_id: str, stamp: str = "") -> MoveMark:
        starts = self._ask(instance_id, "looking", lambda domain: bool(domain.isPersistent() and domain.autostart()))
        return MoveMark(self._host.name, starts, stamp)

    # a running one

    def _send(self, instance_id: str, target: LibvirtMoving, report: Callable[[int], None]) -> None:
        """Let the daemons of the two hosts move it. At their last step it runs there, and is gone here."""
        xml = self._xml(instance_id)
        cargo = self._prepare(instance_id, target, xml)
        paths = self._bring(instance_id, cargo, target, live=True)
        copied = [each.file.device for each in cargo if each.file.kind == FileKind.DISK and not each.is_shared]
        mark = self._mark(instance_id)
        persistent = self._ask(instance_id, "looking", lambda domain: bool(domain.isPersistent()))
        flags = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER | libvirt.VIR_MIGRATE_ABORT_ON_ERROR
        flags |= libvirt.VIR_MIGRATE_AUTO_CONVERGE
        parameters: dict[str, Any] = {
            libvirt.VIR_MIGRATE_PARAM_DEST_XML: with_moved_files(xml, paths, copied, mark),
        }
        if persistent:
            flags |= libvirt.VIR_MIGRATE_PERSIST_DEST | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
            inactive = self._xml(instance_id, libvirt.VIR_DOMAIN_XML_INACTIVE)
            parameters[libvirt.VIR_MIGRATE_PARAM_PERSIST_XML] = with_moved_files(inactive, paths, copied, mark)
        if copied:
            flags |= libvirt.VIR_MIGRATE_NON_SHARED_DISK
            parameters[libvirt.VIR_MIGRATE_PARAM_MIGRATE_DISKS] = copied
        if any(each.is_shared for each in cargo):
            # libvirt takes a shared directory of one machine for two; we have seen that it is one.
            flags |= libvirt.VIR_MIGRATE_UNSAFE
        if target._host.migration.address:
            parameters[libvirt.VIR_MIGRATE_PARAM_URI] = target._host.migration.address
        self._migrate(instance_id, target, parameters, flags, report)

    def _migrate(
        self,
        instance_id: str,
        target: LibvirtMoving,
        parameters: dict[str, Any],
        flags: int,
        report: Callable[[int], None],
    ) -> None:
        uri = peer_uri(target._host)
        failures: list[FleetError] = []

        def send() -> None:
            try:
                self._ask(
                    instance_id,
                    f"moving it to {target._host.name}",
                    lambda domain: domain.migrateToURI3(uri, parameters, flags),
                    seconds=self._connection.deadlines.long,
                )
            except FleetError as failed:
                failures.append(failed)

        sending = threading.Thread(target=send, name=f"move of {instance_id}", daemon=True)
        sending.start()
        while sending.is_alive():
            self._tell_percent(instance_id, report)
            sending.join(LOOK_SECONDS)
        if not failures:
            return
        if isinstance(failures[0], DeadlineExceeded):
            self._abort(instance_id)
        # What libvirt says of a failure need not be the last word on where the guest is: that is seen.
        there = target._copy(instance_id)
        if there is not None and there.power is Power.RUNNING:
            return
        raise failures[0]

    def _tell_percent(self, instance_id: str, report: Callable[[int], None]) -> None:
        with contextlib.suppress(FleetError):
            job = self._job(instance_id)
            total, left = job.get("data_total", 0), job.get("data_remaining", 0)
            if total:
                report(min(99, 100 * (total - left) // total))

    def _wait_for_job(self, instance_id: str, report: Callable[[int], None]) -> None:
        """Wait until the job ends that somebody began who is not there any more."""
        watch = Stopwatch(self._connection.deadlines.long)
        with contextlib.suppress(InstanceAbsent):
            while self._is_leaving(instance_id):
                self._tell_percent(instance_id, report)
                if not watch.left:
                    self._abort(instance_id)
                    raise DeadlineExceeded(instance_id, "its move", watch.seconds)
                time.sleep(LOOK_SECONDS)

    def _abort(self, instance_id: str) -> None:
        """Have it stay, and wait until it does: at its last step a move ends all the same."""
        watch = Stopwatch(self._connection.deadlines.quick)
        with contextlib.suppress(LibvirtFailed, InstanceAbsent):
            self._ask(instance_id, "giving up its move", lambda domain: domain.abortJob())
            while self._is_leaving(instance_id) and watch.left:
                time.sleep(LOOK_SECONDS)

    # a stopped one

    def _move_stopped(self, instance_id: str, target: LibvirtMoving) -> None:
        """Copy its disks, and define it on the target, where it does not start before it is gone here."""
        if self._ask(
            instance_id, "looking", lambda domain: bool(domain.hasManagedSaveImage(0) or domain.snapshotNum(0))
        ):
            raise Incapable(instance_id, "it moves running only: its memory, or snapshots of libvirt's, are kept here")
        xml = self._xml(instance_id, libvirt.VIR_DOMAIN_XML_INACTIVE)
        cargo = self._prepare(instance_id, target, xml)
        paths = self._bring(instance_id, cargo, target, live=False)
        if stamp_of(self._disks_cargo(instance_id, target)) != stamp_of(cargo):
            raise WrongState(instance_id, "in use", "leave it stopped while it is moved")
        copied = [each.file.device for each in cargo if each.file.kind == FileKind.DISK and not each.is_shared]
        text = with_moved_files(xml, paths, copied, self._mark(instance_id, stamp_of(cargo)))
        target._connection.call(instance_id, "defining it on its new host", lambda conn: conn.defineXML(text))

    def _withdraw(self, instance_id: str, target: LibvirtMoving) -> None:
        """It stays here: take away what the target got of it, as far as can be; asked again, a move finds the rest."""
        with contextlib.suppress(FleetError):
            there = target._copy(instance_id)
            if self._is_leaving(instance_id) or (there is not None and there.moving_from != self._host.name):
                return
            target._forget_copy(instance_id)
            if target._copy(instance_id) is None and target._is_claimed(instance_id):
                xml = self._xml(instance_id)
                text = read_domain(xml)
                target._take_away(instance_id, xml, [text.disk_id(disk) for disk in text.disks], self)
                target._disclaim(instance_id)

    def _forget_copy(self, instance_id: str) -> None:
        """Take away a domain that only arrives here and does not run; its files are made anew."""

        def forget(domain: Handle) -> None:
            state, _ = domain.state(0)
            if state == libvirt.VIR_DOMAIN_RUNNING:
                return  # it came to life after all: what is seen next decides
            if domain.isActive():
                domain.destroy()
            if domain.isPersistent():
                domain.undefineFlags(_EVERYTHING)

        with contextlib.suppress(InstanceAbsent):
            self._ask(instance_id, "forgetting what is half here of it", forget)

    def _cede(self, instance_id: str, target: LibvirtMoving) -> None:
        """Take away the domain here, which the target has: stopped here as there, or left standing by a handover."""
        is_there = target._domain(instance_id).power is Power.RUNNING

        def give_up(domain: Handle) -> None:
            state, _ = domain.state(0)
            if state in (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_BLOCKED):
                return  # somebody started it: what is seen next decides
            if domain.isActive():
                if not is_there:
                    return
                domain.destroy()
            if domain.isPersistent():
                domain.undefineFlags(_EVERYTHING)

        with contextlib.suppress(InstanceAbsent):
            self._ask(instance_id, "giving it up", give_up)

    # afterwards

    def _complete(self, instance_id: str, target: LibvirtMoving) -> None:
        """Take away what is left here, and, last of all, the mark there."""
        xml = target._xml(instance_id, libvirt.VIR_DOMAIN_XML_INACTIVE if target._is_persistent(instance_id) else 0)
        text = read_domain(xml)
        mark = text.mark or MoveMark(self._host.name)
        target._restore_checkpoints(instance_id)
        if mark.autostart:
            target._ask(instance_id, "letting it start with its host", lambda domain: domain.setAutostart(1))
        self._take_away(instance_id, xml, [text.disk_id(disk) for disk in text.disks], target)
        self._forget_card_filters(card.mac for card in text.cards if card.filter.is_ours)
        target._disclaim(instance_id)
        target._unmark(instance_id)

    def _is_persistent(self, instance_id: str) -> bool:
        return self._ask(instance_id, "looking", lambda domain: bool(domain.isPersistent()))

    def _unmark(self, instance_id: str) -> None:
        for flag, text in self._texts(instance_id):
            if text.mark is not None:
                self._ask(instance_id, "noting that its move is complete", partial(_remove_mark, flag=flag))

    def _restore_checkpoints(self, instance_id: str) -> None:
        """Bitmaps came along, checkpoints did not: with them, the next snapshots continue the last ones.

        Should libvirt not take one, the next snapshot is a full one, as after any doubt.
        """
        domain = self._domain(instance_id)
        there = set(self._checkpoints(instance_id))
        moments: dict[str, int] = {}
        devices: dict[str, list[str]] = {}
        for disk in domain.text.disks:
            disk_id = domain.text.disk_id(disk)
            whole = [
                each
                for each in self._snapshots_of([disk_id])
                if each.status is SnapshotStatus.ACCOMPLISHED and each.checkpoint
            ]
            if not whole:
                continue
            # Of two of one second, the one that stands on the other is newer: the list has it later.
            newest = sorted(whole, key=lambda each: each.created)[-1]
            if newest.checkpoint in there:
                continue
            moments[newest.checkpoint] = int(parse_instant(newest.created).timestamp())
            devices.setdefault(newest.checkpoint, []).append(disk.device)
        for name, covers in devices.items():
            with contextlib.suppress(LibvirtFailed):
                self._cover(instance_id, name, covers, moments[name])


_EVERYTHING: Final = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
)


def _remove_mark(domain: Handle, flag: int) -> None:
    domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, None, MOVE_PREFIX, MOVE_NAMESPACE, flag)


def _networks(xml: str) -> Sequence[str]:
    """The networks of libvirt that a domain has cards in; bridges and the like of its host are left to libvirt."""
    sources = parse_xml(xml).iterfind("devices/interface[@type='network']/source")
    return list(dict.fromkeys(each.get("network", "") for each in sources))


def peer_uri(host: Host) -> str:
    """How the daemon of another host reaches this one. A local URI with a socket of its own means that socket."""
    if host.migration.uri:
        return host.migration.uri
    scheme, _, rest = host.uri.partition(":")
    return f"{scheme}+unix:{rest}" if "+" not in scheme and "socket=" in rest else host.uri

"""Backups of running guests: freeze, take the point in time, thaw, and wait until the copy is out.

https://libvirt.org/formatbackup.html · https://libvirt.org/formatcheckpoint.html · https://libvirt.org/kbase/live_full_disk_backup.html
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from oos.adapters.libvirt.checkpoints import LibvirtCheckpoints
from oos.adapters.libvirt.connection import LibvirtFailed, Stopwatch, libvirt
from oos.adapters.libvirt.domain_xml import parse_xml
from oos.fleet.errors import (
    AgentFailed,
    AgentUnavailable,
    DeadlineExceeded,
    HypervisorFailed,
    PoolFull,
    WrongState,
)
from oos.fleet.instance import Power
from oos.values.identifiers import is_resource_id

SHORTEST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 1.0
"""Seconds between two looks at a backup. Each pause is at most half as long as the backup ran so far."""
JOB_SECONDS: Final = 5.0
"""How long a backup that cannot write may take to notice."""
CLOCK_SLACK: Final = 0.1
"""Seconds by which libvirt's account of a job may fall short of what was seen of it."""
THAW_TRIES: Final = 5
NAMELESS_TRIES: Final = 5
"""How often to ask about a backup while the answer is an error that says nothing."""


class BackupInTheWay(HypervisorFailed):
    """Another backup of the same domain kept this one from being made, or from being known to be good."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup to be made of one disk of a running domain."""

    device: str
    target: str
    """Path of the volume that takes it, made already."""
    checkpoint: str
    """Name of the checkpoint set at the same moment, one for all backups of that; empty for none."""
    since: str = ""
    """The checkpoint since which changes are taken; empty for a full backup."""


def backup_xml(*backups: Backup) -> str:
    """Backups of one moment for libvirt. Disks that are not named take no part."""
    return f"<domainbackup mode='push'><disks>{''.join(map(_disk_xml, backups))}</disks></domainbackup>"


def _disk_xml(backup: Backup) -> str:
    mode = f"backupmode='incremental' incremental={quoteattr(backup.since)}" if backup.since else "backupmode='full'"
    return (
        f"<disk name={quoteattr(backup.device)} backup='yes' type='file' {mode}>"
        f"<driver type='qcow2'/><target file={quoteattr(backup.target)}/></disk>"
    )


def checkpoint_xml(*backups: Backup) -> str | None:
    """The checkpoint of one moment for libvirt, or None: libvirt sets one for a moment, of all disks."""
    names = {each.checkpoint for each in backups} - {""}
    if not names:
        return None
    (name,) = names
    disks = "".join(f"<disk name={quoteattr(each.device)} checkpoint='bitmap'/>" for each in backups if each.checkpoint)
    return f"<domaincheckpoint><name>{name}</name><disks>{disks}</disks></domaincheckpoint>"


class LibvirtBackups(LibvirtCheckpoints):
    """Backups of running domains, and frozen file systems."""

    def _begin_backup(self, instance_id: str, *backups: Backup, freeze: bool) -> bool:
        """Take the point in time; whether file systems were frozen at that moment. The copy then goes on by itself.

        Raises BackupInTheWay when somebody else was quicker.
        """
        frozen = self._freeze(instance_id) if freeze else 0
        try:
            # libvirt would wait half a minute for another backup to end, and the guest with it.
            if self._backup_targets(instance_id):
                raise BackupInTheWay(instance_id, "somebody else began to back it up")
            self._ask(
                instance_id,
                "beginning a backup",
                lambda domain: domain.backupBegin(
                    backup_xml(*backups), checkpoint_xml(*backups), libvirt.VIR_DOMAIN_BACKUP_BEGIN_REUSE_EXTERNAL
                ),
            )
        finally:
            thawed = self._thaw(instance_id) if frozen else 0
        # Somebody else may have thawed in between; then nobody knows what was written.
        return frozen > 0 and thawed >= frozen

    def _freeze(self, instance_id: str) -> int:
        """Freeze the guest's file systems; how many. 0 where the agent cannot, or does not answer."""
        try:
            return int(self._agent(instance_id, "guest-fsfreeze-freeze"))
        except AgentFailed:
            return 0
        except (AgentUnavailable, DeadlineExceeded):
            # It may have frozen all the same, and only the answer was late.
            if self._is_frozen(instance_id):
                self._thaw(instance_id)
            return 0

    def _thaw(self, instance_id: str) -> int:
        """Thaw; how many file systems. A frozen guest is of no use to anybody: this does not give up soon."""
        for attempt in range(1, THAW_TRIES + 1):
            try:
                return int(self._agent(instance_id, "guest-fsfreeze-thaw"))
            except (AgentFailed, AgentUnavailable, DeadlineExceeded) as error:
                domain = self._domain(instance_id)
                if domain.power is Power.STOPPED:
                    return 0
                if domain.is_stuck:
                    self._set_going(instance_id)
                if attempt == THAW_TRIES:
                    raise HypervisorFailed(instance_id, f"its file systems stay frozen: {error}") from error
        return 0

    def _set_going(self, instance_id: str) -> None:
        """Let a guest go on that QEMU stopped for want of room in our pool.

        While a backup runs, QEMU saves what the guest is about to overwrite. If it cannot, the guest's own write fails,
        and the guest is stopped. When the backup is gone, the write is done again, and succeeds.
        """
        watch = Stopwatch(JOB_SECONDS)
        while self._is_of_ours(self._backup_targets(instance_id)) and watch.left:
            # It fails by itself, for the same reason, and then says so.
            time.sleep(SHORTEST_PAUSE)
        if self._is_of_ours(self._backup_targets(instance_id)):
            self._give_up(instance_id)
        if self._domain(instance_id).is_stuck:
            self._ask(instance_id, "resuming", lambda domain: domain.resume())

    def _give_up(self, instance_id: str) -> None:
        """End a backup that runs; one that has ended meanwhile is as good."""
        try:
            self._ask(instance_id, "giving up its backup", lambda domain: domain.abortJob())
        except LibvirtFailed as failed:
            if failed.code != libvirt.VIR_ERR_OPERATION_INVALID:
                raise

    def _is_of_ours(self, paths: Iterable[str]) -> bool:
        """Whether snapshots or images are written there."""
        names = [each.rsplit("/", 1)[-1].split(".", 1)[0] for each in paths]
        return any(is_resource_id(each, "s") or is_resource_id(each, "m") for each in names)

    def _is_frozen(self, instance_id: str) -> bool:
        """Whether file systems are frozen; no, where no agent answers."""
        try:
            return bool(self._agent(instance_id, "guest-fsfreeze-status") == "frozen")
        except (AgentFailed, AgentUnavailable, DeadlineExceeded):
            return False

    # the job

    def _backup_targets(self, instance_id: str) -> tuple[str, ...]:
        """The files that a running backup of this domain is written to; none when none runs."""
        for attempt in range(1, NAMELESS_TRIES + 1):
            try:
                xml = self._ask(instance_id, "looking at its backup", lambda domain: str(domain.backupGetXMLDesc(0)))
                break
            except LibvirtFailed as failed:
                if failed.code in (libvirt.VIR_ERR_NO_DOMAIN_BACKUP, libvirt.VIR_ERR_OPERATION_INVALID):
                    return ()
                # Seen with libvirt 9.0 as a backup ended just then: an error that names none.
                if failed.code != libvirt.VIR_ERR_OK or attempt == NAMELESS_TRIES:
                    raise
                time.sleep(SHORTEST_PAUSE)
        targets = parse_xml(xml).iterfind("disks/disk/target")
        return tuple(each.get("file") or each.get("dev") or "?" for each in targets) or ("?",)

    def _wait_for_others(self, instance_id: str) -> None:
        """Wait while a backup of somebody else's runs: libvirt does one at a time."""
        watch = Stopwatch(self._connection.deadlines.long)
        while self._backup_targets(instance_id):
            if not watch.left:
                raise WrongState(instance_id, "being backed up by somebody else", "wait until that has ended")
            # Longer than they pause between two looks: with our own backup we wipe away how theirs went.
            time.sleep(LONGEST_PAUSE + 0.5)

    def _wait_for_backup(self, instance_id: str, target: str, report: Callable[[int], None]) -> None:
        """Wait until our backup has ended well.

        Raises HypervisorFailed, PoolFull, DeadlineExceeded; BackupInTheWay when nobody can tell how it ended.
        """
        watch = Stopwatch(self._connection.deadlines.long)
        checkpoints = set(self._checkpoints(instance_id))
        ran = 0.0
        while target in self._backup_targets(instance_id):
            ran = watch.seconds - watch.left
            report(self._backup_percent(instance_id))
            if not watch.left:
                self._give_up(instance_id)
                raise DeadlineExceeded(instance_id, "its backup", watch.seconds)
            time.sleep(min(max(ran / 2, SHORTEST_PAUSE), LONGEST_PAUSE))
        if self._domain(instance_id).is_stuck:
            self._set_going(instance_id)
        self._require_success(instance_id, ran, checkpoints)

    def _backup_percent(self, instance_id: str) -> int:
        """How much of a running backup is done; at most 99, because it is not done yet."""
        try:
            job = self._ask(instance_id, "looking at its backup", lambda domain: domain.jobStats(0))
        except LibvirtFailed:
            return 0
        total = int(job.get("disk_total", 0))
        return min(99, 100 * int(job.get("disk_processed", 0)) // total) if total else 0

    def _require_success(self, instance_id: str, ran: float, checkpoints: set[str]) -> None:
        """Make sure that our backup, which was seen running for so many seconds, ended well.

        libvirt keeps how the last job of a domain went, and does not say which one that was. It is ours unless
        somebody else's began since: such a one has set a checkpoint, or ran for a shorter time than ours was seen to.
        """
        flags = libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED | libvirt.VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED
        job: Mapping[str, Any] = {}
        # libvirt forgets the jobs of a guest that stopped.
        with contextlib.suppress(LibvirtFailed):
            job = self._ask(instance_id, "looking at its backup", lambda domain: domain.jobStats(flags))
        if self._domain(instance_id).power is Power.STOPPED and not job.get("success"):
            raise HypervisorFailed(instance_id, "the guest stopped while it was backed up")
        if (
            job.get("operation") != libvirt.VIR_DOMAIN_JOB_OPERATION_BACKUP
            or int(job.get("time_elapsed", 0)) / 1000 < ran - CLOCK_SLACK
            or set(self._checkpoints(instance_id)) - checkpoints
        ):
            raise BackupInTheWay(instance_id, "somebody else's backup hid how this one ended")
        if job.get("success"):
            return
        cause = str(job.get("errmsg") or "the backup was cut short")
        if "No space left on device" in cause:
            raise PoolFull(self._snapshot_pool.target, cause)
        raise HypervisorFailed(instance_id, cause)

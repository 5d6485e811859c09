"""Leases: who drives which execution, where several hosts share a PostgreSQL journal (decision 064).

A process renews its own row every two seconds; its leases hold as long as that row does. A lease has a number that is
higher than all before it (a fencing number), and the journal takes entries only under the number that is in force: who
lost a lease without knowing it can write nothing more. All times are those of the database's clock.

On one host the lock file tells more, and sooner: the kernel frees it with its holder. Who holds the file of an
execution knows that whoever held its lease on this host is dead, and need not wait.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from oos.adapters.locks import ExecutionLock, ExecutionLocks
from oos.adapters.sql.database import Database
from oos.adapters.sql.dialect import Cursor
from oos.adapters.sql.renewal import LEASE, Renewal
from oos.journal.port import JournalFailed, LeaseLost, OwnedElsewhere

log = logging.getLogger(__name__)

# A process lives until its row expires. Who could not renew because the server was away gets as long as a lease once it
# is back: that is what the second condition says.
_ACQUIRE: Final = """
INSERT INTO leases (root_id, process) VALUES (%s, %s)
ON CONFLICT (root_id) DO UPDATE SET number = excluded.number, process = excluded.process
WHERE NOT EXISTS (
    SELECT 1 FROM processes
    WHERE processes.number = leases.process AND processes.host <> %s
    AND (processes.expires > clock_timestamp() OR pg_postmaster_start_time() + %s > clock_timestamp())
)
RETURNING number
"""

_HOLDERS: Final = """
SELECT leases.root_id, processes.name, processes.host
FROM leases JOIN processes ON processes.number = leases.process
WHERE leases.root_id = ANY (%s)
AND (processes.expires > clock_timestamp() OR pg_postmaster_start_time() + %s > clock_timestamp())
"""

# Shared, until the commit: a process that takes over waits for it, or this one finds the number changed.
_STILL_HELD: Final = """
SELECT root_id FROM leases
WHERE (root_id, number) IN (SELECT * FROM unnest(%s::text[], %s::bigint[])) FOR SHARE
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who drives an execution."""

    name: str
    host: str


class Lease:
    """The right to drive an execution, until it is released, or lost."""

    def __init__(self, leases: LeaseLocks, root_id: str, number: int, file: ExecutionLock) -> None:
        self._leases = leases
        self._root_id = root_id
        self.number = number
        self._file = file

    def release(self) -> None:
        """Give it up. Harmless twice."""
        self._leases.give_up(self._root_id, self.number)
        self._file.release()

    def is_ours(self) -> bool:
        """Whether it is still held; waits, if this process was not heard for long, until it knows what it lost."""
        return self._leases.holds(self._root_id, self.number)


class LeaseLocks:
    """The Locks port for hosts that share a database; besides it, what the journal asks before it writes."""

    def __init__(self, database: Database, files: ExecutionLocks, host: str, name: str) -> None:
        self._database = database
        self._files = files
        self._host = host
        self._guard = threading.Lock()
        self._held: dict[str, int] = {}
        self._renewal = Renewal(database.dialect, name, host, self._keep)

    def acquire(self, root_id: str) -> Lease:
        """The lease of an execution and its descendants. Raises OwnedElsewhere, LockRefused, JournalFailed."""
        file = self._files.acquire(root_id)
        try:
            process = self._renewal.process()

            def write(cursor: Cursor) -> int | None:
                cursor.execute(_ACQUIRE, (root_id, process, self._host, LEASE))
                rows = cursor.fetchall()
                return int(rows[0][0]) if rows else None

            number = self._database.write(write)
            if number is None:
                raise OwnedElsewhere(root_id, self._holder_elsewhere(root_id))
        except BaseException:
            file.release()
            raise
        with self._guard:
            self._held[root_id] = number
        return Lease(self, root_id, number, file)

    def give_up(self, root_id: str, number: int) -> None:
        """Hold a lease no longer; the database hears of it soon."""
        with self._guard:
            if self._held.get(root_id) != number:
                return
            del self._held[root_id]
        self._renewal.let_go(root_id, number)

    def holds(self, root_id: str, number: int) -> bool:
        """Whether a lease is still held, once that is known."""
        self._renewal.wait_until_heard()
        with self._guard:
            return self._held.get(root_id) == number

    def _keep(self, ask: Callable[[], Mapping[str, int]]) -> None:
        """Others may have taken leases over: hold on to those alone that the database says are ours."""
        with self._guard:
            before = dict(self._held)
        ours = ask()
        with self._guard:
            for root_id, number in before.items():
                if ours.get(root_id) != number and self._held.get(root_id) == number:
                    del self._held[root_id]

    def is_owned(self, root_id: str) -> bool:
        """Whether somebody alive drives the execution, here or on another host. Raises LockRefused, JournalFailed."""
        return self.holder(root_id) is not None

    def holder(self, root_id: str) -> str | None:
        """Who drives the execution, as it called itself, or None. Raises LockRefused, JournalFailed."""
        holder = self._holders([root_id]).get(root_id)
        return None if holder is None else holder.name

    def free(self, root_ids: Sequence[str]) -> list[str]:
        """Those that nobody drives; none when others may only have been unheard. Raises LockRefused, JournalFailed."""
        if not self._renewal.is_steady():
            return []
        holders = self._holders(root_ids)
        return [root_id for root_id in root_ids if root_id not in holders]

    def check(self, cursor: Cursor, root_ids: Iterable[str]) -> None:
        """See, in a transaction that writes, that these leases are held until its end. Raises LeaseLost."""
        wanted = frozenset(root_ids)
        with self._guard:
            numbers = {root_id: self._held[root_id] for root_id in wanted if root_id in self._held}
        if len(numbers) == len(wanted):
            cursor.execute(_STILL_HELD, (list(numbers), list(numbers.values())))
            still = {root_id for (root_id,) in cursor.fetchall()}
        else:
            still = set(numbers)
        if still != wanted:
            raise LeaseLost(wanted - still)

    def close(self) -> None:
        """Give up everything, for a process that ends. Harmless twice."""
        with self._guard:
            self._held.clear()
        self._renewal.close()

    def _holder_elsewhere(self, root_id: str) -> str:
        try:
            holder = self._holders([root_id]).get(root_id)
        except JournalFailed:
            return ""
        return holder.name if holder is not None else ""

    def _holders(self, root_ids: Sequence[str]) -> dict[str, Holder]:
        if not root_ids:
            return {}
        rows: list[Any] = self._database.read(_HOLDERS, (list(root_ids), LEASE))
        return {
            root_id: Holder(name, host)
            for root_id, name, host in rows
            # The file of a dead holder on this host is free at once, long before its lease is over.
            if host != self._host or self._files.is_owned(root_id)
        }


def host_identity(locks: Path) -> str:
    """What tells this host, and this folder of lock files on it, from all others."""
    locks.mkdir(parents=True, exist_ok=True, mode=0o700)
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    seen = locks.stat()
    return f"{boot}:{seen.st_dev}:{seen.st_ino}"

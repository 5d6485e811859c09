"""Renewal: a thread that keeps the leases of this process alive, and tells the database which were given up."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import psycopg

from oos.adapters.sql.dialect import Dialect
from oos.adapters.sql.postgres import Postgres
from oos.journal.port import JournalFailed

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=6)
"""How long a process that does not renew is waited for: after that, others take over what it drove."""
SURE_SECONDS: Final = LEASE.total_seconds() - 1.0
"""So long after it was heard last, a process knows that nobody took over anything."""
RENEW_SECONDS: Final = 1.5
RETRY_SECONDS: Final = 0.5
HEARD_SECONDS: Final = 0.05
"""How often it is seen whether the process is heard again."""
FORGET: Final = timedelta(days=1)
"""Rows of processes that died so long ago are removed, with what leases they still have."""
LAST_SECONDS: Final = 2.0
"""How long the end of a process may wait for the database."""

_REGISTER: Final = (
    "INSERT INTO processes (name, host, expires) VALUES (%s, %s, clock_timestamp() + %s) RETURNING number"
)
# Its row may have been forgotten meanwhile.
_RENEW: Final = (
    "INSERT INTO processes (number, name, host, expires) VALUES (%s, %s, %s, clock_timestamp() + %s)"
    " ON CONFLICT (number) DO UPDATE SET expires = excluded.expires"
)
_OURS: Final = "SELECT root_id, number FROM leases WHERE process = %s"
_LET_GO: Final = "DELETE FROM leases WHERE root_id = %s AND number = %s"
_FORGET: Final = (
    "WITH dead AS (DELETE FROM processes WHERE expires < clock_timestamp() - %s RETURNING number)"
    " DELETE FROM leases WHERE process IN (SELECT number FROM dead)"
)


class Renewal:
    """One process as the others see it, on a connection of its own: no commit of the journal keeps it waiting."""

    def __init__(
        self, dialect: Dialect, name: str, host: str, keep: Callable[[Callable[[], Mapping[str, int]]], None]
    ) -> None:
        assert isinstance(dialect, Postgres), f"{dialect.place}: leases are for PostgreSQL"
        self._dialect = dialect
        self._name = name
        self._host = host
        self._keep = keep
        """Is given how to ask which leases this process has, after it was not heard for long."""
        self._heard = 0.0
        """When it last said that it lives, and was heard."""
        self._guard = threading.Lock()
        self._number: int | None = None
        self._released: list[tuple[str, int]] = []
        self._wake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._unsteady: float | None = None
        """When the database last did not answer."""
        self._connection: psycopg.Connection | None = None

    def process(self) -> int:
        """The number of this process; it is registered, and renewed from then on. Raises JournalFailed."""
        with self._guard:
            if self._closing:
                raise JournalFailed(f"{self._dialect.place}: it is closed")
            if self._number is None:
                try:
                    self._number = self._register()
                except psycopg.Error as error:
                    raise JournalFailed(self._dialect.explain(error)) from error
                self._thread = threading.Thread(target=self._run, name="oos-leases", daemon=True)
                self._thread.start()
            return self._number

    def is_steady(self) -> bool:
        """Whether the database has answered long enough for all that live to have said so."""
        unsteady = self._unsteady
        return unsteady is None or time.monotonic() > unsteady + LEASE.total_seconds()

    def wait_until_heard(self) -> None:
        """Wait until this process knows what it lost while it stood still, or was cut off; not beyond its end."""
        while time.monotonic() > self._heard + SURE_SECONDS and not self._closing:
            time.sleep(HEARD_SECONDS)

    def let_go(self, root_id: str, number: int) -> None:
        """Tell the database soon that a lease was given up."""
        with self._guard:
            self._released.append((root_id, number))
        self._wake.set()

    def close(self) -> None:
        """Give up all leases and be gone, if the database answers in time; else they end by themselves."""
        with self._guard:
            self._closing = True
            thread = self._thread
        self._wake.set()
        if thread is not None:
            thread.join(LAST_SECONDS)

    def _run(self) -> None:
        renewed = time.monotonic()
        failing = False
        while not self._closing:
            due = renewed + RENEW_SECONDS - time.monotonic()
            if due > 0 and not self._released:
                self._wake.wait(due)
                self._wake.clear()
                continue
            try:
                self._tell(renew=due <= 0)
                failing = False
                if due <= 0:
                    renewed = time.monotonic()
            except psycopg.Error as error:
                level = logging.INFO if failing else logging.WARNING
                log.log(level, "leases cannot be renewed: %s", self._dialect.explain(error))
                failing = True
                self._unsteady = time.monotonic()
                self._disconnect()
                self._wake.wait(RETRY_SECONDS)
                self._wake.clear()
        try:
            connection = self._connected()
            connection.execute("DELETE FROM leases WHERE process = %s", (self._number,))
            connection.execute("DELETE FROM processes WHERE number = %s", (self._number,))
        except psycopg.Error as error:
            log.warning("%s", self._dialect.explain(error))
        self._disconnect()

    def _tell(self, *, renew: bool) -> None:
        connection = self._connected()
        if renew:
            now = time.monotonic()
            connection.execute(_RENEW, (self._number, self._name, self._host, LEASE))
            if now > self._heard + SURE_SECONDS:
                self._keep(lambda: dict(connection.execute(_OURS, (self._number,)).fetchall()))
            self._heard = now
        with self._guard:
            released = list(self._released)
        if released:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(_LET_GO, released)
            with self._guard:
                del self._released[: len(released)]

    def _register(self) -> int:
        connection = self._connected()
        connection.execute(_FORGET, (FORGET,))
        self._heard = time.monotonic()
        row = connection.execute(_REGISTER, (self._name, self._host, LEASE)).fetchone()
        assert row is not None
        return int(row[0])

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self._dialect.connect()
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

"""The bell: a thread that hears at once when something was said to an execution, on PostgreSQL (LISTEN, NOTIFY)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

import psycopg

from oos.adapters.sql.postgres import CHANNEL, Postgres

log = logging.getLogger(__name__)

LISTEN_SECONDS: Final = 1.0
"""How long to listen before it is seen whether anybody still wants to hear."""
RETRY_SECONDS: Final = 1.0


class Bell:
    """Calls with the id of each family to which something was said. Who misses a ring looks at intervals anyway."""

    def __init__(self, dialect: Postgres, heard: Callable[[str], None]) -> None:
        self._dialect = dialect
        self._heard = heard
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="oos-bell", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hear no more."""
        self._closing.set()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with self._dialect.connect() as connection:
                    self._listen(connection)
            except psycopg.Error as error:
                log.info("%s", self._dialect.explain(error))
                self._closing.wait(RETRY_SECONDS)

    def _listen(self, connection: psycopg.Connection) -> None:
        connection.execute(f"LISTEN {CHANNEL}".encode())
        # What was said while nobody listened is found by whoever looks next.
        while not self._closing.is_set():
            for notice in connection.notifies(timeout=LISTEN_SECONDS):
                self._heard(notice.payload)

"""Outages: waiting for a database that was there and is away, for a time."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from oos.adapters.sql.dialect import Dialect
from oos.journal.port import JournalFailed

log = logging.getLogger(__name__)

FIRST_SECONDS: Final = 0.05
MOST_SECONDS: Final = 1.0
"""How soon to try again, at first and after a while."""


class Outage:
    """One call that waits for its database, if need be."""

    def __init__(self, dialect: Dialect, closing: threading.Event) -> None:
        self._dialect = dialect
        self._closing = closing
        self._deadline: float | None = None
        self._seconds = FIRST_SECONDS

    def wait(self, error: Exception) -> None:
        """Wait a little after an attempt that failed.

        Raises JournalFailed when the database has been away too long, or when nobody wants to wait any more.
        """
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self._dialect.patience
            if self._dialect.patience:
                log.warning("%s; trying again", self._dialect.explain(error))
        if now >= self._deadline or self._closing.wait(self._seconds):
            raise JournalFailed(self._dialect.explain(error)) from error
        self._seconds = min(MOST_SECONDS, 2 * self._seconds)

"""SQLite: one file, write-ahead log, every commit on disk before it is acknowledged."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from oos.adapters.sql.dialect import HELD_SECONDS, Connection, Cursor
from oos.adapters.sql.range_lock import hold_range
from oos.adapters.sql.statements import load_statements
from oos.adapters.write_once import write_once
from oos.journal.port import JournalAbsent, JournalFailed, Soundness

_CAUSES: Final = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore it from a copy",
    sqlite3.SQLITE_NOTADB: "it is not an SQLite database",
    sqlite3.SQLITE_IOERR: "the disk failed",
    sqlite3.SQLITE_PERM: "access is denied",
    sqlite3.SQLITE_TOOBIG: "a value is too large",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
}

RETRY_MILLISECONDS: Final = 2
"""How soon to try again while another process writes."""


class Sqlite:
    """The Dialect port for one SQLite file."""

    error: type[Exception] = sqlite3.Error
    takes_lists = False
    patience = 0.0

    def __init__(self, path: Path, *, read_only: bool = False, busy_seconds: float = 10.0) -> None:
        self.path = path
        self.place = f"journal {path}"
        self.statements = load_statements("sqlite")
        self._read_only = read_only
        self._busy_seconds = busy_seconds
        self._immutable = False

    def connect_writer(self) -> sqlite3.Connection:
        """A connection that writes; a missing file is made, readable by its owner only."""
        if not self.path.exists():
            self._make()
        connection = self._connect("rw")
        try:
            self._use_write_ahead_log(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA busy_timeout = {RETRY_MILLISECONDS}")
        except BaseException:
            connection.close()
            raise
        return connection

    def connect_reader(self) -> sqlite3.Connection:
        """A connection that only reads."""
        if not self._read_only:
            return self._connect("ro")
        if not self.path.exists():
            raise JournalAbsent(f"there is no journal at {self.path}")
        connection = self._connect("ro&immutable=1" if self._immutable else "ro")
        try:
            connection.execute("PRAGMA schema_version").fetchall()
        except sqlite3.OperationalError:
            connection.close()
            # In a folder that we may not write to, the log cannot be opened. Without a log there is no writer to
            # miss, and the file can be read as it lies.
            if self._immutable or self._has_log():
                raise
            self._immutable = True
            return self.connect_reader()
        except BaseException:
            connection.close()
            raise
        return connection

    def begin(self, cursor: Cursor) -> str:
        """Begin a transaction as the only writer, and not only once it writes.

        SQLite waits longer from try to try. Where several processes write without a pause, one of them then waited
        most of a second and more; tried again at short intervals, each gets its turn.
        """
        deadline = time.monotonic() + self._busy_seconds
        while True:
            try:
                cursor.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise
            else:
                return ""

    def begin_alone(self, cursor: Cursor) -> None:
        """Begin a transaction as the only writer: nobody else makes tables meanwhile."""
        self.begin(cursor)

    def was_committed(self, _cursor: Cursor, _transaction: str, /) -> bool:
        """Never asked: no connection to a file is lost."""
        raise AssertionError(f"{self.place}: no connection to a file is lost")

    def ring(self, _cursor: Cursor, _root_id: str, /) -> None:
        """SQLite tells nobody: whoever drives looks at short intervals."""

    def in_transaction(self, connection: Connection) -> bool:
        """Whether a transaction is open: SQLite itself ends one after some errors."""
        assert isinstance(connection, sqlite3.Connection)
        return connection.in_transaction

    def tables(self, cursor: Cursor) -> frozenset[str]:
        """The names of all tables."""
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return frozenset(name for (name,) in cursor.fetchall())

    def upgrade(self, connection: Connection) -> None:
        """Bring the tables from an older revision to the newest. Raises JournalFailed."""
        from oos.adapters.sql.migrate import upgrade_sqlite

        assert isinstance(connection, sqlite3.Connection)
        connection.execute(f"PRAGMA busy_timeout = {int(self._busy_seconds * 1000)}")
        try:
            upgrade_sqlite(connection, self.path)
        finally:
            connection.execute(f"PRAGMA busy_timeout = {RETRY_MILLISECONDS}")

    def is_conflict(self, error: Exception) -> bool:
        """Whether the error says that a row with this key exists."""
        return isinstance(error, sqlite3.IntegrityError)

    def is_lost(self, _error: Exception, /) -> bool:
        """Never: a file that cannot be used now is a failure now."""
        return False

    def is_turned_away(self, _error: Exception, /) -> bool:
        """Never: there is one writer at a time."""
        return False

    def make_way(self, _cursor: Cursor, /) -> None:
        """Never asked."""
        raise AssertionError(f"{self.place}: nobody gives way")

    @contextmanager
    def alone_with(self, name: str) -> Iterator[None]:
        """Hold a name, alone among all that use the file. Raises JournalFailed."""
        try:
            descriptor = hold_range(self.path.with_name(f"{self.path.name}-held"), name, HELD_SECONDS)
        except OSError as error:
            raise JournalFailed(f"{self.place}: {error}") from error
        try:
            yield
        finally:
            os.close(descriptor)

    def is_unsound(self, error: Exception, /) -> bool:
        """Whether the file was damaged, or is another one."""
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            # Of Python itself: a text that is no UTF-8.
            return type(error) is sqlite3.OperationalError
        # Our statements fit our tables: where SQLite finds no such column, the tables are not as they were made.
        return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)

    def soundness(self) -> Soundness:
        """What SQLite finds in the file, and what stands in its log that SQLite passes over."""
        from oos.adapters.sql.soundness import soundness_of_file

        return soundness_of_file(self.path, self.connect_reader, self.statements.create)

    def explain(self, error: Exception) -> str:
        """The file and the cause."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            cause = f"another process has kept it locked for {self._busy_seconds:g} s"
        elif code == sqlite3.SQLITE_CANTOPEN:
            cause = self._why_not_opened()
        else:
            cause = _CAUSES.get(code, "it cannot be used")
        return f"{self.place}: {cause} ({name}: {error})"

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(self.path.absolute()))}?mode={mode}",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )

    def _make(self) -> None:
        """An empty file, made under another name first.

        To open and close the file itself would take away the locks that SQLite holds on it in this process.
        """
        try:
            write_once(self.path, b"", 0o600)
        except OSError as error:
            raise JournalFailed(f"{self.place}: it cannot be made ({error.strerror})") from error

    def _use_write_ahead_log(self, connection: sqlite3.Connection) -> None:
        """Turn the log on. Where another process does the same at this moment, SQLite does not wait but refuses."""
        deadline = time.monotonic() + self._busy_seconds
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_MILLISECONDS / 1000)
            else:
                if mode != "wal":
                    raise JournalFailed(f"{self.place}: its file system cannot hold a write-ahead log ({mode})")
                return

    def _has_log(self) -> bool:
        try:
            return Path(f"{self.path}-wal").stat().st_size > 0
        except OSError:
            return False

    def _why_not_opened(self) -> str:
        try:
            os.close(os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY))
        except OSError as error:
            return f"it cannot be opened, {error.strerror}"
        # Not the file itself: see _make.
        if not os.access(self.path, os.R_OK):
            return "it cannot be opened, access is denied"
        if not self._read_only and not (os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)):
            return "it is read-only"
        return "it cannot be opened"


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY

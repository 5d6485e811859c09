"""A database: one writer that commits for all threads, readers beside it, and tables of the newest revision."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from oos.adapters.sql.dialect import Connection, Cursor, Dialect
from oos.adapters.sql.group_commit import GroupCommit, Job
from oos.adapters.sql.sqlite import Sqlite
from oos.adapters.sql.statements import REVISION, Statements
from oos.journal.port import JournalAbsent, JournalFailed

T = TypeVar("T")

IDLE_READERS: Final = 4
"""So many connections stay open for the next readers."""

SQLITE_URL: Final = "sqlite:///"


class Conflict(JournalFailed):
    """A row with this key exists."""


class _WorkFailed(Exception):
    """A job raised while it wrote: the others of its group may go well without it."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(cause)
        self.cause = cause


def open_database(url: str | Path, *, read_only: bool = False, busy_seconds: float = 10.0) -> Database:
    """Open a database, make it when there is none, bring its tables up to date. Raises JournalFailed.

    The URL is `sqlite:///PATH`, or the path alone. Opened `read_only` it is left as it is: JournalAbsent when there
    is nothing, JournalFailed when its tables are of another revision.
    """
    text = str(url)
    if "://" in text and not text.startswith(SQLITE_URL):
        raise JournalFailed(f"journal {text}: the database must be given as {SQLITE_URL}PATH")
    path = Path(text.removeprefix(SQLITE_URL))
    return Database(Sqlite(path, read_only=read_only, busy_seconds=busy_seconds), read_only=read_only)


class Database:
    """Reads and writes for the journal and the registry. Methods may be called from any thread."""

    def __init__(self, dialect: Dialect, *, read_only: bool = False) -> None:
        self._dialect = dialect
        self._read_only = read_only
        self._process = os.getpid()
        self._group = GroupCommit(self._commit)
        self._writing = threading.Lock()
        self._idle: list[Connection] = []
        self._closed = False
        self._writer: Connection | None = None
        try:
            if read_only:
                self._check_revision()
            else:
                self._writer = dialect.connect_writer()
                self._bring_up_to_date(self._writer)
        except BaseException as error:
            self.close()
            if isinstance(error, dialect.error):
                raise JournalFailed(dialect.explain(error)) from error
            raise

    @property
    def statements(self) -> Statements:
        """The statements of its SQL."""
        return self._dialect.statements

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Let the work write in a transaction; what it returned, once that is durable.

        Raises Conflict, JournalFailed or what the work raises; then nothing of it is kept. The work may be called
        more than once, each time after what it wrote was undone.
        """
        self._check_open()
        return self._group.submit(work)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """All rows that a query finds. Raises JournalFailed."""
        self._check_open()
        dialect = self._dialect
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect_reader()
        try:
            cursor = connection.cursor()
            cursor.execute(sql, parameters)
            rows = cursor.fetchall()
        except BaseException as error:
            connection.close()
            if isinstance(error, dialect.error):
                raise JournalFailed(dialect.explain(error)) from error
            raise
        if self._closed or len(self._idle) >= IDLE_READERS:
            connection.close()
        else:
            self._idle.append(connection)
        return rows

    def close(self) -> None:
        """Let go of all connections, once what is being written is written. Harmless twice."""
        self._group.close()
        with self._writing:
            self._closed = True
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.close()
        while self._idle:
            self._idle.pop().close()

    def _check_open(self) -> None:
        if self._closed:
            raise JournalFailed(f"{self._dialect.place}: it is closed")
        if os.getpid() != self._process:
            # SQLite forbids it, and our threads are not in this process.
            raise JournalFailed(f"{self._dialect.place}: this process was forked from the one that opened it")

    def _connect_reader(self) -> Connection:
        try:
            return self._dialect.connect_reader()
        except self._dialect.error as error:
            raise JournalFailed(self._dialect.explain(error)) from error

    def _commit(self, jobs: Sequence[Job]) -> None:
        """Answer every job, all in one transaction if that goes well."""
        try:
            with self._writing:
                self._transact(jobs)
        except _WorkFailed as failed:
            if len(jobs) == 1:
                jobs[0].error = failed.cause
                return
            for job in jobs:
                self._commit([job])
        except JournalFailed as failed:
            for job in jobs:
                # Each thread raises an exception of its own: one that is shared collects the tracebacks of all.
                job.error = JournalFailed(*failed.args)
                job.error.__cause__ = failed

    def _transact(self, jobs: Sequence[Job]) -> None:
        dialect = self._dialect
        try:
            writer = self._open_writer()
        except dialect.error as error:
            raise JournalFailed(dialect.explain(error)) from error
        try:
            cursor = writer.cursor()
            dialect.begin(cursor)
            answers = [_worked(job, cursor) for job in jobs]
            cursor.execute("COMMIT")
        except _WorkFailed as failed:
            self._roll_back(writer)
            cause = failed.cause
            if not isinstance(cause, dialect.error):
                raise
            kind = Conflict if dialect.is_conflict(cause) else JournalFailed
            raise _WorkFailed(kind(dialect.explain(cause))) from cause
        except dialect.error as error:
            self._roll_back(writer)
            raise JournalFailed(dialect.explain(error)) from error
        for job, answer in zip(jobs, answers, strict=True):
            job.answer = answer

    def _open_writer(self) -> Connection:
        self._check_open()
        if self._read_only:
            raise JournalFailed(f"{self._dialect.place}: it was opened for reading only")
        if self._writer is None:
            self._writer = self._dialect.connect_writer()
        return self._writer

    def _roll_back(self, writer: Connection) -> None:
        """Undo what is not committed; after some errors the database has done so itself."""
        try:
            if self._dialect.in_transaction(writer):
                writer.cursor().execute("ROLLBACK")
        except self._dialect.error:
            # A connection that cannot even roll back is of no use. Closing it undoes; the next write opens another.
            self._writer = None
            writer.close()

    def _check_revision(self) -> None:
        reader = self._dialect.connect_reader()
        self._idle.append(reader)
        cursor = reader.cursor()
        place = self._dialect.place
        tables = self._dialect.tables(cursor)
        if not tables:
            raise JournalAbsent(f"{place}: it is empty, nothing was ever written")
        self._refuse_others(tables)
        revision = self._revision(cursor)
        if revision != REVISION:
            raise JournalFailed(
                f"{place}: its tables are of revision {revision}, this oos reads {REVISION}; "
                "a command that writes brings an older one up to date"
            )

    def _bring_up_to_date(self, writer: Connection) -> None:
        cursor = writer.cursor()
        dialect = self._dialect
        if "alembic_version" in dialect.tables(cursor) and self._revision(cursor) == REVISION:
            return
        dialect.begin(cursor)
        try:
            # Another process may have done it while we waited for our turn.
            tables = dialect.tables(cursor)
            if not tables:
                for statement in self.statements.create:
                    cursor.execute(statement)
                cursor.execute(self.statements.stamp, (REVISION,))
            else:
                self._refuse_others(tables)
            older = bool(tables) and self._revision(cursor) != REVISION
            cursor.execute("COMMIT")
        except BaseException:
            self._roll_back(writer)
            raise
        if older:
            dialect.upgrade(writer)

    def _revision(self, cursor: Cursor) -> str:
        cursor.execute(self.statements.revision)
        rows = cursor.fetchall()
        return str(rows[0][0]) if rows else "none"

    def _refuse_others(self, tables: frozenset[str]) -> None:
        if "alembic_version" not in tables or "events" not in tables:
            shown = ", ".join(sorted(tables)[:5])
            raise JournalFailed(f"{self._dialect.place}: it is not a journal of oos, its tables are {shown}")


def _worked(job: Job, cursor: Cursor) -> Any:
    try:
        return job.work(cursor)
    except BaseException as error:
        raise _WorkFailed(error) from error

"""A database: one writer that commits for all threads, readers beside it, and tables of the newest revision."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from oos.adapters.sql.dialect import Connection, Cursor, Dialect, failure
from oos.adapters.sql.group_commit import GroupCommit, Job
from oos.adapters.sql.outage import Outage
from oos.adapters.sql.sqlite import Sqlite
from oos.adapters.sql.statements import REVISION, Statements
from oos.journal.port import JournalAbsent, JournalFailed, JournalOutdated, Soundness

T = TypeVar("T")

IDLE_READERS: Final = 4
"""So many connections stay open for the next readers."""

TRIES: Final = 10
"""How often a transaction is tried that is sacrificed for others."""

SQLITE_URL: Final = "sqlite:///"
POSTGRES_URLS: Final = ("postgresql://", "postgres://")


class Conflict(JournalFailed):
    """A row with this key exists."""


class _WorkFailed(Exception):
    """A job raised while it wrote: the others of its group may go well without it."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(cause)
        self.cause = cause


class _Lost(Exception):
    """The connection is gone, and the database may be back soon."""

    def __init__(self, cause: Exception, unknown: _Unknown | None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.unknown = unknown


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A transaction whose end is not known: its connection was lost while it was being committed."""

    transaction: str
    answers: list[Any]
    """Of its jobs, should it have ended well."""


def open_database(url: str | Path, *, read_only: bool = False, busy_seconds: float = 10.0) -> Database:
    """Open a database, make it when there is none, bring its tables up to date. Raises JournalFailed.

    The URL is `postgresql://…` without a password, `sqlite:///PATH`, or the path alone. Opened `read_only` it is left
    as it is: JournalAbsent when there is nothing, JournalFailed when its tables are of another revision.
    """
    text = str(url)
    if text.startswith(POSTGRES_URLS):
        try:
            from oos.adapters.sql.postgres import Postgres
        except ModuleNotFoundError as error:
            raise JournalFailed(f"journal: PostgreSQL needs {error.name}: pip install 'oos[postgres]'") from error

        return Database(Postgres(text, read_only=read_only), read_only=read_only)
    if "://" in text and not text.startswith(SQLITE_URL):
        raise JournalFailed(f"journal: the database must be given as postgresql://… or {SQLITE_URL}PATH")
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
        self._closing = threading.Event()
        """Set at the beginning of `close`: a database that is away is not waited for any longer."""
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
                raise failure(dialect, error) from error
            raise

    @property
    def statements(self) -> Statements:
        """The statements of its SQL."""
        return self._dialect.statements

    @property
    def dialect(self) -> Dialect:
        """What kind of database it is."""
        return self._dialect

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
        outage = Outage(dialect, self._closing)
        while True:
            try:
                return self._read(sql, parameters)
            except dialect.error as error:
                if not dialect.is_lost(error):
                    raise failure(dialect, error) from error
                # What is idle was most likely lost with it.
                self._close_idle()
                outage.wait(error)

    def _read(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._dialect.connect_reader()
        try:
            cursor = connection.cursor()
            cursor.execute(sql, parameters)
            rows = cursor.fetchall()
        except BaseException:
            connection.close()
            raise
        if self._closed or len(self._idle) >= IDLE_READERS:
            connection.close()
        else:
            self._idle.append(connection)
        return rows

    def soundness(self) -> Soundness:
        """What the database finds when it reads all of itself, the registry included. Raises JournalFailed."""
        self._check_open()
        try:
            return self._dialect.soundness()
        except self._dialect.error as error:
            raise failure(self._dialect, error) from error

    def close(self) -> None:
        """Let go of all connections, once what is being written is written. Harmless twice."""
        self._closing.set()
        self._group.close()
        with self._writing:
            self._closed = True
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.close()
        self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            try:
                self._idle.pop().close()
            except IndexError:
                # Another thread took the last one.
                return

    def _check_open(self) -> None:
        if self._closed:
            raise JournalFailed(f"{self._dialect.place}: it is closed")
        if os.getpid() != self._process:
            # SQLite forbids it, and our threads are not in this process.
            raise JournalFailed(f"{self._dialect.place}: this process was forked from the one that opened it")

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
        """Carry out all jobs in one transaction, however often it takes until the database answers."""
        dialect = self._dialect
        outage = Outage(dialect, self._closing)
        unknown: _Unknown | None = None
        tries = 1
        while True:
            try:
                answers = self._attempt(jobs, unknown)
            except _Lost as lost:
                unknown = lost.unknown
                self._give_up_writer()
                outage.wait(lost.cause)
            except _WorkFailed as failed:
                self._roll_back()
                if isinstance(failed.cause, dialect.error) and dialect.is_turned_away(failed.cause) and tries < TRIES:
                    tries += 1
                    self._make_way()
                    continue
                raise self._work_failed(failed.cause) from failed.cause
            except dialect.error as error:
                self._roll_back()
                raise JournalFailed(dialect.explain(error)) from error
            else:
                break
        for job, answer in zip(jobs, answers, strict=True):
            job.answer = answer

    def _attempt(self, jobs: Sequence[Job], unknown: _Unknown | None) -> list[Any]:
        """The answers of all jobs, once they are committed. Raises _Lost, _WorkFailed, or an error of the driver."""
        dialect = self._dialect
        try:
            cursor = self._open_writer().cursor()
            if unknown is not None and dialect.was_committed(cursor, unknown.transaction):
                return unknown.answers
            unknown = None
            transaction = dialect.begin(cursor)
            answers = [_worked(job, cursor) for job in jobs]
            unknown = _Unknown(transaction, answers)
            cursor.execute("COMMIT")
        except dialect.error as error:
            if dialect.is_lost(error):
                raise _Lost(error, unknown) from error
            raise
        except _WorkFailed as failed:
            if isinstance(failed.cause, dialect.error) and dialect.is_lost(failed.cause):
                raise _Lost(failed.cause, None) from failed
            raise
        return answers

    def _work_failed(self, cause: BaseException) -> _WorkFailed:
        """What the job raises that failed so."""
        dialect = self._dialect
        if not isinstance(cause, dialect.error):
            return _WorkFailed(cause)
        kind = Conflict if dialect.is_conflict(cause) else JournalFailed
        return _WorkFailed(kind(dialect.explain(cause)))

    def _open_writer(self) -> Connection:
        self._check_open()
        if self._read_only:
            raise JournalFailed(f"{self._dialect.place}: it was opened for reading only")
        if self._writer is None:
            self._writer = self._dialect.connect_writer()
        return self._writer

    def _roll_back(self) -> None:
        """Undo what is not committed; after some errors the database has done so itself."""
        writer = self._writer
        if writer is None:
            return
        try:
            if self._dialect.in_transaction(writer):
                writer.cursor().execute("ROLLBACK")
        except self._dialect.error:
            self._give_up_writer()

    def _make_way(self) -> None:
        writer = self._writer
        if writer is None:
            return
        try:
            self._dialect.make_way(writer.cursor())
        except self._dialect.error:
            # The next attempt meets the same, and says so.
            self._give_up_writer()

    def _give_up_writer(self) -> None:
        """A connection that is of no use: to close it undoes what is not committed. The next write opens another."""
        writer, self._writer = self._writer, None
        if writer is not None:
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
            raise JournalOutdated(
                f"{place}: its tables are of revision {revision}, this oos reads {REVISION}; "
                "a command that writes brings an older one up to date"
            )

    def _bring_up_to_date(self, writer: Connection) -> None:
        cursor = writer.cursor()
        dialect = self._dialect
        if "alembic_version" in dialect.tables(cursor) and self._revision(cursor) == REVISION:
            return
        dialect.begin_alone(cursor)
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
            self._roll_back()
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

"""What differs from database to database: connecting, transactions, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from oos.adapters.sql.statements import Statements
from oos.journal.port import JournalFailed, JournalUnsound, Soundness

HELD_SECONDS: Final = 30.0
"""How long a name that somebody else holds is waited for."""


class Cursor(Protocol):
    """The part of a DBAPI cursor that is used."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> object:
        """Carry out a statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Carry out a statement once for each row."""

    def fetchall(self) -> list[Any]:
        """All rows of the result."""


class Connection(Protocol):
    """The part of a DBAPI connection that is used."""

    def cursor(self) -> Cursor:
        """A cursor."""

    def close(self) -> None:
        """Let go of it."""


class Dialect(Protocol):
    """One kind of database, at one place."""

    place: str
    """The database, as messages name it."""
    statements: Statements
    error: type[Exception]
    """What the driver raises when the database fails."""
    takes_lists: bool
    """Whether a parameter may be a list."""
    patience: float
    """For how many seconds a database that cannot be reached is waited for."""

    def connect_writer(self) -> Connection:
        """A connection that writes; the database is made when there is none. Raises `error`, JournalFailed."""

    def connect_reader(self) -> Connection:
        """A connection that only reads. Raises `error`, JournalAbsent."""

    def begin(self, cursor: Cursor) -> str:
        """Begin a transaction that writes; what `was_committed` needs to know of it."""

    def begin_alone(self, cursor: Cursor) -> None:
        """Begin a transaction as the only one that makes or changes tables."""

    def was_committed(self, cursor: Cursor, transaction: str, /) -> bool:
        """Whether a transaction ended well whose connection was lost while it was being committed."""

    def ring(self, cursor: Cursor, root_id: str, /) -> None:
        """Have processes that listen hear, once the transaction is committed, that something was said to a family."""

    def in_transaction(self, connection: Connection) -> bool:
        """Whether a transaction is open."""

    def tables(self, cursor: Cursor) -> frozenset[str]:
        """The names of all tables."""

    def upgrade(self, connection: Connection) -> None:
        """Bring the tables from an older revision to the newest, in a transaction of its own. Raises JournalFailed."""

    def is_conflict(self, error: Exception) -> bool:
        """Whether the error says that a row with this key exists."""

    def is_lost(self, error: Exception, /) -> bool:
        """Whether the database cannot be reached now, and may be later: another connection is tried."""

    def is_turned_away(self, error: Exception, /) -> bool:
        """Whether the transaction gave way to another, and may be tried again at once."""

    def make_way(self, cursor: Cursor, /) -> None:
        """End the transactions of processes that stand still in the middle of one."""

    def alone_with(self, name: str) -> AbstractContextManager[None]:
        """Hold a name, alone among all that use the database. Raises `error`, JournalFailed."""

    def is_unsound(self, error: Exception, /) -> bool:
        """Whether the error says that what is stored was damaged."""

    def soundness(self) -> Soundness:
        """What is found when everything that is stored is read. Raises `error`."""

    def explain(self, error: Exception) -> str:
        """The place of the database and the cause, for a person."""


def failure(dialect: Dialect, error: Exception) -> JournalFailed:
    """What an error of the database is for those who use the journal."""
    kind = JournalUnsound if dialect.is_unsound(error) else JournalFailed
    return kind(dialect.explain(error))

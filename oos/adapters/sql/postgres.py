"""PostgreSQL: one database that many hosts share; every commit is durable before it is acknowledged."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import psycopg
from psycopg import conninfo, errors
from psycopg.pq import TransactionStatus

from oos.adapters.sql.dialect import HELD_SECONDS, Connection, Cursor
from oos.adapters.sql.statements import load_statements
from oos.journal.port import JournalAbsent, JournalFailed, Soundness

if TYPE_CHECKING:
    from psycopg import sql

SCHEMA: Final = "oos"
"""Where our tables are; a database may hold other things beside them."""

CHANNEL: Final = "oos_signals"
"""Where it is told to whom something was said."""

PATIENCE_SECONDS: Final = 300.0
"""How long a database that was there may be away: calls wait for it so long, and then fail."""

MAKING: Final = 0x6F6F73
"""The advisory lock under which tables are made and changed."""

_HELD: Final = 0x6F6F
"""The class of the advisory locks that hold names."""

_DEFAULTS: Final[Mapping[str, str]] = {
    "application_name": "oos",
    "connect_timeout": "5",
    # A network that swallows everything shows within seconds, on both ends.
    "tcp_user_timeout": "5000",
    "keepalives_idle": "3",
    "keepalives_interval": "1",
    "keepalives_count": "3",
}
"""What a URL may say otherwise."""

_SESSION: Final[Mapping[str, str]] = {
    "search_path": SCHEMA,
    "timezone": "UTC",
    "tcp_user_timeout": "5000",
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    # A process that was stopped in the middle of a transaction must not keep its rows from those who take over. After
    # pipelined statements PostgreSQL 15 does not start this timer: so nobody waits for ever either (`make_way`).
    "idle_in_transaction_session_timeout": "3000",
    "lock_timeout": "3000",
}

_CAUSES: Final = {
    "53100": "the disk is full",
    "25006": "it is read-only",
    "42501": "access is denied",
    "28000": "access is denied",
    "28P01": "the password is wrong",
    "3D000": "there is no such database",
    "53300": "it has no connection left for us",
    "53200": "there is no memory left",
    "57P03": "it is starting or stopping",
    "XX001": "it is damaged; restore it from a copy",
    "XX002": "it is damaged; restore it from a copy",
}

_AWAY: Final = ("08", "57P", "53300", "25P03")
"""The beginnings of codes after which another connection may do better: lost, or not accepted for now."""

_TURNED_AWAY: Final = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)

END_SECONDS: Final = 1.0
"""How long a transaction whose connection was lost may take to end by itself."""


class Postgres:
    """The Dialect port for one PostgreSQL database.

    No password may stand in the URL: libpq finds it in the password file, or in what PGPASSFILE or a service names.
    """

    error: type[Exception] = psycopg.Error
    takes_lists = True
    patience = PATIENCE_SECONDS

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        """Raises JournalFailed for a URL that cannot be used."""
        self.place = "journal postgresql://"
        self.statements = load_statements("postgresql")
        self._read_only = read_only
        try:
            given = conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise JournalFailed(f"{self.place}: the URL cannot be read ({_first_line(error)})") from None
        if given.pop("password", None) is not None:
            raise JournalFailed(f"{self.place}: the URL holds a password; put it into the password file (~/.pgpass)")
        self.place = f"journal {place_of(given)}"
        self._parameters = {**_DEFAULTS, **given}

    def connect_writer(self) -> Connection:
        """A connection that writes; our schema is made when it is missing. Raises psycopg.Error."""
        connection = self.connect()
        try:
            # A server that acknowledges before it has written would lose what was acknowledged.
            connection.execute(
                "SELECT set_config('synchronous_commit', 'on', false)"
                " WHERE current_setting('synchronous_commit') = 'off'"
            )
            self._ensure_schema(connection)
        except BaseException:
            connection.close()
            raise
        return _as_port(connection)

    def connect_reader(self) -> Connection:
        """A connection that only reads. Raises psycopg.Error, JournalAbsent."""
        connection = self.connect(default_transaction_read_only="on")
        try:
            if self._read_only and not _has_schema(connection):
                raise JournalAbsent(f"{self.place}: it is empty, nothing was ever written")
        except BaseException:
            connection.close()
            raise
        return _as_port(connection)

    def connect(self, **session: str) -> psycopg.Connection:
        """A connection that commits each statement by itself, its session set as told. Raises psycopg.Error."""
        return psycopg.connect(**self.parameters(**session), autocommit=True)

    def parameters(self, **session: str) -> dict[str, Any]:
        """What libpq needs to connect, in a session that is set as told."""
        options = " ".join(f"-c {name}={value}" for name, value in {**_SESSION, **session}.items())
        given = self._parameters.get("options")
        return {**self._parameters, "options": f"{given} {options}" if given else options}

    def begin(self, cursor: Cursor) -> str:
        """Begin a transaction; its number, by which its end can be asked for."""
        cursor.execute("BEGIN; SELECT pg_current_xact_id()")
        _second(cursor)
        return str(cursor.fetchall()[0][0])

    def begin_alone(self, cursor: Cursor) -> None:
        """Begin a transaction as the only one that makes or changes tables."""
        cursor.execute("BEGIN; SET LOCAL lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))

    def was_committed(self, cursor: Cursor, transaction: str, /) -> bool:
        """Whether a transaction ended well of which nothing was heard any more, its connection being lost."""
        deadline = time.monotonic() + END_SECONDS
        while True:
            cursor.execute("SELECT pg_xact_status(%s::xid8)", (transaction,))
            status = cursor.fetchall()[0][0]
            if status != "in progress":
                return bool(status == "committed")
            if time.monotonic() > deadline:
                # Its server process waits for words that never come.
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid = %s::xid8::xid",
                    (transaction,),
                )
                cursor.fetchall()
            time.sleep(0.02)

    def ring(self, cursor: Cursor, root_id: str, /) -> None:
        """Have processes that listen hear, once the transaction is committed, that something was said to a family."""
        cursor.execute("SELECT pg_notify(%s, %s)", (CHANNEL, root_id))

    def in_transaction(self, connection: Connection) -> bool:
        """Whether a transaction is open."""
        assert isinstance(connection, psycopg.Connection)
        return connection.info.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN)

    def tables(self, cursor: Cursor) -> frozenset[str]:
        """The names of all tables of ours."""
        cursor.execute("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = %s", (SCHEMA,))
        return frozenset(name for (name,) in cursor.fetchall())

    def upgrade(self, connection: Connection) -> None:
        """Bring the tables from an older revision to the newest. Raises JournalFailed."""
        from oos.adapters.sql.migrate import upgrade_postgres

        assert isinstance(connection, psycopg.Connection)
        upgrade_postgres(connection, self.place, MAKING)

    def is_conflict(self, error: Exception) -> bool:
        """Whether the error says that a row with this key exists."""
        return isinstance(error, errors.UniqueViolation)

    def is_lost(self, error: Exception, /) -> bool:
        """Whether the database cannot be reached now, and may be later."""
        if not isinstance(error, psycopg.Error):
            return False
        if error.sqlstate is None:
            return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return error.sqlstate.startswith(_AWAY)

    def is_turned_away(self, error: Exception, /) -> bool:
        """Whether the transaction gave way to another, and may be tried again at once."""
        return isinstance(error, _TURNED_AWAY)

    def make_way(self, cursor: Cursor, /) -> None:
        """End the transactions of processes that stand still in the middle of one.

        Among statements that are sent in a row, the server calls the last one active until it gets the next one.
        """
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Client' AND state IN ('idle in transaction', 'active')"
            " AND xact_start IS NOT NULL AND state_change < clock_timestamp() - interval '2 seconds'"
            " AND datname = current_database() AND usename = current_user AND application_name = %s",
            (self._parameters["application_name"],),
        )

    @contextmanager
    def alone_with(self, name: str) -> Iterator[None]:
        """Hold a name, alone among all that use the database; the server lets go of it with the connection.

        https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
        """
        with self.connect(lock_timeout=f"{HELD_SECONDS:g}s") as connection:
            try:
                connection.execute("SELECT pg_advisory_lock(%s, %s)", (_HELD, zlib.crc32(name.encode()) - (1 << 31)))
            except errors.LockNotAvailable as error:
                message = f"{self.place}: {name} has been held by another process for {HELD_SECONDS:g} s"
                raise JournalFailed(message) from error
            yield

    def is_unsound(self, error: Exception, /) -> bool:
        """Whether a table or an index was damaged."""
        return isinstance(error, (errors.DataCorrupted, errors.IndexCorrupted))

    def soundness(self) -> Soundness:
        """Nothing, where every row can be read. PostgreSQL itself checks the pages (data_checksums), not we.

        https://www.postgresql.org/docs/current/checksums.html
        """
        with self.connect(default_transaction_read_only="on") as connection:
            try:
                for name in sorted(self.tables(_as_port(connection).cursor())):
                    # As text, so that values that lie outside of their rows are fetched too.
                    statement = f"SELECT count(row::text) FROM {SCHEMA}.{name} AS row"  # noqa: S608 (names of ours)
                    connection.execute(_text(statement)).fetchall()
            except (errors.DataCorrupted, errors.IndexCorrupted) as error:
                return Soundness((self.explain(error),))
        return Soundness()

    def explain(self, error: Exception) -> str:
        """The database and the cause."""
        code = getattr(error, "sqlstate", None)
        cause = _CAUSES.get(code or "", "it cannot be reached" if self.is_lost(error) else "it cannot be used")
        if "no password supplied" in str(error):
            cause = "there is no password in the password file (~/.pgpass)"
        shown = f"{type(error).__name__}: {_first_line(error)}" if code else _first_line(error)
        return f"{self.place}: {cause} ({shown})"

    def _ensure_schema(self, connection: psycopg.Connection) -> None:
        if _has_schema(connection):
            return
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
            if not _has_schema(connection):
                connection.execute(_text(f"CREATE SCHEMA {SCHEMA}"))


def place_of(given: Mapping[str, Any]) -> str:
    """A database as messages name it: nothing secret is in it."""
    user = f"{given['user']}@" if given.get("user") else ""
    host = str(given.get("host") or given.get("hostaddr") or "")
    port = f":{given['port']}" if given.get("port") else ""
    return f"postgresql://{user}{host}{port}/{given.get('dbname') or ''}"


def _has_schema(connection: psycopg.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (SCHEMA,))
    return found.fetchone() is not None


def _second(cursor: Cursor) -> None:
    """From the result of the first of two statements to that of the second."""
    assert isinstance(cursor, psycopg.Cursor)
    cursor.nextset()


def _text(statement: str) -> sql.SQL:
    """A statement that was put together here, from nothing that came from outside."""
    from psycopg import sql

    return sql.SQL(cast(Any, statement))


def _as_port(connection: psycopg.Connection) -> Connection:
    # psycopg declares that it takes literal statements only; ours are kept in a file.
    return cast(Connection, connection)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]

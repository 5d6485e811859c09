"""The tables, as SQLAlchemy Core metadata. Everything SQL here is compiled from them (compile.py).

All tables have row ids in SQLite. Measured with `WITHOUT ROWID`: entries of 120 bytes cost the same (2.5 µs CPU), those
of 1,500 bytes twice as much CPU and space, since a key tree of 4 KiB pages holds but two of them a page.

PostgreSQL compares texts by the rules of some language unless told otherwise; ours are compared byte by byte, as SQLite
does.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
)

metadata = MetaData()

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""Of a row, given by the database. SQLite counts to 2**63 in what it calls INTEGER, and only there."""

events = Table(
    "events",
    metadata,
    Column("execution_id", TEXT, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("path", TEXT, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("execution_id", "sequence"),
)

executions = Table(
    "executions",
    metadata,
    Column("execution_id", TEXT, nullable=False),
    Column("root_id", TEXT, nullable=False),
    Column("parent_id", TEXT, nullable=False),
    Column("template_name", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("started_by", TEXT, nullable=False),
    # Instants are microseconds since 1970 in UTC: exact, and they sort.
    Column("started", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("waiting", TEXT, nullable=False),
    Column("message", TEXT, nullable=False),
    Column("client_token", TEXT, nullable=False),
    Column("region", TEXT, nullable=False),
    Column("due", BigInteger),
    Column("category", TEXT, nullable=False, server_default=""),
    Column("firing", LargeBinary),
    PrimaryKeyConstraint("execution_id"),
)
_given_token = executions.c.client_token != ""
Index(
    "executions_client_token",
    executions.c.client_token,
    unique=True,
    sqlite_where=_given_token,
    postgresql_where=_given_token,
)
Index("executions_started", executions.c.started, executions.c.execution_id)
Index("executions_parent", executions.c.parent_id, executions.c.started, executions.c.execution_id)
_is_due = executions.c.due.is_not(None)
Index("executions_due", executions.c.due, executions.c.root_id, sqlite_where=_is_due, postgresql_where=_is_due)
_unfinished = executions.c.ended.is_(None)
Index("executions_unfinished", executions.c.root_id, sqlite_where=_unfinished, postgresql_where=_unfinished)

contents = Table(
    "contents",
    metadata,
    Column("digest", TEXT, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("digest"),
)

signals = Table(
    "signals",
    metadata,
    Column("number", NUMBER, nullable=False, autoincrement=True),
    Column("execution_id", TEXT, nullable=False),
    Column("root_id", TEXT, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("sent_at", DateTime, nullable=False, server_default=func.current_timestamp()),
    PrimaryKeyConstraint("number"),
    sqlite_autoincrement=True,
)
Index("signals_root", signals.c.root_id, signals.c.number)

# Who drives what, where several hosts share the journal (leases.py). Each lease has a number higher than all before.
processes = Table(
    "processes",
    metadata,
    Column("number", NUMBER, nullable=False, autoincrement=True),
    Column("name", TEXT, nullable=False),
    Column("host", TEXT, nullable=False),
    # By the clock of the database, the only one that all hosts share.
    Column("expires", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("number"),
    sqlite_autoincrement=True,
)

leases = Table(
    "leases",
    metadata,
    Column("number", NUMBER, nullable=False, autoincrement=True),
    Column("root_id", TEXT, nullable=False),
    Column("process", BigInteger, nullable=False),
    PrimaryKeyConstraint("number"),
    sqlite_autoincrement=True,
)
Index("leases_root", leases.c.root_id, unique=True)
Index("leases_process", leases.c.process)

documents = Table(
    "documents",
    metadata,
    Column("kind", TEXT, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "key"),
)

"""The tables, as SQLAlchemy Core metadata. Everything SQL here is compiled from them (compile.py).

All tables have row ids in SQLite. Measured with `WITHOUT ROWID`: entries of 120 bytes cost the same (2.5 µs CPU), those
of 1,500 bytes twice as much CPU and space, since a key tree of 4 KiB pages holds but two of them a page.
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

events = Table(
    "events",
    metadata,
    Column("execution_id", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("execution_id", "sequence"),
)

executions = Table(
    "executions",
    metadata,
    Column("execution_id", Text, nullable=False),
    Column("root_id", Text, nullable=False),
    Column("parent_id", Text, nullable=False),
    Column("template_name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_by", Text, nullable=False),
    # Instants are microseconds since 1970 in UTC: exact, and they sort.
    Column("started", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("waiting", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("client_token", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("due", BigInteger),
    Column("category", Text, nullable=False, server_default=""),
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
    Column("digest", Text, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("digest"),
)

signals = Table(
    "signals",
    metadata,
    Column("number", Integer, nullable=False, autoincrement=True),
    Column("execution_id", Text, nullable=False),
    Column("root_id", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("sent_at", DateTime, nullable=False, server_default=func.current_timestamp()),
    Column("done", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("number"),
    sqlite_autoincrement=True,
)
_unanswered = signals.c.done == 0
Index("signals_unanswered", signals.c.number, sqlite_where=_unanswered, postgresql_where=_unanswered)

documents = Table(
    "documents",
    metadata,
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "key"),
)

"""The queue's tables: Procrastinate's, in a schema of their own beside ours."""

from __future__ import annotations

from procrastinate.schema import SchemaManager

from oos.adapters.dispatch.names import queue_schema
from oos.adapters.sql.postgres import MAKING, Postgres


def install(dialect: Postgres) -> None:
    """Make the queue where it is missing. Raises psycopg.Error."""
    schema = queue_schema()
    known = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s"
    with dialect.connect(search_path=schema) as connection:
        if connection.execute(known, (schema,)).fetchone():
            return
        with connection.transaction():
            connection.execute("SET LOCAL lock_timeout = 0")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
            if not connection.execute(known, (schema,)).fetchone():
                connection.execute(f"CREATE SCHEMA {schema}".encode())
                connection.execute(SchemaManager.get_schema().encode())

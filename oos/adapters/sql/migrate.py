"""Brings the tables of an older revision to the newest, with Alembic; imported only when there is something to do."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Engine, StaticPool, create_engine
from sqlalchemy.exc import DBAPIError

from oos.journal.port import JournalFailed

if TYPE_CHECKING:
    import psycopg

MIGRATIONS: Final = Path(__file__).with_name("migrations")


_one_at_a_time: Final = threading.Lock()
"""Alembic keeps what it works on in a module, for one thread."""


def configuration() -> Config:
    """Alembic's configuration, made here: there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def newest_revision() -> str | None:
    """The revision that the newest migration makes."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def upgrade_sqlite(connection: sqlite3.Connection, path: Path, *, revision: str = "head") -> None:
    """Carry out the missing migrations in one transaction. Raises JournalFailed."""
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    _upgrade(engine, f"journal {path}", ["BEGIN IMMEDIATE"], revision)


def upgrade_postgres(connection: psycopg.Connection, place: str, lock: int, *, revision: str = "head") -> None:
    """Carry out the missing migrations in one transaction, under an advisory lock. Raises JournalFailed."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    _upgrade(engine, place, ["BEGIN", f"SELECT pg_advisory_xact_lock({lock})"], revision)


def _upgrade(engine: Engine, place: str, begin: list[str], revision: str) -> None:
    try:
        with _one_at_a_time, engine.connect() as connected:
            # Not before: SQLAlchemy rolls back whatever it finds on a new connection.
            for statement in begin:
                connected.exec_driver_sql(statement)
            config = configuration()
            config.attributes["connection"] = connected
            command.upgrade(config, revision)
            connected.commit()
    except CommandError as error:
        raise JournalFailed(f"{place}: it was written by a newer oos, update this one ({error})") from error
    except DBAPIError as error:
        raise JournalFailed(f"{place}: its tables cannot be brought up to date ({error.orig})") from error

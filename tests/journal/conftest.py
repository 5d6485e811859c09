"""A journal of each kind: what passes with one passes with all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oos.adapters.memory_journal import MemoryJournal
from oos.adapters.sql import SqlJournal
from oos.journal.port import Journal


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an SQL database is, or will be made: of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/oos.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    """An empty journal."""
    kinds: dict[str, Callable[[], Journal]] = {
        "memory": MemoryJournal,
        "sqlite": lambda: SqlJournal(tmp_path / "oos.db"),
        "postgresql": lambda: SqlJournal(request.getfixturevalue("postgres_url")),
    }
    made = kinds[request.param]()
    yield made
    made.close()

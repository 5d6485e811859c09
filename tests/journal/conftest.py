"""A journal of each kind: what passes with one passes with all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oos.adapters.memory_journal import MemoryJournal
from oos.adapters.sql import SqlJournal
from oos.journal.port import Journal


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    """An empty journal."""
    kinds: dict[str, Callable[[], Journal]] = {
        "memory": MemoryJournal,
        "sqlite": lambda: SqlJournal(tmp_path / "oos.db"),
    }
    made = kinds[request.param]()
    yield made
    made.close()

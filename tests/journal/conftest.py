"""A journal of each kind: what passes with one passes with all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from oos.adapters.memory_journal import MemoryJournal
from oos.adapters.sql import SqlJournal
from oos.journal.port import Journal


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    """An empty journal."""
    made: Journal = MemoryJournal() if request.param == "memory" else SqlJournal(tmp_path / "oos.db")
    yield made
    made.close()

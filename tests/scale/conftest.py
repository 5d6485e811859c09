"""What these tests share: a database, and installations on several hosts that use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.world import World


class SharedWorld(World):
    """A world whose journal is on PostgreSQL."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.url = url

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "OOS_DATABASE": self.url}


@pytest.fixture
def world(tmp_path: Path, postgres_url: str) -> Iterator[SharedWorld]:
    """One host with a state directory of its own, and the database."""
    made = SharedWorld(tmp_path, postgres_url)
    yield made
    made.close()

"""Names and times that all who use the queue agree on; Procrastinate itself is not imported here."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

QUEUE: Final = "oos"
DRIVE: Final = "oos.drive"
"""Drive an execution that nobody drives. Its lock is the execution's id."""
CARRY_OUT: Final = "oos.carry_out"
"""Carry out a chunk of calls."""

BEAT_SECONDS: Final = 1.5
"""How often a worker says that it lives."""
STALLED: Final = timedelta(seconds=6)
"""A worker that has said nothing for so long is taken for dead, and its jobs for lost."""
HOLD_SECONDS: Final = STALLED.total_seconds() - 2 * BEAT_SECONDS + 1.0
"""So long after its last sign of life a worker begins no call any more: soon others will."""


@cache
def queue_schema() -> str:
    """The schema, named after the release of Procrastinate's tables in it; empty where it is not installed.

    Nothing in it is worth keeping: another release gets a queue of its own, and the old one can be dropped.
    """
    found = find_spec("procrastinate")
    if found is None or found.origin is None:
        return ""
    newest = max(path.name for path in (Path(found.origin).parent / "sql/migrations").glob("*.sql"))
    return f"oos_queue_{newest[:8].replace('.', '')}"

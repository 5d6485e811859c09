"""Entries and summaries as a driver writes them, small and readable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from oos.execution.status import Status
from oos.journal.chain import entry_hash, first_hash
from oos.journal.port import Entry, Summary
from oos.values.identifiers import root_execution_id

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def execution_id(number: int) -> str:
    """The id of a made-up execution."""
    return f"exec-{number:020x}"


def entries_of(execution: str, count: int, *, after: int = 0, before: bytes | None = None) -> list[Entry]:
    """A chain of made-up entries, those after a sequence number; `before` is the hash they hang on."""
    made: list[Entry] = []
    head = first_hash(execution) if before is None else before
    for sequence in range(after + 1, after + count + 1):
        path, payload = f"copy[{sequence}]", b'{"event":"Made","number":%d}' % sequence
        head = entry_hash(head, sequence, path, payload)
        made.append(Entry(execution, sequence, path, payload, head))
    return made


def summary_of(execution: str, *, minutes: int = 0, **differing: Any) -> Summary:
    """The summary of a made-up execution that started some minutes after noon."""
    started = NOON + timedelta(minutes=minutes)
    given: dict[str, Any] = {
        "execution_id": execution,
        "root_id": root_execution_id(execution),
        "parent_id": "",
        "template_name": "snapshot-rotation",
        "status": Status.RUNNING,
        "by": "ada",
        "started": started,
        "updated": started,
    }
    return Summary(**(given | differing))

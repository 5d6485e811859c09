"""The hooks of the journal in memory: how tests crash a driver."""

from __future__ import annotations

import pytest

from oos.adapters.memory_journal import MemoryJournal
from oos.journal.port import Batch

from .samples import entries_of, execution_id

ONE = execution_id(1)


class Crashed(BaseException):
    """The process died here."""


def crash(_: Batch) -> None:
    raise Crashed


def test_a_crash_before_the_commit_keeps_nothing() -> None:
    journal = MemoryJournal(on_append=crash)
    with pytest.raises(Crashed):
        journal.append(Batch(entries_of(ONE, 2)))
    assert list(journal.entries(ONE)) == []


def test_a_crash_after_the_commit_keeps_everything() -> None:
    journal = MemoryJournal(on_appended=crash)
    with pytest.raises(Crashed):
        journal.append(Batch(entries_of(ONE, 2)))
    assert list(journal.entries(ONE)) == entries_of(ONE, 2)


def test_the_hooks_see_each_batch_in_turn() -> None:
    seen: list[tuple[str, int]] = []
    journal = MemoryJournal(
        on_append=lambda batch: seen.append(("before", len(batch.entries))),
        on_appended=lambda batch: seen.append(("after", len(batch.entries))),
    )
    journal.append(Batch(entries_of(ONE, 2)))
    assert seen == [("before", 2), ("after", 2)]

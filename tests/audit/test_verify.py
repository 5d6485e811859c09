"""Tampering shows: whatever is done to the database by hand, verification finds it and names the place."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from oos.adapters.anchor import FileAnchor, read_anchors
from oos.adapters.memory_journal import MemoryJournal
from oos.adapters.sql import SqlJournal
from oos.audit.verify import AuditReport, verify
from oos.execution.events import AnyEvent, TaskSucceeded
from oos.journal.chain import entry_hash, first_hash
from oos.journal.codec import INLINE_BYTES
from oos.journal.port import Batch, Entry

from .samples import ONE, TEMPLATE_HASH, THREE, TWO, a_run, at, keep, started, summary_of

CHILD = f"{ONE}.t0001"
LARGE = "x" * INLINE_BYTES


class Forger:
    """Somebody with write access to the database file, and a knowledge of how hashes are made."""

    def __init__(self, path: Path) -> None:
        self.sql = sqlite3.connect(path, isolation_level=None)

    def rows(self, id_: str) -> list[Entry]:
        """The entries as they lie there."""
        query = (
            "SELECT execution_id, sequence, path, payload, hash FROM events WHERE execution_id = ? ORDER BY sequence"
        )
        return [Entry(*row) for row in self.sql.execute(query, (id_,))]

    def replace(self, id_: str, entries: list[Entry]) -> None:
        """Put other entries in place of an execution's."""
        self.sql.execute("DELETE FROM events WHERE execution_id = ?", (id_,))
        self.sql.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
            [(id_, each.sequence, each.path, each.payload, each.hash) for each in entries],
        )

    def hash_anew(self, id_: str) -> None:
        """Number and hash all entries of an execution again, so that its chain holds."""
        head = first_hash(id_)
        made = []
        for sequence, each in enumerate(self.rows(id_), start=1):
            head = entry_hash(head, sequence, each.path, each.payload)
            made.append(Entry(id_, sequence, each.path, each.payload, head))
        self.replace(id_, made)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """Three executions and a child, kept and anchored; a forger; and what verification then says."""
    path, anchors = tmp_path / "oos.db", tmp_path / "anchors.ndjson"
    journal = SqlJournal(path)
    anchor = FileAnchor(anchors)
    big = TaskSucceeded(at=at(4), task="copy", outputs={"log": LARGE})
    runs: dict[str, list[AnyEvent]] = {
        ONE: a_run(ONE),
        CHILD: a_run(CHILD, parent_id=ONE, parent_task="look"),
        TWO: a_run(TWO),
        THREE: [started(THREE), big],
    }
    for id_, events in runs.items():
        entries = keep(journal, id_, events)
        anchor.append(id_, len(entries), entries[-1].hash)

    def audit() -> AuditReport:
        return verify(journal, read_anchors(anchors))

    yield SimpleNamespace(journal=journal, forger=Forger(path), audit=audit, anchors=anchors, anchor=anchor)
    journal.close()


def test_an_untouched_record_holds(record: SimpleNamespace) -> None:
    report = record.audit()
    assert report == AuditReport(executions=4, entries=20, anchors=4)
    assert report.holds


def edit(forger: Forger) -> None:
    forger.sql.execute(
        "UPDATE events SET payload = CAST(replace(payload, 's-1', 's-9') AS BLOB) "
        "WHERE execution_id = ? AND sequence = 5",
        (ONE,),
    )


def edit_as_text(forger: Forger) -> None:
    forger.sql.execute(
        "UPDATE events SET payload = replace(payload, 's-1', 's-9') WHERE execution_id = ? AND sequence = 5", (ONE,)
    )


def edit_and_hash(forger: Forger) -> None:
    entry = forger.rows(ONE)[4]
    payload = entry.payload.replace(b"s-1", b"s-9")
    hash_ = entry_hash(forger.rows(ONE)[3].hash, 5, entry.path, payload)
    forger.sql.execute(
        "UPDATE events SET payload = ?, hash = ? WHERE execution_id = ? AND sequence = 5", (payload, hash_, ONE)
    )


def edit_and_hash_all(forger: Forger) -> None:
    edit(forger)
    forger.hash_anew(ONE)


def edit_path(forger: Forger) -> None:
    forger.sql.execute("UPDATE events SET path = 'look' WHERE execution_id = ? AND sequence = 4", (ONE,))


def insert_at_end(forger: Forger) -> None:
    last = forger.rows(ONE)[-1]
    hash_ = entry_hash(last.hash, 7, "copy", b'{"event":"TaskStarted"}')
    forger.sql.execute("INSERT INTO events VALUES (?, 7, 'copy', ?, ?)", (ONE, b'{"event":"TaskStarted"}', hash_))


def insert_in_the_middle(forger: Forger) -> None:
    rows = forger.rows(ONE)
    more = Entry(ONE, 4, "copy", b'{"event":"TaskStarted"}', b"?" * 32)
    later = [Entry(ONE, each.sequence + 1, each.path, each.payload, each.hash) for each in rows[3:]]
    forger.replace(ONE, [*rows[:3], more, *later])


def insert_in_the_middle_and_hash_all(forger: Forger) -> None:
    insert_in_the_middle(forger)
    forger.hash_anew(ONE)


def insert_before_the_first(forger: Forger) -> None:
    forger.sql.execute("INSERT INTO events VALUES (?, 0, '', ?, ?)", (ONE, b'{"event":"Notified"}', b"?" * 32))


def delete(forger: Forger) -> None:
    forger.sql.execute("DELETE FROM events WHERE execution_id = ? AND sequence IN (3, 4)", (ONE,))


def delete_the_first(forger: Forger) -> None:
    forger.sql.execute("DELETE FROM events WHERE execution_id = ? AND sequence = 1", (ONE,))


def delete_and_hash_all(forger: Forger) -> None:
    delete(forger)
    forger.hash_anew(ONE)


def reorder(forger: Forger) -> None:
    rows = forger.rows(ONE)
    rows[1], rows[3] = rows[3], rows[1]
    numbered = [Entry(ONE, number, each.path, each.payload, each.hash) for number, each in enumerate(rows, 1)]
    forger.replace(ONE, numbered)


def reorder_and_hash_all(forger: Forger) -> None:
    reorder(forger)
    forger.hash_anew(ONE)


def cut_the_tail(forger: Forger) -> None:
    forger.sql.execute("DELETE FROM events WHERE execution_id = ? AND sequence > 3", (ONE,))
    forger.sql.execute("UPDATE executions SET status = 'Running', ended = NULL WHERE execution_id = ?", (ONE,))


def swap_rows_between_executions(forger: Forger) -> None:
    one, two = forger.rows(ONE), forger.rows(TWO)
    one[4], two[4] = two[4], one[4]
    forger.replace(ONE, one)
    forger.replace(TWO, two)


def swap_whole_executions(forger: Forger) -> None:
    one, two = forger.rows(ONE), forger.rows(TWO)
    forger.replace(ONE, two)
    forger.replace(TWO, one)
    forger.hash_anew(ONE)
    forger.hash_anew(TWO)


def delete_an_execution(forger: Forger) -> None:
    forger.sql.execute("DELETE FROM events WHERE execution_id = ?", (TWO,))
    forger.sql.execute("DELETE FROM executions WHERE execution_id = ?", (TWO,))


def delete_the_events_of_an_execution(forger: Forger) -> None:
    forger.sql.execute("DELETE FROM events WHERE execution_id = ?", (TWO,))


def hide_an_execution(forger: Forger) -> None:
    forger.sql.execute("DELETE FROM executions WHERE execution_id = ?", (TWO,))


def change_the_list(forger: Forger) -> None:
    forger.sql.execute("UPDATE executions SET status = 'Failed', started_by = 'eve' WHERE execution_id = ?", (TWO,))


def change_content(forger: Forger) -> None:
    forger.sql.execute(
        "UPDATE contents SET bytes = CAST(replace(bytes, 'xxx', 'yyy') AS BLOB) WHERE length(bytes) > 9999"
    )


def delete_content(forger: Forger) -> None:
    forger.sql.execute("DELETE FROM contents WHERE length(bytes) > 9999")


def change_the_template(forger: Forger) -> None:
    forger.sql.execute("UPDATE contents SET bytes = X'00' WHERE digest = ?", (TEMPLATE_HASH,))


CHANGED = "its bytes, its place or what is before it were changed"


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (edit, [(ONE, 5, CHANGED)]),
        (edit_as_text, [(ONE, 5, CHANGED), (ONE, 5, "it cannot be read")]),
        (edit_and_hash, [(ONE, 6, CHANGED)]),
        (edit_and_hash_all, [(ONE, 6, "it is not what was anchored")]),
        (edit_path, [(ONE, 4, CHANGED)]),
        (insert_at_end, [(ONE, 7, "it follows the end of the execution")]),
        (
            insert_in_the_middle,
            [(ONE, 4, CHANGED), (ONE, 5, CHANGED), (ONE, 6, CHANGED), (ONE, 7, CHANGED)],
        ),
        (insert_in_the_middle_and_hash_all, [(ONE, 6, "it is not what was anchored")]),
        (insert_before_the_first, [(ONE, 0, "there is no place 0")]),
        (delete, [(ONE, 3, "events 3 to 4 are missing")]),
        (delete_the_first, [(ONE, 1, "it is missing")]),
        (delete_and_hash_all, [(ONE, 5, "events 5 to 6 are missing, anchored on")]),
        (reorder, [(ONE, 2, CHANGED), (ONE, 3, CHANGED), (ONE, 4, CHANGED), (ONE, 5, CHANGED)]),
        (reorder_and_hash_all, [(ONE, 6, "it is not what was anchored")]),
        (cut_the_tail, [(ONE, 4, "events 4 to 6 are missing, anchored on 2")]),
        (swap_rows_between_executions, [(ONE, 5, CHANGED), (ONE, 6, CHANGED), (TWO, 5, CHANGED), (TWO, 6, CHANGED)]),
        (
            swap_whole_executions,
            [
                (ONE, 6, "it is not what was anchored"),
                (ONE, 1, f"it is the start of {TWO}"),
                (TWO, 6, "it is not what was anchored"),
                (TWO, 1, f"it is the start of {ONE}"),
            ],
        ),
        (delete_an_execution, [(TWO, 0, "all 6 events, anchored on")]),
        (delete_the_events_of_an_execution, [(TWO, 0, "all 6 events, anchored on")]),
        (hide_an_execution, [(TWO, 0, "the list of executions does not show it")]),
        (
            change_the_list,
            [
                (TWO, 0, "the list of executions shows started by eve, its events say ada"),
                (TWO, 0, "the list of executions shows status Failed, its events say Success"),
            ],
        ),
        (change_content, [(THREE, 2, "it cannot be read: content")]),
        (delete_content, [(THREE, 2, "it cannot be read: content")]),
        (change_the_template, [(id_, 1, "it cannot be read: content") for id_ in (ONE, CHILD, TWO, THREE)]),
    ],
)
def test_tampering_is_found_at_its_place(
    record: SimpleNamespace, tamper: Callable[[Forger], None], found: list[tuple[str, int, str]]
) -> None:
    tamper(record.forger)
    report = record.audit()
    assert not report.holds
    broken = [(each.execution_id, each.sequence, each.reason) for each in report.breaks]
    for id_, sequence, reason in found:
        assert any(each[:2] == (id_, sequence) and each[2].startswith(reason) for each in broken), broken
    assert len(broken) == len(found), broken


def test_a_parent_that_was_deleted_with_its_anchor_is_missed_by_its_child(tmp_path: Path) -> None:
    journal = MemoryJournal()
    keep(journal, CHILD, a_run(CHILD, parent_id=ONE))
    (found,) = verify(journal, read_anchors(tmp_path / "none")).breaks
    assert str(found) == f"{ONE}: it started {CHILD}, and all its events are missing"


def test_what_no_anchor_knows_is_counted_and_is_no_break(tmp_path: Path) -> None:
    journal = MemoryJournal()
    keep(journal, ONE, a_run(ONE))
    report = verify(journal, read_anchors(tmp_path / "none"))
    assert report.holds
    assert report.unanchored == (ONE,)


def test_an_execution_that_goes_on_after_its_anchor_holds(tmp_path: Path) -> None:
    journal, anchor = MemoryJournal(), FileAnchor(tmp_path / "anchors.ndjson")
    entries = keep(journal, ONE, a_run(ONE)[:4])
    anchor.append(ONE, 2, entries[1].hash)
    assert verify(journal, read_anchors(tmp_path / "anchors.ndjson")).holds


def test_lines_of_the_anchors_that_were_changed_are_breaks(record: SimpleNamespace) -> None:
    lines = record.anchors.read_bytes().splitlines(keepends=True)
    record.anchors.write_bytes(b"".join([lines[0], lines[1].replace(b'"sequence":6', b'"sequence":5'), *lines[2:]]))
    (found,) = record.audit().breaks
    assert str(found) == "line 2 of the anchors: it was changed (its signature does not fit)"


def test_an_empty_record_holds(tmp_path: Path) -> None:
    assert verify(MemoryJournal(), read_anchors(tmp_path / "none")) == AuditReport()


def test_a_record_that_is_being_written_is_not_found_broken(tmp_path: Path) -> None:
    journal = SqlJournal(tmp_path / "oos.db")
    stop = threading.Event()

    def drive() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            id_ = f"exec-{number * 7919 % 100003:020x}"
            entries = keep(journal, id_, events := a_run(id_)[:5])
            finish = a_run(id_)[5:]
            whole = MemoryJournal()
            written = keep(whole, id_, [*events, *finish])
            assert written[:5] == entries
            journal.append(Batch(written[5:], [summary_of(id_, [*events, *finish])]))

    thread = threading.Thread(target=drive)
    thread.start()
    try:
        for _ in range(15):
            assert verify(journal, read_anchors(tmp_path / "none")).breaks == ()
    finally:
        stop.set()
        thread.join()
    journal.close()

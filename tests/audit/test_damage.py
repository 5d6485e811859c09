"""Damage shows: bytes that fell, files that were cut or put back. What verification does not find had no meaning."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from oos.adapters.anchor import FileAnchor, read_anchors
from oos.adapters.memory_journal import MemoryJournal
from oos.adapters.sql import SqlJournal, open_database
from oos.adapters.sql.write_ahead_log import look_at_log
from oos.audit.verify import AuditReport, verify
from oos.execution.events import TaskSucceeded
from oos.journal.chain import Break
from oos.journal.codec import INLINE_BYTES
from oos.journal.port import JournalAbsent, JournalUnsound

from .samples import ONE, THREE, TWO, a_run, at, keep, started

FRAME = 24 + 4096
LOG_HEADER = 32
NAMES = ("oos.db", "oos.db-wal", "anchors.ndjson", "anchors.pub")


def copy(folder: Path, to: Path) -> Path:
    """The files of a journal and its anchors, as a crash leaves them."""
    to.mkdir(exist_ok=True)
    for name in NAMES:
        (to / name).unlink(missing_ok=True)
        if (folder / name).exists():
            shutil.copy(folder / name, to / name)
    return to


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of which part lies in its log: executions that ended, one that goes on, a large value."""
    folder = tmp_path_factory.mktemp("journal")
    journal, anchor = SqlJournal(folder / "oos.db"), FileAnchor(folder / "anchors.ndjson")
    big = TaskSucceeded(at=at(4), task="copy", outputs={"log": "x" * INLINE_BYTES})
    for number, (id_, events) in enumerate(((ONE, a_run(ONE)), (THREE, [started(THREE), big]), (TWO, a_run(TWO)))):
        entries = keep(journal, id_, events)
        anchor.append(id_, len(entries), entries[-1].hash)
        if number == 0:
            with closing(sqlite3.connect(folder / "oos.db")) as other:
                other.execute("PRAGMA wal_checkpoint").fetchall()
    copied = copy(folder, tmp_path_factory.mktemp("crashed"))
    journal.close()
    return copied


def audit(folder: Path, anchors: Path | None = None) -> AuditReport:
    """What `oos audit verify` finds there."""
    try:
        journal: Any = SqlJournal(open_database(folder / "oos.db", read_only=True))
    except JournalAbsent:
        journal = MemoryJournal()
    except JournalUnsound as damage:
        return AuditReport(breaks=(Break("", 0, str(damage)),))
    try:
        return verify(journal, read_anchors(anchors or folder / "anchors.ndjson", folder / "anchors.pub"))
    finally:
        journal.close()


def content(folder: Path) -> dict[str, list[Any]]:
    """Every row there."""
    with closing(sqlite3.connect(folder / "oos.db")) as sql:
        sql.text_factory = bytes
        tables = [name.decode() for (name,) in sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sql.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


def change(path: Path, place: int, byte: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes([byte]))


def test_a_journal_that_a_crash_left_holds_and_is_left_as_it_is(crashed: Path, tmp_path: Path) -> None:
    folder = copy(crashed, tmp_path)
    assert audit(folder) == AuditReport(executions=3, entries=14, anchors=3)
    for name in NAMES:
        assert (folder / name).read_bytes() == (crashed / name).read_bytes()


@pytest.mark.parametrize("name", ["oos.db", "oos.db-wal"])
def test_a_byte_that_fell_is_found_or_had_no_meaning(name: str, crashed: Path, tmp_path: Path) -> None:
    if name == "oos.db":
        crashed = copy(crashed, tmp_path / "flat")
        with closing(sqlite3.connect(crashed / "oos.db")) as sql:
            sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    good, raw = content(copy(crashed, tmp_path)), (crashed / name).read_bytes()
    chance = random.Random(7)
    found = 0
    for _ in range(60):
        folder, place = copy(crashed, tmp_path), chance.randrange(len(raw))
        change(folder / name, place, raw[place] ^ (1 << chance.randrange(8)))
        report = audit(folder)
        if report.holds and not report.doubts:
            assert content(folder) == good, place
        found += not report.holds
    assert found > 20


def test_a_page_that_no_statement_of_the_audit_reads_is_read_all_the_same(crashed: Path, tmp_path: Path) -> None:
    folder = copy(crashed, tmp_path)
    with closing(sqlite3.connect(folder / "oos.db")) as sql:
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        (root,) = sql.execute("SELECT rootpage FROM sqlite_master WHERE name = 'executions_parent'").fetchone()
    change(folder / "oos.db", (root - 1) * 4096, 0)
    (first, *_) = audit(folder).breaks
    assert str(folder / "oos.db") in first.reason


def test_commits_behind_a_damaged_frame_are_missed(crashed: Path, tmp_path: Path) -> None:
    folder = copy(crashed, tmp_path)
    before = look_at_log(folder / "oos.db-wal")
    change(folder / "oos.db-wal", LOG_HEADER + 24 + 5, 99)
    state = look_at_log(folder / "oos.db-wal")
    assert (before.unread_commits, state.read) == (0, 0)
    assert state.unread_commits > 1
    reasons = [each.reason for each in audit(folder).breaks]
    assert any("commits that stand there are lost" in each for each in reasons), reasons


def test_a_last_commit_that_is_not_whole_is_doubted_where_no_anchor_misses_it(crashed: Path, tmp_path: Path) -> None:
    folder = copy(crashed, tmp_path)
    keep_two_lines = (folder / "anchors.ndjson").read_bytes().splitlines(keepends=True)[:2]
    (folder / "anchors.ndjson").write_bytes(b"".join(keep_two_lines))
    change(folder / "oos.db-wal", (folder / "oos.db-wal").stat().st_size - 1, 77)
    report = audit(folder)
    assert report.holds
    assert "the last commit in it is not whole" in report.doubts[0]
    assert (report.executions, report.entries) == (2, 8)
    copy(crashed, folder)
    change(folder / "oos.db-wal", (folder / "oos.db-wal").stat().st_size - 1, 77)
    assert not audit(folder).holds


def test_a_log_without_a_header_is_named(crashed: Path, tmp_path: Path) -> None:
    folder = copy(crashed, tmp_path)
    change(folder / "oos.db-wal", 17, 0x55)
    assert any("its header was changed" in each.reason for each in audit(folder).breaks)


def test_what_an_earlier_turn_of_the_log_left_is_no_damage(tmp_path: Path) -> None:
    journal = SqlJournal(tmp_path / "oos.db")
    keep(journal, ONE, a_run(ONE))
    keep(journal, TWO, a_run(TWO))
    with closing(sqlite3.connect(tmp_path / "oos.db")) as other:
        other.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
    keep(journal, THREE, a_run(THREE))
    size = (tmp_path / "oos.db-wal").stat().st_size
    state = look_at_log(tmp_path / "oos.db-wal")
    assert 0 < state.read < (size - LOG_HEADER) // FRAME
    assert (state.unread_commits, state.is_headless) == (0, False)
    journal.close()


@pytest.mark.parametrize("kept", [0, 1, 100, 4096, 8192 + 512])
def test_a_file_that_was_cut_is_named(kept: int, crashed: Path, tmp_path: Path) -> None:
    folder = copy(crashed, tmp_path)
    with closing(sqlite3.connect(folder / "oos.db")) as sql:
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    (folder / "oos.db-wal").unlink(missing_ok=True)
    with (folder / "oos.db").open("r+b") as file:
        file.truncate(kept)
    assert not audit(folder).holds


def test_a_log_that_was_cut_or_taken_away_is_missed_by_the_anchors(crashed: Path, tmp_path: Path) -> None:
    folder = copy(crashed, tmp_path)
    with (folder / "oos.db-wal").open("r+b") as file:
        file.truncate(LOG_HEADER)
    assert any(each.execution_id == TWO and "anchored on" in each.reason for each in audit(folder).breaks)


def test_an_older_copy_that_was_put_back_is_missed_by_the_anchors(crashed: Path, tmp_path: Path) -> None:
    older, elsewhere = copy(crashed, tmp_path), crashed / "anchors.ndjson"
    (older / "oos.db-wal").unlink()
    assert [each.execution_id for each in audit(older).breaks] == [THREE, TWO]
    # Whoever also puts the anchors back as they were is found out by those that were copied to another host.
    (older / "anchors.ndjson").write_bytes(elsewhere.read_bytes().splitlines(keepends=True)[0])
    assert audit(older).holds
    assert [each.execution_id for each in audit(older, anchors=elsewhere).breaks] == [THREE, TWO]


def test_a_trigger_and_a_changed_table_are_named(crashed: Path, tmp_path: Path) -> None:
    folder = copy(crashed, tmp_path)
    with closing(sqlite3.connect(folder / "oos.db", isolation_level=None)) as sql:
        sql.execute("CREATE TRIGGER quiet BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END")
        sql.execute("DROP INDEX executions_due")
    reasons = [each.reason for each in audit(folder).breaks]
    assert reasons == [
        f"{folder / 'oos.db'}: executions_due is not as it was made",
        f"{folder / 'oos.db'}: quiet was not made by oos",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE executions SET started = 'soon' WHERE execution_id = ?",
        "UPDATE executions SET status = 'Fine' WHERE execution_id = ?",
        "UPDATE executions SET firing = X'00' WHERE execution_id = ?",
        "UPDATE executions SET message = 'all is well' WHERE execution_id = ?",
        "UPDATE executions SET ended = ended + 1 WHERE execution_id = ?",
        "UPDATE executions SET region = 'elsewhere' WHERE execution_id = ?",
        "UPDATE events SET execution_id = CAST(execution_id AS BLOB) WHERE execution_id = ?",
        "UPDATE events SET sequence = 'one' WHERE sequence = 1 AND execution_id = ?",
        "UPDATE events SET path = X'00' WHERE sequence = 2 AND execution_id = ?",
    ],
)
def test_rows_of_any_kind_are_a_fault_of_their_execution_and_hide_no_other(
    statement: str, crashed: Path, tmp_path: Path
) -> None:
    folder = copy(crashed, tmp_path)
    with closing(sqlite3.connect(folder / "oos.db", isolation_level=None)) as sql:
        sql.execute(statement, (ONE,))
    report = audit(folder)
    assert report.breaks
    assert {each.execution_id for each in report.breaks} <= {ONE, ""}
    assert report.executions >= 2

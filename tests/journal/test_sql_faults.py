"""Disk full, read-only, locked, damaged: a clear error that names the file, and nothing half recorded."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from oos.adapters.sql import SqlJournal, open_database
from oos.journal.port import Batch, JournalFailed

from .samples import entries_of, execution_id

PROGRAM = Path(__file__).with_name("fault_program.py")
ONE = execution_id(1)


def own_mounts() -> list[str]:
    """The command before a program that may mount; its mounts vanish with it."""
    for command in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        try:
            subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/mnt"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return command
    pytest.skip("neither root nor user namespaces: this host lets us mount nothing")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("disk_full", "the disk is full"),
        ("read_only", "it is read-only"),
        ("read_only_folder", "it cannot be made (Read-only file system)"),
    ],
)
def test_a_failing_file_system_is_named_and_tears_nothing(fault: str, message: str, tmp_path: Path) -> None:
    command = [*own_mounts(), sys.executable, str(PROGRAM), fault, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"journal {tmp_path}/oos.db: {message}" in done.stdout


@pytest.mark.parametrize(
    ("fault", "message"),
    [("file_too_large", "the disk failed"), ("out_of_descriptors", "it cannot be opened, Too many open files")],
)
def test_a_limit_of_the_process_is_named_and_tears_nothing(fault: str, message: str, tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM), fault, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"journal {tmp_path}/oos.db: {message}" in done.stdout


def test_a_journal_that_another_process_keeps_locked_says_so_and_works_again_after(tmp_path: Path) -> None:
    path = tmp_path / "oos.db"
    journal = SqlJournal(open_database(path, busy_seconds=0.1))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalFailed, match=r"oos\.db: another process has kept it locked for 0\.1 s"):
        journal.append(Batch(entries_of(ONE, 1)))
    assert list(journal.entries(ONE)) == []
    other.execute("ROLLBACK")
    other.close()
    journal.append(Batch(entries_of(ONE, 1)))
    assert len(list(journal.entries(ONE))) == 1
    journal.close()


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    path = tmp_path / "oos.db"
    journal = SqlJournal(path)
    journal.append(Batch(entries_of(ONE, 2000)))
    journal.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(JournalFailed, match=r"oos\.db: it is damaged"):
        list(SqlJournal(path).entries(ONE))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "oos.db"
    path.write_text("this is a letter, not a journal\n" * 100)
    with pytest.raises(JournalFailed, match=r"oos\.db: it is not an SQLite database"):
        SqlJournal(path)


def test_a_journal_in_a_folder_that_is_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalFailed, match=r"oos\.db: it cannot be made"):
        SqlJournal(tmp_path / "file" / "oos.db")


def test_one_bad_batch_does_not_harm_those_that_share_its_commit(tmp_path: Path) -> None:
    database = open_database(tmp_path / "oos.db")
    journal = SqlJournal(database)

    def fail() -> None:
        raise LookupError("not today")

    with pytest.raises(LookupError, match="not today"):
        database.write(lambda cursor: fail())
    journal.append(Batch(entries_of(ONE, 1)))
    assert len(list(journal.entries(ONE))) == 1
    journal.close()


def test_a_forked_process_must_open_its_own(tmp_path: Path) -> None:
    program = (
        "import os, sys; from oos.adapters.sql import SqlJournal; from oos.journal.port import Batch, JournalFailed\n"
        "journal = SqlJournal(sys.argv[1]); journal.append(Batch(contents=[('a', b'')]))\n"
        "if os.fork(): sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
        "try: journal.append(Batch(contents=[('b', b'')]))\n"
        "except JournalFailed as failed: print(failed)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "oos.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "oos.db: this process was forked from the one that opened it" in done.stdout

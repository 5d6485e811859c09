"""The journal survives the death of its process: nothing torn, nothing lost that was acknowledged."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oos.adapters.sql import SqlJournal, open_database
from oos.journal.chain import verify_chain
from oos.journal.port import Batch

from .driver_program import BATCH
from .samples import entries_of, execution_id

PROGRAM = Path(__file__).with_name("driver_program.py")


def drive_and_kill(url: str | Path, threads: int, *, acknowledged: int, seconds: float) -> dict[int, int]:
    """Let a process write, kill it some time after it has acknowledged so much; what each thread had acknowledged."""
    process = subprocess.Popen([sys.executable, str(PROGRAM), str(url), str(threads)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(acknowledged)]
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().splitlines(keepends=True)
    assert process.wait(10) == -signal.SIGKILL
    process.stdout.close()
    pairs = [line.split() for line in lines if line.endswith(b"\n")]
    return {int(thread): int(sequence) for thread, sequence in pairs}


def kept(url: str | Path, threads: int) -> dict[int, int]:
    """How many entries each thread's execution has: whole chains of whole batches, each with its content."""
    journal = SqlJournal(url)
    found: dict[int, int] = {}
    for thread in range(threads):
        count, _, fault = verify_chain(execution_id(thread), journal.entries(execution_id(thread)))
        assert fault is None
        assert count % BATCH == 0
        assert all(journal.content(f"{thread}-{last}") for last in range(BATCH, count + 1, BATCH))
        assert journal.content(f"{thread}-{count + BATCH}") is None
        found[thread] = count
    journal.close()
    return found


@pytest.mark.parametrize("threads", [1, 5])
def test_a_killed_process_loses_nothing_it_acknowledged_and_tears_no_batch(database_url: str, threads: int) -> None:
    chance = random.Random(threads)
    before = dict.fromkeys(range(threads), 0)
    for _ in range(6):
        acknowledged = drive_and_kill(database_url, threads, acknowledged=20, seconds=chance.uniform(0, 0.05))
        found = kept(database_url, threads)
        for thread in range(threads):
            assert found[thread] >= acknowledged.get(thread, 0)
            assert found[thread] >= before[thread]
        before = found
    assert sum(before.values()) >= 6 * 20 * BATCH / 2


def test_an_interrupted_thread_neither_blocks_the_others_nor_tears_its_chain(database_url: str) -> None:
    program = PROGRAM.with_name("interrupted_program.py")
    process = subprocess.Popen([sys.executable, str(program), database_url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    chance = random.Random(11)
    acknowledged = {"main": 0, "other": 0}
    interrupted = 0

    def read_until(wanted: str) -> None:
        nonlocal interrupted
        assert process.stdout is not None
        while name := process.stdout.readline().strip():
            if name == "interrupted":
                interrupted += 1
            else:
                thread, sequence = name.split()
                acknowledged[thread] = int(sequence)
            if name.startswith(wanted):
                return
        raise AssertionError("the process ended")

    for _ in range(40):
        read_until("main")
        read_until("other")
        time.sleep(chance.uniform(0, 0.003))
        process.send_signal(signal.SIGINT)
        read_until("interrupted")
    process.kill()
    process.wait(10)
    process.stdout.close()
    journal = SqlJournal(database_url)
    for thread, sequence in acknowledged.items():
        count, _, fault = verify_chain(thread, journal.entries(thread))
        assert fault is None
        assert count >= sequence
    journal.close()


def test_what_a_killed_process_left_can_be_read_without_writing(tmp_path: Path) -> None:
    path = tmp_path / "oos.db"
    acknowledged = drive_and_kill(path, 1, acknowledged=20, seconds=0)
    reader = SqlJournal(open_database(path, read_only=True))
    count, _, fault = verify_chain(execution_id(0), reader.entries(execution_id(0)))
    reader.close()
    assert fault is None
    assert count >= acknowledged[0]
    assert kept(path, 1) == {0: count}


def test_a_process_killed_while_it_makes_the_journal_leaves_one_that_opens(tmp_path: Path) -> None:
    chance = random.Random(7)
    for round_ in range(10):
        path = tmp_path / f"{round_}.db"
        drive_and_kill(path, 1, acknowledged=0, seconds=chance.uniform(0.03, 0.11))
        kept(path, 1)
        journal = SqlJournal(path)
        journal.append(Batch(entries_of(execution_id(99), 2)))
        assert list(journal.entries(execution_id(99))) == entries_of(execution_id(99), 2)
        journal.close()


def test_a_log_that_ends_anywhere_holds_whole_batches(tmp_path: Path) -> None:
    """As after a power failure: the end of the write-ahead log did not reach the disk."""
    path = tmp_path / "oos.db"
    journal = SqlJournal(path)
    id_ = execution_id(0)
    written = entries_of(id_, 40 * BATCH)
    for place in range(0, len(written), BATCH):
        journal.append(Batch(written[place : place + BATCH]))
    log = Path(f"{path}-wal").read_bytes()
    chance = random.Random(3)
    counts = set()
    for round_ in range(25):
        copy = tmp_path / f"copy-{round_}.db"
        shutil.copy(path, copy)
        Path(f"{copy}-wal").write_bytes(log[: chance.randrange(len(log) // 4, len(log))])
        connection = sqlite3.connect(copy)
        if connection.execute("SELECT name FROM sqlite_master").fetchall():
            connection.close()
            again = SqlJournal(copy)
            count, _, fault = verify_chain(id_, again.entries(id_))
            assert fault is None
            assert count % BATCH == 0
            counts.add(count)
            again.close()
    journal.close()
    assert len(counts) > 10

"""What the journal costs beside bare SQLite commits of the same rows, in one run: `tests/bench/bench_journal.py`.

Budgets (DESIGN 11): batches at least 0.25 × bare group commits, one by one at least 0.5 × bare commits, and no more
than 25 µs CPU an entry. Rounds alternate, and the best of each is compared: the disk is shared.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from oos.adapters.sql import SqlJournal
from oos.execution.status import Status
from oos.journal.port import Batch, Entry, Summary

ENTRIES_A_TASK = 2
TASKS_A_BATCH = 100
THREADS = 8
ID = "exec-0123456789abcdef0123"
AT = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cost:
    """Of writing some entries."""

    entries: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Entries a second."""
        return self.entries / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """CPU an entry."""
        return self.cpu_seconds / self.entries * 1e6


def entries_of(execution_id: str, count: int) -> list[Entry]:
    """Entries of the size that a small task has."""
    made = []
    for number in range(count):
        payload = b'{"event":"TaskSucceeded","at":"2026-03-01T12:00:00.000001Z","task":"copy","item":%d}' % number
        digest = hashlib.sha256(payload).digest()
        made.append(Entry(execution_id, number + 1, f"copy[{number // 2}]", payload, digest))
    return made


def portions(entries: Sequence[Entry], size: int) -> Iterator[Sequence[Entry]]:
    """The entries, so many at once."""
    for place in range(0, len(entries), size):
        yield entries[place : place + size]


def measured(entries: int, act: Callable[[], object]) -> Cost:
    """What it costs to write so many entries."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return Cost(entries, time.perf_counter() - wall, time.process_time() - cpu)


def bare(folder: Path, entries: Sequence[Entry], size: int) -> Cost:
    """The limit: a table, and the same rows in the same portions, each commit on disk."""
    connection = sqlite3.connect(folder / f"bare-{time.monotonic_ns()}.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE events (id TEXT, number INTEGER, path TEXT, payload BLOB, hash BLOB)")
    rows = [(each.execution_id, each.sequence, each.path, each.payload, each.hash) for each in entries]

    def write() -> None:
        for place in range(0, len(rows), size):
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows[place : place + size])
            connection.execute("COMMIT")

    cost = measured(len(rows), write)
    connection.close()
    return cost


def ours(folder: Path, entries: Sequence[Entry], size: int) -> Cost:
    """The journal: the same entries, and the summary that goes with each portion."""
    journal = SqlJournal(folder / f"ours-{time.monotonic_ns()}.db")
    summary = Summary(ID, ID, "", "copy", Status.RUNNING, "ada", AT, AT)

    def write() -> None:
        for portion in portions(entries, size):
            journal.append(Batch(portion, [summary]))

    cost = measured(len(entries), write)
    journal.close()
    return cost


def ours_in_threads(folder: Path, count: int) -> Cost:
    """Many threads that append one entry each: they share commits."""
    journal = SqlJournal(folder / f"threads-{time.monotonic_ns()}.db")
    each = [entries_of(f"exec-{number:020x}", count // THREADS) for number in range(THREADS)]

    def drive(entries: Sequence[Entry]) -> None:
        for entry in entries:
            journal.append(Batch([entry]))

    def write() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(drive, each))

    cost = measured(count // THREADS * THREADS, write)
    journal.close()
    return cost


def best(costs: Sequence[Cost]) -> Cost:
    """The one that was disturbed least."""
    return max(costs, key=lambda cost: cost.rate)


def in_turn(rounds: int, one: Callable[[], Cost], other: Callable[[], Cost]) -> tuple[Cost, Cost]:
    """The best of each, measured in turn, and each as often first."""
    costs: list[tuple[Cost, Cost]] = []
    for number in range(rounds):
        if number % 2:
            second = other()
            costs.append((one(), second))
        else:
            costs.append((one(), other()))
    ones, others = zip(*costs, strict=True)
    return best(ones), best(others)


def opening_seconds(folder: Path) -> float:
    """From nothing imported to an open journal, in a new process; the best of some."""
    program = (
        "import sys, time; began = time.perf_counter(); from oos.adapters.sql import SqlJournal;"
        "SqlJournal(sys.argv[1]); print(time.perf_counter() - began)"
    )
    command = [sys.executable, "-c", program, str(folder / "open.db")]
    return min(float(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(5))


def main() -> int:
    """Measure, print, and say whether the budgets hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; a temporary one if not given")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        many = entries_of(ID, given.tasks * ENTRIES_A_TASK)
        few = entries_of(ID, 1000)
        size = TASKS_A_BATCH * ENTRIES_A_TASK
        bare_many, our_many = in_turn(given.rounds, lambda: bare(folder, many, size), lambda: ours(folder, many, size))
        bare_few, our_few = in_turn(2 * given.rounds, lambda: bare(folder, few, 1), lambda: ours(folder, few, 1))
        threads = best([ours_in_threads(folder, 4000) for _ in range(given.rounds)])
        opening = opening_seconds(folder)
    report = {
        "batches": {"bare": asdict(bare_many), "ours": asdict(our_many), "ratio": our_many.rate / bare_many.rate},
        "one by one": {"bare": asdict(bare_few), "ours": asdict(our_few), "ratio": our_few.rate / bare_few.rate},
        f"{THREADS} threads": {"ours": asdict(threads), "ratio": threads.rate / our_few.rate},
    }
    batches, singly = our_many.rate / bare_many.rate, our_few.rate / bare_few.rate
    print(
        f"batches of {size}: ours {our_many.rate:,.0f}/s, bare {bare_many.rate:,.0f}/s, ratio {batches:.2f} (>= 0.25)"
    )
    print(f"CPU an entry: ours {our_many.cpu_microseconds:.1f} µs, bare {bare_many.cpu_microseconds:.1f} µs (<= 25)")
    print(f"one by one: ours {our_few.rate:,.0f}/s, bare {bare_few.rate:,.0f}/s, ratio {singly:.2f} (>= 0.5)")
    print(f"{THREADS} threads one by one: {threads.rate:,.0f}/s, {threads.rate / our_few.rate:.2f} × one thread")
    print(f"open, imports included: {opening * 1000:.0f} ms (<= 150)")
    print(json.dumps(report))
    held = batches >= 0.25 and singly >= 0.5 and our_many.cpu_microseconds <= 25 and opening <= 0.15
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())

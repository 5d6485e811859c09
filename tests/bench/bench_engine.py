"""Durable tasks a second on SQLite, beside DBOS and bare commits in the same run (DESIGN 11, rows 1 and 3).

Run by `make bench`. Prints ratios; nothing here is asserted as seconds. Everybody is awake before the clock runs: our
engine and DBOS have carried out something small, the bare database is open. The rounds of ours and of the bare commits
take turns, since what a commit waits for the disk changes from minute to minute; the best round of each counts.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

TASKS = 10_000
CONCURRENCY = 100
SEQUENTIAL = 1_000
ROUNDS = 3
FEW = 10
"""So many tasks wake somebody up."""
PAYLOAD = b'{"event":"TaskSucceeded","at":"2026-01-01T00:00:00Z","task":"work","item":1234,"outputs":{"value":1234}}'


@dataclass(frozen=True)
class Measured:
    """One measurement: how many tasks a second, and what a task cost of processor time."""

    name: str
    per_second: float
    cpu_us: float

    def __str__(self) -> str:
        return f"{self.name:<46}{self.per_second:>12,.0f} /s{self.cpu_us:>10,.0f} µs CPU each"


def measure(name: str, count: int, work: Callable[[], Any]) -> Measured:
    """Run the work once; processor time is this process's own, all threads."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(name, count / wall, cpu / count * 1e6)


LOOP = """
FormatVersion: OOS-2019-06-01
Parameters: {items: {Type: List}, concurrency: {Type: Number}}
Tasks:
  - Name: work
    Action: ACS::ExecuteAPI
    Properties: {Service: BENCH, API: Noop, Parameters: {Value: '{{ ACS::TaskLoopItem }}'}}
    Outputs: {value: {Type: Number, ValueSelector: Value}}
    Loop:
      Items: '{{ items }}'
      RateControl: {Mode: Concurrency, Concurrency: '{{ concurrency }}', MaxErrors: 0}
      Outputs: {total: {AggregateType: 'Fn::Sum', AggregateField: value}}
Outputs: {total: {Type: Number, Value: '{{ work.total }}'}}
"""


@dataclass(frozen=True)
class NoopRequest:
    value: int = 0


class NoopResponse(TypedDict):
    Value: int


def sequence(count: int) -> str:
    """A template of this many tasks in a row."""
    task = (
        "  - {{Name: t{number}, Action: 'ACS::ExecuteAPI', "
        "Properties: {{Service: BENCH, API: Noop, Parameters: {{Value: {number}}}}}}}\n"
    )
    return "FormatVersion: OOS-2019-06-01\nTasks:\n" + "".join(task.format(number=number) for number in range(count))


def our_engine(folder: Path) -> tuple[Any, Any]:
    """An engine on a SQLite journal, and its template cache."""
    from oos.adapters.anchor import FileAnchor
    from oos.adapters.locks import ExecutionLocks
    from oos.adapters.sealing import FileSealer
    from oos.adapters.sql import SqlJournal
    from oos.app.app import now
    from oos.engine.engine import Engine, Surroundings
    from oos.engine.templates import TemplateCache
    from oos.journal.codec import Codec
    from oos.service.catalog import Catalog
    from oos.service.context import Context
    from oos.service.operation import Module, Operation
    from oos.service.registry import MemoryRegistry

    def noop(context: Context, request: NoopRequest) -> NoopResponse:
        """Do nothing."""
        return {"Value": request.value}

    class NoTemplates:
        def find(self, name: str, version: str) -> None:
            return None

    import secrets

    catalog = Catalog([Module("bench", (Operation("BENCH", "Noop", NoopRequest, NoopResponse, noop),))])
    registry = MemoryRegistry()
    cache = TemplateCache(catalog)
    surroundings = Surroundings(
        catalog=catalog,
        journal=SqlJournal(f"sqlite:///{folder / 'oos.db'}"),
        codec=Codec(lambda: FileSealer(folder / "key")),
        locks=ExecutionLocks(folder / "locks"),
        anchor=FileAnchor(folder / "anchors.ndjson"),
        templates=NoTemplates(),
        context=lambda start, token, cancelled, report: Context(
            fleet=None,
            registry=registry,
            region=start.region,
            token=token,
            cancelled=cancelled,
            report=report,  # type: ignore[arg-type]  # no operation here asks the fleet
        ),
        store=lambda names: {},
        now=now,
        chance=secrets.token_bytes,
    )
    return Engine(surroundings, cache), cache


def best(rounds: list[Measured]) -> Measured:
    """The round in which the disk, and whoever else uses this machine, were least in the way."""
    return Measured(rounds[0].name, max(each.per_second for each in rounds), min(each.cpu_us for each in rounds))


@contextmanager
def ours(folder: Path) -> Iterator[tuple[Callable[[str], Any], Callable[[Any, dict[str, Any]], list[int]]]]:
    """What checks a template, and what runs one to its end and tells the sizes of its commits. It is awake."""
    from oos.engine.ports import StartRequest
    from oos.execution.status import Status

    engine, cache = our_engine(folder)
    journal, commits = engine._around.journal, []
    append = journal.append
    journal.append = lambda batch: (commits.append(len(batch.entries)), append(batch))[1]

    def run(template: Any, parameters: dict[str, Any]) -> list[int]:
        commits.clear()
        id_ = engine.start(StartRequest(template=template, parameters=parameters, by="bench", region="local"))
        execution = engine.wait(id_)
        assert execution is not None
        assert execution.status is Status.SUCCESS, execution.fault
        return [size for size in commits if size]

    def check(text: str) -> Any:
        return cache.checked(text, "bench.yml")

    run(check(LOOP), {"items": list(range(FEW)), "concurrency": CONCURRENCY})
    yield check, run
    engine.close()


CREATE = """
CREATE TABLE events (
  execution TEXT, sequence INT, path TEXT, payload BLOB, hash BLOB, PRIMARY KEY (execution, sequence)
) WITHOUT ROWID
"""


@contextmanager
def bare(folder: Path) -> Iterator[Callable[[list[int]], None]]:
    """The limit: writes rows of the same size in commits of the same sizes, and does nothing else."""
    path = folder / "bare.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(CREATE)
    hash_ = b"x" * 32
    executions = itertools.count()

    def write(commits: list[int]) -> None:
        execution, start = f"exec-{next(executions):020x}", 0
        for size in commits:
            rows = [(execution, start + n, "work[1]", PAYLOAD, hash_) for n in range(size)]
            start += size
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
            connection.execute("COMMIT")

    yield write
    connection.close()


def dbos_steps(folder: Path, count: int) -> Callable[[], None]:
    """DBOS: steps inside one workflow, as many at once as we have, on SQLite too."""
    import asyncio
    import logging

    from dbos import DBOS

    logging.getLogger("dbos").setLevel(logging.ERROR)
    DBOS(
        config={
            "name": "bench",
            "system_database_url": f"sqlite:///{folder / 'dbos.db'}",
            "run_admin_server": False,
            "log_level": "ERROR",
        }
    )

    @DBOS.step()
    async def noop(value: int) -> int:
        return value

    @DBOS.workflow()
    async def fan_out(numbers: int) -> int:
        total = 0
        for start in range(0, numbers, CONCURRENCY):
            total += sum(await asyncio.gather(*(noop(n) for n in range(start, min(numbers, start + CONCURRENCY)))))
        return total

    DBOS.launch()

    def work(numbers: int = count) -> None:
        assert asyncio.run(fan_out(numbers)) == sum(range(numbers))

    work(FEW)
    return work


def in_turns(
    name: str, count: int, run: Callable[[], list[int]], write: Callable[[list[int]], None]
) -> tuple[Measured, Measured]:
    """The best round of ours, and of the bare commits of the same sizes."""
    mine, others = [], []
    for _ in range(ROUNDS):
        commits: list[int] = []
        mine.append(measure(name, count, lambda: commits.extend(run())))  # noqa: B023 (called at once)
        others.append(measure(f"bare SQLite, the same {len(commits)} commits", count, lambda: write(commits)))  # noqa: B023
    return best(mine), best(others)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, default=TASKS)
    options.add_argument("--dbos-tasks", type=int, default=1000, help="DBOS is measured on fewer: it takes long")
    options.add_argument("--no-dbos", action="store_true")
    chosen = options.parse_args()
    count = chosen.tasks
    items = {"items": list(range(count)), "concurrency": CONCURRENCY}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ours(folder) as (check, run), bare(folder) as write:
            loop, row = check(LOOP), check(sequence(SEQUENTIAL))
            fan, limit = in_turns(
                f"oos, loop of {count:,}, concurrency {CONCURRENCY}", count, lambda: run(loop, items), write
            )
            one, limit_one = in_turns(f"oos, {SEQUENTIAL:,} tasks in a row", SEQUENTIAL, lambda: run(row, {}), write)
        print(fan, limit, one, limit_one, sep="\n")
        print(f"  fan-out is {fan.per_second / limit.per_second:.2f} of the bare commits (bar: at least 0.25)")
        print(f"  a task costs {fan.cpu_us:.0f} µs CPU (bar: at most 120)")
        print(f"  in a row is {one.per_second / limit_one.per_second:.2f} of the bare commits (bar: at least 0.5)")
        if not chosen.no_dbos:
            peer = measure("DBOS, steps in one workflow", chosen.dbos_tasks, dbos_steps(folder, chosen.dbos_tasks))
            print(peer)
            print(f"  fan-out is {fan.per_second / peer.per_second:.0f} × DBOS (bar: at least 40)")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()

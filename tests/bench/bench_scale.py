"""Workers on PostgreSQL beside one Procrastinate job each, a worker that is killed, and loops of 10,000 and more items.

Run by `make bench`, or `python -m tests.bench scale`. Prints ratios against a peer in the same run (DESIGN 11, row 2).
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from procrastinate import App, SyncPsycopgConnector

from tests.postgres import PostgresServer, binaries
from tests.scale.cluster import Cluster, eventually
from tests.scale.counting import LOOP

WIDTH = 100
WORKERS = 2
NAP = LOOP.replace("API: Make", "API: Nap")
NOOP = LOOP.replace("API: Make", "API: Noop")


# loops over two workers, and the same as one job each


def loop_rate(cluster: Cluster, text: str, count: int) -> float:
    """Items a second of a loop over the workers, from its start to its end in the journal."""
    items = [f"{number}" for number in range(count)]
    began = time.perf_counter()
    id_ = cluster.start(items, WIDTH, text)
    cluster.until_ended(id_, 600)
    seconds = time.perf_counter() - began
    execution = cluster.look(id_)
    assert execution.outputs == {"values": items}, execution.fault
    return count / seconds


def job_rate(url: str, folder: Path, task: str, count: int) -> float:
    """Jobs a second, one for each item, of as many Procrastinate workers with as many slots; outcomes are kept."""
    from tests.bench import procrastinate_peer as peer

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(peer.TABLE)
    app = App(connector=SyncPsycopgConnector(conninfo=url))
    with app.open():
        app.schema_manager.apply_schema()
        deferrer = app.configure_task(task, queue=peer.QUEUE)
        command = [sys.executable, "-m", peer.__name__, url, str(WIDTH // WORKERS)]
        with (folder / "peer.log").open("ab") as log:
            workers = [subprocess.Popen(command, stdout=log, stderr=log) for _ in range(WORKERS)]
        try:
            with psycopg.connect(url, autocommit=True) as connection:

                def kept(wanted: int) -> bool:
                    rows = connection.execute("SELECT count(*) FROM outcomes").fetchall()
                    return int(rows[0][0]) >= wanted

                deferrer.defer(number=-1)
                eventually(lambda: kept(1), "the peers work")
                began = time.perf_counter()
                for number in range(count):
                    deferrer.defer(number=number)
                eventually(lambda: kept(count + 1), "all jobs are done", 600)
                return count / (time.perf_counter() - began)
        finally:
            for worker in workers:
                worker.terminate()
                worker.wait()


# a worker that is killed


def takeover_seconds(cluster: Cluster) -> float:
    """From the death of a driver on another host until its loop goes on."""
    id_ = cluster.start([f"{number}" for number in range(4000)], WIDTH, NAP)

    def written() -> int:
        return sum(1 for _ in cluster.app.journal.entries(id_))

    driver = cluster.driver(id_)
    eventually(lambda: written() > 500, "it is under way")
    driver.kill()
    driver.wait()
    killed, before = time.perf_counter(), written()
    eventually(lambda: written() > before and cluster.is_taken_over(id_, driver), "another drives it")
    seconds = time.perf_counter() - killed
    cluster.wait(id_, 600)
    return seconds


# one process, many items


def run_loop(count: int) -> None:
    """A loop of so many items on SQLite in this process; its memory and processor time."""
    from tests.bench.bench_engine import CONCURRENCY, ours
    from tests.bench.bench_engine import LOOP as TRIVIAL

    with tempfile.TemporaryDirectory() as name, ours(Path(name)) as (check, run):
        began = time.perf_counter()
        run(check(TRIVIAL), {"items": list(range(count)), "concurrency": CONCURRENCY})
        seconds = time.perf_counter() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime, seconds)


def measured_loop(count: int) -> tuple[float, float, float]:
    """Peak memory in bytes, CPU seconds and seconds of a loop in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_scale", "--one-loop", str(count)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    memory, cpu, seconds = map(float, said)
    return memory, cpu, seconds


def growth(largest: int) -> None:
    """Print what an item costs, from few to many."""
    base, cpu_base, _ = measured_loop(100)
    each = []
    for count in (1_000, 10_000, largest):
        memory, cpu, seconds = measured_loop(count)
        each.append((count, (memory - base) / count, (cpu - cpu_base) / count))
        print(
            f"oos, loop of {count:>7,} on SQLite{count / seconds:>14,.0f} /s{each[-1][2] * 1e6:>10,.0f} µs CPU each"
            f"{memory / 1e6:>8,.0f} MB peak, {each[-1][1]:,.0f} bytes an item"
        )
        if count == 10_000:
            print(f"  10,000 items peak at {memory / 1e6:.0f} MB (bar: under 200)")
    (_, memory_few, cpu_few), (_, memory_many, cpu_many) = each[1], each[-1]
    print(f"  an item of {largest:,} costs {cpu_many / cpu_few:.2f} of the CPU of one of 10,000 (linear: 1)")
    print(f"  and {memory_many / memory_few:.2f} of its memory (bar: about 1)")


@contextmanager
def cluster_of(folder: Path, server: PostgresServer, workers: int) -> Iterator[Cluster]:
    """Workers on a database that nobody has used."""
    folder.mkdir()
    made = Cluster(folder, server.new_database())
    try:
        made.start_counting()
        made.start_workers(workers)
        yield made
    finally:
        made.close()


def distributed(chosen: argparse.Namespace) -> None:
    """Print what two workers do, beside the peer."""
    server = PostgresServer({"fsync": "on"})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            server.start()
            for what, text, task, few in (
                ("nothing", NOOP, "noop", chosen.jobs),
                ("10 ms", NAP, "nap", chosen.jobs),
            ):
                with cluster_of(folder / task, server, WORKERS) as cluster:
                    loop_rate(cluster, text, WIDTH)  # so that everybody is awake, as the peers are
                    ours = loop_rate(cluster, text, chosen.items)
                peer = job_rate(server.new_database(), folder, task, few)
                print(f"oos, loop of {chosen.items:,} × {what}, {WORKERS} workers on PostgreSQL{ours:>10,.0f} /s")
                print(f"Procrastinate, {few:,} jobs × {what}, {WORKERS} workers{peer:>25,.0f} /s")
                bar = " (bar: at least 20)" if task == "noop" else ""
                print(f"  {ours / peer:.0f} × one job each{bar}")
            with cluster_of(folder / "kill", server, WORKERS) as cluster:
                print(f"  a killed driver is taken over in {takeover_seconds(cluster):.1f} s (bar: under 10)")
        finally:
            server.remove()


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=10_000)
    options.add_argument("--jobs", type=int, default=1_000, help="the peer is measured on fewer: it takes long")
    options.add_argument("--largest", type=int, default=100_000, help="the largest loop in one process")
    options.add_argument("--one-loop", type=int, default=0, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one_loop:
        run_loop(chosen.one_loop)
        return
    os.environ.pop("OOS_DATABASE", None)
    growth(chosen.largest)
    if binaries() is None:
        print("  no PostgreSQL server is installed: apt-get install postgresql")
        return
    distributed(chosen)


if __name__ == "__main__":
    main()

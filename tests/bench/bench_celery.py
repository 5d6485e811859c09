"""Durable trivial tasks beside Celery with Redis: an extra, measured where both are installed.

    pip install 'celery[redis]'; apt-get install redis-server
    python -m tests.bench celery

Redis appends each write to its file before it answers (`appendfsync always`), as our journal does; results are kept.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.bench_engine import CONCURRENCY, LOOP, measure, ours

WORKERS = 2
PATIENCE = 60.0
TASKS = "bench_celery_tasks"
MODULE = """
from celery import Celery

app = Celery("bench", broker="{url}", backend="{url}")
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=4, broker_connection_retry_on_startup=True)


@app.task(name="noop")
def noop(number):
    return number
"""


def free_port() -> int:
    """A port on loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def celery_rate(folder: Path, count: int) -> float:
    """Tasks a second, from the first call to the last result, over two workers with as many threads as we have."""
    port = free_port()
    redis = shutil.which("redis-server")
    assert redis is not None
    durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    command = [redis, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), *durable]
    (folder / f"{TASKS}.py").write_text(MODULE.format(url=f"redis://127.0.0.1:{port}/0"))
    started: list[subprocess.Popen[bytes]] = []
    with (folder / "log").open("ab") as log:
        try:
            started.append(subprocess.Popen(command, stdout=log, stderr=log))
            deadline = time.monotonic() + PATIENCE
            while not answers(port):
                assert time.monotonic() < deadline, "redis-server does not answer"
                time.sleep(0.05)
            worker = [sys.executable, "-m", "celery", "-A", TASKS, "worker", "--pool", "threads", "--loglevel", "error"]
            for number in range(WORKERS):
                threads = ["--concurrency", str(CONCURRENCY // WORKERS), "--hostname", f"w{number}@localhost"]
                started.append(subprocess.Popen([*worker, *threads], cwd=folder, stdout=log, stderr=log))
            sys.path.insert(0, str(folder))
            noop: Any = importlib.import_module(TASKS).noop
            for warm in [noop.delay(-1) for _ in range(CONCURRENCY)]:
                warm.get(timeout=PATIENCE)
            began = time.perf_counter()
            results = [noop.delay(number) for number in range(count)]
            assert [result.get(timeout=PATIENCE) for result in results] == list(range(count))
            return count / (time.perf_counter() - began)
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(PATIENCE)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=10_000)
    options.add_argument("--tasks", type=int, default=1_000, help="Celery is measured on fewer")
    chosen = options.parse_args()
    if importlib.util.find_spec("celery") is None or shutil.which("redis-server") is None:
        print("  not measured: pip install 'celery[redis]', apt-get install redis-server")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        items = list(range(chosen.items))
        loop = measure(
            f"oos, loop of {chosen.items:,}, concurrency {CONCURRENCY}",
            chosen.items,
            lambda: ours(folder, LOOP, {"items": items, "concurrency": CONCURRENCY}),
        )
        peer = celery_rate(folder, chosen.tasks)
    print(loop)
    print(f"Celery with Redis, {chosen.tasks:,} tasks, {WORKERS} workers{peer:>19,.0f} /s")
    print(f"  {loop.per_second / peer:.0f} × Celery")


if __name__ == "__main__":
    main()

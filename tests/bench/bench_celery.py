"""Durable trivial tasks beside Celery with Redis, both fetched for it where they are not installed.

Redis appends each write to its file before it answers (`appendfsync always`), as our journal does; results are kept.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.peers import python_with, unpacked

CELERY = ("celery[redis]==5.7.0",)
REDIS = ("redis-server", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1")
CONCURRENCY = 100
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


def redis_server() -> tuple[str, dict[str, str]] | None:
    """The server's program and its environment: that of this machine, or out of its package."""
    installed = shutil.which("redis-server")
    if installed:
        return installed, dict(os.environ)
    home = unpacked(*REDIS)
    if home is None:
        return None
    libraries = sorted({str(each.parent) for each in (home / "usr/lib").rglob("*.so*")})
    return str(home / "usr/bin/redis-server"), {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}


def celery_rate(folder: Path, count: int, redis: str, environment: dict[str, str]) -> float:
    """Tasks a second, from the first call to the last result, over two workers with as many threads as we have."""
    port = free_port()
    durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    command = [redis, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), *durable]
    (folder / f"{TASKS}.py").write_text(MODULE.format(url=f"redis://127.0.0.1:{port}/0"))
    started: list[subprocess.Popen[bytes]] = []
    with (folder / "log").open("ab") as log:
        try:
            started.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
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
    options.add_argument("--only-celery", help="be the peer: by this server, as JSON")
    chosen = options.parse_args()
    if chosen.only_celery:
        with tempfile.TemporaryDirectory() as name:
            print(celery_rate(Path(name), chosen.tasks, *json.loads(chosen.only_celery)))
        return
    python, redis = python_with(*CELERY), redis_server()
    if python is None or redis is None:
        print("  not measured: no package index, or neither redis-server nor apt-get")
        return
    from tests.bench.bench_engine import LOOP, measure, ours

    items = {"items": list(range(chosen.items)), "concurrency": CONCURRENCY}
    with tempfile.TemporaryDirectory() as name, ours(Path(name)) as (check, run):
        template = check(LOOP)
        loop = measure(
            f"oos, loop of {chosen.items:,}, concurrency {CONCURRENCY}", chosen.items, lambda: run(template, items)
        )
    argv = [
        str(python),
        "-m",
        "tests.bench.bench_celery",
        "--tasks",
        str(chosen.tasks),
        "--only-celery",
        json.dumps(redis),
    ]
    peer = float(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()[-1])
    print(loop)
    print(f"Celery with Redis, {chosen.tasks:,} tasks, {WORKERS} workers{peer:>19,.0f} /s")
    print(f"  {loop.per_second / peer:.0f} × Celery")


if __name__ == "__main__":
    main()

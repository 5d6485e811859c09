"""A cluster: workers in processes of their own, each a host to the others, and the service that counts what they do."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from oos.adapters.sealing import FileSealer
from oos.app.settings import load_settings
from oos.engine.ports import StartRequest
from oos.engine.replay import read_events
from oos.execution.events import NO_ITEM, TaskStarted, TaskSucceeded
from oos.execution.model import Execution
from oos.execution.status import Status
from oos.journal.chain import verify_chain
from tests.scale.counting import LOOP, VARIABLE
from tests.scale.worker_program import CountingApp

PATIENCE = 120.0
Processes = subprocess.Popen[bytes]


class Cluster:
    """Workers on one database."""

    def __init__(self, folder: Path, url: str, *, seconds: float = 0.02, port: int = 0) -> None:
        self.folder = folder
        self.url = url
        self.address = "127.0.0.1"
        self.port = port or _free_port()
        self.seconds = seconds
        self.workers: list[Processes] = []
        self._processes: list[Processes] = []
        self._prefixes: list[Sequence[str]] = []
        (folder / "inventory.yml").write_text("regions: [{id: sim, zones: [{id: sim-a, hosts: []}]}]\n")
        (folder / "here").mkdir(mode=0o700)
        # Secrets that one worker seals, the others open.
        FileSealer(folder / "here" / "key")
        self.app = CountingApp(load_settings({}, self.environment("here"), folder))

    def environment(self, host: str) -> dict[str, str]:
        """Of a process on a host."""
        state = self.folder / host
        state.mkdir(mode=0o700, exist_ok=True)
        if not (state / "key").exists():
            shutil.copy(self.folder / "here" / "key", state / "key")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("OOS_", "XDG_"))},
            "HOME": str(self.folder),
            "OOS_STATE_DIR": str(state),
            "OOS_INVENTORY": str(self.folder / "inventory.yml"),
            "OOS_DATABASE": self.url,
            "OOS_USER": "ada",
            VARIABLE: f"{self.address}:{self.port}",
        }

    def start_counting(self, prefix: Sequence[str] = ()) -> None:
        """Start the counting service."""
        command = [sys.executable, "-m", "tests.scale.counting", self.address, str(self.port), str(self.seconds)]
        self._processes.append(subprocess.Popen([*prefix, *command, str(self.folder / "counts")]))
        eventually(lambda: (self.folder / "counts").exists(), "the counting service serves")

    def start_workers(self, number: int) -> list[Processes]:
        """Start some workers, and wait until they are known to each other."""
        made = [self.start_worker() for _ in range(number)]
        self.await_workers()
        return made

    def await_workers(self) -> None:
        """Wait until every worker that lives is known to the others: until then a loop has nobody to spread to."""
        assert self.app.shared is not None
        dispatcher = self.app.shared.dispatcher
        alive = sum(worker.poll() is None for worker in self.workers)
        eventually(lambda: dispatcher.helpers() >= alive, f"{alive} workers are known; {self.logs()}")

    def start_worker(self, prefix: Sequence[str] = (), url: str = "") -> Processes:
        """Start a worker, on a host of its own."""
        number = len(self.workers) + 1
        environment = self.environment(f"host-{number}")
        if url:
            environment["OOS_DATABASE"] = url
        log = self.folder / f"worker-{number}.log"
        command = [*prefix, sys.executable, "-m", "tests.scale.worker_program"]
        with log.open("ab") as file:
            process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
        self.workers.append(process)
        self._processes.append(process)
        eventually(lambda: "working" in log.read_text() or process.poll() is not None, "it works")
        assert process.poll() is None, log.read_text()
        return process

    @property
    def counts(self) -> Any:
        """What the service has counted so far."""
        return json.loads((self.folder / "counts").read_text())

    @contextmanager
    def held(self, id_: str, made: int) -> Iterator[None]:
        """Once so much was made, nothing is meanwhile: however slow this process is, the loop is in full swing."""
        eventually(lambda: self.done >= made, f"{id_} is under way; {self.logs()}")
        (self.folder / "hold").write_text("0")
        try:
            yield
        finally:
            (self.folder / "hold").unlink()

    @property
    def done(self) -> int:
        """How many things were made."""
        return len(self.counts["done"])

    def start(
        self, items: Sequence[str], width: int, text: str = LOOP, *, pause: int | None = None, **parameters: Any
    ) -> str:
        """Start an execution, and leave it to the workers. Once so much was made it pauses, until it was `held`."""
        if pause is not None:
            (self.folder / "hold").write_text(str(pause))
        template = self.app.template_cache.checked(text, "loop.yml")
        given = {"items": list(items), "width": width, **parameters}
        return self.app.engine.leave(StartRequest(template=template, parameters=given, by="ada", region="sim"))

    def look(self, id_: str) -> Execution:
        """An execution as the journal tells it."""
        return self.app.engine.look(id_)

    def wait(self, id_: str, seconds: float = PATIENCE) -> Execution:
        """An execution that has ended."""
        self.until_ended(id_, seconds)
        return self.look(id_)

    def until_ended(self, id_: str, seconds: float = PATIENCE) -> None:
        """Wait until the journal says that an execution has ended."""

        def ended() -> bool:
            summary = self.app.journal.summary(id_)
            return summary is not None and summary.status.final

        eventually(ended, f"{id_} ends; {self.logs()}", seconds)

    def driver(self, id_: str) -> Processes:
        """The worker that drives an execution, as soon as one does."""
        found: list[Processes] = []

        def find() -> bool:
            name = self.app.locks.holder(id_) or ""
            found.extend(worker for worker in self.workers if name.endswith(f":{worker.pid}"))
            return bool(found)

        eventually(find, "somebody drives it")
        return found[0]

    def is_taken_over(self, id_: str, worker: Processes) -> bool:
        """Whether another worker drives an execution now."""
        name = self.app.locks.holder(id_)
        return name is not None and not name.endswith(f":{worker.pid}")

    def logs(self) -> str:
        """The ends of what the workers said."""
        return "\n".join(f"{path.name}:\n{path.read_text()[-1500:]}" for path in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        """No process outlives its test."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        self.app.close()


def assert_each_made_once(cluster: Cluster, id_: str, items: Sequence[str], width: int) -> None:
    """Every item was made exactly once, by its token, and never more at once than allowed; the record is whole."""
    execution = cluster.wait(id_)
    assert execution.status is Status.SUCCESS, f"{execution.fault}; {cluster.logs()}"
    assert execution.outputs == {"values": list(items)}
    eventually(lambda: cluster.done >= len(items), "the file of the counts is as new as that")
    counts = cluster.counts
    assert sorted(counts["done"].values()) == sorted(items)
    assert counts["most_in_flight"] <= width
    journal, codec = cluster.app.journal, cluster.app.codec
    _, _, fault = verify_chain(id_, journal.entries(id_))
    assert fault is None
    in_flight: set[int] = set()
    for _, event in read_events(journal, codec, id_):
        item = getattr(event, "item", NO_ITEM)
        if isinstance(event, TaskStarted) and item != NO_ITEM:
            in_flight.add(item)
            assert len(in_flight) <= width
        elif isinstance(event, TaskSucceeded):
            in_flight.discard(item)


def eventually(look: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

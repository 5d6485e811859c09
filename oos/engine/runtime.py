"""The runtime: time, threads and messages, as the engine uses them. A simulation brings its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol, TypeAlias

from oos.engine.pool import LOOK_SECONDS, WorkerPool

Message: TypeAlias = Callable[[], None]


class Runtime(Protocol):
    """What the engine runs on. Methods may be called from any thread."""

    def post(self, message: Message) -> None:
        """Have the engine's thread run this in its next turn."""

    def receive(self, seconds: float) -> list[Message]:
        """Wait for a message, so long at most; then all there are: what arrives together shares a commit."""

    def submit(self, job: Message) -> None:
        """Have a worker run this. A job answers for its own exceptions."""

    def launch(self, loop: Message) -> None:
        """Begin to run the engine's loop, which ends when it is told to."""

    def seconds(self) -> float:
        """A clock that only goes forward."""

    def close(self, patience: float) -> None:
        """Wait for the loop to end, and let workers go."""


class ThreadRuntime:
    """One thread for the engine, and worker threads."""

    def __init__(self, workers: int = 128) -> None:
        self._inbox: SimpleQueue[Message] = SimpleQueue()
        self._pool = WorkerPool(workers)
        self._thread: threading.Thread | None = None

    def post(self, message: Message) -> None:
        self._inbox.put(message)

    def receive(self, seconds: float) -> list[Message]:
        messages: list[Message] = []
        if seconds > LOOK_SECONDS and self._pool.relieve():
            seconds = LOOK_SECONDS
        try:
            messages.append(self._inbox.get(timeout=seconds))
            while True:
                messages.append(self._inbox.get_nowait())
        except Empty:
            return messages

    def submit(self, job: Message) -> None:
        self._pool.submit(job)

    def launch(self, loop: Message) -> None:
        self._thread = threading.Thread(target=loop, name="oos-engine", daemon=True)
        self._thread.start()

    def seconds(self) -> float:
        return time.monotonic()

    def close(self, patience: float) -> None:
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(patience)
        self._pool.close()

"""Worker threads: as many as there is work for at once, up to a limit; daemons, so a stuck call never holds exit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue


class WorkerPool:
    """Runs jobs on threads that stay for the next job."""

    def __init__(self, at_most: int = 128, name: str = "oos-worker") -> None:
        self._at_most = at_most
        self._name = name
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._busy = 0

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job run soon. A job answers for its own exceptions."""
        with self._lock:
            self._busy += 1
            grow = self._busy > self._threads and self._threads < self._at_most
            if grow:
                self._threads += 1
        self._jobs.put(job)
        if grow:
            threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()

    def close(self) -> None:
        """Let idle threads end; busy ones end after their job."""
        with self._lock:
            threads = self._threads
        for _ in range(threads):
            self._jobs.put(None)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            try:
                job()
            finally:
                with self._lock:
                    self._busy -= 1

"""Worker threads: as many as there is waiting work for, up to a limit; daemons, so a stuck call never holds exit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

T = TypeVar("T")

LOOK_SECONDS: Final = 0.002
"""How often the pool looks whether it has enough threads, while jobs wait."""
WAIT_SECONDS: Final = 0.02
"""How long a job may have to wait for a thread. Calls that end at once share a few threads, so that a loop of a
thousand of them does not wake a hundred; calls that take their time get a thread each."""


class WorkerPool(Generic[T]):
    """Runs jobs on threads that stay for the next job.

    One thread at a time submits, and one calls `relieve`; the jobs run on the others.
    """

    def __init__(
        self, ended: Callable[[T], Callable[[], T] | None], at_most: int = 128, name: str = "oos-worker"
    ) -> None:
        self._ended = ended
        """Is told what a job brought, on the thread of the job; gives a job for just this thread, or None."""
        self._at_most = at_most
        self._name = name
        self._jobs: SimpleQueue[Callable[[], T] | None] = SimpleQueue()
        self._growing = threading.Lock()
        self._threads = 0
        self._submitted = 0
        self._looked = 0.0
        self._taken_then = 0

    @property
    def waiting(self) -> int:
        """How many jobs no thread has taken yet."""
        return self._jobs.qsize()

    def submit(self, job: Callable[[], T]) -> None:
        """Have a job run soon. A job answers for its own exceptions."""
        self._jobs.put(job)
        self._submitted += 1
        if not self._threads:
            self._grow(1)

    def relieve(self) -> bool:
        """Add threads if jobs would wait too long; whether jobs wait at all, so that this must be asked again."""
        waiting = self._jobs.qsize()
        if not waiting or self._threads >= self._at_most:
            return False
        now = time.monotonic()
        passed = now - self._looked
        if passed < LOOK_SECONDS:
            return True
        taken = self._submitted - waiting
        just_taken, self._taken_then, self._looked = taken - self._taken_then, taken, now
        if passed < 2 * WAIT_SECONDS and waiting * passed > just_taken * WAIT_SECONDS:
            self._grow(waiting)
        return True

    def close(self) -> None:
        """Let idle threads end; busy ones end after their job."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _grow(self, count: int) -> None:
        with self._growing:
            for _ in range(min(count, self._at_most - self._threads)):
                self._threads += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()

    def _work(self) -> None:
        job = self._jobs.get()
        while job is not None:
            job = self._ended(job()) or self._jobs.get()

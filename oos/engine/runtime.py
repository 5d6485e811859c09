"""The runtime: time, threads and messages, as the engine uses them. A simulation brings its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, Protocol, TypeAlias

from oos.engine.pool import LOOK_SECONDS, WorkerPool

Message: TypeAlias = Callable[[], None]
"""What the engine is to do in its next turn."""

Job: TypeAlias = Callable[[], Message]
"""What a worker is to do; it gives what the engine is told of it, and answers for its own exceptions."""

IDLE_SECONDS: Final = 3600.0


class Runtime(Protocol):
    """What the engine runs on: one turn at a time. Methods may be called from any thread, if not said otherwise."""

    def post(self, message: Message) -> None:
        """Have the engine do this in its next turn."""

    def receive(self) -> list[Message]:
        """All messages there are: what has arrived together shares a commit. For turns."""

    def submit(self, job: Job) -> None:
        """Have a worker do this. For turns."""

    def launch(self, turn: Callable[[], bool], patience: Callable[[], float]) -> None:
        """Begin to take turns, until one says that there is no other.

        After a turn, `patience` says for how many seconds there is nothing to do unless a message comes.
        """

    def seconds(self) -> float:
        """A clock that only goes forward."""

    def processor_seconds(self) -> float:
        """How long the thread that asks has used the processor."""

    def close(self, patience: float) -> None:
        """Wait for the last turn to end, and let workers go."""


class ThreadRuntime:
    """A thread for the engine, and worker threads (decision 123).

    To wake a thread takes as long as a commit. So a worker that has nothing else to do takes the next turn itself, and
    goes on with the first job that comes of it: a run of one task after the other never changes threads. The engine's
    thread takes turns while the workers are busy, and when time has come for something.
    """

    def __init__(self, workers: int = 128) -> None:
        self._inbox: deque[Message] = deque()
        self._pool: WorkerPool[Message] = WorkerPool(self._ended, workers)
        self._thread: threading.Thread | None = None
        self._turning = threading.Lock()
        """Held during a turn."""
        self._turn: Callable[[], bool] = _never
        self._patience: Callable[[], float] = _long
        self._over = False
        self._own: list[Job] | None = None
        """In a worker's turn: the jobs that come of it."""
        self._due = 0.0
        """When there is something to do though nobody says so."""
        self._bell: SimpleQueue[None] = SimpleQueue()
        """Wakes the engine's thread."""
        self._asleep = False
        self._wakes = 0.0
        """When the engine's thread wakes by itself."""

    def post(self, message: Message) -> None:
        self._inbox.append(message)
        self._ring()

    def receive(self) -> list[Message]:
        # Whoever appends meanwhile is heard in the next turn.
        return [self._inbox.popleft() for _ in range(len(self._inbox))]

    def submit(self, job: Job) -> None:
        if self._own is None:
            self._pool.submit(job)
        else:
            self._own.append(job)

    def launch(self, turn: Callable[[], bool], patience: Callable[[], float]) -> None:
        self._turn, self._patience = turn, patience
        self._thread = threading.Thread(target=self._run, name="oos-engine", daemon=True)
        self._thread.start()

    def seconds(self) -> float:
        return time.monotonic()

    def processor_seconds(self) -> float:
        return time.thread_time()

    def close(self, patience: float) -> None:
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(patience)
        self._pool.close()

    # the engine's thread

    def _run(self) -> None:
        while not self._over:
            self._sleep()
            with self._turning:
                if self._is_due():
                    self._take_turn()

    def _sleep(self) -> None:
        """Until there is a message, or something is due."""
        while True:
            # In this order: who posts something looks whether to ring after that.
            self._asleep = True
            if self._is_due() or self._over:
                self._asleep = False
                return
            now = time.monotonic()
            seconds = min(self._due - now, IDLE_SECONDS)
            if seconds > LOOK_SECONDS and self._pool.relieve():
                seconds = LOOK_SECONDS
            self._wakes = now + seconds
            try:
                self._bell.get(timeout=max(0.0, seconds))
            except Empty:
                continue

    def _ring(self) -> None:
        if self._asleep:
            self._asleep = False
            self._bell.put(None)

    # turns

    def _is_due(self) -> bool:
        return bool(self._inbox) or time.monotonic() >= self._due

    def _take_turn(self) -> None:
        """One turn. For who holds `_turning`."""
        if self._over:
            return
        going_on = False
        try:
            going_on = self._turn()
        finally:
            self._over = not going_on
        self._due = time.monotonic() + self._patience()

    def _ended(self, message: Message) -> Job | None:
        """A worker has done its job: what it may go on with at once."""
        self._inbox.append(message)
        own: list[Job] = []
        # Who holds the lock looks for messages after it has let go of it.
        while not own and self._inbox and not self._pool.waiting and self._turning.acquire(blocking=False):
            self._own = own
            try:
                self._take_turn()
            finally:
                self._own = None
                self._turning.release()
        for job in own[1:]:
            self._pool.submit(job)
        if self._inbox or self._over or self._due < self._wakes or len(own) > 1:
            self._ring()
        return own[0] if own else None


def _never() -> bool:
    """The turn of an engine that was not launched: nobody takes it."""
    raise AssertionError("the engine was not launched")


def _long() -> float:
    return IDLE_SECONDS

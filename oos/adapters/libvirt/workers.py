"""Workers: threads that make blocking calls, so that whoever waits can stop waiting.

A call into libvirt cannot be interrupted. It is made on a thread of its own; the caller waits outside, with a
deadline. When that passes, the thread is abandoned: it holds no lock, and it does not keep the process from ending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Final, TypeVar

T = TypeVar("T")

IDLE_KEPT: Final = 16
"""Threads that wait for more work, at most."""


class Workers:
    """Daemon threads, started when none is idle. The number at work is bounded by the connections, not here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]] = []

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Begin a call on a worker; wait for the Future with a timeout."""
        future: Future[T] = Future()
        with self._lock:
            tasks = self._idle.pop() if self._idle else None
        if tasks is None:
            tasks = SimpleQueue()
            threading.Thread(target=self._work, args=(tasks,), name="libvirt call", daemon=True).start()
        tasks.put((future, call))
        return future

    def _work(self, tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]) -> None:
        while (task := tasks.get()) is not None:
            future, call = task
            del task
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001 (whatever it is, it belongs to the caller)
                future.set_exception(error)
            else:
                future.set_result(result)
                del result
            del future, call
            with self._lock:
                if len(self._idle) >= IDLE_KEPT:
                    return
                self._idle.append(tasks)

    def close(self) -> None:
        """Let idle workers end; busy ones end after their call."""
        with self._lock:
            idle, self._idle = self._idle, []
        for tasks in idle:
            tasks.put(None)

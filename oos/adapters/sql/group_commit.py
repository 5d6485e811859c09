"""Group commit: of the threads that write at once, one commits for all of them, since a commit waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar, cast

from oos.adapters.sql.dialect import Cursor

T = TypeVar("T")

_UNANSWERED: Final = object()


class Job:
    """Something to write, and what came of it."""

    __slots__ = ("answer", "error", "leads", "wake", "work")

    def __init__(self, work: Callable[[Cursor], Any]) -> None:
        self.work = work
        """Writes, and returns the answer. It may run more than once, each time after all it wrote was undone."""
        self.answer: Any = _UNANSWERED
        self.error: Exception | None = None
        self.leads = False
        self.wake = threading.Lock()
        self.wake.acquire()

    @property
    def answered(self) -> bool:
        """Whether it is known what came of it."""
        return self.answer is not _UNANSWERED or self.error is not None


class GroupCommit:
    """Gathers jobs while a commit is under way; the next commit takes all that have come in."""

    def __init__(self, commit: Callable[[Sequence[Job]], None]) -> None:
        self._commit = commit
        """Answers every job. If it raises, the unanswered ones have had no effect."""
        self._guard = threading.Lock()
        self._queue: list[Job] = []
        self._led = False

    def submit(self, work: Callable[[Cursor], T]) -> T:
        """What the work returned, once it is durable; or raises what it raised, once it is undone."""
        job = Job(work)
        try:
            with self._guard:
                self._queue.append(job)
                job.leads = not self._led
                self._led = True
            if not job.leads:
                job.wake.acquire()
            if job.leads:
                self._lead(job)
        except BaseException:
            self._give_up(job)
            raise
        if job.error is not None:
            raise job.error
        assert job.answered
        return cast(T, job.answer)

    def _lead(self, own: Job) -> None:
        jobs: list[Job] = []
        try:
            with self._guard:
                jobs, self._queue = self._queue, []
            self._commit(jobs)
        finally:
            # An interrupted leader (Ctrl-C in the main thread) leaves the others' jobs to the next leader.
            self._hand_over(own, [job for job in jobs if not job.answered and job is not own])
            for job in jobs:
                if job.answered and job is not own:
                    job.wake.release()

    def _hand_over(self, own: Job, left: Sequence[Job] = ()) -> None:
        with self._guard:
            if not own.leads:
                return
            own.leads = False
            self._queue[:0] = [job for job in left if job not in self._queue]
            self._led = bool(self._queue)
            if self._queue:
                self._queue[0].leads = True
                self._queue[0].wake.release()

    def _give_up(self, own: Job) -> None:
        """The thread of a job was interrupted: the job is taken back if it can be, and leads no longer."""
        with self._guard:
            if own in self._queue:
                self._queue.remove(own)
        self._hand_over(own)

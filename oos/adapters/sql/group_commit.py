"""Group commit: of the threads that write at once, one commits for all of them, since a commit waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
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
        self.error: BaseException | None = None
        self.leads = False
        """Whether its thread is the one to commit."""
        self.wake = threading.Lock()
        self.wake.acquire()

    @property
    def answered(self) -> bool:
        """Whether it is known what came of it."""
        return self.answer is not _UNANSWERED or self.error is not None

    def outcome(self) -> Any:
        """What the work returned; raises what it raised."""
        if self.error is not None:
            raise self.error
        assert self.answered
        return self.answer


class _Message:
    """A job of the main thread, on its way through the messenger."""

    __slots__ = ("done", "job", "seen", "taken_back", "wake")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.taken_back = False
        """Whether the main thread was interrupted: if it has not begun, it will not."""
        self.seen = False
        self.done = False
        self.wake = threading.Lock()
        self.wake.acquire()


class GroupCommit:
    """Gathers jobs while a commit is under way; the next commit takes all that have come in.

    Python interrupts the main thread between any two steps (Ctrl-C, signal handlers that raise). A leader that was
    interrupted would leave the others without one, so the main thread never leads: a messenger does it for it.
    """

    def __init__(self, commit: Callable[[Sequence[Job]], None]) -> None:
        self._commit = commit
        """Answers every job."""
        self._guard = threading.Lock()
        self._queue: list[Job] = []
        self._led = False
        self._mailbox: SimpleQueue[_Message | None] = SimpleQueue()
        self._messenger: threading.Thread | None = None

    def submit(self, work: Callable[[Cursor], T]) -> T:
        """What the work returned, once it is durable; or raises what it raised, once it is undone."""
        job = Job(work)
        if threading.get_ident() == threading.main_thread().ident:
            self._send(_Message(job))
        else:
            self._carry_out(job)
        return cast(T, job.outcome())

    def close(self) -> None:
        """Let the messenger go. What is submitted later is still answered."""
        messenger, self._messenger = self._messenger, None
        if messenger is not None:
            self._mailbox.put(None)

    def _carry_out(self, job: Job) -> None:
        with self._guard:
            self._queue.append(job)
            job.leads = not self._led
            self._led = True
        if not job.leads:
            job.wake.acquire()
        if job.leads:
            self._lead()

    def _lead(self) -> None:
        with self._guard:
            jobs, self._queue = self._queue, []
        try:
            self._commit(jobs)
        except BaseException as error:  # noqa: BLE001 (each thread of the group raises it)
            for job in jobs:
                if not job.answered:
                    job.error = error
        # The next leader first: the disk should not wait for us.
        with self._guard:
            heir = self._queue[0] if self._queue else None
            self._led = heir is not None
        if heir is not None:
            heir.leads = True
            heir.wake.release()
        for job in jobs:
            job.wake.release()

    def _send(self, message: _Message) -> None:
        if self._messenger is None:
            self._messenger = threading.Thread(target=self._carry_messages, name="oos-journal", daemon=True)
            self._messenger.start()
        try:
            self._mailbox.put(message)
            message.wake.acquire()
        except BaseException:
            # Whoever looks at the database next sees the job done, or not done for good; so what comes of it is waited
            # for. Whether it was put already is not known: once more does no harm. A second interrupt does not wait.
            message.taken_back = True
            self._mailbox.put(message)
            while not message.done:
                message.wake.acquire()
            raise

    def _carry_messages(self) -> None:
        while (message := self._mailbox.get()) is not None:
            if message.seen:
                continue
            message.seen = True
            if not message.taken_back:
                self._carry_out(message.job)
            message.done = True
            message.wake.release()

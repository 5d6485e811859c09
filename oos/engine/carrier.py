"""The carrier: makes calls for executions that other processes drive, and reports what they bring."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from oos.engine.errors import ExecutionAbsent
from oos.engine.perform import Call, Performer, step_event, token_of
from oos.engine.runtime import IDLE_SECONDS, Message, Runtime, ThreadRuntime
from oos.engine.states import States
from oos.engine.surroundings import Surroundings
from oos.engine.templates import TemplateCache
from oos.execution.chunks import Chunk, Done, Errand, Outcome, Report
from oos.execution.events import TargetReported
from oos.execution.model import Execution
from oos.journal.port import JournalFailed
from oos.service.target_step import TargetStep

log = logging.getLogger(__name__)

GATHER_SECONDS: Final = 0.004
"""Calls that end within so long are reported together."""
LOOK_SECONDS: Final = 1.0
"""How often it is seen whether what is under way is still wanted."""


@dataclass(slots=True)
class _Work:
    """A chunk that is being carried out."""

    chunk: Chunk
    holds: Callable[[], bool]
    over: Callable[[], None]
    left: int


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A call that is being made."""

    errand: Errand
    cancelled: threading.Event


class Carrier:
    """Carries out chunks. It decides nothing: a call whose fate is unknown is for the driver to think about."""

    def __init__(
        self,
        around: Surroundings,
        cache: TemplateCache,
        lend: Callable[[str], Execution | None],
        runtime: Runtime | None = None,
    ) -> None:
        self._around = around
        self._runtime = runtime or ThreadRuntime(around.workers)
        self._performer = Performer(around)
        self._states = States(around.journal, around.codec, cache, lend)
        self._under_way: dict[int, _UnderWay] = {}
        self._numbers = 0
        self._done: dict[str, list[Done]] = {}
        """What is to be reported, by family."""
        self._over: list[_Work] = []
        """Chunks that are over once that is reported."""
        self._report_at: float | None = None
        self._look_at = 0.0
        self._stopping = False
        self._runtime.launch(self._turn, self._patience)

    def carry_out(self, chunk: Chunk, holds: Callable[[], bool], over: Callable[[], None]) -> None:
        """Make the calls of a chunk, and report them. Any thread may ask for it.

        `holds` says whether the chunk is still ours: a call that has not begun when it is not is left to others.
        `over` is called once everything is reported that will be.
        """
        self._runtime.post(lambda: self._begin(_Work(chunk, holds, over, 0)))

    def close(self, seconds: float = 5.0) -> None:
        """Stop; what is under way is not reported any more."""
        self._stopping = True
        self._runtime.post(_nothing)
        self._runtime.close(seconds)

    # one turn at a time

    def _turn(self) -> bool:
        for message in self._runtime.receive():
            message()
        if self._stopping:
            return False
        now = self._runtime.seconds()
        if self._report_at is not None and (now >= self._report_at or not self._under_way):
            self._report()
        if self._under_way and now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look()
        return True

    def _patience(self) -> float:
        if self._report_at is not None:
            return max(0.0, self._report_at - self._runtime.seconds())
        return LOOK_SECONDS if self._under_way else IDLE_SECONDS

    def _begin(self, work: _Work) -> None:
        try:
            wanted = self._wanted(work.chunk)
        except (JournalFailed, ExecutionAbsent) as failed:
            log.warning("calls of %s cannot be made: %s", work.chunk.root_id, failed)
            wanted = []
        except Exception:
            # A journal that this release does not understand, perhaps: the driver makes the calls, or another carrier.
            log.exception("calls of %s cannot be made", work.chunk.root_id)
            wanted = []
        work.left = len(wanted)
        for execution, errand in wanted:
            self._make(work, execution, errand)
        if not wanted:
            self._over.append(work)
            self._report_at = self._runtime.seconds()

    def _wanted(self, chunk: Chunk) -> list[tuple[Execution, Errand]]:
        """The calls that are still to be made. Raises ExecutionAbsent, JournalFailed."""
        executions = {id_: self._states.now(id_) for id_ in dict.fromkeys(each.execution_id for each in chunk.errands)}
        calls = ((executions[errand.execution_id], errand) for errand in chunk.errands)
        return [(execution, errand) for execution, errand in calls if errand.is_wanted(execution)]

    def _make(self, work: _Work, execution: Execution, errand: Errand) -> None:
        self._numbers += 1
        number = self._numbers
        under_way = self._under_way[number] = _UnderWay(errand, threading.Event())
        token, steps = token_of(execution, errand.action), list[TargetReported]()

        def report(message: str) -> None:
            """How far a call has come is not told to its driver; what it says of its targets goes with its outcome."""
            if isinstance(message, TargetStep):
                steps.append(step_event(message, errand.action, execution.secrets, self._around.now()))

        context = self._around.context(execution.start, token, under_way.cancelled, report)
        task = execution.tasks[errand.task].task
        call = Call(execution, task, errand.action, errand.polls, context.knowing(execution.secrets))

        def job() -> Message:
            outcome = self._performer.perform(call) if work.holds() else None
            return partial(self._ended, work, number, errand, outcome, steps)

        self._runtime.submit(job)

    def _ended(
        self, work: _Work, number: int, errand: Errand, outcome: Outcome | None, steps: list[TargetReported]
    ) -> None:
        del self._under_way[number]
        if outcome is not None:
            self._done.setdefault(work.chunk.root_id, []).append(Done(work.chunk.id, errand, outcome, steps))
        work.left -= 1
        if not work.left:
            self._over.append(work)
        if self._report_at is None:
            self._report_at = self._runtime.seconds() + GATHER_SECONDS

    def _report(self) -> None:
        self._report_at = None
        done, self._done = self._done, {}
        over, self._over = self._over, []
        for root_id, each in done.items():
            try:
                self._around.journal.send(root_id, self._around.codec.encode_report(Report(each)))
            except Exception:
                # The driver finds that the chunk is with nobody any more.
                log.exception("calls of %s cannot be reported", root_id)
        for work in over:
            work.over()

    def _look(self) -> None:
        """Tell calls whose outcome nobody wants any more."""
        try:
            for each in self._under_way.values():
                execution = self._states.now(each.errand.execution_id)
                current = execution.current
                ending = execution.cancel is not None or (current is not None and bool(current.ending_by))
                if ending or not each.errand.is_wanted(execution):
                    each.cancelled.set()
        except Exception:
            log.exception("it cannot be seen whether calls are still wanted")


def _nothing() -> None:
    """A message that only wakes the carrier."""

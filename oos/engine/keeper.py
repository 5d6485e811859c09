"""The keeper: takes up every execution in time that is due and that nobody drives."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from oos.diagnostics import DiagnosticError
from oos.engine.engine import Engine
from oos.engine.errors import EngineError, OwnedElsewhere
from oos.engine.ports import Dispatcher, Locks
from oos.execution.chunks import DispatchFailed
from oos.journal.port import Batch, Journal, JournalDamaged

log = logging.getLogger(__name__)

AHEAD: Final = timedelta(seconds=2)
"""Executions are taken up so long before they are due: the engine's own timers are exact."""
PARK: Final = timedelta(seconds=30)
"""An execution that has nothing to do for so long is let go of until then; it costs what the database holds."""
BACK_OFF: Final = timedelta(seconds=5)
"""So long after somebody else was found to drive an execution, it is asked about again."""
HANDED: Final = timedelta(seconds=2)
"""So long after an execution was handed to the workers, it is seen whether one drives it."""
BROKEN: Final = timedelta(minutes=5)
"""So long after an execution could not be taken up at all, it is tried again."""
AT_ONCE: Final = 200
"""At most so many are taken up in one look; the next look comes soon."""


class Keeper:
    """Looks at the journal for an engine. Several may look at one journal: the lock decides.

    With a dispatcher, what is free is handed to whichever worker takes it, so that they share the executions.
    """

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        now: Callable[[], datetime],
        locks: Locks | None = None,
        dispatcher: Dispatcher | None = None,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._now = now
        self._locks = locks
        self._dispatcher = dispatcher
        self._refused: dict[str, datetime] = {}
        """Until when an execution is not asked about."""
        self._elsewhere = 0
        """How many that are due were driven by others when last looked at."""

    def look(self) -> int:
        """Take up what is due, or was told something. How many were taken up. Raises JournalFailed, EngineStopped."""
        now = self._now()
        self._refused = {root: until for root, until in self._refused.items() if until > now}
        told = self._journal.signalled()
        known = len(self._refused) + self._engine.driven + self._elsewhere
        due = self._journal.due(now + AHEAD, AT_ONCE + known)
        taken = 0
        for root_id in self._free([*told, *due]):
            if taken >= AT_ONCE:
                break
            if root_id in told and self._has_ended(root_id):
                self._answer(root_id)
                continue
            taken += self._take_up(root_id, now)
        return taken

    def _free(self, root_ids: list[str]) -> list[str]:
        """Those of which nothing is known that speaks against taking them up."""
        asked = [
            root_id
            for root_id in dict.fromkeys(root_ids)
            if root_id not in self._refused and not self._engine.is_driving(root_id)
        ]
        if self._locks is None:
            return asked
        free = self._locks.free(asked)
        self._elsewhere = len(asked) - len(free)
        return free

    def _take_up(self, root_id: str, now: datetime) -> bool:
        if self._dispatcher is not None:
            try:
                self._dispatcher.drive(root_id)
            except DispatchFailed as failed:
                log.warning("%s", failed)
            else:
                self._refused[root_id] = now + HANDED
                return True
        try:
            self._engine.resume(root_id, by="")
        except OwnedElsewhere:
            self._refused[root_id] = now + BACK_OFF
        except (EngineError, DiagnosticError, JournalDamaged) as error:
            if self._engine.failure is not None:
                raise
            # One that cannot be read must not keep the others from going on.
            log.error("%s cannot be taken up: %s", root_id, error)
            self._refused[root_id] = now + BROKEN
        else:
            return True
        return False

    def _has_ended(self, root_id: str) -> bool:
        summary = self._journal.summary(root_id)
        return summary is None or summary.status.final

    def _answer(self, root_id: str) -> None:
        """What was said to an execution that has ended is heard by nobody."""
        numbers = [signal.number for signal in self._journal.signals([root_id], 0)]
        self._journal.append(Batch(signals_done=numbers))

"""States: executions that other processes drive, as far as the journal tells, kept and read on as it grows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from oos.engine.replay import read_events, replay
from oos.engine.templates import TemplateCache
from oos.execution.inner import inherit, link
from oos.execution.model import Execution
from oos.execution.record import record
from oos.journal.codec import Codec
from oos.journal.port import Journal

MOST_KEPT: Final = 512


class States:
    """Executions for one thread, which alone reads them on; others may look at what it gave them."""

    def __init__(self, journal: Journal, codec: Codec, cache: TemplateCache, lend: Callable[[str], Execution | None]):
        self._journal = journal
        self._codec = codec
        self._cache = cache
        self._lend = lend
        """Gives an execution that this very process drives."""
        self._kept: OrderedDict[str, Execution] = OrderedDict()

    def now(self, execution_id: str) -> Execution:
        """An execution as the journal tells it now, with the names and secrets it has from those above it.

        Raises ExecutionAbsent, JournalFailed.
        """
        lent = self._lend(execution_id)
        if lent is not None:
            return lent
        execution = self._kept.get(execution_id)
        if execution is None:
            execution = replay(self._journal, self._codec, self._cache, execution_id)
            if execution.start.parent_id:
                parent = self.now(execution.start.parent_id)
                if execution.start.loop_path:
                    link(execution, parent)
                inherit(execution, parent)
            self._kept[execution_id] = execution
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return execution
        self._kept.move_to_end(execution_id)
        for hash_, event in read_events(self._journal, self._codec, execution_id, execution.sequence):
            record(execution, event)
            execution.head = hash_
        if execution.outer is not None:
            self.now(execution.start.parent_id)
        return execution

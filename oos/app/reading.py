"""Reading: the states of executions, kept between looks, so that who asks again pays only for what is new."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeVar

from oos.engine.replay import read_events, replay, replay_with_outer
from oos.engine.templates import TemplateCache
from oos.execution.model import Execution
from oos.execution.record import record
from oos.journal.codec import Codec
from oos.journal.port import Journal

T = TypeVar("T")

KEPT: Final = 64
"""How many states are kept. A poll of a loop over 10,000 items would else replay all of them each time."""


class _State:
    """One execution as far as it was read."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.execution: Execution | None = None


class ExecutionReader:
    """Folds the journal. Methods may be called from any thread."""

    def __init__(self, journal: Journal, codec: Codec, templates: TemplateCache) -> None:
        self.journal = journal
        self.codec = codec
        self._templates = templates
        self._lock = threading.Lock()
        self._states: OrderedDict[str, _State] = OrderedDict()

    def read(self, execution_id: str, fold: Callable[[Execution], T]) -> T:
        """What `fold` makes of the execution as it is now. The state is shared: `fold` keeps nothing of it.

        Raises ExecutionAbsent, JournalFailed.
        """
        state = self._state(execution_id)
        with state.lock:
            try:
                return fold(self._brought_up(state, execution_id))
            except BaseException:
                state.execution = None
                raise

    def _state(self, execution_id: str) -> _State:
        with self._lock:
            state = self._states.setdefault(execution_id, _State())
            self._states.move_to_end(execution_id)
            while len(self._states) > KEPT:
                self._states.popitem(last=False)
            return state

    def _brought_up(self, state: _State, execution_id: str) -> Execution:
        execution = state.execution
        if execution is None:
            execution = replay(self.journal, self.codec, self._templates, execution_id)
            if execution.start.loop_path:
                # It sees the names around it, and those change beside it: it is read anew each time.
                return replay_with_outer(self.journal, self.codec, self._templates, execution_id)
            state.execution = execution
            return execution
        for hash_, event in read_events(self.journal, self.codec, execution_id, execution.sequence):
            record(execution, event)
            execution.head = hash_
        return execution

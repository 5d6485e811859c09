"""Anchoring: heads of executions that began, went on or ended are written outside the journal, soon and together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from oos.audit.anchors import AnchorFailed, Head
from oos.engine.ports import Anchor
from oos.execution.model import Execution
from oos.values.identifiers import root_execution_id

log = logging.getLogger(__name__)

SECONDS: Final = 1.0
"""For so long a head of a child may wait for others, or for the next try."""


class Anchoring:
    """Writes heads to the anchor. What cannot be written waits: a full disk must not lose a run.

    Only `begin` may be called from other threads than the driver's.
    """

    def __init__(self, anchor: Anchor, seconds: Callable[[], float]) -> None:
        self._anchor = anchor
        self._seconds = seconds
        self._guard = threading.Lock()
        self._waiting: dict[str, Head] = {}
        self._due = 0.0
        self._failed = ""

    def begin(self, execution: Execution) -> None:
        """Anchor a new execution at once, so that it shows when it is taken away. It is durable in the journal."""
        head = head_of(execution)
        if not self._write([head]):
            with self._guard:
                self._waiting.setdefault(execution.id, head)

    def note(self, execution: Execution) -> None:
        """Have the head of an execution anchored, once it is durable: at the next `write`."""
        with self._guard:
            if not self._waiting:
                self._due = self._seconds() + SECONDS
            self._waiting[execution.id] = head_of(execution)

    def drop(self, root_id: str) -> None:
        """Forget what waits of a family that another process drives: what was not durable must not be anchored."""
        with self._guard:
            self._waiting = {id_: head for id_, head in self._waiting.items() if root_execution_id(id_) != root_id}

    def is_due(self) -> bool:
        """Whether something has waited long enough."""
        return bool(self._waiting) and self._seconds() >= self._due

    def write(self) -> None:
        """Anchor all that waits. What was noted is durable in the journal by now."""
        with self._guard:
            waiting = dict(self._waiting)
        if not waiting:
            return
        if not self._write(list(waiting.values())):
            self._due = self._seconds() + SECONDS
            return
        with self._guard:
            for id_, head in waiting.items():
                if self._waiting.get(id_) == head:
                    del self._waiting[id_]

    def _write(self, heads: list[Head]) -> bool:
        try:
            self._anchor.append_all(heads)
        except AnchorFailed as failure:
            if str(failure) != self._failed:
                # Once: whoever watches a run need not be told every second.
                self._failed = str(failure)
                log.warning("%s; the run goes on, and its end is not anchored until they can be", failure)
            return False
        self._failed = ""
        return True


def head_of(execution: Execution) -> Head:
    """How far an execution has come."""
    return Head(execution.id, execution.sequence, execution.head)

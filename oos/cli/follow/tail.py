"""The tail: what the journal holds of a family of executions, read on while another process writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from oos.engine.replay import read_events
from oos.execution.events import AnyEvent, ExecutionFinished
from oos.values.identifiers import root_execution_id

if TYPE_CHECKING:
    from oos.app.app import App


class Tail:
    """Reads the events of an execution and all its descendants, each once."""

    def __init__(self, app: App, execution_id: str) -> None:
        self._app = app
        self._id = execution_id
        self._root_id = root_execution_id(execution_id)
        self._read: dict[str, int] = {}
        """By execution: how many of its events were read."""
        self._ended: set[str] = set()

    @property
    def ended(self) -> bool:
        """Whether the execution itself has been read to its end."""
        return self._id in self._ended

    def news(self) -> list[tuple[str, AnyEvent]]:
        """What came since the last reading, in order of time. Raises ExecutionAbsent, JournalFailed."""
        found = [
            (event.at, len(id_), number, id_, event)
            for id_ in self._members()
            if id_ not in self._ended
            for number, event in self._events(id_)
        ]
        # A parent's event comes before that of its child with the same instant: its id is shorter.
        found.sort(key=lambda each: each[:3])
        return [(id_, event) for _, _, _, id_, event in found]

    def _members(self) -> list[str]:
        from oos.engine.errors import ExecutionAbsent

        family = self._app.journal.family(self._root_id)
        if self._id not in family:
            raise ExecutionAbsent(self._id)
        return [each for each in family if each == self._id or each.startswith(f"{self._id}.")]

    def _events(self, id_: str) -> Iterator[tuple[int, AnyEvent]]:
        for _, event in read_events(self._app.journal, self._app.codec, id_, self._read.get(id_, 0)):
            number = self._read[id_] = self._read.get(id_, 0) + 1
            if isinstance(event, ExecutionFinished):
                self._ended.add(id_)
            yield number, event

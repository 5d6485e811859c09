"""The watch: keeps a chronicle of every execution that this process drives, as the engine tells of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oos.execution.events import NO_ITEM
from oos.notebook.chronicle import Chronicle, Templates
from oos.values.identifiers import root_execution_id

if TYPE_CHECKING:
    from oos.execution.events import AnyEvent
    from oos.execution.model import Execution


class Watch:
    """Hears of everything (oos.engine.ports.Watcher) on the engine's thread; others look at it under its lock."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._chronicles: dict[str, Chronicle] = {}
        self._versions: dict[str, int] = {}
        self._progress: dict[str, str] = {}
        self._lock = threading.Lock()

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        """An event was recorded."""
        root_id = root_execution_id(execution.id)
        with self._lock:
            chronicle = self._chronicles.get(root_id)
            if chronicle is None:
                chronicle = self._chronicles[root_id] = Chronicle(root_id, self._templates)
            chronicle.apply(execution.id, event)
            self._versions[root_id] = self._versions.get(root_id, 0) + 1

    def progressed(self, execution: Execution, task: str, item: int, message: str) -> None:
        """A call told how far it has come."""
        root_id = root_execution_id(execution.id)
        with self._lock:
            place = task if item == NO_ITEM else f"{task}[{item + 1}]"
            self._progress[root_id] = f"{place}: {message}"
            self._versions[root_id] = self._versions.get(root_id, 0) + 1

    def version(self, root_id: str) -> int:
        """A number that grows with everything that is told of an execution."""
        return self._versions.get(root_id, 0)

    def progress(self, root_id: str) -> str:
        """What a call told last."""
        return self._progress.get(root_id, "")

    @contextmanager
    def reading(self, root_id: str) -> Iterator[Chronicle | None]:
        """The chronicle, to which nothing happens meanwhile."""
        with self._lock:
            yield self._chronicles.get(root_id)

    def forget(self, root_id: str) -> None:
        """An execution is no longer driven here; its journal tells the rest."""
        with self._lock:
            for known in (self._chronicles, self._versions, self._progress):
                known.pop(root_id, None)

"""Watching: what an engine tells is passed on to whoever watches at that moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oos.engine.ports import Watcher
    from oos.execution.events import AnyEvent
    from oos.execution.model import Execution


class Watching:
    """The watcher of every engine of an app (oos.engine.ports.Watcher).

    An engine is given its watcher when it is made; with this one in between it does not matter which comes first, the
    engine or whoever watches it.
    """

    def __init__(self) -> None:
        self.watcher: Watcher | None = None
        """Who watches now."""

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        if self.watcher is not None:
            self.watcher.happened(execution, event)

    def progressed(self, execution: Execution, task: str, item: int, message: str) -> None:
        if self.watcher is not None:
            self.watcher.progressed(execution, task, item, message)

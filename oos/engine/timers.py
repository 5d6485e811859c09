"""Timers: what is to be looked at again, and when."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime


class Timers:
    """Instants at which a task or item is to be looked at. One that is of no use any more is harmless."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, str, str, int]] = []
        self._number = 0

    def add(self, at: datetime, execution_id: str, task: str, item: int) -> None:
        """Have it looked at, at this instant."""
        self._number += 1
        heapq.heappush(self._heap, (at, self._number, execution_id, task, item))

    @property
    def next(self) -> datetime | None:
        """When the next one rings."""
        return self._heap[0][0] if self._heap else None

    def rung(self, now: datetime) -> Iterator[tuple[str, str, int]]:
        """Execution, task and item of each that rings now or rang before, the earliest first."""
        while self._heap and self._heap[0][0] <= now:
            _, _, execution_id, task, item = heapq.heappop(self._heap)
            yield execution_id, task, item

    def keep(self, wanted: Callable[[str], bool]) -> None:
        """Forget those of executions that are not wanted."""
        self._heap = [timer for timer in self._heap if wanted(timer[2])]
        heapq.heapify(self._heap)

    def __len__(self) -> int:
        return len(self._heap)

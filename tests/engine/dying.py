"""A journal that stands for a process which dies at one of its writes."""

from __future__ import annotations

from oos.adapters.memory_journal import MemoryJournal
from oos.journal.port import Batch


class Killed(BaseException):
    """Stands for the end of the process: nothing answers it."""


class DyingJournal(MemoryJournal):
    """Dies at one write: before it is kept, or after."""

    def __init__(self) -> None:
        super().__init__(on_append=self._before, on_appended=self._after)
        self.writes = 0
        self.dies_at: int | None = None
        self.dies_before = True

    @property
    def died(self) -> bool:
        """Whether the write came at which it dies."""
        return self.dies_at is not None and self.writes >= self.dies_at

    def _before(self, batch: Batch) -> None:
        self.writes += 1
        if self.writes == self.dies_at and self.dies_before:
            raise Killed

    def _after(self, batch: Batch) -> None:
        if self.writes == self.dies_at and not self.dies_before:
            raise Killed

"""Source text and places in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where something stands in a text: lines and columns count from 1, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


NOWHERE = Span(1, 1, 1, 1)
"""The place of a thing that has no text of its own."""


@dataclass(frozen=True)
class Source:
    """A named text: a file, or a cell, a request, an argument."""

    name: str
    text: str

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text, without their ends."""
        return tuple(self.text.splitlines())

    def line(self, number: int) -> str:
        """The line with this number, or empty text."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

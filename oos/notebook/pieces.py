"""Pieces: the text of a runbook cut where a notebook has its cells; joined again, it is the same byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TASKS_HEADER: Final = "Tasks:\n"
INDENT: Final = "  "
"""How far tasks stand in where nobody said otherwise."""
USUAL: Final = "\0"
"""Stands for an indentation or end that nobody noted, until the neighbours are known."""


class PieceKind(StrEnum):
    """What a piece of a runbook is."""

    NOTE = "note"
    """A comment that stands between sections or tasks: a Markdown cell."""
    SECTION = "section"
    """Entries of the template's own map: Parameters, Outputs, …"""
    TASKS = "tasks"
    """One task, or several that jump to one another."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the text of a runbook, and how it stands there."""

    kind: PieceKind
    text: str
    """Without indentation, without the last end of line; of a note its words alone."""
    after: str = "\n"
    """The end of its last line, and the blank lines that follow."""
    indent: str = ""
    """What stood before each line of the text that is not empty."""
    mark: str = "# "
    """What makes the lines of a note a comment: with a blank, or, when some line has none, without."""
    names: tuple[str, ...] = ()
    """The sections or tasks in it."""
    inside: bool = False
    """A note that stands between `Tasks:` and the first task."""

    @property
    def written(self) -> str:
        """The piece as it stands in the runbook."""
        lines = self.text.split("\n")
        if self.kind is PieceKind.NOTE:
            # A line without words is a bare `#`: editors take blanks at the ends of lines away.
            lines = [f"{self.indent}{self.mark}{line}" if line else f"{self.indent}#" for line in lines]
        else:
            lines = [f"{self.indent}{line}" if line else "" for line in lines]
        return "\n".join(lines) + self.after


@dataclass(frozen=True, slots=True)
class Layout:
    """A runbook as pieces, and what stands around them."""

    pieces: tuple[Piece, ...]
    head: str = ""
    """What stands before the first piece: a byte order mark, `---`, blank lines."""
    tail: str = ""
    """What stands after the last: `...`."""
    header: str = TASKS_HEADER
    """The line that begins the tasks, and blank lines below it."""
    newline: str = "\n"
    indent: str = INDENT
    """How far its tasks stand in."""

    def parts(self) -> Iterator[tuple[Piece | None, str]]:
        """The text of the runbook bit by bit, each with the piece that it is."""
        yield None, self.head
        below = False
        for piece in self.pieces:
            if not below and (piece.kind is PieceKind.TASKS or piece.inside):
                below = True
                yield None, self.header
            yield piece, piece.written
        yield None, self.tail

    @property
    def written(self) -> str:
        """The text of the runbook."""
        text = "".join(part for _, part in self.parts())
        return text if self.newline == "\n" else text.replace("\n", self.newline)

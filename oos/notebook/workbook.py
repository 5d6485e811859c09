"""The workbook: the runbook that a notebook's `%%oos` cells have made so far, and the text that the next cell runs as.

Pure. A cell that is run again replaces what it said before; what earlier cells gave is recalled, not done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from oos.execution.events import Recalled
from oos.notebook.importing import Assembled, Origin, assemble
from oos.notebook.pieces import Piece, PieceKind


@dataclass(frozen=True, slots=True)
class Entry:
    """What one cell says."""

    piece: Piece
    origin: Origin

    @property
    def names(self) -> frozenset[str]:
        """Its tasks, or its sections, without regard to case."""
        return frozenset(name.casefold() for name in self.piece.names)


@dataclass(frozen=True, slots=True)
class Workbook:
    """Sections and tasks in the order in which they came, and what the tasks gave."""

    sections: tuple[Entry, ...] = ()
    tasks: tuple[Entry, ...] = ()
    given: Mapping[str, Recalled] = field(default_factory=dict)
    """By task, in any case of its name: only what a cell that succeeded gave."""

    def declared(self, entry: Entry) -> Workbook:
        """With these sections; others of the same names are replaced, unless they name other things."""
        kept = tuple(each for each in self.sections if not _replaces(entry, each))
        return replace(self, sections=(*kept, entry))

    def before(self, entry: Entry) -> Workbook:
        """What there is when these tasks begin: everything but themselves."""
        kept = tuple(each for each in self.tasks if not each.names & entry.names)
        return replace(self, tasks=kept)

    def carried(self, entry: Entry, given: Mapping[str, Recalled]) -> Workbook:
        """With these tasks, which have been carried out."""
        before = self.before(entry)
        return replace(before, tasks=(*before.tasks, entry), given={**self.given, **given})

    def text(self, entries: Iterable[Entry] = (), *, outputs: bool = False) -> Assembled:
        """The runbook so far, with these tasks behind; with its outputs only when they are asked for."""
        above = [each for each in self.sections if "outputs" not in each.names]
        below = [each for each in self.sections if outputs and "outputs" in each.names]
        return assemble([(each.piece, each.origin) for each in (*above, *self.tasks, *entries, *below)])

    def recalled(self) -> dict[str, Recalled]:
        """What the tasks gave; nothing, of those that were left out."""
        names = [name for each in self.tasks for name in each.piece.names]
        nothing = Recalled(execution_id="")
        return {name: self.given.get(name, nothing) for name in names}


def _replaces(entry: Entry, other: Entry) -> bool:
    """Whether sections take the place of others: not when both add to the same section, each their own things."""
    if not entry.names & other.names:
        return False
    if entry.names == other.names and len(entry.names) == 1:
        return bool(_entries(entry.piece) & _entries(other.piece))
    return True


def _entries(piece: Piece) -> set[str]:
    """What a section names: the keys below its own, by their indentation."""
    lines = [line for line in piece.text.split("\n")[1:] if line.strip() and not line.lstrip().startswith("#")]
    if piece.kind is not PieceKind.SECTION or not lines:
        return {""}
    indent = len(lines[0]) - len(lines[0].lstrip(" "))
    own = [line for line in lines if len(line) - len(line.lstrip(" ")) == indent]
    return {line.split(":", 1)[0].strip(" '\"").casefold() for line in own}

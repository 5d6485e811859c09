"""What can go wrong in a notebook; each is shown in words, without a traceback."""

from __future__ import annotations

from collections.abc import Iterable

from oos.diagnostics import Diagnostic, DiagnosticError, Severity, excerpt
from oos.source import NOWHERE, Source

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.HINT: "36"}


class NotebookError(Exception):
    """Something that a person can mend in the cell."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}\n  hint: {hint}" if hint else message)

    def _render_traceback_(self) -> list[str]:
        """How a notebook shows it."""
        return [f"\x1b[31m{type(self).__name__}\x1b[0m: {self}"]


class UnknownOperation(NotebookError):
    """No installed module offers the operation."""


class CellPending(NotebookError):
    """An earlier cell waits for a person, and this one may need what it gives."""


class Faults(DiagnosticError):
    """What a person wrote cannot be used, told in a notebook without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class CellFaults(NotebookError):
    """What a cell says cannot be carried out; every fault with its line."""

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Iterable[Source] = ()) -> None:
        self.diagnostics = tuple(diagnostics)
        self._sources = {source.name: source for source in sources}
        super().__init__("\n".join(self._lines(in_colour=False)))

    def _render_traceback_(self) -> list[str]:
        return self._lines(in_colour=True)

    def _lines(self, *, in_colour: bool) -> list[str]:
        lines = []
        for each in self.diagnostics:
            mark = f"{each.severity}[{each.code}]"
            shown = f"\x1b[{_COLOURS[each.severity]}m{mark}\x1b[0m" if in_colour else mark
            place = each.source if each.span == NOWHERE else f"{each.source}, line {each.span.line}"
            lines.append(f"{place}: {shown}: {each.message}")
            source = self._sources.get(each.source)
            quoted = excerpt(each, source) if source is not None and each.span != NOWHERE else ""
            lines += [*([quoted] if quoted else []), *([f"  hint: {each.hint}"] if each.hint else [])]
        return lines

"""Diagnostics: faults in what a person wrote, each with its place, code and hint."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from oos.source import NOWHERE, Source, Span
from oos.values.visible import UNSEEN


class Severity(StrEnum):
    """How much a diagnostic matters: errors stop, warnings tell, hints suggest."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault: where it is, what it is, and how to mend it."""

    code: str
    message: str
    source: str = ""
    span: Span = NOWHERE
    hint: str = ""
    severity: Severity = Severity.ERROR
    related: tuple[tuple[Span, str], ...] = field(default=())
    """Other places that belong to the fault, each with a word on why."""

    def __str__(self) -> str:
        first = f"{self.source}:{self.span}: {self.severity}[{self.code}]: {self.message}"
        others = [f"  {self.source}:{span}: {word}" for span, word in self.related]
        hint = [f"  hint: {self.hint}"] if self.hint else []
        return "\n".join([first, *others, *hint])


class DiagnosticError(Exception):
    """What a person wrote cannot be used; it carries every fault that was found."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


def errors_of(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Those diagnostics that stop."""
    return tuple(each for each in diagnostics if each.severity is Severity.ERROR)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like this one, or None when none is near."""
    by_folded = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest known name, or with the few there are, or nothing."""
    known = sorted(set(known))
    found = nearest(name, known)
    if found is not None:
        return f"did you mean {found}?"
    if 0 < len(known) <= 8:
        return f"known are: {', '.join(known)}"
    return ""


LONGEST_LINE: Final = 120
"""Of a longer line only the surroundings of the place are shown."""


def excerpt(diagnostic: Diagnostic, source: Source) -> str:
    """The line a diagnostic speaks of, with carets below the place."""
    line = source.line(diagnostic.span.line)
    if not line:
        return ""
    span = diagnostic.span
    end = span.end_column if span.end_line == span.line else len(line) + 1
    start = min(span.column, len(line) + 1)
    width = max(1, min(end, len(line) + 1) - start)
    margin = f"{span.line:>5} | "
    line = UNSEEN.sub("\N{REPLACEMENT CHARACTER}", line)
    if len(line) > LONGEST_LINE:
        first = max(0, start - 1 - LONGEST_LINE // 2)
        shown = line[first : first + LONGEST_LINE]
        line = f"{'…' if first else ''}{shown}…"
        start -= first - bool(first)
        width = max(1, min(width, len(line) - start))
    blanks = "".join("\t" if character == "\t" else " " for character in line[: start - 1])
    return f"{margin}{line}\n{' ' * (len(margin) - 2)}| {blanks}{'^' * width}"

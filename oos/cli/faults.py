"""Diagnostics on stderr: every fault with its place, the line it stands in, and a hint."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from oos.cli.session import Session, in_colour
from oos.diagnostics import Diagnostic, Severity, excerpt
from oos.source import NOWHERE, Source
from oos.values.visible import visible

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.HINT: "36"}


def print_diagnostics(
    session: Session, diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source] | None = None
) -> None:
    """Print each fault: place and message, the line with carets, other places, hint."""
    sources = dict(sources or {})
    for each in diagnostics:
        source = _source_of(each, sources)
        session.warn(_in_colour(_first_line(each, of_text=source is not None), each.severity))
        shown = excerpt(each, source) if source is not None and each.span != NOWHERE else ""
        if shown:
            session.warn(shown)
        for span, word in each.related:
            session.warn(f"  {each.source}:{span}: {word}")
        if each.hint:
            session.warn(f"  hint: {visible(each.hint)}")


def diagnostic_document(each: Diagnostic) -> dict[str, Any]:
    """A fault as programs read it."""
    document: dict[str, Any] = {
        "Code": each.code,
        "Severity": str(each.severity),
        "Message": each.message,
        "Source": each.source,
        "Line": each.span.line,
        "Column": each.span.column,
        "EndLine": each.span.end_line,
        "EndColumn": each.span.end_column,
    }
    if each.hint:
        document["Hint"] = each.hint
    if each.related:
        document["Related"] = [
            {"Line": span.line, "Column": span.column, "Message": word} for span, word in each.related
        ]
    return document


def _first_line(each: Diagnostic, *, of_text: bool) -> str:
    # A fault of an argument has no line to speak of.
    place = f"{each.source}:{each.span}" if of_text or each.span != NOWHERE else each.source
    where = f"{place}: " if place else ""
    return visible(f"{where}{each.severity}[{each.code}]: {each.message}")


def _source_of(each: Diagnostic, sources: dict[str, Source]) -> Source | None:
    """The text a fault stands in: one that was handed over, else the file of that name."""
    if each.source not in sources:
        from pathlib import Path

        try:
            path = Path(each.source)
            if not path.is_file():
                return None  # a pipe or device that is read once more would wait, or never end
            text = path.read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            return None
        sources[each.source] = Source(each.source, text)
    return sources[each.source]


def _in_colour(text: str, severity: Severity) -> str:
    if not in_colour(sys.stderr):
        return text
    mark = f"{severity}["
    return text.replace(mark, f"\x1b[1;{_COLOURS[severity]}m{severity}\x1b[0m[", 1)

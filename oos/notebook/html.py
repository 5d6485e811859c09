"""HTML pieces: badges, bars, grids, folded text. Inline styles, no script: a saved notebook shows them anywhere.

Colours are chosen to be read on white and on black alike; everything else takes the colours of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from oos.execution.status import Status
from oos.values.json import Value
from oos.values.words import size, text_of

COLOURS: Final = {
    Status.SUCCESS: "#2da44e",
    Status.FAILED: "#e5484d",
    Status.RUNNING: "#3b82f6",
    Status.STARTED: "#3b82f6",
    Status.WAITING: "#d98e04",
    Status.QUEUED: "#9aa0a6",
    Status.PENDING: "#c4c8cc",
    Status.SKIPPED: "#9aa0a6",
    Status.CANCELLED: "#8b5cf6",
}
QUIET: Final = "opacity:.7"
CELL: Final = "padding:3px 10px 3px 0;vertical-align:top;text-align:left;border:none"
TABLE: Final = "border-collapse:collapse;border:none;margin:4px 0;font-size:13px"
INLINE_LIMIT: Final = 160
"""Characters of a value that are shown without folding."""
FOLDED_LIMIT: Final = 20_000
"""Characters that are kept of a folded text; the journal has all of it."""
GRID_LIMIT: Final = 1000


def badge(status: Status, words: str = "") -> str:
    """A status as a coloured word."""
    colour = COLOURS[status]
    style = f"display:inline-block;padding:0 8px;border-radius:9px;background:{colour};color:#fff;font-size:12px"
    return f'<span style="{style}">{escape(words or status)}</span>'


def dot(status: Status) -> str:
    """A status as a coloured dot, with its name for those who cannot tell colours apart."""
    return f'<span title="{escape(status)}" style="color:{COLOURS[status]}">{SIGNS[status]}</span>'


SIGNS: Final = {
    Status.SUCCESS: "✓",
    Status.FAILED: "✗",
    Status.RUNNING: "▶",
    Status.STARTED: "▶",
    Status.WAITING: "?",
    Status.QUEUED: "·",
    Status.PENDING: "·",
    Status.SKIPPED: "–",
    Status.CANCELLED: "⊘",
}


def bar(segments: Iterable[tuple[float, float, str, float]], width: int = 180) -> str:
    """A bar on a time axis: segments by begin and end (0 to 1), colour and opacity."""
    parts = []
    at = 0.0
    for begin, end, colour, opacity in segments:
        begin, end = max(at, begin), max(begin, min(end, 1.0))
        if begin > at:
            parts.append(f'<span style="width:{100 * (begin - at):.2f}%"></span>')
        style = f"width:{100 * (end - begin):.2f}%;min-width:2px;background:{colour};opacity:{opacity:g}"
        parts.append(f'<span style="{style}"></span>')
        at = end
    style = f"display:flex;width:{width}px;height:9px;margin-top:5px;background:rgba(128,128,128,.15);overflow:hidden"
    return f'<div style="{style}">{"".join(parts)}</div>'


def grid(items: Sequence[tuple[Status, str]]) -> str:
    """Loop items as squares, each with its words on hovering."""
    square = "width:11px;height:11px;border-radius:2px;background:"
    squares = [
        f'<span title="{escape(words)}" style="{square}{COLOURS[status]}"></span>'
        for status, words in items[:GRID_LIMIT]
    ]
    more = f'<span style="{QUIET}">+{len(items) - GRID_LIMIT:,}</span>' if len(items) > GRID_LIMIT else ""
    style = "display:flex;flex-wrap:wrap;gap:2px;max-width:640px;margin:3px 0"
    return f'<div style="{style}">{"".join(squares)}{more}</div>'


def value(found: Value) -> str:
    """A value: inline when short, folded when long."""
    text = text_of(found)
    if len(text) <= INLINE_LIMIT and "\n" not in text:
        return f"<code>{escape(text)}</code>"
    return folded(text)


def prose(text: str) -> str:
    """Words: inline when they are few, folded when they are many."""
    return escape(text) if len(text) <= 4 * INLINE_LIMIT and "\n" not in text else folded(text)


def folded(text: str, *, is_open: bool = False, limit: int = FOLDED_LIMIT) -> str:
    """Long text behind a line that says how long it is."""
    lines = text.count("\n") + 1
    words = f"{lines:,} lines, {size(len(text.encode()))}" if lines > 1 else size(len(text.encode()))
    shown = text[:limit]
    cut = f"<em>… {len(text) - limit:,} more characters are in the journal</em>" if len(text) > limit else ""
    first = escape(next((line for line in text.split("\n") if line.strip()), "")[:80])
    style = "margin:2px 0;padding:6px;background:rgba(128,128,128,.1);white-space:pre-wrap;overflow-wrap:anywhere"
    return (
        f"<details{' open' if is_open else ''}><summary><code>{first}</code> "
        f'<span style="{QUIET}">({words})</span></summary><pre style="{style}">{escape(shown)}</pre>{cut}</details>'
    )


def fold(summary: str, body: str, *, is_open: bool = False) -> str:
    """HTML behind a line; both are HTML already."""
    return f"<details{' open' if is_open else ''}><summary>{summary}</summary>{body}</details>"


def row(cells: Iterable[str], style: str = "") -> str:
    """A row of a table; the cells are HTML."""
    shown = "".join(f'<td style="{CELL}">{cell}</td>' for cell in cells)
    return f'<tr style="background:none;{style}">{shown}</tr>'


def table(rows: Iterable[str], headings: Sequence[str] = ()) -> str:
    """A table of rows."""
    style = f"{CELL};font-weight:600;{QUIET}"
    head = "".join(f'<th style="{style}">{escape(each)}</th>' for each in headings)
    heading = f"<thead><tr>{head}</tr></thead>" if headings else ""
    return f'<table style="{TABLE}">{heading}<tbody>{"".join(rows)}</tbody></table>'


def page(body: str, title: str) -> str:
    """A whole page, to be read by itself."""
    style = (
        "body{font:14px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em}"
        "h1{font-size:22px}h2{font-size:17px;margin-top:1.6em}code,pre{font:12.5px/1.45 ui-monospace,monospace}"
        "summary{cursor:pointer}@media(prefers-color-scheme:dark){body{background:#16181d;color:#e6e6e6}}"
    )
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{style}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'

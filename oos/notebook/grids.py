"""Grids: things against things, as coloured squares. A snapshot calendar, and who reaches whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any, Final

from oos.notebook import html
from oos.notebook.prose import cell

if TYPE_CHECKING:
    from pandas import DataFrame

GOOD: Final = "#2da44e"
BAD: Final = "#e5484d"
OPEN: Final = "#3b82f6"
NOTHING: Final = "rgba(128,128,128,.18)"


@dataclass(frozen=True, slots=True)
class Square:
    """One place of a grid."""

    text: str
    """In a word, for those who see no colours: `2`, `yes`, nothing."""
    colour: str = NOTHING
    words: str = ""
    """What hovering tells."""


class Grid:
    """Rows and columns of squares."""

    def __init__(self, title: str, columns: Sequence[str], rows: Mapping[str, Sequence[Square]]) -> None:
        self.title = title
        self.columns = tuple(columns)
        self.rows = {name: tuple(squares) for name, squares in rows.items()}

    def to_frame(self) -> DataFrame:
        """The words of the squares."""
        import pandas

        texts = [[square.text for square in squares] for squares in self.rows.values()]
        return pandas.DataFrame(texts, index=list(self.rows), columns=list(self.columns))

    def _repr_html_(self) -> str:
        style = f"padding:2px 3px;text-align:center;font-size:11px;font-weight:400;border:none;{html.QUIET}"
        head = "".join(f'<th style="{style}">{escape(each)}</th>' for each in self.columns)
        rows = "".join(_html_row(name, squares) for name, squares in self.rows.items())
        return (
            f"<div><b>{escape(self.title)}</b></div>"
            f'<table style="{html.TABLE}"><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>'
        )

    def _repr_markdown_(self) -> str:
        lines = [f"**{cell(self.title)}**", "", "| | " + " | ".join(map(cell, self.columns)) + " |"]
        lines.append("|---" * (len(self.columns) + 1) + "|")
        for name, squares in self.rows.items():
            lines.append(f"| {cell(name)} | " + " | ".join(cell(each.text) for each in squares) + " |")
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        width = max(map(len, self.rows), default=0)
        widths = [max(len(name), 1) for name in self.columns]
        lines = [self.title, " " * (width + 2) + " ".join(self.columns)]
        for name, squares in self.rows.items():
            texts = " ".join((each.text or "·").center(size) for each, size in zip(squares, widths, strict=True))
            lines.append(f"{name:<{width}}  {texts}")
        return "\n".join(lines)


def _html_row(name: str, squares: Iterable[Square]) -> str:
    style = "min-width:16px;height:16px;padding:0 3px;text-align:center;font-size:11px;border:2px solid transparent"
    cells = "".join(
        f'<td title="{escape(each.words)}" style="{style};background-clip:padding-box;background:{each.colour};'
        f'color:{"inherit" if each.colour == NOTHING else "#fff"}">{escape(each.text)}</td>'
        for each in squares
    )
    return f'<tr style="background:none"><td style="{html.CELL}">{escape(name)}</td>{cells}</tr>'


def snapshot_calendar(
    snapshots: Iterable[Mapping[str, Any]], disks: Iterable[Mapping[str, Any]], today: date, days: int
) -> Grid:
    """How many snapshots there are of each disk, by the day on which they were made."""
    first = today - timedelta(days=days - 1)
    dates = [first + timedelta(days=number) for number in range(days)]
    names = {str(each["DiskId"]): str(each.get("Name") or each["DiskId"]) for each in disks}
    made: dict[tuple[str, date], list[str]] = {}
    for each in snapshots:
        day = datetime.fromisoformat(str(each["CreationTime"]).replace("Z", "+00:00")).date()
        disk = str(each.get("SourceDiskId", ""))
        names.setdefault(disk, f"{disk} (gone)")
        made.setdefault((disk, day), []).append(str(each.get("SnapshotName") or each["SnapshotId"]))
    rows = {}
    for disk, name in sorted(names.items(), key=lambda each: each[1]):
        found = [made.get((disk, day), []) for day in dates]
        rows[name] = [
            Square(str(len(each)) if each else "", GOOD if each else NOTHING, f"{day}: {', '.join(each) or 'none'}")
            for each, day in zip(found, dates, strict=True)
        ]
    columns = [f"{day:%d}" if day.day != 1 else f"{day:%d.%m.}" for day in dates]
    return Grid(f"Snapshots by day, {first:%Y-%m-%d} to {today:%Y-%m-%d}", columns, rows)


def reachability(reached: Mapping[str, Mapping[str, bool | None]], title: str) -> Grid:
    """Who reaches what: by source, then by target; None stands for *not known*."""
    columns = list({target: None for targets in reached.values() for target in targets})
    rows = {
        source: [_reached(source, target, targets.get(target)) for target in columns]
        for source, targets in reached.items()
    }
    return Grid(title, columns, rows)


def _reached(source: str, target: str, known: bool | None) -> Square:
    if known is None:
        return Square("", NOTHING, f"{source} → {target}: not known")
    words = f"{source} → {target}: {'reached' if known else 'not reached'}"
    # Neither is good or bad by itself: which ports may be open is for the reader to say.
    return Square("yes", OPEN, words) if known else Square("no", NOTHING, words)

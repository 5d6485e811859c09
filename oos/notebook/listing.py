"""Listings: rows that show as a table, fold when long, and become a frame on request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Final, overload

from oos.notebook import html
from oos.notebook.prose import cell, short
from oos.values.json import Value
from oos.values.words import masked, text_of

if TYPE_CHECKING:
    from pandas import DataFrame

SHOWN_ROWS: Final = 100
"""Rows that are shown; a frame has all of them."""

STATE_COLOURS: Final = {
    "Running": "#2da44e",
    "Available": "#2da44e",
    "Success": "#2da44e",
    "accomplished": "#2da44e",
    "Finished": "#2da44e",
    "Stopped": "#9aa0a6",
    "Failed": "#e5484d",
    "failed": "#e5484d",
    "Unreachable": "#e5484d",
    "Waiting": "#d98e04",
    "Cancelled": "#8b5cf6",
}
"""Words that tell a state, and how they are shown."""


class Listing(Sequence[Mapping[str, Value]]):
    """Things of one kind, one map each."""

    def __init__(self, rows: Sequence[Mapping[str, Value]], title: str, columns: Sequence[str] = ()) -> None:
        self.rows = tuple(rows)
        self.title = title
        """What they are, in the plural."""
        self.columns = tuple(columns) or tuple({name: None for row in self.rows for name in row})
        """What is shown of each."""

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Value]: ...
    @overload
    def __getitem__(self, index: slice) -> Listing: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, Value] | Listing:
        return Listing(self.rows[index], self.title, self.columns) if isinstance(index, slice) else self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, Value]]:
        return iter(self.rows)

    def column(self, name: str) -> list[Value]:
        """One field of every row; a dotted name goes inside."""
        return [_inside(row, name) for row in self.rows]

    def to_frame(self) -> DataFrame:
        """All rows as a pandas frame, inner maps as dotted columns, secrets masked."""
        import pandas

        return pandas.json_normalize([masked(dict(row)) for row in self.rows])

    def __repr__(self) -> str:
        lines = [self._count()]
        widths = [max([len(name), *(len(_words(each, 40)) for each in self.column(name))]) for name in self.columns]
        for row in (
            [*self.columns],
            *([_words(_inside(row, name), 40) for name in self.columns] for row in self.rows[:SHOWN_ROWS]),
        ):
            lines.append("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
        return "\n".join([*lines, *self._left_out()])

    def _repr_markdown_(self) -> str:
        lines = ["| " + " | ".join(map(cell, self.columns)) + " |", "|" + "---|" * len(self.columns)]
        for row in self.rows[:SHOWN_ROWS]:
            lines.append("| " + " | ".join(cell(_words(_inside(row, name), 80)) for name in self.columns) + " |")
        return "\n".join([f"**{self._count()}**", "", *lines, *self._left_out()]) + "\n"

    def _repr_html_(self) -> str:
        rows = [html.row(_shown(_inside(row, name)) for name in self.columns) for row in self.rows[:SHOWN_ROWS]]
        more = "".join(f'<div style="{html.QUIET}">{escape(line)}</div>' for line in self._left_out())
        heading = f'<div style="{html.QUIET}">{escape(self._count())}</div>'
        return heading + (html.table(rows, [name.rpartition(".")[2] for name in self.columns]) if rows else "") + more

    def _count(self) -> str:
        return f"{len(self.rows):,} {self.title}"

    def _left_out(self) -> list[str]:
        left = len(self.rows) - SHOWN_ROWS
        return [f"… and {left:,} more; to_frame() has all of them"] if left > 0 else []


def _inside(row: Mapping[str, Value], name: str) -> Value:
    """A field; where there is none of that name, a dotted name goes inside maps."""
    if name in row or "." not in name:
        return row.get(name)
    value: Value = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _words(found: Value, limit: int) -> str:
    """A field on one line; nothing where there is nothing."""
    tags = tag_texts(found)
    if tags is not None:
        return ", ".join(tags)
    return "" if found in (None, [], {}) else short(found, limit)


def _shown(found: Value) -> str:
    if isinstance(found, str) and found in STATE_COLOURS:
        return f'<span style="color:{STATE_COLOURS[found]}">●</span> {escape(found)}'
    tags = tag_texts(found)
    if tags is not None:
        return escape(", ".join(tags))
    if isinstance(found, list) and found and all(isinstance(each, str) for each in found):
        return escape(", ".join(found))
    if found is None or found == [] or found == {}:
        return ""
    if isinstance(found, int | float):
        return escape(text_of(found))
    return escape(found) if isinstance(found, str) and len(found) < html.INLINE_LIMIT else html.value(found)


def tag_texts(found: Value) -> list[str] | None:
    """`role=web` for each tag of a list of tags, or None when it is no such list."""
    if isinstance(found, Mapping) and set(found) == {"Tag"}:
        found = found["Tag"]
    if not isinstance(found, list) or not found or not all(isinstance(each, Mapping) for each in found):
        return None
    pairs = [(each.get("TagKey", each.get("Key")), each.get("TagValue", each.get("Value"))) for each in found]
    return None if any(key is None for key, _ in pairs) else [f"{key}={value}" for key, value in pairs]

"""Printing results on stdout: JSON documents for programs, tables for people."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TextIO

from oos.cli.session import Session, in_colour, is_terminal
from oos.values.json import Value, json_text
from oos.values.secret import MASK, Secret
from oos.values.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

GAP = 2
"""Blanks between columns."""

STYLES = {
    "Success": "green",
    "Running": "cyan",
    "Started": "cyan",
    "Waiting": "yellow",
    "Failed": "red",
    "Interrupted": "magenta",
    "Cancelled": "yellow",
    "Skipped": "dim",
    "Stopped": "dim",
    "Unreachable": "red",
    "ok": "green",
    "missing": "red",
    "Keep": "green",
    "Create": "green",
    "Update": "yellow",
    "Delete": "red",
    "progressing": "cyan",
    "failed": "red",
}
"""How words that tell a state are shown."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    flexible: bool = False
    """Whether it may be folded where the terminal is narrow; the others never are, and nothing is ever cut."""
    is_state: bool = False
    align_right: bool = False


def print_document(session: Session, document: Value, stream: TextIO | None = None) -> None:
    """One JSON document, secrets masked."""
    import msgspec

    text = json_text(document)
    if session.output != "ndjson":
        text = msgspec.json.format(text, indent=2)
    print(text, file=stream or sys.stdout)


def print_line(document: Value) -> None:
    """One JSON value on a line of its own, secrets masked, at once."""
    print(json_text(document), flush=True)


def print_list(
    session: Session, documents: Iterable[Value], columns: Sequence[Column], rows: Iterable[Sequence[str]], empty: str
) -> None:
    """A list of things: the output that was asked for decides what is seen of them."""
    match session.output:
        case "json":
            print_document(session, list(documents))
        case "ndjson":
            for document in documents:
                print_line(document)
        case _:
            shown = [list(map(_one_line, row)) for row in rows]
            if shown:
                print_table(columns, shown)
            else:
                session.say(empty)


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """A table as wide as the terminal, or as wide as it is where no terminal reads it."""
    rows = [list(map(visible, row)) for row in rows]
    if not is_terminal(sys.stdout):
        _print_plain(columns, rows)
        return
    width = terminal_width()
    widths = [
        max(cells(column.title), *(cells(line) for row in rows for line in row[n].split("\n")))
        for n, column in enumerate(columns)
    ]
    fixed = sum(w for w, column in zip(widths, columns, strict=True) if not column.flexible)
    flexible = [max(cells(column.title), 12) for column in columns if column.flexible]
    if fixed + sum(flexible) + GAP * (len(columns) - 1) > width:
        _print_records(columns, rows)
        return
    _print_rich(columns, rows, width)


def print_facts(facts: Iterable[tuple[str, str]], *, indent: int = 0) -> None:
    """Names and values, one pair a line, values aligned; those without a value left out."""
    shown = [(name, value) for name, value in facts if value]
    width = max((cells(name) for name, _ in shown), default=0)
    for name, value in shown:
        first, *others = map(visible, value.split("\n"))
        print(f"{' ' * indent}{dim(name)}{' ' * (width - cells(name) + GAP)}{coloured(first)}")
        for line in others:
            print(f"{' ' * (indent + width + GAP)}{line}")


def print_title(text: str) -> None:
    """The title of a part of a page."""
    print(f"\x1b[1m{text}\x1b[0m" if in_colour(sys.stdout) else text)


def console_on(stream: TextIO) -> Console:
    """A rich console on a stream."""
    from rich.console import Console

    colour = in_colour(stream)
    return Console(
        file=stream,
        force_terminal=is_terminal(stream),
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        width=terminal_width() if is_terminal(stream) else None,
    )


def terminal_width() -> int:
    """How many characters fit in a line of the terminal."""
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def cells(text: str) -> int:
    """How many places a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


_CODES = {"green": "32", "cyan": "36", "yellow": "33", "red": "31", "magenta": "35", "dim": "2"}


def coloured(text: str, stream: TextIO | None = None) -> str:
    """A word that tells a state in its colour; any other text as it is."""
    style = STYLES.get(text.split(" ", 1)[0].rstrip(":,"))
    if style is None or not in_colour(stream or sys.stdout):
        return text
    word, blank, rest = text.partition(" ")
    return f"\x1b[{_CODES[style]}m{word}\x1b[0m{blank}{rest}"


def paint(text: str, style: str, stream: TextIO) -> str:
    """Text in a colour, where colour belongs."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style in _CODES and in_colour(stream) else text


def dim(text: str, stream: TextIO | None = None) -> str:
    """Text that stands back."""
    return f"\x1b[2m{text}\x1b[0m" if in_colour(stream or sys.stdout) else text


def shorten(text: str, width: int) -> str:
    """The text on one line, cut to a width with an ellipsis where it is longer."""
    text = _one_line(text)
    if cells(text) <= width:
        return text
    while text and cells(text) >= width:
        text = text[:-1]
    return f"{text}…"


def _one_line(text: str) -> str:
    return visible(" ".join(text.split()) if any(each in text for each in "\n\r\t") else text)


def _print_plain(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Aligned and never folded, for pipes and files."""
    lines = [[column.title for column in columns], *(split for row in rows for split in _split(row))]
    widths = [max(cells(line[n]) for line in lines) for n in range(len(columns))]
    for line in lines:
        padded = [_pad(cell, width, column) for cell, width, column in zip(line, widths, columns, strict=True)]
        print((" " * GAP).join(padded).rstrip())


def _split(row: Sequence[str]) -> list[list[str]]:
    """A row as the lines it takes: one, unless a cell has several."""
    parts = [cell.split("\n") for cell in row]
    height = max(map(len, parts))
    return [[part[n] if n < len(part) else "" for part in parts] for n in range(height)]


def _pad(cell: str, width: int, column: Column) -> str:
    blanks = " " * (width - cells(cell))
    return f"{blanks}{cell}" if column.align_right else f"{cell}{blanks}"


def _print_records(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """One field a line, where the terminal is too narrow for the table."""
    for number, row in enumerate(rows):
        if number:
            print()
        print_facts((column.title, cell) for column, cell in zip(columns, row, strict=True))


def _print_rich(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(
            column.title,
            no_wrap=not column.flexible,
            overflow="fold",
            justify="right" if column.align_right else "left",
        )
    for row in rows:
        table.add_row(
            *(
                Text(cell, style=STYLES.get(cell.split(" ", 1)[0], "") if column.is_state else "")
                for column, cell in zip(columns, row, strict=True)
            )
        )
    console_on(sys.stdout).print(table, width=width)


INLINE: Final = 60
"""A list or map whose JSON is no longer than this stands on one line."""


def rows_of(value: Any) -> list[tuple[str, str]]:
    """A map as pairs of text for people, secrets masked; what is long takes a line for each thing in it."""
    return [(str(key), "\n".join(text_lines(item))) for key, item in value.items()]


def text_lines(value: Value) -> list[str]:
    """A value in lines: text as it is, short lists and maps as JSON, long ones as an outline."""
    if isinstance(value, str):
        return value.splitlines() or [""]
    text = json_text(value) if not isinstance(value, Secret) else MASK
    if isinstance(value, list) and len(value) > 1 and all(isinstance(item, str) for item in value):
        return [line for item in value for line in text_lines(item)]
    if len(text) <= INLINE or not isinstance(value, list | dict):
        return [text]
    if isinstance(value, dict):
        return [line for key, item in value.items() for line in _named_lines(str(key), text_lines(item))]
    return [line for item in value for line in _outlined(item)]


def _named_lines(name: str, lines: list[str]) -> list[str]:
    if len(lines) == 1:
        return [f"{name}: {lines[0]}"]
    return [f"{name}:", *(f"  {line}" for line in lines)]


def _outlined(item: Value) -> list[str]:
    """An item of a list, marked by a dash; the fields of a map below each other."""
    if isinstance(item, dict) and len(json_text(item)) > INLINE:
        lines = [line for key, each in item.items() for line in _named_lines(str(key), text_lines(each))]
    else:
        lines = text_lines(item)
    return [f"{'-' if number == 0 else ' '} {line}" for number, line in enumerate(lines)]

"""Cutting: the text of a runbook to pieces. Whatever cannot be cut without loss stays whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from oos.diagnostics import DiagnosticError
from oos.notebook.pieces import INDENT, TASKS_HEADER, Layout, Piece, PieceKind
from oos.source import Source
from oos.template.document import Node, Unreadable, compose, is_list, is_map

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_BLOCK_SCALARS: Final = ("|", ">")
_OWN_CELL: Final = frozenset({"Parameters", "Conditions", "Tasks", "Outputs"})
"""Sections that have a cell of their own; what stands between them shares one."""
_JUMPS: Final = frozenset({"onerror", "onsuccess", "defaulttask", "nexttask"})
"""Keys whose value may name a task."""
_OTHER_BREAKS: Final = re.compile("[\x85\u2028\u2029]|\r(?!\n)")
"""What YAML takes for ends of lines besides the usual ones."""


class _Uncut(Exception):
    """The text is laid out in a way that has no good places to cut."""


def cut(text: str, name: str) -> Layout:
    """The pieces of a template's text; `cut(text, name).written == text`. Raises DiagnosticError: not YAML."""
    bare = text.removeprefix("\ufeff")
    try:
        root = compose(Source(name, bare))
    except Unreadable as error:
        raise DiagnosticError([error.diagnostic]) from None
    head = "\ufeff" if bare != text else ""
    try:
        layout = _cut(bare, head, root)
        if layout.written == text:
            return layout
    except _Uncut:
        pass
    return Layout((Piece(PieceKind.SECTION, bare, after=""),), head)


def _cut(text: str, head: str, root: Node) -> Layout:
    newline = "\n"
    if "\r\n" in text:
        newline = "\r\n"
        if re.search(r"(?<!\r)\n", text):
            raise _Uncut
    if _OTHER_BREAKS.search(text) or not is_map(root) or root.flow_style or not root.value:
        raise _Uncut
    return _Cutter(text.replace("\r\n", "\n"), root).layout(head, newline)


@dataclass(frozen=True, slots=True)
class _Section:
    """An entry of the template's map, by lines."""

    key: Node
    value: Node
    first: int
    content: int
    """The line after its own."""
    last: int
    """The line of the next section."""


class _Cutter:
    """Cuts one text of which the top is a map in block style."""

    def __init__(self, text: str, root: Node) -> None:
        self._lines = _LINE.findall(text)
        self._root = root
        self._pieces: list[Piece] = []
        self._head = ""
        self._header = TASKS_HEADER
        self._indent = INDENT

    def layout(self, head: str, newline: str) -> Layout:
        starts = [key.start_mark.line for key, _ in self._root.value]
        if any(key.start_mark.column or key.__class__.__name__ != "ScalarNode" for key, _ in self._root.value):
            raise _Uncut
        if len(set(starts)) != len(starts):
            raise _Uncut
        end = self._end_of_document(starts[-1])
        self._head = head
        self._preamble(starts[0])
        for group in self._sections(starts, end):
            key, value = group[0].key, group[0].value
            if key.value == "Tasks" and self._is_cuttable(value):
                self._cut_tasks(value, group[0].first, group[0].last)
                continue
            lines = self._lines[group[0].first : group[-1].content]
            self._pieces.append(_piece(PieceKind.SECTION, lines, tuple(each.key.value for each in group), ""))
            self._add_gap(self._lines[group[-1].content : group[-1].last])
        return Layout(tuple(self._pieces), self._head, "".join(self._lines[end:]), self._header, newline, self._indent)

    def _sections(self, starts: Sequence[int], end: int) -> list[list[_Section]]:
        """The sections, those together that share a cell."""
        groups: list[list[_Section]] = []
        for number, (key, value) in enumerate(self._root.value):
            first = starts[number]
            last = starts[number + 1] if number + 1 < len(starts) else end
            section = _Section(key, value, first, self._content_end(value, first, last, 0), last)
            before = groups[-1][-1] if groups else None
            if before is None or {before.key.value, key.value} & _OWN_CELL or self._has_notes(before):
                groups.append([section])
            else:
                groups[-1].append(section)
        return groups

    def _has_notes(self, section: _Section) -> bool:
        return any(line.strip() for line in self._lines[section.content : section.last])

    def _end_of_document(self, after: int) -> int:
        for number in range(after, len(self._lines)):
            if self._lines[number].startswith(("...", "---")):
                return number
        return len(self._lines)

    def _preamble(self, first: int) -> None:
        """What stands before the first key and is no comment; the comments become notes."""
        lines = self._lines[:first]
        kept = max((number + 1 for number, line in enumerate(lines) if not _is_gap(line)), default=0)
        while kept < len(lines) and not lines[kept].strip():
            kept += 1
        self._head += "".join(lines[:kept])
        self._add_gap(lines[kept:])

    def _cut_tasks(self, value: Node, first: int, last: int) -> None:
        column = value.start_mark.column
        self._indent = " " * column
        dashes = [self._dash(item, column) for item in value.value]
        if len(set(dashes)) != len(dashes) or dashes[0] == first:
            raise _Uncut
        header_end = first + 1
        while header_end < dashes[0] and not self._lines[header_end].strip():
            header_end += 1
        self._header = "".join(self._lines[first:header_end])
        self._add_gap(self._lines[header_end : dashes[0]], inside=True)
        names = [name_of(item, number) for number, item in enumerate(value.value)]
        for begin, stop in _groups(value.value, names):
            limit = dashes[stop] if stop < len(dashes) else last
            content = self._content_end(value.value[stop - 1], dashes[stop - 1], limit, column)
            lines = self._lines[dashes[begin] : content]
            self._pieces.append(_piece(PieceKind.TASKS, lines, tuple(names[begin:stop]), self._indent))
            self._add_gap(self._lines[content:limit])

    def _is_cuttable(self, value: Node) -> bool:
        return is_list(value) and not value.flow_style and bool(value.value) and all(map(is_map, value.value))

    def _dash(self, item: Node, column: int) -> int:
        """The line of the dash that begins an item."""
        for number in range(item.start_mark.line, -1, -1):
            line = self._lines[number]
            if line[:column].strip() == "" and line[column : column + 1] == "-":
                return int(number)
            if line.strip() and number != item.start_mark.line and not _is_gap(line):
                break
        raise _Uncut

    def _content_end(self, node: Node, first: int, limit: int, column: int) -> int:
        """The line after the last line of a value: what follows it are blank lines and comments of the outside."""
        last, keeps_blanks = _last_line(node)
        end = limit
        while end > max(first, last) + 1:
            line = self._lines[end - 1]
            outside = not line.strip() or (_is_gap(line) and len(line) - len(line.lstrip(" ")) <= column)
            if not outside:
                break
            end -= 1
        if keeps_blanks:
            while end < limit and not self._lines[end].strip():
                end += 1
        return end

    def _add_gap(self, lines: Sequence[str], *, inside: bool = False) -> None:
        """Comments become notes; blank lines, and comments without a word, belong to what is before them."""
        for comments, blanks in _runs(lines):
            note = _note(comments, blanks, inside=inside) if comments else None
            if note is not None and note.text.strip():
                self._pieces.append(note)
            else:
                self._add_blanks("".join((*comments, *blanks)), inside=inside)

    def _add_blanks(self, text: str, *, inside: bool) -> None:
        before = self._pieces[-1] if self._pieces else None
        if inside and (before is None or not before.inside):
            self._header += text
        elif before is None:
            self._head += text
        else:
            self._pieces[-1] = replace(before, after=before.after + text)


def _piece(kind: PieceKind, lines: Sequence[str], names: tuple[str, ...], indent: str) -> Piece:
    raw = "".join(lines)
    text = raw.removesuffix("\n")
    after = raw[len(text) :]
    if indent:
        bare = "\n".join(line.removeprefix(indent) for line in text.split("\n"))
        piece = Piece(kind, bare, after, indent, names=names)
        if piece.written == raw:
            return piece
    return Piece(kind, text, after, names=names)


def _note(comments: Sequence[str], blanks: Sequence[str], *, inside: bool) -> Piece:
    raw = "".join(comments)
    body = raw.removesuffix("\n")
    after = raw[len(body) :] + "".join(blanks)
    indent = comments[0][: len(comments[0]) - len(comments[0].lstrip(" "))]
    stripped = [line[len(indent) :] for line in body.split("\n")]
    for mark in ("# ", "#"):
        text = "\n".join(line.removeprefix(mark) if line != "#" else "" for line in stripped)
        piece = Piece(PieceKind.NOTE, text, after, indent, mark, inside=inside)
        if piece.written == raw[: len(body)] + after:
            return piece
    raise _Uncut


def _runs(lines: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Comments that stand together, and the blank lines below them; first, perhaps, blank lines alone."""
    comments: list[str] = []
    blanks: list[str] = []
    for line in lines:
        if not line.strip():
            blanks.append(line)
            continue
        if blanks or (comments and _indent(comments[0]) != _indent(line)):
            yield comments, blanks
            comments, blanks = [], []
        comments.append(line)
    if comments or blanks:
        yield comments, blanks


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_gap(line: str) -> bool:
    """Whether a line holds no YAML: it is blank, or a comment."""
    stripped = line.lstrip(" ")
    return not line.strip() or stripped.startswith("#")


def _last_line(node: Node) -> tuple[int, bool]:
    """The last line on which something of a value surely stands, and whether blank lines below are part of it."""
    if not is_map(node) and not is_list(node):
        if node.style in _BLOCK_SCALARS:
            kept = node.value.endswith("\n\n") or not node.value.strip()
            return int(node.start_mark.line), kept
        end = node.end_mark
        return int(end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line), False
    if node.flow_style:
        return int(node.end_mark.line), False
    children = node.value if is_list(node) else [each for pair in node.value for each in pair]
    return max(map(_last_line, children), default=(int(node.start_mark.line), False))


def name_of(item: Node, number: int) -> str:
    """The name of a task in a list, or one by its number."""
    for key, value in item.value:
        if key.value == "Name" and isinstance(value.value, str):
            return value.value
    return f"task-{number + 1}"


def _groups(tasks: Sequence[Node], names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Ranges of tasks that have to stand in one cell, because one of them jumps to another."""
    numbers = {name.casefold(): number for number, name in enumerate(names)}
    reach = list(range(len(tasks)))
    for number, task in enumerate(tasks):
        for target in _jumps(task):
            other = numbers.get(target.casefold())
            if other is not None:
                first, last = sorted((number, other))
                reach[first] = max(reach[first], last)
    begin = 0
    while begin < len(tasks):
        stop = begin
        number = begin
        while number <= stop:
            stop = max(stop, reach[number])
            number += 1
        yield begin, stop + 1
        begin = stop + 1


def _jumps(node: Node) -> Iterator[str]:
    """Everything in a task that may be the name of a task to go on with."""
    if is_list(node):
        for item in node.value:
            yield from _jumps(item)
    elif is_map(node):
        for key, value in node.value:
            if isinstance(key.value, str) and key.value.casefold() in _JUMPS and isinstance(value.value, str):
                yield value.value
            else:
                yield from _jumps(value)

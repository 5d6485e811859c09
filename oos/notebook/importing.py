"""Import: the runbook in a notebook. Markdown becomes comments; what a runbook cannot hold is named and left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from oos.diagnostics import Diagnostic, DiagnosticError, errors_of, nearest
from oos.notebook import codes
from oos.notebook.arguments import INJECTED_TAG, TAG
from oos.notebook.cut import name_of
from oos.notebook.document import Cell, CellKind, Notebook
from oos.notebook.export import MAGIC, SETUP, made_by_export, usual_after, usual_indent
from oos.notebook.pieces import INDENT, TASKS_HEADER, USUAL, Layout, Piece, PieceKind
from oos.source import NOWHERE, Source, Span
from oos.template.document import Unreadable, compose, is_list, is_map
from oos.template.parse import FORMAT_VERSION

_MAGIC_LINE: Final = re.compile(r"%%(\w+)[^\n]*(?:\n|\Z)")
_NOT_IN_COMMENTS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
_BREAKS: Final = re.compile("\r\n?|[\x85\u2028\u2029]")
_KEY: Final = re.compile(r"^([A-Za-z]+):", re.MULTILINE)
_VERSION: Final = re.compile(r"(?:\"|')?FormatVersion(?:\"|')?\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the text of a piece was written: a cell, below so many lines that are not part of it."""

    name: str
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """Lines of an assembled text, and where they were written."""

    first: int
    lines: int
    origin: Origin
    indent: int


@dataclass(frozen=True, slots=True)
class Assembled:
    """The text of a runbook that was put together from cells."""

    text: str
    segments: tuple[Segment, ...] = ()

    def relocated(self, diagnostic: Diagnostic) -> Diagnostic:
        """A diagnostic of the text as one of the cell that the line was written in."""
        segment = self._segment(diagnostic.span.line)
        if segment is None or diagnostic.span == NOWHERE:
            return diagnostic
        related = tuple((self._span(span, segment), word) for span, word in diagnostic.related)
        return replace(
            diagnostic, source=segment.origin.name, span=self._span(diagnostic.span, segment), related=related
        )

    def _segment(self, line: int) -> Segment | None:
        return next((each for each in self.segments if each.first <= line < each.first + each.lines), None)

    @staticmethod
    def _span(span: Span, segment: Segment) -> Span:
        move = segment.origin.skipped - segment.first + 1
        return Span(
            span.line + move,
            max(1, span.column - segment.indent),
            span.end_line + move,
            max(1, span.end_column - segment.indent),
        )


@dataclass(frozen=True, slots=True)
class Imported:
    """The runbook that a notebook holds, and what was left out of it."""

    assembled: Assembled
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def text(self) -> str:
        """The text of the runbook."""
        return self.assembled.text


def import_notebook(notebook: Notebook) -> Imported:
    """The runbook in a notebook. Raises DiagnosticError for cells that nobody could read."""
    diagnostics: list[Diagnostic] = []
    found: list[tuple[Piece, Origin]] = []
    for number, cell in enumerate(notebook.cells):
        piece = _piece(cell, notebook.place(number), diagnostics)
        if piece is not None:
            found.append((piece, Origin(notebook.place(number), 1 if cell.kind is CellKind.CODE else 0)))
    if errors_of(diagnostics):
        raise DiagnosticError(diagnostics)
    return Imported(assemble(found, notebook.own), tuple(diagnostics))


def assemble(found: Sequence[tuple[Piece, Origin]], noted: Any = None) -> Assembled:
    """The text of a runbook from pieces in the order of their cells; `noted`: what export noted on the notebook."""
    noted = noted or {}
    ordered = _merged(_ordered(found))
    head = str(noted.get("head", ""))
    if "format" not in noted and not any(
        _VERSION.search(piece.text) for piece, _ in ordered if piece.kind is PieceKind.SECTION
    ):
        head += f"FormatVersion: {FORMAT_VERSION}\n\n"
    indent = str(noted.get("indent", INDENT))
    pieces = _laid_out([piece for piece, _ in ordered], indent)
    layout = Layout(
        tuple(pieces),
        head,
        str(noted.get("tail", "")),
        str(noted.get("header", TASKS_HEADER)),
        str(noted.get("newline", "\n")),
        indent,
    )
    origins = iter([origin for _, origin in ordered])
    segments: list[Segment] = []
    line = 1
    for piece, part in layout.parts():
        if piece is not None:
            segments.append(Segment(line, piece.text.count("\n") + 1, next(origins), len(piece.indent)))
        line += part.count("\n")
    return Assembled(layout.written, tuple(segments))


def read_piece(source: str, place: str) -> Piece | None:
    """The piece that the text below a `%%oos` line is, or None when it is empty. Raises DiagnosticError."""
    text = source.replace("\r\n", "\n").rstrip()
    try:
        root = compose(Source(place, text))
    except Unreadable as error:
        raise DiagnosticError([error.diagnostic]) from None
    if root is None:
        return None
    if is_list(root):
        return Piece(PieceKind.TASKS, text, USUAL, USUAL, names=tuple(map(name_of, root.value, range(len(root.value)))))
    keys = {str(key.value) for key, _ in root.value} if is_map(root) else set()
    if "Action" in keys and "Tasks" not in keys:
        lined = _with_dash(text, root.start_mark.line)
        return Piece(PieceKind.TASKS, lined, USUAL, USUAL, names=(name_of(root, 0),))
    if not keys:
        raise DiagnosticError([codes.NOT_TASKS.nowhere(place, "this is neither a task nor a section")])
    return Piece(PieceKind.SECTION, text, USUAL, names=tuple(sorted(keys)))


def _with_dash(text: str, first: int) -> str:
    """One task as a list of one: the dash is part of the runbook, not of the thought."""
    lines = [
        f"{'- ' if number == first else '  '}{line}" if line else "" for number, line in enumerate(text.split("\n"))
    ]
    return "\n".join(lines)


def _piece(cell: Cell, place: str, diagnostics: list[Diagnostic]) -> Piece | None:
    """The piece that a cell is, or None."""
    if made_by_export(cell) or INJECTED_TAG in cell.tags:
        return None
    match cell.kind:
        case CellKind.MARKDOWN:
            text = _NOT_IN_COMMENTS.sub("\ufffd", _BREAKS.sub("\n", cell.source))
            return _as_noted(Piece(PieceKind.NOTE, text), cell) if text.strip() else None
        case CellKind.RAW:
            return None
    magic = _MAGIC_LINE.match(cell.source)
    if magic is None or magic[1] != MAGIC[2:]:
        _say_left_out(cell, place, magic[1] if magic else "", diagnostics)
        return None
    text = cell.source[magic.end() :].replace("\r\n", "\n")
    if cell.own.get("part") in (PieceKind.TASKS, PieceKind.SECTION):
        return _as_noted(Piece(PieceKind(cell.own["part"]), text, names=tuple(_KEY.findall(text))), cell)
    try:
        piece = read_piece(text, place)
    except DiagnosticError as error:
        diagnostics.extend(replace(each, span=_below_magic(each.span)) for each in error.diagnostics)
        return None
    return piece


def _below_magic(span: Span) -> Span:
    return span if span == NOWHERE else Span(span.line + 1, span.column, span.end_line + 1, span.end_column)


def _as_noted(piece: Piece, cell: Cell) -> Piece:
    """The piece as export noted it."""
    own = cell.own
    return replace(
        piece,
        after=str(own.get("after", USUAL)),
        indent=str(own.get("indent", USUAL)),
        mark=str(own.get("mark", "# ")),
        inside=own.get("inside") is True,
    )


def _say_left_out(cell: Cell, place: str, magic: str, diagnostics: list[Diagnostic]) -> None:
    source = cell.source.strip()
    if not source or source == SETUP or source.startswith(("%load_ext oos", "%oos")):
        return
    if magic and nearest(magic, [MAGIC[2:]]):
        diagnostics.append(
            codes.UNKNOWN_MAGIC.at(
                place, Span(1, 1, 1, 3 + len(magic)), f"there is no magic %%{magic}", "did you mean %%oos?"
            )
        )
    elif TAG in cell.tags:
        diagnostics.append(
            codes.ARGUMENTS_LEFT_OUT.nowhere(place, codes.ARGUMENTS_LEFT_OUT.title, codes.ARGUMENTS_LEFT_OUT.remedy)
        )
    else:
        diagnostics.append(
            codes.PYTHON_LEFT_OUT.nowhere(place, "this Python is left out of the runbook", codes.PYTHON_LEFT_OUT.remedy)
        )


def _ordered(found: Sequence[tuple[Piece, Origin]]) -> list[tuple[Piece, Origin]]:
    """The pieces so that all tasks stand together: where the first of them is. Notes stay above what they are about."""
    groups: list[list[tuple[Piece, Origin]]] = [[]]
    for entry in found:
        groups[-1].append(entry)
        if entry[0].kind is not PieceKind.NOTE:
            groups.append([])
    first = next((n for n, group in enumerate(groups) if group and group[-1][0].kind is PieceKind.TASKS), None)
    if first is None:
        return [entry for group in groups for entry in group]
    tasks = [group for group in groups if group and group[-1][0].kind is PieceKind.TASKS]
    above = groups[:first]
    below = [group for group in groups[first:] if not group or group[-1][0].kind is not PieceKind.TASKS]
    return [entry for group in (*above, *tasks, *below) for entry in group]


def _merged(entries: list[tuple[Piece, Origin]]) -> list[tuple[Piece, Origin]]:
    """The pieces with sections of one name put together: a notebook may declare parameters wherever it needs them."""
    made: list[tuple[Piece, Origin]] = []
    for piece, origin in entries:
        section = _only_section(piece)
        places = [n for n, (each, _) in enumerate(made) if section and _only_section(each) == section]
        if not places:
            made.append((piece, origin))
            continue
        head = made[places[0]][0]
        lines = piece.text.split("\n")[1:]
        move = _indent_of(head.text.split("\n")[1:]) - _indent_of(lines)
        body = "\n".join(line[max(0, -move) :] for line in lines)
        more = Piece(PieceKind.SECTION, body, indent=" " * max(0, move), names=piece.names)
        last = places[-1]
        made[last] = (replace(made[last][0], after="\n"), made[last][1])
        made.insert(last + 1, (more, Origin(origin.name, origin.skipped + 1)))
    return made


def _only_section(piece: Piece) -> str:
    """The section that a piece is in block style, when it is one alone."""
    first, _, rest = piece.text.partition("\n")
    alone = piece.kind is PieceKind.SECTION and len(piece.names) == 1 and rest
    return piece.names[0] if alone and first.rstrip() == f"{piece.names[0]}:" else ""


def _indent_of(lines: Sequence[str]) -> int:
    return next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), 0)


def _laid_out(pieces: list[Piece], of_tasks: str) -> list[Piece]:
    """The pieces with the indentation and blank lines that nobody noted."""
    made: list[Piece] = []
    below = False
    for number, piece in enumerate(pieces):
        below = below or piece.inside or piece.kind is PieceKind.TASKS
        rest = pieces[number + 1 :]
        indent = usual_indent(piece, rest, of_tasks, below=below) if piece.indent == USUAL else piece.indent
        after = usual_after(piece, rest) if piece.after == USUAL else piece.after
        if rest and "\n" not in after:
            after = f"\n{after}"
        made.append(replace(piece, indent=indent, after=after))
    return made

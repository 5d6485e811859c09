"""Export: a runbook as a notebook, one cell a task, comments as Markdown; `importing.py` leads back, byte for byte."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any, Final

from oos.notebook.arguments import TAG, arguments_source, plain_text
from oos.notebook.cut import cut
from oos.notebook.document import Cell, CellKind, Notebook
from oos.notebook.pieces import INDENT, TASKS_HEADER, Layout, Piece, PieceKind
from oos.template.model import Template
from oos.template.parse import read_template

MAGIC: Final = "%%oos"
SETUP: Final = "import oos\n\n%load_ext oos"
LONGEST_ID: Final = 64
_NOT_IN_IDS: Final = re.compile(r"[^A-Za-z0-9_-]+")
_KERNEL: Final = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def export_template(text: str, name: str) -> Notebook:
    """The notebook of a template. Raises DiagnosticError when the text is not YAML."""
    layout = cut(text, name)
    template, _ = read_template(text, name)
    ids = _Ids(piece.names[0] for piece in layout.pieces if piece.kind is PieceKind.TASKS)
    cells = [*_title_cell(layout, template, name, ids), *_cells(layout, template, ids)]
    metadata = {**_KERNEL, "oos": {"format": 1, "template": PurePath(name).name, **_noted_layout(layout)}}
    return Notebook(tuple(cells), metadata, name)


def made_by_export(cell: Cell) -> bool:
    """Whether a cell is one that export adds, and that nobody changed since."""
    return cell.own.get("made") == _digest(cell.source)


def _title_cell(layout: Layout, template: Template | None, name: str, ids: _Ids) -> Iterator[Cell]:
    if not layout.pieces or layout.pieces[0].kind is not PieceKind.NOTE:
        yield _made(CellKind.MARKDOWN, "title", _title(template, name), ids)


def _title(template: Template | None, name: str) -> str:
    stem = PurePath(name).stem or "Runbook"
    description = template.description if template is not None else None
    title = description.get("name-en") if isinstance(description, dict) else None
    about = plain_text(description)
    heading = title if isinstance(title, str) and title else stem
    return f"# {heading}" + (f"\n\n{about}" if about and about != heading else "")


def _made(kind: CellKind, part: str, source: str, ids: _Ids, *tags: str) -> Cell:
    metadata: dict[str, Any] = {"oos": {"part": part, "made": _digest(source)}}
    if tags:
        metadata["tags"] = list(tags)
    return Cell(kind, source, ids.free(part), metadata)


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def _cells(layout: Layout, template: Template | None, ids: _Ids) -> Iterator[Cell]:
    setup_due = True
    arguments_due = template is not None and bool(template.parameters)
    below = False
    for number, piece in enumerate(layout.pieces):
        below = below or piece.inside or piece.kind is PieceKind.TASKS
        rest = layout.pieces[number + 1 :]
        noted = _noted(piece, rest, usual_indent(piece, rest, layout.indent, below=below))
        if piece.kind is PieceKind.NOTE:
            yield Cell(CellKind.MARKDOWN, piece.text, ids.free("note-1"), noted)
            continue
        if setup_due:
            setup_due = False
            yield _made(CellKind.CODE, "setup", SETUP, ids)
        if piece.kind is PieceKind.TASKS:
            id_ = ids.of_task(piece.names[0])
        else:
            id_ = ids.free(task_id("".join(piece.names[:1]).casefold() or "template"))
        yield Cell(CellKind.CODE, f"{MAGIC}\n{piece.text}", id_, noted)
        if arguments_due and template is not None and (not piece.names or "Parameters" in piece.names):
            arguments_due = False
            yield _made(CellKind.CODE, "arguments", arguments_source(template.parameters), ids, TAG)


def _noted(piece: Piece, rest: Sequence[Piece], indent: str) -> dict[str, Any]:
    """What has to be remembered of how a piece stands in the text, besides what is usual."""
    noted: dict[str, Any] = {"part": str(piece.kind)}
    if piece.after != usual_after(piece, rest):
        noted["after"] = piece.after
    if piece.indent != indent:
        noted["indent"] = piece.indent
    if piece.kind is PieceKind.NOTE and piece.mark != "# ":
        noted["mark"] = piece.mark
    if piece.inside:
        noted["inside"] = True
    return {"oos": noted}


def usual_after(piece: Piece, rest: Sequence[Piece]) -> str:
    """What follows a piece of which nothing was noted; `rest` are the pieces below."""
    if not rest:
        return "\n"
    if piece.kind is PieceKind.NOTE:
        return "\n\n" if rest[0].kind is PieceKind.NOTE else "\n"
    return "\n\n"


def usual_indent(piece: Piece, rest: Sequence[Piece], of_tasks: str, *, below: bool) -> str:
    """The indentation of a piece of which nothing was noted. Notes stand in as what they are about."""
    if piece.kind is not PieceKind.NOTE:
        return of_tasks if piece.kind is PieceKind.TASKS else ""
    about = next((each for each in rest if each.kind is not PieceKind.NOTE), None)
    return of_tasks if below and about is not None and about.kind is PieceKind.TASKS else ""


def _noted_layout(layout: Layout) -> dict[str, Any]:
    noted = {"head": layout.head, "tail": layout.tail, "newline": layout.newline, "header": layout.header}
    noted["indent"] = layout.indent
    usual = {"head": "", "tail": "", "newline": "\n", "header": TASKS_HEADER, "indent": INDENT}
    return {name: value for name, value in noted.items() if value != usual[name]}


class _Ids:
    """Cell ids: those of tasks first, so that no other cell takes them."""

    def __init__(self, tasks: Iterable[str]) -> None:
        self._by_task: dict[str, list[str]] = {}
        self._taken: set[str] = set()
        for name in tasks:
            self._by_task.setdefault(name, []).append(self.free(task_id(name)))

    def of_task(self, name: str) -> str:
        """The id of a task's cell; of two tasks with one name, first the first one's."""
        return self._by_task[name].pop(0)

    def free(self, wanted: str) -> str:
        """This id, or the next that nobody has."""
        id_ = wanted
        stem = re.sub(r"-\d+$", "", wanted)
        number = 1
        while id_ in self._taken:
            number += 1
            id_ = f"{stem[: LONGEST_ID - 6]}-{number}"
        self._taken.add(id_)
        return id_


def task_id(name: str) -> str:
    """The id of the cell of a task or part; a name that is too long, or has other characters, is made to fit."""
    id_ = _NOT_IN_IDS.sub("-", name) or "task"
    return id_ if len(id_) <= LONGEST_ID else f"{id_[:47]}-{_digest(name)}"


def with_outputs(notebook: Notebook, outputs: dict[str, tuple[dict[str, Any], ...]]) -> Notebook:
    """The notebook with outputs put below its cells, by id."""
    cells = [replace(cell, outputs=outputs.get(cell.id, cell.outputs)) for cell in notebook.cells]
    return replace(notebook, cells=tuple(cells))

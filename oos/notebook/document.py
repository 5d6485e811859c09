"""Notebook documents: the JSON of a notebook as values, and back. Only the shape is known here, not what cells mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.notebook import codes
from oos.source import NOWHERE, Span

MAJOR: Final = 4
MINOR: Final = 5
"""The nbformat that is written; of 4 every minor version is read."""


class CellKind(StrEnum):
    """What a cell holds."""

    MARKDOWN = "markdown"
    CODE = "code"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. Outputs are kept as nbformat has them."""

    kind: CellKind
    source: str
    id: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[Mapping[str, Any], ...] = ()
    execution_count: int | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that people and papermill put on cells."""
        tags = self.metadata.get("tags")
        return tuple(map(str, tags)) if isinstance(tags, list) else ()

    @property
    def own(self) -> Mapping[str, Any]:
        """What oos itself noted on the cell."""
        noted = self.metadata.get("oos")
        return noted if isinstance(noted, Mapping) else {}


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook document."""

    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    """How diagnostics call it; not written."""

    @property
    def own(self) -> Mapping[str, Any]:
        """What oos itself noted on the notebook."""
        noted = self.metadata.get("oos")
        return noted if isinstance(noted, Mapping) else {}

    def place(self, number: int) -> str:
        """How diagnostics call a cell, counted from 0: `tour.ipynb cell 3 (stop)`."""
        cell = self.cells[number]
        return cell_name(self.name, number, cell.id)


def cell_name(notebook: str, number: int, id_: str) -> str:
    """How diagnostics call the cell with this number, counted from 0."""
    called = f" ({id_})" if id_ else ""
    return f"{notebook} cell {number + 1}{called}"


def read_notebook(text: str | bytes, name: str) -> Notebook:
    """The notebook in this JSON. Raises DiagnosticError with every fault, each naming its cell."""
    document = _load(text, name)
    major = document.get("nbformat")
    if major != MAJOR:
        found = f"nbformat {major}" if isinstance(major, int) else "no nbformat"
        raise DiagnosticError([codes.OLD_FORMAT.nowhere(name, f"this has {found}", codes.OLD_FORMAT.remedy)])
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise DiagnosticError([codes.UNREADABLE.nowhere(name, "a notebook has a list of cells; this has none")])
    faults: list[Diagnostic] = []
    read = tuple(_cell(each, number, name, faults) for number, each in enumerate(cells))
    faults.extend(_duplicates(read, name))
    if faults:
        raise DiagnosticError(faults)
    metadata = document.get("metadata")
    return Notebook(read, metadata if isinstance(metadata, dict) else {}, name)


def write_notebook(notebook: Notebook) -> str:
    """The JSON of a notebook, as Jupyter itself lays it out."""
    document = {
        "cells": [_cell_document(cell) for cell in notebook.cells],
        "metadata": notebook.metadata,
        "nbformat": MAJOR,
        "nbformat_minor": MINOR,
    }
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _load(text: str | bytes, name: str) -> dict[str, Any]:
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        document = json.loads(decoded)
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} is not UTF-8"
        raise DiagnosticError([codes.UNREADABLE.nowhere(name, message, codes.UNREADABLE.remedy)]) from error
    except json.JSONDecodeError as error:
        span = Span(error.lineno, error.colno, error.lineno, error.colno + 1)
        message = f"this is not JSON: {error.msg}"
        raise DiagnosticError([codes.UNREADABLE.at(name, span, message, codes.UNREADABLE.remedy)]) from error
    except RecursionError as error:
        raise DiagnosticError([codes.UNREADABLE.nowhere(name, "the JSON is nested too deeply")]) from error
    if not isinstance(document, dict):
        raise DiagnosticError([codes.UNREADABLE.nowhere(name, "a notebook is a JSON object")])
    return document


def _cell(found: Any, number: int, name: str, faults: list[Diagnostic]) -> Cell:
    id_ = found.get("id") if isinstance(found, dict) else None
    place = cell_name(name, number, id_ if isinstance(id_, str) else "")

    def fault(message: str) -> None:
        faults.append(codes.UNREADABLE.at(place, NOWHERE, message, codes.UNREADABLE.remedy))

    if not isinstance(found, dict):
        fault("a cell is a JSON object")
        return Cell(CellKind.RAW, "")
    kind = found.get("cell_type")
    if kind not in tuple(CellKind):
        fault(f"a cell is of type code, markdown or raw, not {kind!r}")
        kind = CellKind.RAW
    source = _text(found.get("source"))
    if source is None:
        fault("its source is neither text nor a list of lines")
    metadata = found.get("metadata", {})
    if not isinstance(metadata, dict):
        fault("its metadata is not an object")
        metadata = {}
    outputs = found.get("outputs", [])
    if not isinstance(outputs, list) or not all(isinstance(each, dict) for each in outputs):
        fault("its outputs are not a list of objects")
        outputs = []
    count = found.get("execution_count")
    return Cell(
        CellKind(kind),
        source or "",
        id_ if isinstance(id_, str) else "",
        metadata,
        tuple(outputs),
        count if isinstance(count, int) else None,
    )


def _text(source: Any) -> str | None:
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return None


def _duplicates(cells: tuple[Cell, ...], name: str) -> Iterator[Diagnostic]:
    first: dict[str, int] = {}
    for number, cell in enumerate(cells):
        if not cell.id:
            continue
        before = first.setdefault(cell.id, number)
        if before != number:
            message = f"cell {before + 1} has the same id"
            place = cell_name(name, number, cell.id)
            yield codes.DUPLICATE_ID.at(place, NOWHERE, message, codes.DUPLICATE_ID.remedy)


def _cell_document(cell: Cell) -> dict[str, Any]:
    document: dict[str, Any] = {
        "cell_type": str(cell.kind),
        "id": cell.id,
        "metadata": cell.metadata,
        "source": cell.source.splitlines(keepends=True),
    }
    if cell.kind is CellKind.CODE:
        document["execution_count"] = cell.execution_count
        document["outputs"] = list(cell.outputs)
    return document

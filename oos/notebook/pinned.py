"""A notebook as an execution: what is pinned of it, and the template with one task a cell."""

from __future__ import annotations

import ast
import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from oos.diagnostics import DiagnosticError, errors_of
from oos.notebook import codes
from oos.notebook.arguments import TAG, python_names
from oos.notebook.document import Cell, CellKind, Notebook, read_notebook
from oos.notebook.export import MAGIC, made_by_export, task_id
from oos.notebook.importing import import_notebook
from oos.source import Span
from oos.template.document import Reader, compose, decode, is_map
from oos.template.parse import FORMAT_VERSION
from oos.values.json import Value

DOCUMENT: Final = "notebook"
FILE: Final = "executedNotebook"
ONCE_TAG: Final = "once"
"""A cell of this tag is never run again without a person's word: its effect cannot be looked up."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_OWN: Final = (DOCUMENT, FILE)


@dataclass(frozen=True, slots=True)
class Pinned:
    """A notebook made ready to be started: its template, and the value of the parameter that holds it."""

    template: str
    document: dict[str, Value]


def pin(notebook: Notebook, settings: Mapping[str, str]) -> Pinned:
    """What an execution of the notebook is started with. Raises DiagnosticError: no cells, magics nobody knows."""
    if not any(_runs(cell) for cell in notebook.cells):
        raise DiagnosticError([codes.NOT_TASKS.nowhere(notebook.name, "there is no cell to run")])
    cells = []
    ids = _unique_ids(notebook)
    for cell, id_ in zip(notebook.cells, ids, strict=True):
        metadata = {name: value for name, value in cell.metadata.items() if name != "execution"}
        cells.append({"cell_type": str(cell.kind), "id": id_, "metadata": metadata, "source": cell.source})
    declared = _declared(notebook)
    document = {
        "name": notebook.name.rpartition("/")[2],
        "metadata": dict(notebook.metadata),
        "cells": cells,
        "settings": dict(settings),
        "names": python_names(declared),
        "assigned": {name: each["Default"] for name, each in _assigned(notebook)},
    }
    return Pinned(_template(notebook, ids, declared), document)


def template_of(text: str, name: str) -> str:
    """The template that a notebook's file is when it is started as one, by `oos run` or by ACS::Template.

    The notebook stands in it as the default of its parameter, in Base64: references in its cells are for the cells.
    Raises DiagnosticError.
    """
    pinned = pin(read_notebook(text, name), {})
    document = yaml.load(pinned.template, yaml.CSafeLoader)
    encoded = base64.b64encode(json.dumps(pinned.document).encode()).decode()
    document["Parameters"][DOCUMENT]["Default"] = {"Fn::Base64Decode": encoded}
    document["Parameters"][FILE]["Default"] = ""
    return _text_of(document)


def _text_of(document: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False))


def _template(notebook: Notebook, ids: list[str], declared: Mapping[str, Any]) -> str:
    name = notebook.name.rpartition("/")[2]
    parameters = {
        **declared,
        DOCUMENT: {"Type": "Json", "Description": "The notebook as it was when it was started, without outputs."},
        FILE: {"Type": "String", "Description": "Where the executed notebook is written."},
    }
    shared = {
        "Notebook": f"{{{{ {DOCUMENT} }}}}",
        "File": f"{{{{ {FILE} }}}}",
        "Session": "{{ ACS::ExecutionId }}",
        "Arguments": {each: f"{{{{ {each} }}}}" for each in declared},
    }
    tasks = []
    for cell, id_ in zip(notebook.cells, ids, strict=True):
        if not _runs(cell):
            continue
        operation = "RunNotebookCellOnce" if ONCE_TAG in cell.tags else "RunNotebookCell"
        tasks.append(
            {
                "Name": task_id(id_),
                "Description": _about(cell.source),
                "Action": "ACS::ExecuteAPI",
                "Properties": {"Service": "OOS", "API": operation, "Parameters": {"Cell": id_, **shared}},
                "Outputs": {
                    "text": {"Type": "String", "ValueSelector": "Text"},
                    "executions": {"Type": "List", "ValueSelector": "Executions[]"},
                },
            }
        )
    document = {
        "FormatVersion": FORMAT_VERSION,
        "Description": f"The notebook {name}, one task a cell",
        "Parameters": parameters,
        "Tasks": tasks,
        "Outputs": {"file": {"Type": "String", "Value": f"{{{{ {FILE} }}}}"}},
    }
    return _text_of(document)


def _runs(cell: Cell) -> bool:
    return cell.kind is CellKind.CODE and bool(cell.source.strip())


def _about(source: str) -> str:
    """What a cell does, in a line: its first line of code, or its tasks."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    names = [line.split("Name:", 1)[1].strip(" '\"") for line in lines if re.match(r"(- )?Name:", line)]
    words = f"{MAGIC} {', '.join(names)}" if lines and lines[0].startswith(MAGIC) and names else lines[0]
    # Braces would be references.
    return re.sub(r"[{}]", "", words)[:100]


def _unique_ids(notebook: Notebook) -> list[str]:
    """The ids of cells; those that have none, as in older notebooks, are numbered."""
    given = {cell.id for cell in notebook.cells if cell.id}
    made = []
    for number, cell in enumerate(notebook.cells):
        id_ = cell.id or f"cell-{number + 1}"
        while not cell.id and id_ in given:
            id_ += "-"
        made.append(id_)
    return made


def _declared(notebook: Notebook) -> dict[str, Any]:
    """The parameters of a run: what the cell tagged parameters assigns, declared as `%%oos` cells have it.

    A parameter that is declared and not assigned there gets its value from Python as the notebook goes on. Without
    such a cell, all that is declared.
    """
    known = dict(_declared_in_cells(notebook))
    assigned = dict(_assigned(notebook))
    if not any(TAG in cell.tags for cell in notebook.cells):
        declared = known
    else:
        by_python = {python: name for name, python in python_names(known).items()}
        exported = any(TAG in cell.tags and made_by_export(cell) for cell in notebook.cells)
        declared = {}
        for python, inferred in assigned.items():
            name = by_python.get(python)
            declared[name or python] = _with_default(known[name], inferred["Default"], exported) if name else inferred
    taken = [name for name in declared if name in _OWN]
    if taken:
        message = "a parameter of a notebook cannot be called {}"
        faults = [
            codes.TAKEN_NAME.nowhere(notebook.name, message.format(name), codes.TAKEN_NAME.remedy) for name in taken
        ]
        raise DiagnosticError(faults)
    return declared


def _with_default(declared: Any, value: Value, exported: bool) -> Any:
    """A declaration with the value of the tagged cell where it has none of its own.

    None in a cell that export made is a parameter that must be given; in one that a person wrote it is one that the
    notebook finds by itself.
    """
    if not isinstance(declared, dict) or "Default" in declared or (value is None and exported):
        return declared
    return {**declared, "Default": value}


def _declared_in_cells(notebook: Notebook) -> Iterator[tuple[str, Any]]:
    try:
        imported = import_notebook(notebook)
        source = decode(imported.text, notebook.name)
        root = compose(source)
    except DiagnosticError as error:
        raise DiagnosticError(errors_of(error.diagnostics)) from None
    reader = Reader(source)
    sections = reader.entries(root) if is_map(root) else {}
    if "Parameters" in sections:
        found = reader.value(sections["Parameters"][1])
        if isinstance(found, dict):
            yield from found.items()


def _assigned(notebook: Notebook) -> Iterator[tuple[str, Any]]:
    """`name = literal` in the cell tagged parameters, with the type of the literal."""
    for number, cell in enumerate(notebook.cells):
        if TAG not in cell.tags:
            continue
        try:
            tree = ast.parse(cell.source)
        except SyntaxError as error:
            span = Span(error.lineno or 1, error.offset or 1, error.lineno or 1, (error.offset or 1) + 1)
            message = f"the parameters cannot be read: {error.msg}"
            raise DiagnosticError([codes.UNREADABLE.at(notebook.place(number), span, message)]) from None
        for statement in tree.body:
            yield from _assignment(statement)


def _assignment(statement: ast.stmt) -> Iterator[tuple[str, Any]]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    if len(targets) != 1 or not isinstance(targets[0], ast.Name) or _NAME.fullmatch(targets[0].id) is None:
        return
    assert isinstance(statement, ast.Assign | ast.AnnAssign)
    try:
        value = ast.literal_eval(statement.value) if statement.value is not None else None
    except ValueError:
        return
    if isinstance(value, tuple | set):
        value = list(value)
    if value is None:
        yield targets[0].id, {"Type": "Json", "Default": None}
    elif isinstance(value, bool):
        yield targets[0].id, {"Type": "Boolean", "Default": value}
    elif isinstance(value, int | float):
        yield targets[0].id, {"Type": "Number", "Default": value}
    elif isinstance(value, str):
        yield targets[0].id, {"Type": "String", "Default": value}
    elif isinstance(value, list | dict):
        yield targets[0].id, {"Type": "List" if isinstance(value, list) else "Json", "Default": value}

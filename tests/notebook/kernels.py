"""Running cells in a real kernel, as JupyterLab does."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import nbformat
from nbclient import NotebookClient

from oos.notebook.document import Cell, CellKind, Notebook, write_notebook

START = "import oos\n%load_ext oos\nfleet = oos.connect()"


def run_cells(environment: Mapping[str, str], cells: Iterable[str]) -> list[list[Mapping[str, Any]]]:
    """The outputs of each cell; errors are among them."""
    made = [Cell(CellKind.CODE, source, f"c{number}") for number, source in enumerate((START, *cells))]
    reads: Any = nbformat.reads  # it has no types
    notebook = reads(write_notebook(Notebook(tuple(made))), as_version=4)
    client = NotebookClient(notebook, timeout=60, allow_errors=True, kernel_name="python3")
    client.execute(env={**os.environ, **environment})
    nbformat.validate(notebook)
    return [cell.outputs for cell in notebook.cells[1:]]


def text_of(outputs: Iterable[Mapping[str, Any]]) -> str:
    """What a person without a browser reads of the outputs of a cell."""
    return "\n".join(_text(output) for output in outputs)


def _text(output: Mapping[str, Any]) -> str:
    match output["output_type"]:
        case "stream":
            return str(output["text"])
        case "error":
            return f"{output['ename']}: {output['evalue']}"
        case _:
            return str(output["data"].get("text/plain", ""))

"""The module of notebooks: operations that run one cell, so that a notebook is an execution with a task a cell.

Kernels live in the process that drives the execution. One that is missing, because that process or the kernel has
died, is started anew and brought to where it was: cells of Python are run again, `%%oos` cells find the executions that
they had started.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypedDict

from oos.service.context import Context
from oos.service.errors import ApiError
from oos.service.operation import Effect, Interrupted, Module, Operation


@dataclass(frozen=True)
class RunNotebookCell:
    """Which cell of which notebook, in whose kernel."""

    notebook: Any
    """The pinned notebook (oos.notebook.pinned)."""
    cell: str
    session: str
    """The execution that the notebook is."""
    file: str = ""
    """Where the executed notebook is written."""
    arguments: Any = field(default_factory=dict)


class CellRun(TypedDict):
    """What a cell gave."""

    Cell: str
    Text: str
    Executions: list[str]
    OutputsDigest: str


def run_notebook_cell(context: Context, request: RunNotebookCell) -> Mapping[str, Any]:
    """Run a cell of a notebook in the kernel of its execution."""
    from oos.notebook.running import RunningNotebook

    with _guard:
        running = _running.get(request.session)
        if running is None:
            running = _running[request.session] = RunningNotebook(request)
    try:
        gave = running.run(request.cell, context)
    except ApiError:
        _end(request.session)
        raise
    if request.cell == running.last:
        _end(request.session)
    return gave


def _end(session: str) -> None:
    with _guard:
        running = _running.pop(session, None)
    if running is not None:
        running.close()


_running: Final[dict[str, Any]] = {}
"""The notebooks that run in this process, by execution: a pool of kernels, empty when nothing runs."""
_guard: Final = threading.Lock()

MODULE: Final = Module(
    "notebook",
    (
        Operation("OOS", "RunNotebookCell", RunNotebookCell, CellRun, run_notebook_cell, effect=Effect.CHANGES),
        Operation(
            "OOS",
            "RunNotebookCellOnce",
            RunNotebookCell,
            CellRun,
            run_notebook_cell,
            effect=Effect.CHANGES,
            interrupted=Interrupted.ASK,
        ),
    ),
)

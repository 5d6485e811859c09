"""A running notebook: its kernel, what its cells have shown so far, and the file in which people can watch it grow."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from oos.notebook.arguments import INJECTED_TAG, TAG
from oos.notebook.display import FACTS
from oos.notebook.document import Cell, CellKind, Notebook, cell_name, read_notebook, write_notebook
from oos.notebook.files import write_whole
from oos.notebook.kernel import CellFailed, CellLate, KernelDied, LiveKernel
from oos.notebook.pinned import ONCE_TAG
from oos.notebook.surroundings import CELL_VARIABLE, NAME_VARIABLE, SESSION_VARIABLE
from oos.service.context import Context
from oos.service.errors import ApiError, Cancelled
from oos.values.secret import MASK, Secret

if TYPE_CHECKING:
    from oos.notebook.module import RunNotebookCell

log = logging.getLogger(__name__)

TEXT_LIMIT: Final = 4000
"""Characters of what a cell has printed that go into the record; the notebook has all of it."""
INJECTED_ID: Final = "injected-parameters"


class RunningNotebook:
    """One execution of a notebook, in the process that drives it."""

    def __init__(self, request: RunNotebookCell) -> None:
        document = request.notebook
        self._session = request.session
        given = {document["names"][name]: value for name, value in dict(request.arguments).items()}
        self._arguments: dict[str, Any] = {
            name: value
            for name, value in given.items()
            if value is not None and (name not in document["assigned"] or value != document["assigned"][name])
        }
        """By Python name; what the cell tagged parameters says itself need not be said again."""
        self._name = str(document["name"])
        self._metadata = dict(document["metadata"])
        self._settings: dict[str, str] = dict(document["settings"])
        self._cells: list[dict[str, Any]] = [dict(cell, outputs=[], execution_count=None) for cell in document["cells"]]
        self._file = Path(request.file) if request.file else None
        self._kernel: LiveKernel | None = None
        self._recall_outputs()

    @property
    def last(self) -> str:
        """The id of the cell after which there is nothing to run."""
        runs = [cell for cell in self._cells if cell["cell_type"] == "code" and cell["source"].strip()]
        return str(runs[-1]["id"])

    def run(self, id_: str, context: Context) -> Mapping[str, Any]:
        """Run a cell. Raises ApiError with its place, Cancelled."""
        number = next(n for n, cell in enumerate(self._cells) if cell["id"] == id_)
        cell = self._cells[number]
        try:
            try:
                self._in_kernel(number, context)
            except KernelDied as died:
                log.warning("%s: the kernel died in cell %s: %s", self._session, id_, died)
                if ONCE_TAG in Cell(CellKind.CODE, "", metadata=cell["metadata"]).tags:
                    raise
                # `%%oos` cells find what they had started; so one more kernel may try.
                context.report("the kernel died; another one takes over")
                self._end_kernel()
                self._in_kernel(number, context)
        except CellFailed as failed:
            if context.cancelled.is_set():
                raise Cancelled(f"cell {id_}") from None
            raise self._error("Notebook.CellFailed", number, str(failed), context) from None
        except CellLate as late:
            raise self._error("Notebook.CellTimeout", number, str(late), context) from None
        except KernelDied as died:
            raise self._error("Notebook.KernelDied", number, str(died), context) from None
        finally:
            self._write()
        return self._gave(cell, context)

    def close(self) -> None:
        """End its kernel."""
        self._end_kernel()

    def _in_kernel(self, number: int, context: Context) -> None:
        kernel = self._kernel
        if kernel is None:
            kernel = self._kernel = self._started(context)
            for before in range(number):
                self._again(kernel, before, context)
        self._run_cell(kernel, number, context)

    def _started(self, context: Context) -> LiveKernel:
        environment = {
            **{f"OOS_{name.upper()}": value for name, value in self._settings.items() if value},
            "OOS_USER": context.caller,
            SESSION_VARIABLE: self._session,
            NAME_VARIABLE: self._name,
        }
        directory = self._file.parent if self._file is not None else Path.cwd()
        name = str(self._metadata.get("kernelspec", {}).get("name") or "python3")
        kernel = LiveKernel(environment, directory, name)
        try:
            kernel.start()
        except Exception as error:
            raise ApiError("Notebook.KernelAbsent", f"the kernel {name} does not start: {error}") from error
        return kernel

    def _again(self, kernel: LiveKernel, number: int, context: Context) -> None:
        """Bring a new kernel past a cell that had run before; what it does once is not done again."""
        cell = self._cells[number]
        if cell["cell_type"] != "code" or not cell["source"].strip():
            return
        if ONCE_TAG in cell["metadata"].get("tags", []):
            return
        outputs, count = cell["outputs"], cell["execution_count"]
        context.report(f"runs cell {cell['id']} again to bring the kernel to where it was")
        # It failed then as it does now, and a person let the execution go on.
        with contextlib.suppress(CellFailed):
            self._run_cell(kernel, number, context)
        cell["outputs"], cell["execution_count"] = outputs or cell["outputs"], count or cell["execution_count"]

    def _run_cell(self, kernel: LiveKernel, number: int, context: Context) -> None:
        cell = self._cells[number]
        kernel.tell(f"import os; os.environ[{CELL_VARIABLE!r}] = {cell['id']!r}")
        overflow = (self._file or Path.cwd() / self._name).with_suffix(f".{cell['id']}.output.txt")
        kernel.run(cell, number, overflow, context.cancelled)
        if TAG in cell["metadata"].get("tags", []) and self._arguments:
            self._inject(kernel)

    def _inject(self, kernel: LiveKernel) -> None:
        """Give the arguments their Python names; the code goes past the notebook, since it may hold secrets."""
        revealed = {
            name: value.reveal() if isinstance(value, Secret) else value for name, value in self._arguments.items()
        }
        secret = [name for name, value in self._arguments.items() if isinstance(value, Secret)]
        code = f"import json; globals().update(json.loads({json.dumps(json.dumps(revealed))}))"
        if secret:
            code += (
                f"\nfrom oos.values.secret import Secret\nfor _n in {secret!r}: globals()[_n] = Secret(globals()[_n])"
            )
        kernel.tell(code)

    def _gave(self, cell: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        text = context.redact("\n".join(filter(None, map(_text_of, cell["outputs"]))))
        cut = text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}… ({len(text) - TEXT_LIMIT:,} more characters)"
        digest = hashlib.sha256(json.dumps(cell["outputs"], sort_keys=True, default=str).encode()).hexdigest()
        executions = [
            output["data"][FACTS]["execution"]
            for output in cell["outputs"]
            if "execution" in output.get("data", {}).get(FACTS, {})
        ]
        return {"Cell": cell["id"], "Text": cut, "Executions": executions, "OutputsDigest": digest}

    def _error(self, code: str, number: int, words: str, context: Context) -> ApiError:
        place = cell_name(self._name, number, str(self._cells[number]["id"]))
        return ApiError(code, context.redact(f"{place}: {words}"))

    def _end_kernel(self) -> None:
        kernel, self._kernel = self._kernel, None
        if kernel is not None:
            kernel.close()

    def _write(self) -> None:
        """The executed notebook as it is now, whole or not at all."""
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, write_notebook(self._document()))

    def _document(self) -> Notebook:
        cells = []
        for cell in self._cells:
            kind = CellKind(cell["cell_type"])
            outputs = tuple(cell["outputs"]) if kind is CellKind.CODE else ()
            cells.append(Cell(kind, cell["source"], cell["id"], cell["metadata"], outputs, cell["execution_count"]))
            if TAG in cell["metadata"].get("tags", []) and self._arguments:
                cells.append(Cell(CellKind.CODE, self._injected_source(), INJECTED_ID, {"tags": [INJECTED_TAG]}))
        own = self._metadata.get("oos")
        noted = {**(own if isinstance(own, dict) else {}), "run": {"execution": self._session}}
        return Notebook(tuple(cells), {**self._metadata, "oos": noted}, self._name)

    def _injected_source(self) -> str:
        shown = {name: MASK if isinstance(value, Secret) else value for name, value in self._arguments.items()}
        return "\n".join(["# Arguments of this run", *(f"{name} = {value!r}" for name, value in shown.items())])

    def _recall_outputs(self) -> None:
        """After a crash: what the cells had shown, from the file in which this very execution wrote it."""
        if self._file is None or not self._file.exists():
            return
        try:
            found = read_notebook(self._file.read_bytes(), str(self._file))
        except Exception:  # noqa: BLE001 - a file that is no notebook, or not ours, is simply written anew
            return
        if found.own.get("run") != {"execution": self._session}:
            return
        known = {cell.id: cell for cell in found.cells}
        for cell in self._cells:
            before = known.get(cell["id"])
            if before is not None and before.source == cell["source"]:
                cell["outputs"], cell["execution_count"] = list(map(dict, before.outputs)), before.execution_count


def _text_of(output: Mapping[str, Any]) -> str:
    match output.get("output_type"):
        case "stream":
            return _joined(output["text"])
        case "error":
            return f"{output['ename']}: {output['evalue']}"
        case _:
            return _joined(output.get("data", {}).get("text/plain", ""))


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text)

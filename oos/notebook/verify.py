"""Verification of a report: whether the notebook says what the journal says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oos.engine.errors import ExecutionAbsent
from oos.journal.port import JournalFailed
from oos.notebook.display import FACTS
from oos.notebook.document import Cell, Notebook
from oos.notebook.evidence import Evidence, gather
from oos.notebook.report import canonical, report_notebook

if TYPE_CHECKING:
    from oos.app.app import App


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where a notebook says something else than the journal."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


def verify_report(app: App, notebook: Notebook) -> tuple[Mismatch, ...]:
    """Everything in which a report differs from the journal; nothing, when it is true.

    The journal itself is checked by oos.audit.verify. Raises JournalFailed.
    """
    audit = notebook.own.get("audit")
    if not isinstance(audit, Mapping) or not isinstance(audit.get("heads"), Mapping):
        return (
            Mismatch(notebook.name, "it holds no links into the record; oos execution export makes such notebooks"),
        )
    heads = {str(id_): head for id_, head in audit["heads"].items() if _is_head(head)}
    if len(heads) != len(audit["heads"]):
        return (Mismatch(notebook.name, "its links into the record are damaged"),)
    try:
        evidence = gather(app, str(audit.get("execution")), {id_: int(head[0]) for id_, head in heads.items()})
    except ExecutionAbsent as absent:
        return (Mismatch(notebook.name, f"{absent}: it was made from another journal, or the execution was deleted"),)
    except JournalFailed as failed:
        return (Mismatch(notebook.name, str(failed)),)
    return (*_heads(notebook, evidence, heads), *_cells(notebook, evidence))


def _is_head(head: Any) -> bool:
    return isinstance(head, list) and len(head) == 2 and isinstance(head[0], int) and isinstance(head[1], str)


def _heads(notebook: Notebook, evidence: Evidence, heads: Mapping[str, list[Any]]) -> Iterator[Mismatch]:
    found = evidence.heads()
    for id_, head in heads.items():
        if id_ not in found:
            yield Mismatch(notebook.name, f"{id_} is not in the journal")
        elif found[id_] != head:
            yield Mismatch(
                notebook.name, f"{id_} had {head[0]} events ending in {head[1][:16]}…; the journal has others"
            )
    if hashlib.sha256(evidence.text.encode()).hexdigest() != evidence.root.start.template_hash:
        yield Mismatch(evidence.root_id, "the runbook in the content store was changed")


def _cells(notebook: Notebook, evidence: Evidence) -> Iterator[Mismatch]:
    """The cells against those that a report made now would have."""
    wanted = {cell.id: cell for cell in report_notebook(evidence).cells}
    seen = set()
    for number, cell in enumerate(notebook.cells):
        true = wanted.get(cell.id)
        if true is None:
            if cell.outputs:
                yield Mismatch(notebook.place(number), "its outputs are not part of the record")
            continue
        seen.add(cell.id)
        for reason in _differences(cell, true):
            yield Mismatch(notebook.place(number), reason)
    for id_ in wanted.keys() - seen:
        yield Mismatch(notebook.name, f"the cell {id_} was taken away")


def _differences(cell: Cell, true: Cell) -> Iterator[str]:
    if cell.source != true.source:
        yield "its text is not what was carried out" if cell.kind == "code" else "its text was changed"
    if canonical(cell.own.get("entries", [])) != canonical(true.own.get("entries", [])):
        yield "its links into the record were changed"
    if canonical(_facts_in(cell)) != canonical(_facts_in(true)):
        yield "what it says of the outcome is not what is recorded"
    elif canonical(list(map(_stripped, cell.outputs))) != canonical(list(map(_stripped, true.outputs))):
        yield "what it shows is not what this version of oos shows of the record"


def _facts_in(cell: Cell) -> list[Any]:
    return [output["data"].get(FACTS) for output in cell.outputs if isinstance(output.get("data"), Mapping)]


def _stripped(output: Mapping[str, Any]) -> Any:
    """An output as it is compared: editors write text as lines, and number it anew."""
    data = output.get("data")
    if isinstance(data, Mapping):
        return {name: "".join(each) if isinstance(each, list) else each for name, each in data.items()}
    return {name: each for name, each in output.items() if name != "execution_count"}

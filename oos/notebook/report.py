"""Reports: an execution as an executed notebook, a page, or Markdown; each linked to the journal by hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from typing import Any, Final

from oos.execution.status import Status
from oos.notebook import html
from oos.notebook.arguments import TAG
from oos.notebook.display import FACTS
from oos.notebook.document import Cell, CellKind, Notebook
from oos.notebook.evidence import Evidence, facts_of_execution, facts_of_task
from oos.notebook.export import export_template
from oos.notebook.instants import instant
from oos.notebook.picture import picture, task_picture
from oos.notebook.prose import cell as safe
from oos.notebook.prose import code, markdown, plain_task, short
from oos.values.words import masked, span, text_of

REPORT: Final = "report"
"""The part of a notebook that cells made here belong to; import leaves them out."""


def report_notebook(evidence: Evidence) -> Notebook:
    """The execution as an executed notebook: its runbook, and below each task what came of it."""
    root = evidence.root
    made = export_template(evidence.text, root.start.template_name)
    cells = [_head_cell(evidence)]
    count = 0
    for cell in made.cells:
        if cell.id == "title" or cell.own.get("part") == "setup":
            continue
        if TAG in cell.tags:
            cells.append(_arguments_cell(evidence))
            continue
        names = [name for name in root.tasks if cell.own.get("part") == "tasks" and _names(cell, name)]
        begun = [name for name in names if root.tasks[name].step.started is not None]
        if begun:
            count += 1
            cell = _carried_out(cell, evidence, begun, count)
        elif cell.id == "outputs" and root.outputs:
            count += 1
            cell = _with_output(cell, _outputs_bundle(evidence), count, [])
        cells.append(cell)
    cells.append(_record_cell(evidence))
    noted = {**made.own, "audit": {"execution": root.id, "heads": evidence.heads()}}
    return Notebook(tuple(cells), {**made.metadata, "oos": noted}, f"{root.id}.ipynb")


def report_page(evidence: Evidence) -> str:
    """The execution as a page that is read by itself."""
    root = evidence.root
    parts = [
        f"<h1>{escape(root.start.template_name)}</h1>",
        _facts_table(evidence),
        "<h2>What happened</h2>",
        picture(evidence.chronicle, root.updated if root.ended is None else None),
        "<h2>Step by step</h2>",
        _story_table(evidence),
        "<h2>Runbook</h2>",
        html.folded(evidence.text, limit=len(evidence.text)),
        "<h2>Record</h2>",
        f"<p>{escape(_how_to_verify(root.id))}</p>",
        _heads_table(evidence),
    ]
    return html.page("\n".join(parts), f"{root.start.template_name} {root.id}")


def report_markdown(evidence: Evidence) -> str:
    """The execution as Markdown."""
    root = evidence.root
    lines = [f"# {root.start.template_name}", "", _facts_markdown(evidence), "", "## What happened", ""]
    lines += [markdown(evidence.chronicle, root.updated if root.ended is None else None), "## Step by step", ""]
    lines += ["| when | | who | what |", "|---|---|---|---|"]
    for line in evidence.story:
        cells = (instant(line.at), f"{'› ' * line.depth}{safe(line.path)}", safe(line.by), safe(short(line.text, 400)))
        lines.append(f"| {' | '.join(cells)} |")
    fence = "```"
    while fence in evidence.text:
        fence += "`"
    lines += ["", "## Runbook", "", f"{fence}yaml", evidence.text.rstrip("\n"), fence, "", "## Record", ""]
    lines += [_how_to_verify(root.id), "", "| execution | events | hash of the last |", "|---|---|---|"]
    lines += [f"| `{id_}` | {count} | `{head}` |" for id_, (count, head) in evidence.heads().items()]
    return "\n".join(lines) + "\n"


def bundle_of_tasks(evidence: Evidence, names: list[str]) -> dict[str, Any]:
    """What is shown below the cell of these tasks, in every form."""
    root = evidence.root
    now = root.updated if root.ended is None else None
    return {
        FACTS: {"tasks": [facts_of_task(evidence, name) for name in names]},
        "text/html": "".join(task_picture(evidence.chronicle, name, now) for name in names),
        "text/plain": "\n".join(plain_task(root.tasks[name], now) for name in names),
    }


def _names(cell: Cell, name: str) -> bool:
    """Whether a cell holds the task of this name."""
    from oos.notebook.importing import read_piece

    piece = read_piece(cell.source.partition("\n")[2], cell.id)
    return piece is not None and name in piece.names


def _carried_out(cell: Cell, evidence: Evidence, names: list[str], count: int) -> Cell:
    entries = [entry for entry in map(evidence.entry_of, names) if entry is not None]
    carried = _with_output(cell, bundle_of_tasks(evidence, names), count, entries)
    failed = [evidence.root.tasks[name] for name in names if evidence.root.tasks[name].step.status is Status.FAILED]
    errors = [
        {
            "output_type": "error",
            "ename": "TaskFailed",
            "evalue": f"{task.name}: {short(task.step.note, 2000)}",
            "traceback": [f"\x1b[31mTaskFailed\x1b[0m: {task.name}: {short(task.step.note, 2000)}"],
        }
        for task in failed
    ]
    return replace(carried, outputs=(*carried.outputs, *errors))


def _with_output(cell: Cell, bundle: dict[str, Any], count: int, entries: list[Any]) -> Cell:
    output = {"output_type": "execute_result", "execution_count": count, "data": bundle, "metadata": {}}
    own = {**cell.own, "entries": entries} if entries else cell.own
    return replace(cell, outputs=(output,), execution_count=count, metadata={**cell.metadata, "oos": own})


def _outputs_bundle(evidence: Evidence) -> dict[str, Any]:
    outputs = masked(dict(evidence.root.outputs))
    return {
        FACTS: {"outputs": outputs},
        "text/html": _outputs_html(evidence),
        "text/plain": "\n".join(f"{name}: {short(value)}" for name, value in outputs.items()),
    }


def _outputs_html(evidence: Evidence) -> str:
    from oos.notebook.picture import outputs_table

    return outputs_table(dict(evidence.root.outputs))


def _head_cell(evidence: Evidence) -> Cell:
    root = evidence.root
    source = f"# {root.start.template_name}\n\n{_facts_markdown(evidence)}"
    return _made_cell(source, "report", {"facts": facts_of_execution(root)})


def _arguments_cell(evidence: Evidence) -> Cell:
    rows = [
        f"| {safe(name)} | {code(short(value, 300))} |"
        for name, value in masked(dict(evidence.root.start.parameters)).items()
    ]
    return _made_cell("\n".join(["| parameter | value |", "|---|---|", *rows]), "report-arguments", {})


def _record_cell(evidence: Evidence) -> Cell:
    lines = ["## Record", "", _how_to_verify(evidence.root_id), "", "| execution | events | hash of the last |"]
    lines += ["|---|---|---|"]
    lines += [f"| `{id_}` | {count} | `{str(head)[:16]}…` |" for id_, (count, head) in evidence.heads().items()]
    return _made_cell("\n".join(lines), "report-record", {})


def _made_cell(source: str, id_: str, noted: dict[str, Any]) -> Cell:
    made = hashlib.sha256(source.encode()).hexdigest()[:16]
    return Cell(CellKind.MARKDOWN, source, id_, {"oos": {"part": REPORT, "made": made, **noted}})


def _facts(evidence: Evidence) -> Iterator[tuple[str, str]]:
    root = evidence.root
    start = root.start
    yield "status", str(root.shown_status) + (f": {short(root.note, 400)}" if root.note else "")
    yield "execution", root.id
    yield "started", f"{instant(start.at)} by {start.by}"
    if root.ended is not None:
        yield "took", span(root.took())
    yield "region", start.region
    if start.mode != "Automatic":
        yield "mode", str(start.mode)
    if start.description:
        yield "for", start.description
    for at, words in root.told:
        yield instant(at), words
    yield "runbook", f"sha256 {start.template_hash}"


def _facts_markdown(evidence: Evidence) -> str:
    rows = [f"| {safe(name)} | {safe(value)} |" for name, value in _facts(evidence)]
    return "\n".join(["| | |", "|---|---|", *rows])


def _facts_table(evidence: Evidence) -> str:
    rows = [html.row((f"<b>{escape(name)}</b>", escape(value))) for name, value in _facts(evidence)]
    arguments = [
        html.row((f"<code>{escape(name)}</code>", html.value(value)))
        for name, value in masked(dict(evidence.root.start.parameters)).items()
    ]
    return html.table(rows) + (html.fold("parameters", html.table(arguments)) if arguments else "")


def _story_table(evidence: Evidence) -> str:
    rows = [
        html.row(
            (
                f'<span style="white-space:nowrap">{instant(line.at)}</span>',
                f'<span style="white-space:nowrap">{"› " * line.depth}<b>{escape(line.path)}</b></span>',
                escape(line.by),
                escape(line.text) + (f" {html.value(line.observed)}" if line.observed not in (None, {}, []) else ""),
            )
        )
        for line in evidence.story
    ]
    return html.fold(f"{len(rows):,} events", html.table(rows), is_open=len(rows) <= 60)


def _heads_table(evidence: Evidence) -> str:
    rows = [
        html.row((f"<code>{escape(id_)}</code>", str(count), f"<code>{escape(str(head))}</code>"))
        for id_, (count, head) in evidence.heads().items()
    ]
    return html.table(rows, ("execution", "events", "hash of the last"))


def _how_to_verify(execution_id: str) -> str:
    return (
        f"The events of {execution_id} are chained by hash. "
        "Whether a notebook says what they say is checked by: oos audit verify --notebook FILE"
    )


def canonical(value: Any) -> str:
    """JSON that is equal exactly when the values are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=text_of)

"""Commands on instances as Python holds them: what each instance said, by name."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from oos.execution.status import Status
from oos.notebook import html
from oos.notebook.chronicle import Step
from oos.notebook.prose import cell, code, short
from oos.notebook.run import Run
from oos.values.words import masked, span, text_of

if TYPE_CHECKING:
    from pandas import DataFrame

OPEN_LINES = 12
"""Output of so many lines is shown unfolded."""


class CommandRun(Run):
    """The execution of an ad hoc command."""

    @property
    def said(self) -> dict[str, str]:
        """What each instance printed; nothing, of those on which the command failed."""
        return {name: _output_of(step) for name, step in self._steps()}

    @property
    def failed(self) -> dict[str, str]:
        """Why the command failed, of those on which it did."""
        return {name: step.note for name, step in self._steps() if step.status is not Status.SUCCESS}

    def to_frame(self) -> DataFrame:
        """An instance a row: what it said, how the command ended there, how long it took."""
        import pandas

        rows = []
        for name, step in self._steps():
            took = step.took()
            seconds = None if took is None else took.total_seconds()
            said = masked(_output_of(step))
            rows.append(
                {"instance": name, "status": str(step.status), "seconds": seconds, "said": said, "note": step.note}
            )
        return pandas.DataFrame(rows, columns=["instance", "status", "seconds", "said", "note"])

    def _steps(self) -> list[tuple[str, Step]]:
        """The loop items that ran the command, by the name of the instance."""
        with self._chronicle() as chronicle:
            record = self._record(chronicle)
            selected = record.tasks["selectTargets"].step.outputs
            names: dict[Any, Any] = dict(
                zip(selected.get("instanceIds") or (), selected.get("instanceNames") or (), strict=False)
            )
            return [(str(names.get(each.value) or each.value), each) for each in record.tasks["runCommand"].items or ()]

    def _repr_html_(self) -> str:
        with self._chronicle() as chronicle:
            record = self._record(chronicle)
            items = record.tasks["runCommand"].items or []
            failed = sum(each.status is Status.FAILED for each in items)
            badge = html.badge(Status.FAILED, f"{failed} of {len(items)} failed") if failed else ""
            head = f"{badge or html.badge(record.shown_status)} <code>{escape(record.start.description)}</code>"
            facts = f'<span style="{html.QUIET}">{escape(record.id)} · {span(record.took())}</span>'
        rows = [
            html.row((html.dot(step.status), f"<b>{escape(name)}</b>", span(step.took()), _shown(step)))
            for name, step in self._steps()
        ]
        return f"<div>{head} {facts}</div>{html.table(rows)}" if rows else super()._repr_html_()

    def _repr_markdown_(self) -> str:
        lines = [f"**{self.status}** {code(self.id)}", "", "| instance | | |", "|---|---|---|"]
        lines += [
            f"| {cell(name)} | {step.status} | {cell(short(step.note or text_of(_output_of(step)), 300))} |"
            for name, step in self._steps()
        ]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        lines = [f"{self.status}  {self.id}"]
        for name, step in self._steps():
            said = step.note or text_of(_output_of(step))
            lines += [f"{name}: {line}" for line in said.rstrip().split("\n")[:OPEN_LINES]]
        return "\n".join(lines)


def _output_of(step: Step) -> Any:
    return step.outputs.get("commandOutput") or ""


def _shown(step: Step) -> str:
    if step.note and step.status is not Status.SUCCESS:
        return f'<span style="color:{html.COLOURS[step.status]}">{html.prose(step.note)}</span>'
    text = text_of(_output_of(step)).rstrip("\n")
    if not text:
        return ""
    lines = text.count("\n") + 1
    if lines > OPEN_LINES or len(text) > 2000:
        return html.folded(text)
    style = "margin:0;padding:0;background:none;white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px"
    return f'<pre style="{style}">{escape(text)}</pre>'

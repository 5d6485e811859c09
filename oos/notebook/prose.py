"""An execution in words: plain text for terminals, Markdown for documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from oos.execution.status import Status
from oos.notebook.chronicle import Chronicle, ExecutionRecord, TaskRecord
from oos.notebook.html import SIGNS
from oos.notebook.instants import instant
from oos.values.json import Value
from oos.values.words import masked, span, text_of


def plain(chronicle: Chronicle, now: datetime | None = None) -> str:
    """The execution as lines of text."""
    root = chronicle.root
    if root is None:
        return "nothing has happened yet"
    start = root.start
    lines = [f"{root.shown_status}  {start.template_name}  {root.id}  by {start.by}  {span(root.took(now))}"]
    width = max((len(name) for name in root.tasks), default=0)
    lines += [f"  {plain_task(task, now, width)}" for task in root.tasks.values() if not task.recalled]
    if root.note:
        lines.append(f"  {root.note}")
    lines += [f"  {name}: {short(value)}" for name, value in masked(dict(root.outputs)).items()]
    return "\n".join(lines)


def plain_task(task: TaskRecord, now: datetime | None = None, width: int = 0) -> str:
    """A task as a line of text."""
    step = task.step
    return f"{SIGNS[step.status]} {task.name:<{width}}  {span(step.took(now)):>8}  {_summary(task)}".rstrip()


def markdown(chronicle: Chronicle, now: datetime | None = None) -> str:
    """The execution as Markdown: a line, a table of tasks, outputs."""
    root = chronicle.root
    if root is None:
        return "*nothing has happened yet*"
    return "\n".join(_markdown_lines(root, now)) + "\n"


def _markdown_lines(root: ExecutionRecord, now: datetime | None) -> Iterator[str]:
    start = root.start
    yield (
        f"**{root.shown_status}** `{start.template_name}` · `{root.id}` · by {start.by} · {instant(start.at)} · "
        f"{span(root.took(now))}"
    )
    yield ""
    yield "| | task | action | took | |"
    yield "|---|---|---|---|---|"
    for task in root.tasks.values():
        if task.recalled:
            continue
        step = task.step
        summary = cell(_summary(task))
        yield f"| {SIGNS[step.status]} | {cell(task.name)} | {cell(task.action)} | {span(step.took(now))} | {summary} |"
    if root.note:
        yield ""
        yield f"> {' '.join(root.note.split())}"
    for name, value in masked(dict(root.outputs)).items():
        yield ""
        yield f"**{name}**: {code(short(value, 2000))}"


def _summary(task: TaskRecord) -> str:
    """The most telling thing about a task."""
    step = task.step
    parts = []
    if task.items is not None:
        done = sum(each.status.final for each in task.items)
        failed = sum(each.status is Status.FAILED for each in task.items)
        parts.append(f"{done} of {len(task.items)} items" + (f", {failed} failed" if failed else ""))
    wait = step.waiting
    if wait is not None:
        parts.append(f"waits: {wait.reason}" + (f" ({wait.note})" if wait.note else ""))
    if step.note:
        parts.append(step.note)
    parts += step.answered
    parts += [f"{name}={short(value, 60)}" for name, value in masked(step.outputs).items()]
    return "; ".join(parts)


def short(value: Value, limit: int = 160) -> str:
    """A value on one line, cut where it is long; how much was left out is told."""
    text = " ".join(text_of(value).split())
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def cell(text: str) -> str:
    """Text that is safe in a cell of a Markdown table."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def code(text: str) -> str:
    """Inline code, whatever is in it."""
    fence = "`"
    while fence in text:
        fence += "`"
    padded = f" {text} " if text.startswith("`") or text.endswith("`") else text
    return f"{fence}{padded}{fence}"

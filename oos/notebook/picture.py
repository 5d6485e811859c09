"""The picture of an execution in HTML: its head, a timeline of its tasks, its loops as grids, its outputs."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from typing import Final

from oos.execution.status import Status
from oos.notebook import html
from oos.notebook.chronicle import Chronicle, ExecutionRecord, Step, TaskRecord
from oos.notebook.instants import instant
from oos.values.json import Value
from oos.values.words import item_label, masked, span

ITEMS_LISTED: Final = 100
CHILDREN_SHOWN: Final = 12
DEEPEST: Final = 4


def picture(chronicle: Chronicle, now: datetime | None = None) -> str:
    """The whole execution."""
    root = chronicle.root
    if root is None:
        return "<em>nothing has happened yet</em>"
    return f'<div class="oos-execution">{_head(root, now)}{_body(chronicle, root, now, 0)}</div>'


def task_picture(chronicle: Chronicle, name: str, now: datetime | None = None) -> str:
    """One task, as below a cell of its own."""
    root = chronicle.root
    assert root is not None, name
    task = root.tasks[name]
    axis = _Axis(root, now)
    return html.table([*_task_rows(chronicle, root, task, axis, 0)])


def outputs_table(outputs: dict[str, Value]) -> str:
    """Outputs by name."""
    rows = [html.row((f"<b>{escape(name)}</b>", html.value(each))) for name, each in masked(outputs).items()]
    return html.table(rows) if rows else ""


def _head(execution: ExecutionRecord, now: datetime | None) -> str:
    start = execution.start
    facts = [
        f"<b>{escape(start.template_name)}</b>",
        f"<code>{escape(execution.id)}</code>",
        f"by {escape(start.by)}",
        instant(start.at),
        span(execution.took(now)),
    ]
    about = f'<div style="{html.QUIET}">{escape(start.description)}</div>' if start.description else ""
    return f"<div>{html.badge(execution.shown_status)} {' · '.join(facts)}</div>{about}"


def _body(chronicle: Chronicle, execution: ExecutionRecord, now: datetime | None, depth: int) -> str:
    axis = _Axis(execution, now)
    rows = [
        row
        for task in execution.tasks.values()
        if not task.recalled
        for row in _task_rows(chronicle, execution, task, axis, depth)
    ]
    parts = [html.table(rows)]
    waiting = execution.waiting
    if waiting is not None and not execution.status.final:
        step, wait = waiting
        words = f"<b>{escape(step.task)}</b> waits for a person: {wait.reason}" + _dashed(wait.note)
        parts.append(f"<div>{html.badge(Status.WAITING, 'asks')} {words}</div>")
    if execution.note:
        parts.append(f'<div style="color:{html.COLOURS[execution.status]}">{html.prose(execution.note)}</div>')
    parts += [f'<div style="{html.QUIET}">{escape(words)}</div>' for _, words in execution.told]
    if execution.outputs:
        parts.append(f'<div style="margin-top:4px"><b>Outputs</b>{outputs_table(dict(execution.outputs))}</div>')
    return "".join(parts)


def _task_rows(
    chronicle: Chronicle, execution: ExecutionRecord, task: TaskRecord, axis: _Axis, depth: int
) -> list[str]:
    step = task.step
    pale = "" if step.started is not None else "opacity:.45"
    rows = [
        html.row(
            (
                html.dot(step.status),
                f"<b>{escape(task.name)}</b>",
                f'<span style="{html.QUIET}">{escape(task.action)}</span>',
                axis.bar(step),
                f'<span style="white-space:nowrap">{span(step.took(axis.now))}</span>',
            ),
            pale,
        )
    ]
    about = _about(chronicle, execution, task, axis, depth)
    if about:
        rows.append(f'<tr style="background:none"><td></td><td colspan="4" style="{html.CELL}">{about}</td></tr>')
    return rows


def _about(chronicle: Chronicle, execution: ExecutionRecord, task: TaskRecord, axis: _Axis, depth: int) -> str:
    """What there is to say of a task besides its bar."""
    step = task.step
    parts = []
    if step.note:
        style = html.QUIET if step.status is Status.SUCCESS else f"color:{html.COLOURS[step.status]}"
        parts.append(f'<div style="{style}">{html.prose(step.note)}</div>')
    if step.attempts > 1:
        parts.append(f'<div style="{html.QUIET}">attempt {step.attempts}</div>')
    if step.waits and step.waits[-1].note and step.status is not Status.SUCCESS:
        parts.append(f'<div style="{html.QUIET}">{escape(step.waits[-1].note)}</div>')
    parts += [f'<div style="{html.QUIET}">{escape(words)}</div>' for words in step.answered]
    if task.items is not None:
        parts.append(_loop(chronicle, execution, task, axis, depth))
    elif step.outputs:
        parts.append(outputs_table(step.outputs))
    if depth < DEEPEST and task.items is None:
        parts += [_child(chronicle, each, axis.now, depth) for each in chronicle.children(execution.id, step)]
    return "".join(parts)


def _loop(chronicle: Chronicle, execution: ExecutionRecord, task: TaskRecord, axis: _Axis, depth: int) -> str:
    items = task.items or []
    squares = [(each.status, _item_words(each, axis.now)) for each in items]
    counts: dict[Status, int] = {}
    for status, _ in squares:
        counts[status] = counts.get(status, 0) + 1
    told = ", ".join(f"{count:,} {status}" for status, count in counts.items())
    parts = [html.grid(squares)]
    shown = sorted(items[: html.GRID_LIMIT], key=lambda each: each.status is not Status.FAILED)[:ITEMS_LISTED]
    rows = [
        html.row(
            (
                html.dot(each.status),
                escape(item_label(each.value, each.item)),
                span(each.took(axis.now)),
                (html.prose(each.note) if each.note else "") + outputs_table(each.outputs),
            )
        )
        for each in shown
    ]
    left = f"<div>… and {len(items) - len(shown):,} more</div>" if len(items) > len(shown) else ""
    parts.append(html.fold(f"{len(items):,} items: {told}", html.table(rows) + left))
    if task.step.outputs:
        parts.append(outputs_table(task.step.outputs))
    if depth < DEEPEST:
        telling = [each for each in items if each.status in (Status.FAILED, Status.WAITING)][:CHILDREN_SHOWN]
        for each in telling:
            parts += [_child(chronicle, child, axis.now, depth) for child in chronicle.children(execution.id, each)]
    return "".join(parts)


def _child(chronicle: Chronicle, child: ExecutionRecord, now: datetime | None, depth: int) -> str:
    summary = f"{html.dot(child.shown_status)} <code>{escape(child.id)}</code> {escape(child.start.template_name)}"
    is_open = child.shown_status in (Status.FAILED, Status.WAITING)
    return html.fold(summary, _body(chronicle, child, now, depth + 1), is_open=is_open)


def _item_words(step: Step, now: datetime | None) -> str:
    took = span(step.took(now))
    note = step.note if len(step.note) <= 200 else f"{step.note[:199]}…"
    return " · ".join(filter(None, (item_label(step.value, step.item), str(step.status), took, note)))


def _dashed(note: str) -> str:
    return f" – {escape(note)}" if note else ""


class _Axis:
    """The time axis of an execution: from its start to its end, or to now."""

    def __init__(self, execution: ExecutionRecord, now: datetime | None) -> None:
        self.now = now if execution.ended is None else None
        self._start = execution.start.at
        end = execution.ended or now or execution.updated or execution.start.at
        self._length = max((end - self._start) / timedelta(microseconds=1), 1.0)
        self._end = end

    def bar(self, step: Step) -> str:
        """When a task was under way; spans in which it waited are pale."""
        if step.started is None:
            return ""
        colour = html.COLOURS[step.status]
        segments = []
        at = step.started
        for wait in step.waits:
            segments.append((self._place(at), self._place(wait.since), colour, 1.0))
            at = wait.until or step.ended or self._end
            segments.append((self._place(wait.since), self._place(at), html.COLOURS[Status.WAITING], 0.4))
        segments.append((self._place(at), self._place(step.ended or self._end), colour, 1.0))
        return html.bar(segments)

    def _place(self, at: datetime) -> float:
        return max(0.0, min(1.0, ((at - self._start) / timedelta(microseconds=1)) / self._length))

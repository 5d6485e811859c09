"""`oos execution show`: what was asked, what each task did, and what came of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.meant import ANY, execution_argument, meant
from oos.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oos.app.app import App
    from oos.cli.story_tree import ExecutionNode, TaskNode
    from oos.values.json import Value

MANY_ITEMS: Final = 20
"""Of a longer loop only the items that did not end well are shown."""
MARKS: Final = {"Success": "✓", "Failed": "✗", "Skipped": "–", "Cancelled": "◼", "Running": "▸", "Waiting": "?"}
PLAIN_MARKS: Final = {"Success": "+", "Failed": "x", "Skipped": "-", "Cancelled": "!", "Running": ">", "Waiting": "?"}


@click.command(cls=Command)
@execution_argument
@click.option("--full", is_flag=True, help="Every event of it and its children, with whole values.")
@click.pass_obj
def show(session: Session, execution: str, full: bool) -> int:
    """Tell the story of an execution: what was asked, each task with its targets and outputs, and how it ended.

    Without EXECUTION, or with the word last, that of the newest.
    """
    from oos.cli.owners import look, shown_status, standing
    from oos.cli.printing import print_document
    from oos.cli.record import execution_record

    app = session.app
    execution = meant(app, execution, ANY)
    if session.is_json:
        known = look(app, execution)
        summary = app.journal.summary(execution)
        assert summary is not None, execution
        print_document(session, execution_record(known, shown_status(app, summary, standing(app))))
        return exits.SUCCESS
    if full:
        from oos.cli.audit_show import print_story

        print_story(app, execution)
        return exits.SUCCESS
    from oos.cli.follow.tail import Tail
    from oos.cli.story_tree import story_tree

    node = story_tree(Tail(app, execution).news())[execution]
    _Glance(app).show(node)
    return exits.SUCCESS


class _Glance:
    """Prints the tree of an execution so that it can be read at a glance."""

    def __init__(self, app: App) -> None:
        from oos.cli.printing import terminal_width
        from oos.cli.session import is_terminal

        self._app = app
        self._width = terminal_width() if is_terminal(sys.stdout) else 10_000
        self._marks = MARKS if (sys.stdout.encoding or "").lower().startswith("utf") else PLAIN_MARKS

    def show(self, node: ExecutionNode) -> None:
        from oos.cli.printing import print_title

        self._head(node)
        if node.tasks:
            print()
            self._tasks(node, 0)
        if node.ended is not None and node.ended.outputs:
            print()
            print_title("Outputs")
            from oos.cli.printing import print_facts, rows_of

            print_facts(rows_of(node.ended.outputs), indent=2)

    def _head(self, node: ExecutionNode) -> None:
        from oos.cli.printing import print_facts, print_title
        from oos.cli.words import between, say, when

        start = node.start
        print_title(start.execution_id)
        status = self._status(node)
        took = between(start.at, node.ended.at if node.ended else None)
        remarks = [f"{when(event.at)}  {say(event)}" for event in node.remarks]
        parent = f"task {start.parent_task} of {start.parent_id}" if start.parent_id else ""
        print_facts(
            [
                ("Template", " ".join(filter(None, (start.template_name, start.template_version)))),
                ("Status", status + (f" in {took}" if took else "")),
                ("Why", " ".join(filter(None, (node.ended.code, node.ended.message))) if node.ended else ""),
                ("Driver", "" if node.ended else self._driver(node)),
                ("Started", f"{when(start.at)} by {start.by}" + (f", {parent}" if parent else "")),
                ("For", start.description),
                ("Region", start.region),
                ("Mode", "" if start.mode == "Automatic" else str(start.mode)),
                ("Parameters", "\n".join(f"{name} = {value}" for name, value in self._values(start.parameters))),
                ("Told", "\n".join(remarks)),
            ]
        )

    def _status(self, node: ExecutionNode) -> str:
        from oos.cli.owners import shown_status, standing

        if node.ended is not None:
            return str(node.ended.status)
        summary = self._app.journal.summary(node.start.execution_id)
        return "Running" if summary is None else shown_status(self._app, summary, standing(self._app))

    def _driver(self, node: ExecutionNode) -> str:
        """Who drives it; where nobody does, how it goes on."""
        from oos.cli.words import when
        from oos.values.identifiers import root_execution_id

        id_ = root_execution_id(node.start.execution_id)
        holder = self._app.locks.holder(id_)
        if holder is not None:
            return holder
        summary = self._app.journal.summary(id_)
        later = f"oos serve takes it up at {when(summary.due)}, " if summary is not None and summary.due else ""
        return f"nobody; {later}oos execution resume {id_} goes on with it"

    def _values(self, values: Mapping[str, Value]) -> list[tuple[str, str]]:
        from oos.cli.printing import shorten
        from oos.values.json import json_text

        texts = ((name, value if isinstance(value, str) else json_text(value)) for name, value in values.items())
        return [(name, shorten(text, max(20, self._width - 30))) for name, text in texts]

    def _tasks(self, node: ExecutionNode, depth: int) -> None:
        width = max((len(task.name) for task in node.tasks.values()), default=0)
        for task in node.tasks.values():
            self._line(task, depth, width, self._counts(task))
            shown = {
                number: item
                for number, item in task.items.items()
                if len(task.items) <= MANY_ITEMS or item.status not in ("Success", "Skipped")
            }
            item_width = max((len(item.name) for item in shown.values()), default=0)
            for _, item in sorted(shown.items()):
                self._line(item, depth + 1, item_width, "")
                self._children(item, depth + 1)
            self._children(task, depth)

    def _children(self, task: TaskNode, depth: int) -> None:
        """The child executions of a task; where all went well, its outputs say enough."""
        if task.status == "Success" and depth:
            return
        for child in task.children:
            self._tasks(child, depth + 1)

    def _counts(self, task: TaskNode) -> str:
        if task.labels is None:
            return ""
        done = sum(item.status == "Success" for item in task.items.values())
        failed = sum(item.status == "Failed" for item in task.items.values())
        text = f"{done} of {len(task.labels)} done"
        return text + (f", {failed} failed" if failed else "")

    def _line(self, task: TaskNode, depth: int, width: int, counts: str) -> None:
        from oos.cli.printing import STYLES, dim, paint, shorten
        from oos.cli.words import between, span

        took = between(task.started, task.ended)
        if task.ended is None:
            from oos.app.app import now

            took = f"{span(now() - task.started)} so far"
        mark = paint(self._marks[task.status], STYLES.get(str(task.status), ""), sys.stdout)
        attempt = f"attempt {task.attempts}" if task.attempts > 1 else ""
        outputs = "" if task.labels is not None else ", ".join(f"{n}: {v}" for n, v in self._values(task.outputs))
        rest = "  ".join(filter(None, (counts, attempt, task.note, outputs)))
        head = f"{'  ' * depth}{self._marks[task.status]} {task.name.ljust(width)}  {took.ljust(7)}  "
        shown = f"{'  ' * depth}{mark} {task.name.ljust(width)}  {dim(took.ljust(7), sys.stdout)}  "
        if task.status == "Failed":
            # Why something failed is never cut: it is what one came to read.
            print(f"{shown}{rest}".rstrip())
        else:
            print(f"{shown}{shorten(rest, max(10, self._width - len(head)))}".rstrip())

"""`oos audit list` and `show`: who did what, and all that is recorded of it."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.meant import ANY, execution_argument, meant
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.audit.story import StoryLine
    from oos.journal.port import Summary


@click.command("list", cls=Command)
@click.option("--by", default="", metavar="NAME", help="Only what this person started.")
@click.option("--since", default="", metavar="TIME", help="Only what started then or later, such as 2026-01-31.")
@click.option("--template", default="", metavar="TEXT", help="Only templates whose name contains this.")
@click.option("-n", "--limit", type=click.IntRange(1), default=50, show_default=True, help="Most to list.")
@click.pass_obj
def list_record(session: Session, by: str, since: str, template: str, limit: int) -> None:
    """List who did what, newest first."""
    from oos.cli.owners import shown_status, standing
    from oos.cli.printing import Column, print_list
    from oos.cli.record import summary_record
    from oos.cli.words import base_name, when
    from oos.journal.port import ExecutionFilter

    app = session.app
    earliest = _instant(since) if since else None
    families = standing(app)
    found: list[Summary] = []
    before = ""
    while len(found) < limit:
        page = app.journal.summaries(ExecutionFilter((), template, "", 100, before))
        found += [each for each in page if by in ("", each.by) and (earliest is None or each.started >= earliest)]
        if len(page) < 100 or (earliest is not None and page[-1].started < earliest):
            break
        before = page[-1].execution_id
    columns = [
        Column("STARTED"),
        Column("BY"),
        Column("EXECUTION"),
        Column("RESULT", is_state=True),
        Column("TEMPLATE", flexible=True),
    ]
    states = [(each, shown_status(app, each, families)) for each in found[:limit]]
    rows = [
        [when(each.started)[:16], each.by, each.execution_id, state, base_name(each.template_name)]
        for each, state in states
    ]
    print_list(session, [summary_record(each, state) for each, state in states], columns, rows, "nothing is recorded")


@click.command(cls=Command)
@execution_argument
@click.pass_obj
def show(session: Session, execution: str) -> int:
    """Tell everything that is recorded of an execution and its children, in order; secrets are masked.

    Without EXECUTION, of the newest.
    """
    from oos.audit.reading import export_document
    from oos.cli.printing import print_document

    app = session.app
    execution = meant(app, execution, ANY)
    if session.is_json:
        require(app, execution)
        print_document(session, export_document(app.journal, app.codec, execution))
        return exits.SUCCESS
    print_story(app, execution)
    return exits.SUCCESS


def print_story(app: App, execution_id: str) -> None:
    """Every event, one after the other, children indented below the task that started them."""
    from oos.audit.reading import happenings
    from oos.audit.story import story

    require(app, execution_id)
    for line in story(happenings(app.journal, app.codec, execution_id), lambda start, task: _asked(app, start, task)):
        _print_line(line)


def require(app: App, execution_id: str) -> None:
    """Raise ExecutionAbsent unless there is such an execution."""
    from oos.engine.errors import ExecutionAbsent

    if app.journal.summary(execution_id) is None:
        raise ExecutionAbsent(execution_id)


def _asked(app: App, start: object, task_name: str) -> str:
    """What a task does, by its action: `ECS.CreateSnapshot`, `ACS::Sleep`."""
    from oos.execution.events import ExecutionStarted

    assert isinstance(start, ExecutionStarted)
    text = app.journal.content(start.template_hash)
    if text is None:
        return ""
    checked = app.template_cache.checked(text.decode(), start.template_name)
    for task in checked.template.tasks:
        if task.name == task_name:
            service, api = task.properties.get("Service"), task.properties.get("API")
            if service is not None and api is not None and service.is_literal and api.is_literal:
                return f"{service.raw}.{api.raw}"
            return task.action
    return ""


def _print_line(line: StoryLine) -> None:
    from oos.cli.printing import dim
    from oos.cli.words import span, when
    from oos.values.json import to_text

    indent = "  " * line.depth
    text = " ".join(line.text.split())
    by = f" by {line.by}" if line.by and not text.endswith(f" by {line.by}") else ""
    took = f" ({span(line.took)})" if line.took is not None else ""
    path = counted_from_one(line.path)
    where = f"{path} " if path else f"{line.execution_id} "
    print(f"{dim(when(line.at), sys.stdout)}  {indent}{where}{text}{by}{took}")
    if line.observed in (None, {}, []):
        return
    match line.observed:
        case dict() as fields:
            values = [(str(name), value) for name, value in fields.items()]
        case list() as items:
            values = [(str(number), value) for number, value in enumerate(items, 1)]
        case value:
            values = [("saw", value)]
    for name, value in values:
        print(f"{' ' * 21}{indent}  {dim(name, sys.stdout)} {to_text(value)}")


def counted_from_one(path: str) -> str:
    """A path as people count: `snapshot[0]` is the first item."""
    return re.sub(r"\[(\d+)\]$", lambda found: f"[{int(found[1]) + 1}]", path)


def _instant(text: str) -> datetime:
    from oos.values.time import parse_instant

    try:
        return parse_instant(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error

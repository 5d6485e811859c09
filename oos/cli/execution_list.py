"""`oos execution list`: executions, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from oos.cli.lazy import Command
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.journal.port import ExecutionFilter, Summary

STATUSES = ("Running", "Waiting", "Interrupted", "Success", "Failed", "Cancelled")


@click.command("list", cls=Command)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(STATUSES, case_sensitive=False),
    metavar="STATUS",
    help=f"Only those that are {', '.join(STATUSES)}; may be repeated.",
)
@click.option("--template", default="", metavar="TEXT", help="Only those whose template's name contains this.")
@click.option("--children", is_flag=True, help="Child executions too.")
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="Most to list.")
@click.option("--before", default="", metavar="EXECUTION", help="Only those older than this one.")
@click.option("--wide", is_flag=True, help="Who started it, and why it failed or waits, too.")
@click.pass_obj
def list_executions(
    session: Session,
    statuses: tuple[str, ...],
    template: str,
    children: bool,
    limit: int,
    before: str,
    wide: bool,
) -> None:
    """List executions, newest first.

    An execution is Interrupted when there is something to do in it and no process drives it: oos execution resume goes
    on with it. One that waits for a person or for a later time is Waiting, whether or not a process drives it.
    """
    from oos.cli.printing import Column, print_list
    from oos.cli.record import summary_record
    from oos.cli.words import base_name, between, when
    from oos.journal.port import ExecutionFilter

    app = session.app
    found = _select(app, ExecutionFilter((), template, None if children else "", limit, before), set(statuses))
    columns = [
        Column("EXECUTION"),
        Column("STATUS", is_state=True),
        Column("STARTED"),
        Column("TOOK", align_right=True),
        Column("TEMPLATE", flexible=True),
    ]
    rows = [
        [
            each.execution_id,
            status,
            when(each.started)[:16],
            between(each.started, each.ended),
            base_name(each.template_name),
        ]
        for each, status in found
    ]
    if wide:
        columns += [Column("BY"), Column("MESSAGE", flexible=True)]
        rows = [[*row, each.by, each.message] for row, (each, _) in zip(rows, found, strict=True)]
    print_list(session, [summary_record(each, status) for each, status in found], columns, rows, "no executions")


def _select(app: App, filter_: ExecutionFilter, statuses: set[str]) -> list[tuple[Summary, str]]:
    """Executions with their status as people should see it; pages are read until enough are found."""
    from dataclasses import replace

    from oos.cli.owners import shown_status, standing

    families = standing(app)
    wanted = {each.casefold() for each in statuses}
    found: list[tuple[Summary, str]] = []
    page = filter_
    while True:
        summaries = app.journal.summaries(page)
        for each in summaries:
            status = shown_status(app, each, families)
            if not wanted or status.casefold() in wanted:
                found.append((each, status))
        if len(summaries) < page.limit or len(found) >= filter_.limit:
            return found[: filter_.limit]
        page = replace(page, before=summaries[-1].execution_id)

"""`oos schedule show`: a trigger, and what its last firings became."""

from __future__ import annotations

import click

from oos.cli.lazy import Command
from oos.cli.meant import TRIGGER, execution_argument, meant
from oos.cli.session import Session

FIRINGS_SHOWN = 10


@click.command(cls=Command)
@execution_argument
@click.pass_obj
def show(session: Session, execution: str) -> None:
    """Show a trigger and its last firings."""
    from oos.cli.failures import stop
    from oos.cli.owners import is_driven
    from oos.cli.printing import Column, print_document, print_facts, print_table
    from oos.cli.record import summary_record
    from oos.cli.schedule_list import trigger_record
    from oos.cli.words import base_name, between, when
    from oos.engine.errors import ExecutionAbsent
    from oos.journal.port import ExecutionFilter, Firing

    app = session.app
    execution = meant(app, execution, TRIGGER)
    summary = app.journal.summary(execution)
    if summary is None:
        raise ExecutionAbsent(execution)
    if summary.category in ("", "Other"):
        raise stop(f"{execution} is no trigger", code="EntityNotExists.Execution", hint="see oos schedule list")
    firing = summary.firing or Firing()
    last = app.journal.summaries(ExecutionFilter(parent_id=execution, limit=FIRINGS_SHOWN))
    if session.is_json:
        children = [summary_record(each, str(each.status)) for each in last]
        print_document(session, {**trigger_record(summary, firing), "LastFirings": children})
        return
    carried = is_driven(app, execution) or (summary.due is not None and not summary.status.final)
    print_facts(
        [
            ("Trigger", execution),
            ("Template", base_name(summary.template_name)),
            ("Kind", summary.category),
            ("Status", f"Paused by {firing.paused_by}" if firing.paused_by else str(summary.status)),
            ("Next", when(firing.next) if firing.next else ""),
            ("Ends", when(firing.ends) if firing.ends else ""),
            ("Fired", f"{firing.fired} times, {firing.missed} missed, {firing.running} running"),
            ("Last success", when(firing.last_success) if firing.last_success else ""),
            ("Last message", firing.last_message),
            ("Note", "" if carried or summary.status.final else "nobody carries it: start oos serve"),
        ]
    )
    if last:
        print()
        columns = [Column("FIRING"), Column("STATUS", is_state=True), Column("STARTED"), Column("TOOK")]
        rows = [
            [each.execution_id, str(each.status), when(each.started), between(each.started, each.ended)]
            for each in last
        ]
        print_table(columns, rows)

"""`oos schedule list, next`: which triggers there are, and when they fire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from oos.cli.complete import EXECUTION
from oos.cli.lazy import Command
from oos.cli.options import Duration
from oos.cli.session import Session

if TYPE_CHECKING:
    from datetime import datetime

    from oos.app.app import App
    from oos.journal.port import Firing, Summary
    from oos.schedule.timer import Timer

MOST = 10_000


@click.command("list", cls=Command)
@click.option("--all", "everything", is_flag=True, help="Those that have ended, too.")
@click.pass_obj
def list_schedules(session: Session, everything: bool) -> None:
    """List triggers, those that fire next first.

    A trigger is an execution whose template begins with a trigger: start one with oos run. It fires as long as a
    process carries it: oos serve.
    """
    from oos.cli.printing import Column, print_list
    from oos.cli.words import base_name, when

    found = triggers(session.app, everything=everything)
    rows = [
        [
            each.execution_id,
            _status(each),
            when(firing.next)[:16] if firing.next else "",
            when(firing.last)[:16] if firing.last else "",
            firing.last_status,
            str(firing.fired),
            str(firing.missed),
            base_name(each.template_name),
        ]
        for each, firing in found
    ]
    columns = [
        Column("TRIGGER"),
        Column("STATUS", is_state=True),
        Column("NEXT"),
        Column("LAST"),
        Column("RESULT", is_state=True),
        Column("FIRED", align_right=True),
        Column("MISSED", align_right=True),
        Column("TEMPLATE", flexible=True),
    ]
    print_list(session, [trigger_record(each, firing) for each, firing in found], columns, rows, "no triggers")


@click.command("next", cls=Command)
@click.argument("execution", required=False, type=EXECUTION)
@click.option("--cron", default="", metavar="EXPRESSION", help="Of this expression of six fields instead.")
@click.option("--rate", default="", metavar="RATE", help="Of this rate instead, such as '30 minutes'.")
@click.option("--zone", default="UTC", show_default=True, metavar="NAME", help="The time zone of --cron.")
@click.option("--within", type=Duration(), default="365d", show_default=True, metavar="TIME", help="How far to look.")
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="Most to print.")
@click.pass_obj
def upcoming(
    session: Session, execution: str | None, cron: str, rate: str, zone: str, within: float, limit: int
) -> None:
    """Print when triggers fire next: of one execution, of all of them, or of an expression to be tried."""
    from datetime import timedelta
    from heapq import merge
    from itertools import islice, takewhile

    from oos.app.app import now
    from oos.cli.printing import Column, print_list
    from oos.schedule.timer import read_timer
    from oos.values.time import format_instant

    begin = now()
    end = begin + timedelta(seconds=within)
    if cron or rate:
        timers = [("", read_timer("cron" if cron else "rate", cron or rate, armed=begin, zone=zone))]
    else:
        timers = list(_timers(session.app, execution))
    streams = [_labelled(name, timer, begin) for name, timer in timers]
    found = list(islice(takewhile(lambda each: each[0] <= end, merge(*streams)), limit))
    documents = [{"Time": format_instant(at), **({"ExecutionId": name} if name else {})} for at, name, _ in found]
    rows = [[format_instant(at), local, *([name] if name else [])] for at, name, local in found]
    columns = [Column("UTC"), Column("IN ITS ZONE"), *([] if cron or rate else [Column("TRIGGER")])]
    print_list(session, documents, columns, rows, "nothing fires in that time")


def _labelled(name: str, timer: Timer, begin: datetime) -> Iterator[tuple[datetime, str, str]]:
    for instant in timer.firings(begin):
        yield instant, name, f"{instant.astimezone(timer.zone):%a %Y-%m-%d %H:%M:%S %Z}"


def _timers(app: App, execution_id: str | None) -> Iterator[tuple[str, Timer]]:
    """The timers of one execution, or of all that are armed and not paused."""
    from oos.app.app import now
    from oos.cli.failures import stop
    from oos.execution.scope import scope_now
    from oos.execution.triggers import is_timer, timer_of

    ids = [execution_id] if execution_id else [each.execution_id for each, _ in triggers(app, everything=False)]
    for id_ in ids:
        execution = app.engine.look(id_)
        current = execution.current
        armed = current is not None and current.trigger is not None and is_timer(current.task)
        if current is None or current.trigger is None or not armed:
            if execution_id:
                raise stop(f"{id_} is no armed timer", code="NotAllowed")
            continue
        if not current.trigger.paused_by or execution_id:
            yield id_, timer_of(current.task, scope_now(execution, now()), current.started)


def triggers(app: App, *, everything: bool) -> list[tuple[Summary, Firing]]:
    """Executions that are triggers, those that fire next first."""
    from datetime import UTC, datetime

    from oos.execution.status import Status
    from oos.journal.port import ExecutionFilter, Firing

    statuses = () if everything else tuple(each for each in Status if not each.final)
    found = [
        (each, each.firing or Firing())
        for each in app.journal.summaries(ExecutionFilter(statuses, limit=MOST))
        if each.category not in ("", "Other")
    ]
    never = datetime.max.replace(tzinfo=UTC)
    return sorted(found, key=lambda pair: (pair[0].status.final, pair[1].next or never, pair[0].execution_id))


def _status(summary: Summary) -> str:
    firing = summary.firing
    return "Paused" if firing is not None and firing.paused_by and not summary.status.final else str(summary.status)


def trigger_record(summary: Summary, firing: Firing) -> dict[str, Any]:
    """A trigger as programs read it; names of spec 6.5 where it has them."""
    from oos.values.time import format_instant

    def instant(value: datetime | None) -> str | None:
        return None if value is None else format_instant(value)

    return {
        "ExecutionId": summary.execution_id,
        "TemplateName": summary.template_name,
        "Category": summary.category,
        "Status": _status(summary),
        "ExecutedBy": summary.by,
        "StartDate": instant(summary.started),
        "NextTriggerTime": instant(firing.next),
        "TriggerEndDate": instant(firing.ends),
        "LastTriggerTime": instant(firing.last),
        "LastTriggerStatus": firing.last_status,
        "LastTriggerStatusMessage": firing.last_message,
        "LastSuccessfulTriggerTime": instant(firing.last_success),
        "Fired": firing.fired,
        "Missed": firing.missed,
        "Running": firing.running,
        "PausedBy": firing.paused_by,
    }

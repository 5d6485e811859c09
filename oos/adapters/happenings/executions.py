"""Executions that start and end (spec 6.5, system events), found in the journal: those of every process are seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from oos.adapters.happenings.polling import Poll
from oos.execution.status import Status
from oos.fleet.hypervisor import Subscription
from oos.journal.port import ExecutionFilter, Journal, Summary
from oos.schedule.pattern import Happening
from oos.values.identifiers import client_token, root_execution_id
from oos.values.time import format_instant

SECONDS: Final = 2.0
UNFINISHED: Final = tuple(each for each in Status if not each.final)
NEWEST: Final = 100
TOLD: Final = (Status.SUCCESS, Status.FAILED)


def watch_executions(
    journal: Journal, owner: str, tell: Callable[[Happening], None], now: Callable[[], datetime], pace: float
) -> Subscription:
    """Tell of executions that started, succeeded or failed, and of the children of triggers.

    Those of the trigger that listens are left out: what it starts would fire it again, for ever.
    """
    known: dict[str, bool] | None = None
    """Whether each has ended."""

    def look() -> None:
        nonlocal known
        found = _executions(journal)
        seen = {each.execution_id: each for each in found if root_execution_id(each.execution_id) != owner}
        if known is None:
            known = {id_: each.status.final for id_, each in seen.items()}
            return
        for id_ in [id_ for id_, ended in known.items() if not ended and id_ not in seen]:
            summary = journal.summary(id_)
            if summary is not None:
                seen[id_] = summary
        for id_, summary in sorted(seen.items(), key=lambda pair: pair[1].started):
            if id_ not in known:
                tell(_happening(summary, Status.STARTED, now()))
            if summary.status.final and not known.get(id_, False) and summary.status in TOLD:
                tell(_happening(summary, summary.status, now()))
        known = {id_: each.status.final for id_, each in seen.items()}

    return Poll("executions", SECONDS * pace, look)


def _executions(journal: Journal) -> Iterator[Summary]:
    """Those that have not ended, the newest of the others, and the newest children of triggers."""
    unfinished = journal.summaries(ExecutionFilter(UNFINISHED, limit=10_000))
    yield from journal.summaries(ExecutionFilter(limit=NEWEST))
    yield from unfinished
    for each in unfinished:
        if each.category not in ("", "Other"):
            yield from journal.summaries(ExecutionFilter(parent_id=each.execution_id, limit=NEWEST))


def _happening(summary: Summary, status: Status, at: datetime) -> Happening:
    return Happening(
        product="OOS",
        name="Execution:ExecutionStatusChange",
        region=summary.region,
        at=at,
        level="WARN" if status is Status.FAILED else "INFO",
        content={
            "resourceId": summary.execution_id,
            "executionId": summary.execution_id,
            "status": str(status),
            "templateName": summary.template_name,
            "executedBy": summary.by,
            "startTime": format_instant(summary.started),
            "endTime": format_instant(summary.ended) if summary.ended else "",
            "statusMessage": summary.message,
            "parentExecutionId": summary.parent_id,
        },
        id=client_token("execution-event", summary.execution_id, str(status)),
    )

"""Owners: whether any living process drives an execution, and the status that follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oos.values.identifiers import root_execution_id

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.execution.model import Execution
    from oos.journal.port import Summary

INTERRUPTED = "Interrupted"
"""Our word for an execution that has not ended, has something to do, and that nobody drives."""
WAITING = "Waiting"
"""For a person, or (with nobody to drive it meanwhile) for a later time."""


def look(app: App, execution_id: str) -> Execution:
    """The state of an execution as the journal tells it, without an engine. Raises ExecutionAbsent, JournalFailed."""
    from oos.engine.replay import replay_with_outer

    return replay_with_outer(app.journal, app.codec, app.template_cache, execution_id)


def is_driven(app: App, execution_id: str) -> bool:
    """Whether a process on this host drives the execution."""
    return app.locks.is_owned(root_execution_id(execution_id))


def waiting_roots(app: App) -> frozenset[str]:
    """Executions in whose family somebody waits for a person."""
    from oos.execution.status import Status, WaitReason
    from oos.journal.port import ExecutionFilter

    waiting = app.journal.summaries(ExecutionFilter((Status.WAITING,), parent_id=None, limit=1000))
    # A trigger waits for its next firing, not for anybody.
    return frozenset(each.root_id for each in waiting if each.waiting != WaitReason.TRIGGER)


def shown_status(app: App, summary: Summary, waiting_roots: frozenset[str] = frozenset()) -> str:
    """The status of an execution as people should see it: with its driver and its descendants in mind."""
    if summary.status.final:
        return str(summary.status)
    if not is_driven(app, summary.execution_id):
        return INTERRUPTED if _is_due(summary) else WAITING
    return WAITING if summary.execution_id in waiting_roots else str(summary.status)


def _is_due(summary: Summary) -> bool:
    """Whether somebody should drive it now; one that waits for a person, or for a later time, needs nobody."""
    from oos.app.app import now

    return summary.due is not None and summary.due <= now()

"""Owners: whether any living process drives an execution, and the status that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
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
MOST = 1000
"""How many executions that have not ended are looked at."""


def look(app: App, execution_id: str) -> Execution:
    """The state of an execution as the journal tells it, without an engine. Raises ExecutionAbsent, JournalFailed."""
    from oos.engine.replay import replay_with_outer

    return replay_with_outer(app.journal, app.codec, app.template_cache, execution_id)


def is_driven(app: App, execution_id: str) -> bool:
    """Whether a process on this host drives the execution."""
    return app.locks.is_owned(root_execution_id(execution_id))


@dataclass(frozen=True, slots=True)
class Standing:
    """How families stand as a whole, by the ids of their roots."""

    waiting: frozenset[str]
    """Those in which somebody waits for a person."""
    due: frozenset[str]
    """Those in which something is to be done now, by the root or by a descendant."""


def standing(app: App) -> Standing:
    """How all executions stand that have not ended."""
    from oos.app.app import now
    from oos.execution.status import Status, WaitReason
    from oos.journal.port import ExecutionFilter

    waiting = app.journal.summaries(ExecutionFilter((Status.WAITING,), parent_id=None, limit=MOST))
    return Standing(
        # A trigger waits for its next firing, not for anybody.
        frozenset(each.root_id for each in waiting if each.waiting != WaitReason.TRIGGER),
        frozenset(app.journal.due(now(), MOST)),
    )


def shown_status(app: App, summary: Summary, families: Standing) -> str:
    """The status of an execution as people should see it: with its driver and its descendants in mind."""
    if summary.status.final:
        return str(summary.status)
    if not is_driven(app, summary.execution_id):
        return INTERRUPTED if summary.root_id in families.due else WAITING
    return WAITING if summary.execution_id in families.waiting else str(summary.status)

"""Replay: an execution and its descendants as their journal tells them."""

from __future__ import annotations

from collections.abc import Iterator

from oos.engine.errors import ExecutionAbsent
from oos.engine.templates import TemplateCache
from oos.execution.events import AnyEvent, ExecutionStarted
from oos.execution.inner import inherit, link
from oos.execution.model import Execution
from oos.execution.record import begin, record
from oos.journal.codec import Codec
from oos.journal.port import Journal, JournalDamaged


def read_events(journal: Journal, codec: Codec, execution_id: str, after: int = 0) -> Iterator[tuple[bytes, AnyEvent]]:
    """The events of one execution, each with the hash of its entry. Raises JournalFailed."""
    for entry in journal.entries(execution_id, after):
        try:
            yield entry.hash, codec.decode(entry.payload, journal.content)
        except ValueError as error:
            raise JournalDamaged(f"{execution_id} event {entry.sequence} cannot be read: {error}") from error


def replay(journal: Journal, codec: Codec, templates: TemplateCache, execution_id: str) -> Execution:
    """The state of one execution. Raises ExecutionAbsent, JournalFailed."""
    execution: Execution | None = None
    for hash_, event in read_events(journal, codec, execution_id):
        if execution is None:
            if not isinstance(event, ExecutionStarted):
                raise JournalDamaged(f"{execution_id} does not begin with its start")
            text = journal.content(event.template_hash)
            if text is None:
                raise JournalDamaged(f"the template that {execution_id} started with is missing from the content store")
            execution = begin(event, templates.checked(text.decode(), event.template_name, event.loop_path))
        else:
            record(execution, event)
        execution.head = hash_
    if execution is None:
        raise ExecutionAbsent(execution_id)
    return execution


def replay_with_outer(journal: Journal, codec: Codec, templates: TemplateCache, execution_id: str) -> Execution:
    """The state of one execution that sees the names around it. Raises ExecutionAbsent, JournalFailed."""
    execution = replay(journal, codec, templates, execution_id)
    if execution.start.loop_path:
        outer = replay_with_outer(journal, codec, templates, execution.start.parent_id)
        link(execution, outer)
        inherit(execution, outer)
    return execution

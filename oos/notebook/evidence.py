"""Evidence: what the journal holds of an execution and its descendants, as far as a document speaks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from oos.audit.story import Happening, StoryLine, story
from oos.engine.errors import ExecutionAbsent
from oos.engine.replay import read_events
from oos.execution.events import NO_ITEM, ExecutionStarted
from oos.notebook.chronicle import Chronicle, ExecutionRecord, Step
from oos.notebook.run import template_reader
from oos.values.json import Value
from oos.values.time import format_instant
from oos.values.words import masked

if TYPE_CHECKING:
    from oos.app.app import App


@dataclass(frozen=True, slots=True)
class Evidence:
    """The events of a family of executions, each with the hash of its entry."""

    root_id: str
    happenings: tuple[Happening, ...]
    hashes: Mapping[str, tuple[str, ...]]
    """By execution: the hash of each of its entries, in hex, in order."""
    text: str
    """The template that the execution pins."""
    chronicle: Chronicle = field(repr=False)

    @property
    def root(self) -> ExecutionRecord:
        """The execution that this is about."""
        found = self.chronicle.root
        assert found is not None, self.root_id
        return found

    @property
    def story(self) -> tuple[StoryLine, ...]:
        """What happened, in order."""
        return story(self.happenings)

    def heads(self) -> dict[str, list[Value]]:
        """By execution: how many entries it had, and the hash of the last."""
        return {id_: [len(hashes), hashes[-1]] for id_, hashes in self.hashes.items()}

    def entry_of(self, task: str) -> list[Value] | None:
        """Execution, sequence and hash of the entry that ended a task; None while it has not ended."""
        sequence = self.root.tasks[task].step.sequence if task in self.root.tasks else 0
        return [self.root_id, sequence, self.hashes[self.root_id][sequence - 1]] if sequence else None


def gather(app: App, execution_id: str, counts: Mapping[str, int] | None = None) -> Evidence:
    """The evidence of an execution; with `counts`, only what was there when it had so many events.

    Raises ExecutionAbsent, JournalFailed.
    """
    journal = app.journal
    happenings: list[Happening] = []
    hashes: dict[str, tuple[str, ...]] = {}
    text = ""
    for id_ in journal.family(execution_id):
        if counts is not None and id_ not in counts:
            continue
        events = read_events(journal, app.codec, id_)
        found = list(islice(events, None if counts is None else counts[id_]))
        hashes[id_] = tuple(hash_.hex() for hash_, _ in found)
        happenings += [Happening(id_, number + 1, event) for number, (_, event) in enumerate(found)]
        first = found[0][1] if found else None
        if id_ == execution_id and isinstance(first, ExecutionStarted):
            text = (journal.content(first.template_hash) or b"").decode()
    if execution_id not in hashes:
        raise ExecutionAbsent(execution_id)
    chronicle = Chronicle(execution_id, template_reader(app))
    chronicle.apply_all((each.execution_id, each.event) for each in happenings)
    return Evidence(execution_id, tuple(happenings), hashes, text, chronicle)


def facts_of_execution(record: ExecutionRecord) -> dict[str, Value]:
    """What is known of an execution as a whole, for programs; secrets masked."""
    start = record.start
    return {
        "execution": record.id,
        "template": start.template_name,
        "templateHash": start.template_hash,
        "by": start.by,
        "region": start.region,
        "mode": str(start.mode),
        "started": format_instant(start.at),
        "ended": format_instant(record.ended) if record.ended else None,
        "status": str(record.shown_status),
        "message": record.note,
        "parameters": masked(dict(start.parameters)),
        "outputs": masked(dict(record.outputs)),
        "told": [[format_instant(at), words] for at, words in record.told],
    }


def facts_of_task(evidence: Evidence, name: str) -> dict[str, Value]:
    """What is known of a task, for programs; secrets masked."""
    task = evidence.root.tasks[name]
    facts = _facts_of_step(evidence, task.step)
    if task.items is not None:
        facts["items"] = [{"item": masked(each.value), **_facts_of_step(evidence, each)} for each in task.items]
    return {"task": name, "action": task.action, **facts}


def _facts_of_step(evidence: Evidence, step: Step) -> dict[str, Value]:
    children = [each.id for each in evidence.chronicle.children(evidence.root_id, step)]
    facts: dict[str, Value] = {
        "status": str(step.status),
        "started": format_instant(step.started) if step.started else None,
        "ended": format_instant(step.ended) if step.ended else None,
        "outputs": masked(dict(step.outputs)),
        "note": step.note,
        "answered": list(step.answered),
        "children": children,
    }
    if step.item == NO_ITEM and step.attempts > 1:
        facts["attempts"] = step.attempts
    return {name: value for name, value in facts.items() if value not in ("", [], {}, None)}

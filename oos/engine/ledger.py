"""The ledger: what one turn of the engine adds to the journal, built up and committed together."""

from __future__ import annotations

from oos.execution.events import AnyEvent, ExecutionStarted, path_of
from oos.execution.kinds import category_of
from oos.execution.model import Execution
from oos.execution.record import begin, record
from oos.execution.status import Status
from oos.execution.waits import due_at
from oos.journal.chain import entry_hash, first_hash
from oos.journal.codec import Codec
from oos.journal.port import Batch, Entry, Firing, Journal, Summary
from oos.template.check import CheckedTemplate
from oos.values.identifiers import root_execution_id


class Ledger:
    """Folds events into executions and their bytes into a batch, in step."""

    def __init__(self, journal: Journal, codec: Codec) -> None:
        self._journal = journal
        self._codec = codec
        self._entries: list[Entry] = []
        self._contents: dict[str, bytes] = {}
        self._stored: set[str] = set()
        self._signals: dict[int, str] = {}
        self._touched: dict[str, Execution] = {}
        self._shown: dict[str, tuple[object, ...]] = {}

    def begin(self, event: ExecutionStarted, template: CheckedTemplate, template_text: str) -> Execution:
        """A new execution, its template pinned in the content store."""
        execution = begin(event, template)
        execution.head = first_hash(execution.id)
        if event.template_hash not in self._stored:
            self._contents[event.template_hash] = template_text.encode()
        self._add(execution, 1, event)
        return execution

    def record(self, execution: Execution, event: AnyEvent) -> None:
        """One more event of an execution."""
        record(execution, event)
        self._add(execution, execution.sequence, event)

    def answer(self, signal: int, root_id: str) -> None:
        """A signal to a family is answered by what this batch holds."""
        self._signals[signal] = root_id

    def answers(self, signal: int) -> bool:
        """Whether this batch answers a signal already."""
        return signal in self._signals

    def commit(self) -> None:
        """Make all of it durable.

        Raises JournalFailed, StartedAlready: the states are then ahead of the journal; and LeaseLost: without the
        families that are driven elsewhere it can be tried again.
        """
        if not (self._entries or self._signals):
            return
        summaries = [each for each in map(self._summary, self._touched.values()) if each is not None]
        batch = Batch(self._entries, summaries, list(self._contents.items()), list(self._signals))
        self._journal.append(batch)
        self._stored.update(self._contents)
        self._entries, self._contents, self._signals, self._touched = [], {}, {}, {}

    def drop(self, root_id: str) -> None:
        """Leave out what a family that is lost would have added."""
        self._entries = [each for each in self._entries if root_execution_id(each.execution_id) != root_id]
        self._touched = {id_: each for id_, each in self._touched.items() if root_execution_id(id_) != root_id}
        self._signals = {number: root for number, root in self._signals.items() if root != root_id}

    def forget(self, execution_id: str) -> None:
        """An execution is no longer driven here."""
        self._shown.pop(execution_id, None)

    def _add(self, execution: Execution, sequence: int, event: AnyEvent) -> None:
        payload, content = self._codec.encode(event)
        if content is not None:
            self._contents[content[0]] = content[1]
        path = path_of(event)
        execution.head = entry_hash(execution.head, sequence, path, payload)
        self._entries.append(Entry(execution.id, sequence, path, payload, execution.head))
        self._touched[execution.id] = execution

    def _summary(self, execution: Execution) -> Summary | None:
        """The summary of an execution, if a list would show something else than before."""
        waiting = execution.shown_wait
        message = str(execution.fault) if execution.fault else (waiting.note if waiting else "")
        status = execution.status if waiting is None else Status.WAITING
        shown = (status, waiting.reason if waiting else "", message, due_at(execution), _firing(execution))
        if self._shown.get(execution.id) == shown:
            return None
        self._shown[execution.id] = shown
        return summary_of(execution)


def summary_of(execution: Execution) -> Summary:
    """What a list shows of an execution."""
    waiting = execution.shown_wait
    start = execution.start
    return Summary(
        execution_id=execution.id,
        root_id=root_execution_id(execution.id),
        parent_id=start.parent_id,
        template_name=start.template_name,
        status=execution.shown_status,
        by=start.by,
        started=start.at,
        updated=execution.updated or start.at,
        ended=execution.ended,
        waiting=waiting.reason if waiting else "",
        message=str(execution.fault) if execution.fault else (waiting.note if waiting else ""),
        client_token=start.client_token,
        region=start.region,
        due=due_at(execution),
        category=category_of(execution.template.template),
        firing=_firing(execution),
    )


def _firing(execution: Execution) -> Firing | None:
    first = execution.tasks.get(execution.template.template.tasks[0].name)
    trigger = first.trigger if first is not None else None
    if trigger is None:
        return None
    return Firing(
        next=None if execution.status.final else trigger.next,
        ends=trigger.ends,
        paused_by=trigger.paused_by,
        fired=trigger.fired,
        missed=trigger.missed,
        running=len(trigger.running),
        last=trigger.last,
        last_status=str(trigger.last_status or ""),
        last_message=trigger.last_message,
        last_success=trigger.last_success,
    )

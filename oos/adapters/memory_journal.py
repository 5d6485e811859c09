"""A journal that lasts as long as the process: for tests, rehearsals and plans."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from oos.journal.port import (
    Batch,
    Entry,
    ExecutionFilter,
    JournalFailed,
    SequenceTaken,
    Signal,
    Soundness,
    StartedAlready,
    Summary,
)
from oos.values.identifiers import root_execution_id

Hook = Callable[[Batch], None]


def _nothing(_: Batch) -> None:
    """The hook of a journal that nobody watches."""


@dataclass(slots=True)
class _Kept:
    """Everything the journal remembers."""

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    summaries: dict[str, Summary] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    signals: dict[int, Signal] = field(default_factory=dict)
    sent: int = 0


class MemoryJournal:
    """The Journal port in memory.

    `on_append` is called with each batch before it is kept: what it raises leaves nothing of the batch, as a crash
    before the commit does. `on_appended` is called after: what it raises leaves all of it, and the caller does not
    know, as a crash after the commit does. Both are called on the caller's thread.
    """

    def __init__(self, *, on_append: Hook = _nothing, on_appended: Hook = _nothing) -> None:
        self.on_append = on_append
        self.on_appended = on_appended
        self._kept = _Kept()
        self._guard = threading.Lock()
        self._closed = False

    def append(self, batch: Batch) -> None:
        """Keep a batch, or nothing of it."""
        self._check_open()
        self.on_append(batch)
        with self._guard:
            tokens = self._refuse_known_tokens(batch.summaries)
            self._refuse_taken_places(batch.entries)
            kept = self._kept
            for entry in batch.entries:
                kept.entries.setdefault(entry.execution_id, []).append(entry)
            for execution_id in {entry.execution_id for entry in batch.entries}:
                kept.entries[execution_id].sort(key=_sequence)
            for summary in batch.summaries:
                kept.summaries[summary.execution_id] = _later(kept.summaries.get(summary.execution_id), summary)
            kept.tokens.update(tokens)
            for digest, content in batch.contents:
                kept.contents.setdefault(digest, content)
            for number in batch.signals_done:
                kept.signals.pop(number, None)
        self.on_appended(batch)

    def entries(self, execution_id: str, after: int = 0) -> Iterator[Entry]:
        """The entries of one execution in order, those after a sequence number."""
        self._check_open()
        with self._guard:
            entries = self._kept.entries.get(execution_id, [])
            found = entries[bisect_right(entries, after, key=_sequence) :]
        return iter(found)

    def family(self, root_id: str) -> list[str]:
        """The ids of an execution and all its descendants that have entries."""
        self._check_open()
        with self._guard:
            return sorted(each for each in self._kept.entries if each == root_id or each.startswith(f"{root_id}."))

    def unfinished(self, root_id: str) -> list[str]:
        """The ids of an execution and its descendants that have a summary which is not final."""
        self._check_open()
        with self._guard:
            found = (each for each in self._kept.summaries.values() if each.root_id == root_id)
            return sorted(each.execution_id for each in found if not each.status.final)

    def due(self, until: datetime, limit: int) -> list[str]:
        """Roots of which something is due at an instant or before, the longest due first."""
        self._check_open()
        first: dict[str, datetime] = {}
        with self._guard:
            for summary in self._kept.summaries.values():
                if summary.due is not None and summary.due <= until:
                    first[summary.root_id] = min(summary.due, first.get(summary.root_id, summary.due))
        return [root_id for _, root_id in sorted((due, root_id) for root_id, due in first.items())][:limit]

    def signalled(self) -> list[str]:
        """Roots to which something was said that is not answered."""
        self._check_open()
        with self._guard:
            return sorted({root_execution_id(signal.execution_id) for signal in self._kept.signals.values()})

    def summary(self, execution_id: str) -> Summary | None:
        """What is known of an execution, or None."""
        self._check_open()
        return self._kept.summaries.get(execution_id)

    def started_with(self, client_token: str) -> str | None:
        """The id of the execution that a client token started, or None."""
        self._check_open()
        return self._kept.tokens.get(client_token)

    def summaries(self, filter_: ExecutionFilter) -> list[Summary]:
        """Executions, newest first."""
        self._check_open()
        with self._guard:
            known = list(self._kept.summaries.values())
            last = self._kept.summaries.get(filter_.before)
        if filter_.before and last is None:
            return []
        found = [each for each in known if _shows(filter_, each) and (last is None or _age(each) < _age(last))]
        return sorted(found, key=_age, reverse=True)[: filter_.limit]

    def execution_ids(self) -> Iterator[str]:
        """Every execution that has entries."""
        self._check_open()
        with self._guard:
            return iter(sorted(self._kept.entries))

    def content(self, digest: str) -> bytes | None:
        """A thing of the content store, or None."""
        self._check_open()
        return self._kept.contents.get(digest)

    def soundness(self) -> Soundness:
        """Nothing: what it remembers has no pages."""
        self._check_open()
        return Soundness()

    def send(self, execution_id: str, payload: bytes) -> int:
        """Leave a signal for the driver of an execution; its number."""
        self._check_open()
        with self._guard:
            kept = self._kept
            kept.sent += 1
            kept.signals[kept.sent] = Signal(kept.sent, execution_id, payload)
            return kept.sent

    def signals(self, root_ids: Iterable[str], after: int) -> list[Signal]:
        """Signals for these executions or their descendants, not yet answered, with a number above `after`."""
        self._check_open()
        roots = frozenset(root_ids)
        with self._guard:
            return [
                signal
                for number, signal in self._kept.signals.items()
                if number > after and root_execution_id(signal.execution_id) in roots
            ]

    def close(self) -> None:
        """Answer nothing any more. Harmless twice."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise JournalFailed("the journal in memory is closed")

    def _refuse_known_tokens(self, summaries: Iterable[Summary]) -> dict[str, str]:
        """The client tokens that are new in these summaries."""
        tokens: dict[str, str] = {}
        for summary in summaries:
            token = summary.client_token
            if token and summary.execution_id not in self._kept.summaries:
                known = self._kept.tokens.get(token) or tokens.setdefault(token, summary.execution_id)
                if known != summary.execution_id:
                    raise StartedAlready(known)
        return tokens

    def _refuse_taken_places(self, entries: Iterable[Entry]) -> None:
        places: set[tuple[str, int]] = set()
        for entry in entries:
            place = entry.execution_id, entry.sequence
            before = self._kept.entries.get(entry.execution_id, [])
            taken = bisect_right(before, entry.sequence, key=_sequence)
            if place in places or (taken and before[taken - 1].sequence == entry.sequence):
                raise SequenceTaken(*place)
            places.add(place)


def _sequence(entry: Entry) -> int:
    return entry.sequence


def _age(summary: Summary) -> tuple[object, str]:
    return summary.started, summary.execution_id


def _later(before: Summary | None, after: Summary) -> Summary:
    """The summary as it is kept: what an execution started with does not change."""
    if before is None:
        return after
    return replace(
        before,
        status=after.status,
        updated=after.updated,
        ended=after.ended,
        waiting=after.waiting,
        message=after.message,
        due=after.due,
        firing=after.firing,
    )


def _shows(filter_: ExecutionFilter, summary: Summary) -> bool:
    return (
        (not filter_.statuses or summary.status in filter_.statuses)
        and _ascii_lower(filter_.template_name) in _ascii_lower(summary.template_name)
        and (filter_.parent_id is None or summary.parent_id == filter_.parent_id)
    )


def _ascii_lower(text: str) -> bytes:
    """Bytes know only the case of ASCII letters: what every database agrees on."""
    return text.encode().lower()

"""Verification: whether the journal is what was written, as far as it and its anchors can tell. A pure fold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from oos.audit.anchors import Anchored, AnchorRecord
from oos.journal.chain import Break, entry_hash, first_hash
from oos.journal.codec import content_digest, stored_content
from oos.journal.port import (
    Entry,
    ExecutionFilter,
    Journal,
    JournalDamaged,
    JournalFailed,
    JournalUnsound,
    Soundness,
    Summary,
)
from oos.values.identifiers import root_execution_id
from oos.values.time import format_instant
from oos.values.typed import decode_as

PAGE: Final = 500
TRIES: Final = 5
BEFORE_ALL: Final = -(2**31)
"""Below every sequence number, even one that somebody made up."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What verification found."""

    executions: int = 0
    entries: int = 0
    anchors: int = 0
    unanchored: tuple[str, ...] = ()
    """Executions that no anchor knows: if they were cut or deleted, nothing would show it."""
    breaks: tuple[Break, ...] = ()
    doubts: tuple[str, ...] = ()
    """What may be damage, and may be the remains of a crash."""

    @property
    def holds(self) -> bool:
        """Whether nothing was found to be wrong."""
        return not self.breaks


class _Kind(msgspec.Struct):
    """Of an event, which one it is."""

    event: str


class _Start(msgspec.Struct):
    """Of the start of an execution, what other places repeat."""

    execution_id: str
    template_name: str
    template_hash: str
    by: str
    at: datetime
    region: str = ""
    client_token: str = ""
    parent_id: str = ""


class _Finish(msgspec.Struct):
    """Of the end of an execution, what other places repeat."""

    status: str
    at: datetime
    code: str = ""
    message: str = ""


def verify(journal: Journal, anchors: AnchorRecord) -> AuditReport:
    """Check what is stored, every chain, the content store, the summaries and the anchors. Raises JournalFailed.

    What is damaged hides nothing else: whatever can still be read is checked all the same.
    """
    by_execution: dict[str, list[Anchored]] = {}
    for anchored in anchors.anchors:
        by_execution.setdefault(anchored.head.execution_id, []).append(anchored)
    breaks = [Break("", 0, f"line {fault.line} of the anchors: {fault.reason}") for fault in anchors.faults]
    sound = _soundness(journal)
    breaks += [Break("", 0, fault) for fault in sound.faults]
    known: set[str] = set()
    contents = _Contents(journal)
    entries = 0
    parents: dict[str, str] = {}
    try:
        for id_ in journal.execution_ids():
            known.add(id_)
            chain = _fold(journal, id_, contents, by_execution.get(id_, []))
            entries += chain.count
            breaks += chain.breaks
            if chain.start is not None and chain.start.parent_id:
                parents.setdefault(chain.start.parent_id, id_)
        breaks += _missing_executions(journal, known, by_execution, parents)
    except (JournalUnsound, JournalDamaged) as damage:
        breaks.append(Break("", 0, str(damage)))
    return AuditReport(
        executions=len(known),
        entries=entries,
        anchors=len(anchors.anchors),
        unanchored=tuple(sorted(id_ for id_ in known if id_ not in by_execution)),
        breaks=tuple(breaks),
        doubts=sound.doubts,
    )


def _soundness(journal: Journal) -> Soundness:
    try:
        return journal.soundness()
    except JournalUnsound as damage:
        return Soundness((str(damage),))


def _fold(journal: Journal, id_: str, contents: _Contents, anchors: list[Anchored]) -> _Chain:
    """The fold over all entries of an execution, and its summary as it was at that time."""
    for _ in range(TRIES):
        chain = _Chain(id_, contents, anchors)
        try:
            before = journal.summary(id_)
            for entry in journal.entries(id_, BEFORE_ALL):
                chain.add(entry)
            after = journal.summary(id_)
        except (JournalUnsound, JournalDamaged) as damage:
            chain.damaged(damage)
            return chain
        # Somebody drives the execution: what was read before and after its next commit does not go together.
        if before == after:
            break
    chain.end(after)
    return chain


class _Contents:
    """The content store, each thing checked once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._good: set[str] = set()

    def check(self, digest: str) -> None:
        """Raises ValueError when the content is missing or changed."""
        if digest not in self._good:
            self.get(digest)

    def get(self, digest: str) -> bytes:
        """A thing of the store. Raises ValueError."""
        found = stored_content(digest, self._journal.content)
        self._good.add(digest)
        return found


class _Chain:
    """The fold over the entries of one execution."""

    def __init__(self, execution_id: str, contents: _Contents, anchors: list[Anchored]) -> None:
        self.breaks: list[Break] = []
        self.count = 0
        self.start: _Start | None = None
        self._execution_id = execution_id
        self._contents = contents
        self._anchors = anchors
        self._anchored: dict[int, list[Anchored]] = {}
        for each in anchors:
            self._anchored.setdefault(each.head.sequence, []).append(each)
        self._expected = 1
        self._head: bytes | None = first_hash(execution_id)
        """The hash before the next entry; None where entries are missing, and nothing tells it."""
        self._finish: _Finish | None = None

    def add(self, entry: Entry) -> None:
        """One entry further."""
        self.count += 1
        if not isinstance(entry.sequence, int) or entry.sequence < 1:
            self._note(0, f"there is no place {entry.sequence} in an execution")
            return
        if entry.sequence != self._expected:
            self._note(self._expected, _missing(self._expected, entry.sequence - 1))
            self._head = None
        if self._head is not None and not _is_linked(self._head, entry):
            self._note(entry.sequence, "its bytes, its place or what is before it were changed")
        elif any(each.head.hash != entry.hash for each in self._anchored.get(entry.sequence, ())):
            # Whoever changes an entry and hashes all that follows anew is caught here.
            self._note(entry.sequence, "it is not what was anchored: it, or what is before it, was written anew")
        self._head = entry.hash
        self._expected = entry.sequence + 1
        if self._finish is not None:
            self._note(entry.sequence, "it follows the end of the execution")
        try:
            self._read(entry)
        except ValueError as error:
            self._note(entry.sequence, f"it cannot be read: {error}")

    def damaged(self, damage: JournalFailed) -> None:
        """The rest cannot be read."""
        self._note(self._expected, str(damage))

    def end(self, summary: Summary | None) -> None:
        """There are no more entries."""
        last = max(self._anchors, key=_sequence, default=None)
        if last is not None and last.head.sequence >= self._expected:
            missing = _missing(self._expected, last.head.sequence)
            self._note(self._expected, f"{missing}, anchored on {format_instant(last.at)}: the tail was cut")
        if summary is None:
            self._note(0, "the list of executions does not show it")
        else:
            for reason in _differences(self.start, self._finish, summary):
                self._note(0, reason)

    def _read(self, entry: Entry) -> None:
        payload = entry.payload
        if not isinstance(payload, bytes):
            raise ValueError("it is not bytes")  # noqa: TRY004 (a fault of what was read, as all others here)
        digest = content_digest(payload)
        if digest is not None:
            payload = self._contents.get(digest)
        kind = decode_as(payload, _Kind).event
        if entry.sequence == 1:
            if kind != "ExecutionStarted":
                self._note(1, f"an execution does not begin with {kind}")
                return
            self.start = decode_as(payload, _Start)
            if self.start.execution_id != self._execution_id:
                self._note(1, f"it is the start of {self.start.execution_id}")
            self._contents.check(self.start.template_hash)
        elif kind == "ExecutionFinished":
            self._finish = decode_as(payload, _Finish)

    def _note(self, sequence: int, reason: str) -> None:
        self.breaks.append(Break(self._execution_id, sequence, reason))


def _missing_executions(
    journal: Journal, known: set[str], anchors: dict[str, list[Anchored]], parents: dict[str, str]
) -> Iterator[Break]:
    """Executions that something speaks of, and that have no entries."""
    spoken_of: dict[str, str] = {}
    for id_, anchored in anchors.items():
        last = max(anchored, key=_sequence)
        at = format_instant(last.at)
        spoken_of[id_] = f"all {last.head.sequence} events, anchored on {at}, are missing: it was deleted"
    for summary in _summaries(journal):
        spoken_of.setdefault(summary.execution_id, "the list of executions shows it, and all its events are missing")
    for parent_id, child_id in parents.items():
        spoken_of.setdefault(parent_id, f"it started {child_id}, and all its events are missing")
    for id_, reason in spoken_of.items():
        # One may have started since the ids were listed.
        if id_ not in known and next(journal.entries(id_), None) is None:
            yield Break(id_, 0, reason)


def _summaries(journal: Journal) -> Iterator[Summary]:
    before = ""
    while page := journal.summaries(ExecutionFilter(parent_id=None, limit=PAGE, before=before)):
        yield from page
        before = page[-1].execution_id


def _differences(start: _Start | None, finish: _Finish | None, summary: Summary) -> Iterator[str]:
    """Where the list of executions says something else than the events."""
    pairs: list[tuple[str, Any, Any]] = []
    if start is not None:
        pairs = [
            ("started by", summary.by, start.by),
            ("template", summary.template_name, start.template_name),
            ("parent", summary.parent_id, start.parent_id),
            ("root", summary.root_id, root_execution_id(summary.execution_id)),
            ("region", summary.region, start.region),
            ("client token", summary.client_token, start.client_token),
            ("start", summary.started.isoformat(), start.at.isoformat()),
        ]
    if finish is not None:
        ended = "" if summary.ended is None else summary.ended.isoformat()
        updated, at = summary.updated.isoformat(), finish.at.isoformat()
        message = f"{finish.code}: {finish.message}" if finish.code else ""
        pairs += [
            ("status", summary.status.value, finish.status),
            ("end", ended, at),
            ("last change", updated, at),
            ("message", summary.message, message.replace("\0", "\N{REPLACEMENT CHARACTER}")),
            ("wait", summary.waiting, ""),
        ]
    elif summary.status.final:
        pairs.append(("status", summary.status.value, "not yet final"))
    for name, shown, recorded in pairs:
        if shown != recorded:
            yield f"the list of executions shows {name} {shown or '(none)'}, its events say {recorded or '(none)'}"


def _is_linked(head: bytes, entry: Entry) -> bool:
    # Bytes that were changed by hand can have another type in the database.
    parts = (entry.payload, entry.hash)
    if not all(isinstance(part, bytes) for part in parts) or not isinstance(entry.path, str):
        return False
    return entry_hash(head, entry.sequence, entry.path, entry.payload) == entry.hash


def _missing(first: int, last: int) -> str:
    return "it is missing" if first >= last else f"events {first} to {last} are missing"


def _sequence(anchored: Anchored) -> int:
    return anchored.head.sequence

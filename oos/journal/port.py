"""The port: what a journal keeps and finds. The contract suite in tests/journal states it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from oos.execution.status import Status


class Entry(NamedTuple):
    """One row of the journal, its fields in the order of the columns: an event in its place in a chain."""

    execution_id: str
    sequence: int
    """From 1, without gaps."""
    path: str
    """Task path with loop index, empty for the execution's own events."""
    payload: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Firing:
    """What became of a trigger's firings so far (spec 6.5, the `LastTrigger…` fields)."""

    next: datetime | None = None
    ends: datetime | None = None
    paused_by: str = ""
    fired: int = 0
    missed: int = 0
    running: int = 0
    last: datetime | None = None
    last_status: str = ""
    last_message: str = ""
    last_success: datetime | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list of executions shows: a fold over the journal, kept beside it in the same commit.

    A later summary of the same execution changes `status`, `updated`, `ended`, `waiting`, `message`, `due` and
    `firing`; the rest stays as it was first written.
    """

    execution_id: str
    root_id: str
    parent_id: str
    template_name: str
    status: Status
    by: str
    started: datetime
    updated: datetime
    ended: datetime | None = None
    waiting: str = ""
    """The reason of the wait that needs a person."""
    message: str = ""
    client_token: str = ""
    region: str = ""
    due: datetime | None = None
    """From when on somebody must drive it; None while only a person, or a child of it, moves it on."""
    category: str = ""
    """`TimerTrigger`, `EventTrigger`, `AlarmTrigger` or `Other`."""
    firing: Firing | None = None
    """Of a trigger."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What another process tells the driver of an execution: to cancel, to approve."""

    number: int
    execution_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions a list shows."""

    statuses: tuple[Status, ...] = ()
    template_name: str = ""
    """Part of the name, without regard to the case of ASCII letters."""
    parent_id: str | None = ""
    """Empty: only executions that a person or trigger started; None: all."""
    limit: int = 50
    before: str = ""
    """Older than this execution: the page after it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is committed together: all of it or nothing."""

    entries: Sequence[Entry] = ()
    summaries: Sequence[Summary] = ()
    contents: Sequence[tuple[str, bytes]] = ()
    """Things of the content store, by the SHA-256 of their bytes in hex."""
    signals_done: Sequence[int] = field(default=())
    """Numbers of the signals that these entries answer."""


@dataclass(frozen=True, slots=True)
class Soundness:
    """What the store beneath a journal finds when it reads all of itself: its pages, tables and indexes."""

    faults: tuple[str, ...] = ()
    """What was damaged."""
    doubts: tuple[str, ...] = ()
    """What may be damage, and may be the harmless remains of a crash: nothing can tell."""


class JournalFailed(Exception):
    """The journal could not be written or read; the message names it and the cause. Nothing was half recorded."""


class JournalDamaged(JournalFailed):
    """What the journal holds of one execution cannot be read; the message names it. Others can be."""


class JournalUnsound(JournalFailed):
    """The whole journal is no journal any more: its file, or its tables, were damaged."""


class JournalAbsent(JournalFailed):
    """There is nothing to read: no journal was ever written at this place."""


class JournalOutdated(JournalFailed):
    """What is there was written by another version of oos; one that writes brings an older one up to date."""


class SequenceTaken(JournalFailed):
    """Another driver has written this entry: the execution was taken over, and who was refused must stop."""

    def __init__(self, execution_id: str, sequence: int) -> None:
        super().__init__(f"{execution_id} event {sequence} was written by another driver")
        self.execution_id = execution_id
        self.sequence = sequence


class LeaseLost(JournalFailed):
    """Other processes drive these executions now, or may: who was refused must stop driving them."""

    def __init__(self, root_ids: Iterable[str]) -> None:
        self.root_ids = tuple(sorted(root_ids))
        super().__init__(f"{', '.join(self.root_ids)}: the lease was lost, another process may drive it")


class OwnedElsewhere(Exception):
    """Another living process, or another thread of this one, drives this execution."""

    def __init__(self, execution_id: str, holder: str = "") -> None:
        by = f" by {holder}" if holder else ""
        super().__init__(f"{execution_id} is driven elsewhere{by}")
        self.execution_id = execution_id
        self.holder = holder


class StartedAlready(Exception):
    """An execution with this client token exists."""

    def __init__(self, execution_id: str) -> None:
        super().__init__(f"{execution_id} was started with this client token")
        self.execution_id = execution_id


class Journal(Protocol):
    """An append-only record of events, by execution. Methods may be called from any thread."""

    def append(self, batch: Batch) -> None:
        """Commit a batch durably. Raises StartedAlready, JournalFailed; then nothing of the batch is kept.

        An entry whose place is taken is refused with SequenceTaken: two drivers can never both write. A summary
        whose client token started another execution is refused with StartedAlready. Where several hosts share the
        journal, entries are accepted from who holds the lease of their root; any other is refused with LeaseLost.
        """

    def entries(self, execution_id: str, after: int = 0) -> Iterator[Entry]:
        """The entries of one execution in order, those after a sequence number."""

    def family(self, root_id: str) -> list[str]:
        """The ids of an execution and all its descendants that have entries."""

    def unfinished(self, root_id: str) -> list[str]:
        """The ids of an execution and its descendants that have a summary which is not final."""

    def due(self, until: datetime, limit: int) -> list[str]:
        """Roots of which something is due at an instant or before, the longest due first."""

    def signalled(self) -> list[str]:
        """Roots to which something was said that is not answered."""

    def summary(self, execution_id: str) -> Summary | None:
        """What is known of an execution, or None."""

    def started_with(self, client_token: str) -> str | None:
        """The id of the execution that a client token started, or None."""

    def summaries(self, filter_: ExecutionFilter) -> list[Summary]:
        """Executions, newest first."""

    def execution_ids(self) -> Iterator[str]:
        """Every execution that has entries: for the audit."""

    def content(self, digest: str) -> bytes | None:
        """A thing of the content store, or None."""

    def soundness(self) -> Soundness:
        """What the store finds when it reads all of itself: for the audit."""

    def send(self, execution_id: str, payload: bytes) -> int:
        """Leave a signal for the driver of an execution; its number."""

    def signals(self, root_ids: Iterable[str], after: int) -> list[Signal]:
        """Signals for these executions or their descendants, not yet answered, with a number above `after`."""

    def close(self) -> None:
        """Let go of the store. Harmless twice."""

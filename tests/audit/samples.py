"""A small journal with real events: executions that start, do something, and end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from oos.execution.events import (
    AnyEvent,
    ExecutionFinished,
    ExecutionStarted,
    TaskStarted,
    TaskSucceeded,
    path_of,
)
from oos.execution.status import Status
from oos.journal.chain import entry_hash, first_hash
from oos.journal.codec import Codec
from oos.journal.port import Batch, Entry, Journal, Summary
from oos.values.identifiers import root_execution_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEMPLATE = "FormatVersion: OOS-2019-06-01\n"
TEMPLATE_HASH = hashlib.sha256(TEMPLATE.encode()).hexdigest()

ONE, TWO, THREE = (f"exec-{number:020x}" for number in (1, 2, 3))


class PlainSealer:
    """A sealer for tests that hides nothing but marks what it sealed."""

    def seal(self, plain: bytes) -> str:
        return plain.hex()

    def open(self, sealed: str) -> bytes | None:
        return bytes.fromhex(sealed)


def codec() -> Codec:
    """A codec that needs no key file."""
    return Codec(PlainSealer)


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def started(id_: str, *, seconds: float = 0, **differing: Any) -> ExecutionStarted:
    """The start of an execution."""
    given: dict[str, Any] = {
        "at": at(seconds),
        "execution_id": id_,
        "template_name": "snapshot-rotation",
        "template_hash": TEMPLATE_HASH,
        "parameters": {},
        "by": "ada",
        "region": "lab",
        "account": "1",
    }
    return ExecutionStarted(**(given | differing))


def a_run(id_: str, **differing: Any) -> list[AnyEvent]:
    """Six events of an execution that goes well."""
    return [
        started(id_, **differing),
        TaskStarted(at=at(1), task="look"),
        TaskSucceeded(at=at(2), task="look", outputs={"ids": ["i-1"]}),
        TaskStarted(at=at(3), task="copy"),
        TaskSucceeded(at=at(9), task="copy", outputs={"id": "s-1"}),
        ExecutionFinished(at=at(10), status=Status.SUCCESS),
    ]


def keep(journal: Journal, id_: str, events: Sequence[AnyEvent]) -> list[Entry]:
    """Write the events of one execution as a driver does; the entries."""
    coded, head = codec(), first_hash(id_)
    entries: list[Entry] = []
    contents = [(TEMPLATE_HASH, TEMPLATE.encode())]
    for sequence, event in enumerate(events, start=1):
        payload, content = coded.encode(event)
        if content is not None:
            contents.append(content)
        head = entry_hash(head, sequence, path_of(event), payload)
        entries.append(Entry(id_, sequence, path_of(event), payload, head))
    journal.append(Batch(entries, [summary_of(id_, events)], contents))
    return entries


def summary_of(id_: str, events: Sequence[AnyEvent]) -> Summary:
    """What a list shows of these events."""
    start, last = events[0], events[-1]
    assert isinstance(start, ExecutionStarted)
    return Summary(
        execution_id=id_,
        root_id=root_execution_id(id_),
        parent_id=start.parent_id,
        region=start.region,
        client_token=start.client_token,
        template_name=start.template_name,
        status=last.status if isinstance(last, ExecutionFinished) else Status.RUNNING,
        by=start.by,
        started=start.at,
        updated=last.at,
        ended=last.at if isinstance(last, ExecutionFinished) else None,
    )

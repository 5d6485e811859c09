"""Reading an execution and its descendants out of the journal, as events or as a document for others."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import msgspec

from oos.audit.story import Happening, masked
from oos.execution.events import ExecutionStarted
from oos.journal.codec import Codec, content_digest
from oos.journal.port import Entry, Journal, JournalFailed, Summary
from oos.values.json import Value
from oos.values.time import format_instant

FORMAT = "oos execution 1"
"""What an export calls itself."""


def happenings(journal: Journal, codec: Codec, execution_id: str) -> Iterator[Happening]:
    """The events of an execution and of its descendants, one execution after the other. Raises JournalFailed."""
    for id_ in journal.family(execution_id):
        for entry in journal.entries(id_):
            yield _happening(journal, codec, entry)


def export_document(journal: Journal, codec: Codec, execution_id: str) -> dict[str, Value]:
    """An execution and its descendants for people and programs: events as JSON, secrets masked.

    Raises JournalFailed.
    """
    executions: list[Value] = []
    templates: dict[str, Value] = {}
    for id_ in journal.family(execution_id):
        events: list[Value] = []
        for entry in journal.entries(id_):
            event = _happening(journal, codec, entry).event
            if isinstance(event, ExecutionStarted):
                templates[event.template_hash] = _text(journal.content(event.template_hash))
            place = {"sequence": entry.sequence, "path": entry.path, "hash": entry.hash.hex()}
            events.append(place | msgspec.to_builtins(event, enc_hook=masked))
        executions.append({"execution": id_, "summary": _summary(journal.summary(id_)), "events": events})
    return {"format": FORMAT, "executions": executions, "templates": templates}


def export_lines(journal: Journal, execution_id: str) -> Iterator[bytes]:
    """An execution and its descendants as the journal holds them, a JSON object a line: who has only this file can
    verify the chains. Secrets stay sealed. Raises JournalFailed.
    """
    yield msgspec.json.encode({"format": FORMAT, "execution": execution_id})
    stored: set[str] = set()
    for id_ in journal.family(execution_id):
        for entry in journal.entries(id_):
            for digest in _digests(entry.payload, journal):
                content = journal.content(digest)
                if digest not in stored and content is not None:
                    stored.add(digest)
                    yield msgspec.json.encode({"content": digest, "base64": base64.b64encode(content).decode()})
            yield msgspec.json.encode(
                {
                    "execution": entry.execution_id,
                    "sequence": entry.sequence,
                    "path": entry.path,
                    "payload": entry.payload.decode(),
                    "hash": entry.hash.hex(),
                }
            )


def _happening(journal: Journal, codec: Codec, entry: Entry) -> Happening:
    try:
        return Happening(entry.execution_id, entry.sequence, codec.decode(entry.payload, journal.content))
    except ValueError as error:
        raise JournalFailed(f"{entry.execution_id} event {entry.sequence} cannot be read: {error}") from error


def _digests(payload: bytes, journal: Journal) -> Iterator[str]:
    """What a row needs of the content store: its event when that is large, its template when it is a start."""
    digest = content_digest(payload)
    if digest is not None:
        yield digest
        payload = journal.content(digest) or b"{}"
    found: dict[str, Any] = msgspec.json.decode(payload)
    if found.get("event") == "ExecutionStarted":
        yield found["template_hash"]


def _summary(summary: Summary | None) -> Value:
    if summary is None:
        return None
    return {
        "template": summary.template_name,
        "status": summary.status.value,
        "by": summary.by,
        "parent": summary.parent_id,
        "started": format_instant(summary.started),
        "ended": None if summary.ended is None else format_instant(summary.ended),
        "message": summary.message,
    }


def _text(content: bytes | None) -> Value:
    return None if content is None else content.decode(errors="replace")

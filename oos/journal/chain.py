"""The chain: each entry's hash covers the one before, its place and its bytes, so that tampering shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from oos.journal.port import Entry

GENESIS = b"oos journal 1"


def first_hash(execution_id: str) -> bytes:
    """What stands before the first entry of an execution."""
    return hashlib.sha256(GENESIS + execution_id.encode()).digest()


def entry_hash(before: bytes, sequence: int, path: str, payload: bytes) -> bytes:
    """The hash of an entry, given the hash before it."""
    length = len(path) if path.isascii() else len(path.encode())
    # The length says where the path ends, so that no other path and payload give the same bytes.
    return hashlib.sha256(before + f"{sequence} {length}\n{path}".encode() + payload).digest()


@dataclass(frozen=True, slots=True)
class Break:
    """Where the record does not hold, and why."""

    execution_id: str
    """Empty when it is not about one execution."""
    sequence: int
    """0 when it is not about one event."""
    reason: str

    def __str__(self) -> str:
        event = f" event {self.sequence}" if self.sequence else ""
        return f"{self.execution_id}{event}: {self.reason}" if self.execution_id else self.reason


def verify_chain(execution_id: str, entries: Iterable[Entry]) -> tuple[int, bytes, Break | None]:
    """How many entries hold, the hash of the last that does, and the first break."""
    before = first_hash(execution_id)
    expected = 1
    for entry in entries:
        if entry.sequence != expected:
            return expected - 1, before, Break(execution_id, expected, f"it is missing; {entry.sequence} follows")
        if entry_hash(before, entry.sequence, entry.path, entry.payload) != entry.hash:
            reason = "its bytes, its place or what is before it were changed"
            return expected - 1, before, Break(execution_id, entry.sequence, reason)
        before = entry.hash
        expected += 1
    return expected - 1, before, None

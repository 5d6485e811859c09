"""Alone: what an engine needs that is by itself in a process: locks nobody contends, no anchor, seals without a key."""

from __future__ import annotations

from collections.abc import Iterable

from oos.audit.anchors import Head


class FreeLock:
    """A lock that is nobody else's."""

    def release(self) -> None:
        """There is nothing to give up."""

    def is_ours(self) -> bool:
        """Always."""
        return True


class FreeLocks:
    """The Locks port where there is one engine."""

    def acquire(self, _root_id: str) -> FreeLock:
        """The lock, always."""
        return FreeLock()

    def free(self, root_ids: Iterable[str]) -> list[str]:
        """All of them."""
        return list(root_ids)


class NoAnchor:
    """The Anchor port where nothing outlives the process."""

    def append_all(self, heads: Iterable[Head]) -> None:
        """Nothing is written."""


class OpenSealer:
    """The Sealer port where nothing is kept: secrets in the journal of a rehearsal are those of its file."""

    def seal(self, plain: bytes) -> str:
        """The bytes in hex."""
        return plain.hex()

    def open(self, sealed: str) -> bytes | None:
        """The bytes again."""
        return bytes.fromhex(sealed)

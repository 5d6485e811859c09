"""Anchors: heads of chains that were written outside the journal, so that a cut tail shows. The port."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Head:
    """How far an execution had come: the number of its entries, and the hash of the newest."""

    execution_id: str
    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Anchored:
    """A head that was anchored, and when; its signature holds."""

    head: Head
    at: datetime


@dataclass(frozen=True, slots=True)
class AnchorFault:
    """A line of the anchors that was changed, or a place where lines were taken away."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class AnchorRecord:
    """All that is anchored, as far as it can be trusted."""

    anchors: tuple[Anchored, ...] = ()
    faults: tuple[AnchorFault, ...] = ()


class AnchorFailed(Exception):
    """The anchors could not be written or read; the message names them and the cause."""


class Anchor(Protocol):
    """Where heads are anchored. Methods may be called from any thread."""

    def append(self, execution_id: str, sequence: int, head: bytes) -> None:
        """Anchor one head, durably. Raises AnchorFailed."""

    def append_all(self, heads: Iterable[Head]) -> None:
        """Anchor several heads with one wait for the disk. Raises AnchorFailed; then none of them is."""

"""Increments: from which snapshot the next one of a disk may continue."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

LONGEST_CHAIN: Final = 8
"""Snapshots in one chain, the full one included; then a full one begins the next chain."""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """An accomplished snapshot of the disk, as far as it matters for a child."""

    id: str
    created: datetime
    size_bytes: int
    checkpoint: str
    """The point since which the hypervisor knows what changed; empty when it does not."""
    parent_id: str = ""


def choose_parent(size_bytes: int, ancestors: Iterable[Ancestor], checkpoints: Collection[str]) -> Ancestor | None:
    """The snapshot of which the next one may be an increment; None where any doubt calls for a full one.

    Doubt is: no checkpoint that the hypervisor still has, a disk that was resized, a chain grown long.
    """
    known = {each.id: each for each in ancestors}
    recorded = (each for each in known.values() if each.checkpoint and each.checkpoint in checkpoints)
    newest = max(recorded, key=lambda each: (each.created, each.id), default=None)
    if newest is None or newest.size_bytes != size_bytes or chain_length(newest, known) >= LONGEST_CHAIN:
        return None
    return newest


def chain_length(last: Ancestor, known: Mapping[str, Ancestor]) -> int:
    """How many snapshots there are from the full one to this; a chain that is broken counts as too long."""
    length, each = 1, last
    while each.parent_id:
        parent = known.get(each.parent_id)
        if parent is None or length > LONGEST_CHAIN:
            return LONGEST_CHAIN + 1
        length, each = length + 1, parent
    return length

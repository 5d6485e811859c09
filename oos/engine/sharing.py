"""Sharing: how many calls stay with the driver, and in what chunks the others go out. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

LARGEST_CHUNK: Final = 100
CHUNK_SECONDS: Final = 10.0
"""Calls that one worker may lose with a chunk, as the time they take: long calls go out one by one."""
CHUNKS_EACH: Final = 2
"""So many chunks for each other process at a time: while it reports one, it has the next."""


@dataclass(frozen=True, slots=True)
class Load:
    """Calls under way, and who could carry them out."""

    here: int
    """In the driver's own process."""
    elsewhere: int
    helpers: int
    """How many other processes would carry out calls."""
    seconds: float | None
    """How long a call takes; None while no call has ended."""


def keep_here(calls: int, load: Load, cost: float) -> int:
    """How many of these calls the driver carries out itself; the others go out.

    Each process gets the same part of all that is under way: who is slow keeps what it has longer, and gets less.
    `cost` is what it takes to send calls out and hear of them again, in seconds: less work than that is done here.
    """
    if not load.helpers:
        return calls
    if load.seconds is not None and (calls + load.here) * load.seconds < cost:
        return calls
    fair = math.ceil((calls + load.here + load.elsewhere) / (load.helpers + 1))
    return min(calls, max(0, fair - load.here))


def chunk_size(calls: int, load: Load) -> int:
    """How many calls go out together."""
    size = math.ceil(calls / (CHUNKS_EACH * max(1, load.helpers)))
    if load.seconds:
        size = min(size, round(CHUNK_SECONDS / load.seconds))
    return max(1, min(LARGEST_CHUNK, size))


def average(before: float | None, seconds: float) -> float:
    """How long a call takes, after one more: the last ten or so count."""
    return seconds if before is None else before + (seconds - before) * 0.1

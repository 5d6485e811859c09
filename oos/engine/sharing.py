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
NEWEST: Final = 0.1
"""What the newest call counts in the pace."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the calls of late took."""

    seconds: float
    """From the beginning of one to its end."""
    processor: float
    """Of that, how long it used the processor; for the rest it waited."""

    def after(self, seconds: float, processor: float) -> Pace:
        """The pace with one more call: the last ten or so count."""
        return Pace(
            self.seconds + (seconds - self.seconds) * NEWEST, self.processor + (processor - self.processor) * NEWEST
        )


@dataclass(frozen=True, slots=True)
class Load:
    """Calls under way, and who could carry them out."""

    here: int
    """In the driver's own process."""
    elsewhere: int
    helpers: int
    """How many other processes would carry out calls."""
    pace: Pace | None
    """How long a call takes; None while no call has ended."""
    threads: int
    """How many calls this process can make at once."""


def keep_here(calls: int, load: Load, cost: float) -> int:
    """How many of these calls the driver carries out itself; the others go out.

    Each process gets the same part of all that is under way: who is slow keeps what it has longer, and gets less.
    `cost` is what it takes to send calls out and hear of them again, in seconds: what is over sooner is done here.
    """
    if not load.helpers:
        return calls
    if load.pace is not None and _seconds_here(calls + load.here, load.pace, load.threads) < cost:
        return calls
    fair = math.ceil((calls + load.here + load.elsewhere) / (load.helpers + 1))
    return min(calls, max(0, fair - load.here))


def _seconds_here(calls: int, pace: Pace, threads: int) -> float:
    """How long it takes to make so many calls in this process: they wait side by side, and compute in turn."""
    return max(math.ceil(calls / threads) * pace.seconds, calls * pace.processor)


def chunk_size(calls: int, load: Load) -> int:
    """How many calls go out together."""
    size = math.ceil(calls / (CHUNKS_EACH * max(1, load.helpers)))
    if load.pace is not None and load.pace.seconds:
        size = min(size, round(CHUNK_SECONDS / load.pace.seconds))
    return max(1, min(LARGEST_CHUNK, size))

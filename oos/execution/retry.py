"""The waits of a WaitFor between one look and the next (spec 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

LONGEST: Final = 1800


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to look again, and how long to wait before each look, in seconds."""

    retries: int = 10
    delay_type: str = "Exponential"
    delay: float = 2
    back_off: float = 2
    max_interval: float = LONGEST

    def wait_before(self, retry: int) -> timedelta:
        """The wait before this retry, counted from 1."""
        match self.delay_type.casefold():
            case "constant":
                seconds = self.delay
            case "linear":
                seconds = self.delay + self.back_off * retry
            case _:
                seconds = float(2 ** min(retry, 12))
        return timedelta(seconds=max(0.0, min(seconds, self.max_interval, LONGEST)))


DEFAULT: Final = RetryPolicy()
"""What a WaitFor does that says nothing of it."""

"""The change calendar: when changes may start. Pure; what reads a calendar file is an adapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time in a calendar."""

    start: datetime
    end: datetime
    """Exclusive."""
    summary: str = ""

    def covers(self, instant: datetime) -> bool:
        """Whether the instant lies in it."""
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class Closed:
    """Changes may not start now."""

    reason: str
    opens: datetime | None
    """When they may; None: not as far as the calendar was looked at."""


def closed_at(now: datetime, forbidden: Sequence[Window], allowed: Sequence[Window] | None) -> Closed | None:
    """Why changes may not start at an instant, or None when they may.

    `allowed` None: at any time that is not forbidden. The windows are those from now on, as far as was looked.
    """
    reason = _reason(now, forbidden, allowed)
    if not reason:
        return None
    moments = sorted(
        {each.end for each in forbidden if each.end > now} | {each.start for each in allowed or () if each.start > now}
    )
    opens = next((moment for moment in moments if not _reason(moment, forbidden, allowed)), None)
    return Closed(reason, opens)


def _reason(instant: datetime, forbidden: Sequence[Window], allowed: Sequence[Window] | None) -> str:
    for window in forbidden:
        if window.covers(instant):
            return f"changes are forbidden: {window.summary}" if window.summary else "changes are forbidden"
    if allowed is not None and not any(window.covers(instant) for window in allowed):
        return "changes are allowed only in the windows of the calendar"
    return ""

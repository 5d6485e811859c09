"""Calendar files (iCalendar, RFC 5545), read into windows of time; recurring events are spread out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.schedule.calendar import Window

FAR: Final = timedelta(days=366)
"""How far ahead a calendar is looked at."""


def read_windows(path: Path, now: datetime) -> list[Window]:
    """The events of a calendar file that are not over, up to a year ahead, by their start.

    A date without a time is the whole day in this machine's zone. Raises DiagnosticError.
    """
    import icalendar  # here, because most sites have no calendar
    import recurring_ical_events

    try:
        calendar = icalendar.Calendar.from_ical(path.read_bytes())
        events = recurring_ical_events.of(calendar).between(now - timedelta(days=1), now + FAR)
        windows = [
            Window(_instant(event.start), _instant(event.end), str(event.get("SUMMARY", ""))) for event in events
        ]
    except OSError as error:
        raise DiagnosticError(
            [Diagnostic("OOS913", f"the calendar cannot be read: {error.strerror}", str(path))]
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, icalendar.InvalidCalendar) as error:
        problem = f"this is no calendar (iCalendar, RFC 5545): {error}"
        raise DiagnosticError([Diagnostic("OOS914", problem, str(path))]) from error
    return sorted((each for each in windows if each.end > now), key=lambda each: (each.start, each.end))


def _instant(moment: date | datetime) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min)
    return moment.astimezone(UTC)

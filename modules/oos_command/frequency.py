"""When a command that repeats is due: `rate(5m)`, `at(2026-06-06 13:15:30 Asia/Shanghai)`, a cron expression. Pure.

Written as ECS's RunCommand takes `Frequency`. A time zone may follow: a name, `GMT+8:00`, `UTC`; without one it is UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from itertools import islice, pairwise
from typing import Final

from oos.schedule.cron import Cron, read_cron
from oos.schedule.errors import ScheduleInvalid
from oos.schedule.zones import firings, first_instant, read_zone
from oos.service.errors import InvalidParameter

GRACE: Final = timedelta(seconds=60)
"""How late a run may begin; one that nobody began by then is missed."""

_RATE: Final = re.compile(r"rate\(\s*(\d{1,6})\s*([smhd])\s*\)", re.IGNORECASE)
_AT: Final = re.compile(r"at\(\s*(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\s*(\S*)\s*\)", re.IGNORECASE)
_OFFSET: Final = re.compile(r"GMT([+-])(\d{1,2}):([0-5]\d)", re.IGNORECASE)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

_SHORTEST_RATE: Final = timedelta(seconds=60)
_LONGEST_RATE: Final = timedelta(days=7)
_SHORTEST_CRON: Final = timedelta(seconds=10)
_COMPARED: Final = 50
"""How many runs of a cron expression are looked at for the shortest time between two."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """When it is due: by one of the three."""

    rate: timedelta | None = None
    at: datetime | None = None
    cron: Cron | None = None
    zone: tzinfo | None = None

    def due(self, asked: datetime) -> Iterator[datetime]:
        """All moments at which it is due, later than when it was asked for."""
        return self.due_after(asked, asked)

    def due_after(self, asked: datetime, instant: datetime) -> Iterator[datetime]:
        """Those later than an instant, in order."""
        if self.rate is not None:
            number = max(1, (instant - asked) // self.rate + 1)
            while True:
                yield asked + number * self.rate
                number += 1
        elif self.at is not None:
            if self.at > instant:
                yield self.at
        elif self.cron is not None and self.zone is not None:
            yield from firings(self.cron, self.zone, max(asked, instant))


def read_frequency(text: str) -> Frequency:
    """What a `Frequency` says. Raises InvalidParameter."""
    text = text.strip()
    try:
        if found := _RATE.fullmatch(text):
            return Frequency(rate=timedelta(**{_UNITS[found[2].lower()]: int(found[1])}))
        if found := _AT.fullmatch(text):
            zone = _zone(found[2])
            return Frequency(at=first_instant(datetime.fromisoformat(found[1]), zone))
        words = text.split()
        last = words[-1] if words else ""
        has_zone = len(words) > 6 and re.match(r"(?i)UTC$|GMT|[A-Za-z]+/", last) is not None
        return Frequency(
            cron=read_cron(" ".join(words[:-1] if has_zone else words)), zone=_zone(last if has_zone else "")
        )
    except (ScheduleInvalid, ValueError, OverflowError) as wrong:
        message = (
            f"The Frequency {text!r} is none of rate(5m), at(2026-06-06 13:15:30 UTC) or a cron expression: {wrong}"
        )
        raise InvalidParameter("Frequency", message) from None


def checked(frequency: Frequency, timeout: int, now: datetime) -> Frequency:
    """The frequency, if a command with this timeout can be run by it. Raises InvalidParameter."""
    if frequency.at is not None:
        if frequency.at <= now:
            raise InvalidParameter("Frequency", f"The moment {frequency.at.isoformat()} has passed.")
        return frequency
    first = list(islice(frequency.due(now), _COMPARED))
    if not first:
        raise InvalidParameter("Frequency", "There is no moment left at which it is due.")
    if frequency.rate is not None:
        if not _SHORTEST_RATE <= frequency.rate <= _LONGEST_RATE:
            raise InvalidParameter("Frequency", "A rate is 60 seconds at least and 7 days at most.")
        if frequency.rate <= timedelta(seconds=timeout):
            raise InvalidParameter("Frequency", f"A rate must be longer than the timeout of {timeout} s.")
        return frequency
    gap = min((later - earlier for earlier, later in pairwise(first)), default=_LONGEST_RATE)
    if gap < max(_SHORTEST_CRON, timedelta(seconds=timeout)):
        message = f"Runs come {gap.total_seconds():g} s after each other: 10 s and the timeout of {timeout} s at least."
        raise InvalidParameter("Frequency", message)
    return frequency


def last_due(frequency: Frequency, asked: datetime, after: datetime, now: datetime) -> datetime | None:
    """The last moment in `(after, now]` at which it was due, unless that is more than GRACE ago.

    What was missed before that is not made up for: the newest run tells as much as all of them would.
    """
    since = max(after, now - GRACE - timedelta(microseconds=1))
    found: datetime | None = None
    for moment in frequency.due_after(asked, since):
        if moment > now:
            break
        found = moment
    return found


def is_over(frequency: Frequency, asked: datetime, now: datetime) -> bool:
    """Whether it will never be due again, and was not just now."""
    return next(frequency.due_after(asked, now - GRACE), None) is None


def _zone(name: str) -> tzinfo:
    """The zone of a name, or of an offset such as `GMT+8:00`. Raises ScheduleInvalid."""
    if found := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        if offset >= timedelta(hours=15):
            raise ScheduleInvalid(f"no clock is {name}")
        return timezone(-offset if found[1] == "-" else offset)
    return read_zone(name)

"""Timers: cron, at and rate (spec 4.5 ACS::TimerTrigger), between a first and a last moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from oos.schedule.cron import Cron, read_cron
from oos.schedule.errors import ScheduleInvalid
from oos.schedule.zones import firings, first_instant, read_zone
from oos.values.time import format_instant, parse_instant

_RATE: Final = re.compile(r"(\d+)\s*(second|minute|hour|day|week)s?", re.IGNORECASE)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_HAS_ZONE: Final = re.compile(r".*(Z|[+-]\d\d:?\d\d)", re.IGNORECASE)
TYPES: Final = ("cron", "at", "rate")


@dataclass(frozen=True, slots=True)
class Timer:
    """When a timer fires."""

    zone: ZoneInfo
    start: datetime
    """It fires at this instant at the earliest."""
    end: datetime | None
    """It fires at this instant at the latest, and is over then."""
    cron: Cron | None = None
    at: datetime | None = None
    rate: timedelta | None = None

    def firings(self, after: datetime) -> Iterator[datetime]:
        """All firings later than an instant, in order."""
        for instant in self._unbounded(after):
            if self.end is not None and instant > self.end:
                return
            yield instant

    def next_after(self, instant: datetime) -> datetime | None:
        """The first firing later than an instant, or None."""
        return next(self.firings(instant), None)

    def _unbounded(self, after: datetime) -> Iterator[datetime]:
        if self.cron is not None:
            before_start = self.start - timedelta(microseconds=1)
            yield from firings(self.cron, self.zone, max(after, before_start))
        elif self.at is not None:
            if self.at > after and self.at >= self.start:
                yield self.at
        elif self.rate is not None:
            count = max(0, (after - self.start) // self.rate + 1) if after >= self.start else 0
            while True:
                yield self.start + count * self.rate
                count += 1


def read_timer(kind: str, expression: str, *, armed: datetime, start: str = "", end: str = "", zone: str = "") -> Timer:
    """The timer that these properties of a trigger describe; a rate counts from StartDate, else from `armed`.

    Raises ScheduleInvalid.
    """
    place = read_zone(zone)
    first = read_moment(start, place, last=False) if start else None
    last = read_moment(end, place, last=True) if end else None
    if first is not None and last is not None and last < first:
        raise ScheduleInvalid(f"EndDate {end} is before StartDate {start}")
    match kind.casefold():
        case "cron" if not is_rate(expression):
            return Timer(place, first or armed, last, cron=read_cron(expression))
        case "at":
            return Timer(place, first or armed, last, at=read_moment(expression, place, last=False))
        case "rate" | "cron":  # an official sample calls a rate a cron (spec 10, 18)
            rate = read_rate(expression)
            return Timer(place, first or armed + rate, last, rate=rate)
        case _:
            raise ScheduleInvalid(f"the Type of a timer is one of {', '.join(TYPES)}, not {kind!r}")


def is_rate(text: str) -> bool:
    """Whether an expression looks like `30 minutes`."""
    return _RATE.fullmatch(text.strip()) is not None


def read_rate(text: str) -> timedelta:
    """`30 minutes`, `1 hour`, `1 day`. Raises ScheduleInvalid."""
    found = _RATE.fullmatch(text.strip())
    if found is None or int(found[1]) < 1:
        raise ScheduleInvalid(f"{text!r} is no rate; write it as 30 minutes, 1 hour or 1 day")
    try:
        return timedelta(**{f"{found[2].lower()}s": int(found[1])})
    except OverflowError:
        raise ScheduleInvalid(f"{text!r} is too long") from None


def read_moment(text: str, zone: ZoneInfo, *, last: bool) -> datetime:
    """An instant; without a zone of its own, a time in the timer's zone. A date alone is its beginning, or its end.

    Raises ScheduleInvalid.
    """
    text = text.strip()
    try:
        moment = parse_instant(text)
    except ValueError as error:
        raise ScheduleInvalid(str(error)) from None
    if _HAS_ZONE.fullmatch(text) and not _DATE.fullmatch(text):
        return moment
    wall = moment.replace(tzinfo=None)
    if _DATE.fullmatch(text) and last:
        wall = datetime.combine(wall.date(), time(23, 59, 59))
    return first_instant(wall, zone)


def described(timer: Timer) -> str:
    """What the timer does, in a few words."""
    if timer.cron is not None:
        return f"cron {timer.cron.text} {timer.zone.key}"
    if timer.at is not None:
        return f"at {format_instant(timer.at)}"
    assert timer.rate is not None
    return f"every {timer.rate}"

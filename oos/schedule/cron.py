"""Cron expressions of Quartz (spec 4.5): which wall-clock times they match. Own, because no library on PyPI follows

Quartz's six fields with `? L W #` *and* lets the caller decide what a time that a clock change skips or repeats means
(decision 034).
"""

from __future__ import annotations

import calendar
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from oos.schedule.errors import ScheduleInvalid
from oos.schedule.fields import (
    HOUR,
    LAST_YEAR,
    MINUTE,
    MONTH,
    SECOND,
    YEAR,
    BeforeLast,
    NearestWeekday,
    NthWeekday,
    Special,
    read_days_of_month,
    read_days_of_week,
    read_numbers,
)

FIELDS = "second minute hour day-of-month month day-of-week"


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression; it knows wall-clock times, and no zone."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    years: tuple[int, ...] | None
    days: tuple[int, ...]
    """Days of the month."""
    weekdays: tuple[int, ...]
    special: tuple[Special, ...]

    @property
    def every_hour(self) -> bool:
        """Whether it matches in every hour: then it is about intervals rather than about times of the day."""
        return len(self.hours) == 24

    def times(self) -> tuple[time, ...]:
        """The times of a day at which it matches, in order."""
        return _times(self.hours, self.minutes, self.seconds)

    def matches_day(self, day: date) -> bool:
        """Whether it matches at any time of this day."""
        if day.month not in self.months or (self.years is not None and day.year not in self.years):
            return False
        return day.day in _days_of(self, day.year, day.month)

    def next_at_or_after(self, wall: datetime) -> datetime | None:
        """The first wall-clock time (without zone) that matches, not before this one; None when there is none."""
        times = self.times()
        for day in self._days_from(wall.date()):
            if day > wall.date():
                return datetime.combine(day, times[0])
            number = bisect_left(times, _whole_second(wall))
            if number < len(times):
                return datetime.combine(day, times[number])
        return None

    def _days_from(self, day: date) -> Iterator[date]:
        """The days that match, from this one on."""
        year, month, first = day.year, day.month, day.day
        years = self.years
        while year <= LAST_YEAR:
            if (years is None or year in years) and month in self.months:
                for each in _days_of(self, year, month):
                    if each >= first:
                        yield date(year, month, each)
            first = 1
            month += 1
            if month > 12:
                year, month = year + 1, 1
                if years is not None and year > years[-1]:
                    return


def read_cron(text: str) -> Cron:
    """The expression that a text is. Raises ScheduleInvalid."""
    parts = text.split()
    if len(parts) not in (6, 7):
        message = f"{text!r}: a cron expression has six fields ({FIELDS}, and a year if you like), not {len(parts)}"
        hint = "; a crontab line of five fields lacks the seconds: put 0 in front, and ? for one of the days"
        raise ScheduleInvalid(message + (hint if len(parts) == 5 else ""))
    day, weekday = parts[3], parts[5]
    if day == "?" and weekday == "?":
        raise ScheduleInvalid(f"{text!r}: only one of day-of-month and day-of-week can be ?")
    if day not in ("?", "*") and weekday not in ("?", "*"):
        raise ScheduleInvalid(f"{text!r}: one of day-of-month and day-of-week must be ?")
    by_weekday = weekday not in ("?", "*")
    days, special = read_days_of_month("*" if by_weekday or day == "?" else day)
    weekdays: tuple[int, ...] = ()
    if by_weekday:
        days = ()
        weekdays, special = read_days_of_week(weekday)
    cron = Cron(
        text=" ".join(parts),
        seconds=read_numbers(SECOND, parts[0]),
        minutes=read_numbers(MINUTE, parts[1]),
        hours=read_numbers(HOUR, parts[2]),
        months=read_numbers(MONTH, parts[4]),
        years=read_numbers(YEAR, parts[6]) if len(parts) == 7 and parts[6] != "*" else None,
        days=days,
        weekdays=weekdays,
        special=special,
    )
    if not any(_days_of(cron, year, month) for year in range(2000, 2040) for month in cron.months):
        raise ScheduleInvalid(f"{text!r}: there is no such day in any year")
    return cron


@lru_cache(maxsize=256)
def _times(hours: tuple[int, ...], minutes: tuple[int, ...], seconds: tuple[int, ...]) -> tuple[time, ...]:
    return tuple(time(hour, minute, second) for hour in hours for minute in minutes for second in seconds)


@lru_cache(maxsize=4096)
def _days_of(cron: Cron, year: int, month: int) -> tuple[int, ...]:
    """The days of a month on which an expression matches."""
    first_weekday, length = calendar.monthrange(year, month)
    # monthrange counts from Monday, 0; Quartz from Sunday, 1.
    weekday_of_first = (first_weekday + 1) % 7 + 1

    def weekday(day: int) -> int:
        return (weekday_of_first - 1 + day - 1) % 7 + 1

    found = {day for day in cron.days if day <= length}
    found.update(day for day in range(1, length + 1) if weekday(day) in cron.weekdays)
    for special in cron.special:
        day = _special_day(special, length, weekday_of_first)
        if day is not None:
            found.add(day)
    return tuple(sorted(found))


def _special_day(special: Special, length: int, weekday_of_first: int) -> int | None:
    match special:
        case NearestWeekday(day):
            return _working_day(day, length, weekday_of_first) if day <= length else None
        case BeforeLast(days, weekday):
            day = length - days
            if day < 1:
                return None
            return _working_day(day, length, weekday_of_first) if weekday else day
        case NthWeekday(weekday_number, number):
            first = (weekday_number - weekday_of_first) % 7 + 1
            all_of_them = range(first, length + 1, 7)
            if number == 0:
                return all_of_them[-1]
            return all_of_them[number - 1] if number <= len(all_of_them) else None


def _working_day(day: int, length: int, weekday_of_first: int) -> int:
    """The Monday to Friday nearest to a day, never in another month."""
    match (weekday_of_first - 1 + day - 1) % 7 + 1:
        case 7:  # Saturday
            return day - 1 if day > 1 else day + 2
        case 1:  # Sunday
            return day + 1 if day < length else day - 2
        case _:
            return day


def _whole_second(wall: datetime) -> time:
    """The time of day, rounded up to a whole second; past the last one, a time that no expression reaches."""
    if wall.microsecond:
        later = wall + timedelta(seconds=1, microseconds=-wall.microsecond)
        return later.time() if later.date() == wall.date() else time.max
    return wall.time()

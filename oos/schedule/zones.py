"""Wall clocks and instants: what a clock change does to a schedule (decision 034)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from oos.schedule.cron import Cron
from oos.schedule.errors import ScheduleInvalid

SECOND: Final = timedelta(seconds=1)


@lru_cache(maxsize=64)
def read_zone(name: str) -> ZoneInfo:
    """The zone of a name such as `Europe/Berlin`. Raises ScheduleInvalid."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleInvalid(f"there is no time zone {name!r}; write it as Asia/Shanghai or UTC") from None


def firings(cron: Cron, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    """The instants (UTC) at which an expression fires in a zone, each later than the one before and than `after`.

    One that names hours fires once for each wall-clock time it names: a time that a clock change skips fires at the
    end of the gap, one that comes twice fires the first time. One that fires in every hour is about intervals, and goes
    on in real time: nothing twice at once, nothing left out.
    """
    if cron.every_hour:
        return _in_real_time(cron, zone, after)
    return _by_the_wall_clock(cron, zone, after)


def _by_the_wall_clock(cron: Cron, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    local = after.astimezone(zone)
    wall = _next_second(local.replace(tzinfo=None, fold=0))
    while (found := cron.next_at_or_after(wall)) is not None:
        instant = first_instant(found, zone)
        if instant > after:
            yield instant
            after = instant
        wall = found + SECOND


def first_instant(wall: datetime, zone: tzinfo) -> datetime:
    """The first instant at which the clocks of a zone show a time, or the end of the gap that skips it."""
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # In a gap, fold 0 reads the time with the offset from before it, so `instant` lies after the change.
    return _change_before(instant, zone)


def _change_before(instant: datetime, zone: tzinfo) -> datetime:
    """The clock change that led to the offset at an instant, which came within a day or two before."""
    offset = instant.astimezone(zone).utcoffset()
    low, high = instant - timedelta(hours=48), instant
    while high - low > SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle <= low:
            break
        if middle.astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high


def _in_real_time(cron: Cron, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    """Between two clock changes the offset is constant: there the wall clock runs as real time does."""
    begin = _next_second(after.astimezone(UTC))
    while True:
        offset = begin.astimezone(zone).utcoffset()
        assert offset is not None
        wall = cron.next_at_or_after(begin.replace(tzinfo=None) + offset)
        if wall is None:
            return
        instant = (wall - offset).replace(tzinfo=UTC)
        if instant.astimezone(zone).utcoffset() == offset:
            yield instant
            begin = instant + SECOND
        else:
            begin = _change_after(begin, instant, zone)


def _change_after(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """The first clock change after `low`, known to lie not after `high`."""
    # Step by step first: between two far instants the offset may change and change back.
    offset = low.astimezone(zone).utcoffset()
    step = timedelta(days=7)
    while low + step < high and (low + step).astimezone(zone).utcoffset() == offset:
        low += step
    high = min(high, low + step)
    while high - low > SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle <= low:
            break
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def _next_second(instant: datetime) -> datetime:
    return instant.replace(microsecond=0) + SECOND

"""Periods: to which hour, day, week, month and year an instant belongs, in a time zone that may change its clocks."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from oos.retention.model import Period, Point


@lru_cache(maxsize=1 << 16)
def _keys(taken: datetime, zone: ZoneInfo) -> dict[Period, Hashable]:
    local = taken.astimezone(zone)
    year, week, _ = local.isocalendar()
    return {
        # The hour that comes twice when the clock goes back has two offsets, and is two hours.
        Period.HOURLY: (local.year, local.month, local.day, local.hour, local.utcoffset()),
        Period.DAILY: (local.year, local.month, local.day),
        Period.WEEKLY: (year, week),
        Period.MONTHLY: (local.year, local.month),
        Period.YEARLY: local.year,
    }


def period_of(point: Point, period: Period, zone: ZoneInfo) -> Hashable:
    """Which period of this kind the point belongs to; `last`: the point itself."""
    return point.id if period is Period.LAST else _keys(point.taken, zone)[period]


def period_name(point: Point, period: Period, zone: ZoneInfo) -> str:
    """The period as people write it: `2026-11-24 13h`, `2026-11-24`, `2026-W48`, `2026-11`, `2026`."""
    return _name(point.taken, period, zone)


@lru_cache(maxsize=1 << 16)
def _name(taken: datetime, period: Period, zone: ZoneInfo) -> str:
    local = taken.astimezone(zone)
    match period:
        case Period.LAST:
            return f"{local:%Y-%m-%d %H:%M}"
        case Period.HOURLY:
            return f"{local:%Y-%m-%d %Hh}{'' if zone.key == 'UTC' else f' {local:%Z}'}"
        case Period.DAILY:
            return f"{local:%Y-%m-%d}"
        case Period.WEEKLY:
            year, week, _ = local.isocalendar()
            return f"{year}-W{week:02d}"
        case Period.MONTHLY:
            return f"{local:%Y-%m}"
        case Period.YEARLY:
            return f"{local:%Y}"

"""Calendars in text: a row a month and a column a day, or a row a day and a column an hour where that is enough."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from oos.cli.printing import dim, paint

KEPT, GONE, BOTH, NONE = "●", "×", "◐", "·"
STYLES: Final = {KEPT: "green", GONE: "red", BOTH: "yellow"}
FEW_DAYS: Final = timedelta(days=8)
LEGEND: Final = f"{KEPT} kept   {GONE} deleted   {BOTH} some of both"


def print_calendar(moments: Mapping[datetime, Sequence[bool]], zone: ZoneInfo) -> None:
    """Draw when snapshots were taken; True is one that is kept."""
    if not moments:
        return
    local = [(each.astimezone(zone), kept) for each, kept in sorted(moments.items())]
    hours = local[-1][0] - local[0][0] < FEW_DAYS
    marks: dict[tuple[str, int], set[bool]] = {}
    for at, kept in local:
        place = (f"{at:%Y-%m-%d}", at.hour) if hours else (f"{at:%Y-%m}", at.day - 1)
        marks.setdefault(place, set()).update(kept)
    width = 24 if hours else 31
    rows = _days(local[0][0], local[-1][0]) if hours else _months(local[0][0], local[-1][0])
    gap = max(map(len, rows)) + 2
    print(dim(" " * gap + "".join(str((each if hours else each + 1) % 10) for each in range(width))))
    for row in rows:
        cells = [_mark(marks.get((row, each), set())) for each in range(width if hours else _length(row))]
        shown = "".join(paint(each, STYLES[each], sys.stdout) if each in STYLES else dim(each) for each in cells)
        print(f"{row}{' ' * (gap - len(row))}{shown}")


def _mark(kept: set[bool]) -> str:
    match kept:
        case set() if not kept:
            return NONE
        case set() if len(kept) == 2:
            return BOTH
        case _:
            return KEPT if True in kept else GONE


def _days(first: datetime, last: datetime) -> list[str]:
    number = (last.date() - first.date()).days + 1
    return [f"{first.date() + timedelta(days=each):%Y-%m-%d}" for each in range(number)]


def _months(first: datetime, last: datetime) -> list[str]:
    begin, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return [f"{each // 12:04d}-{each % 12 + 1:02d}" for each in range(begin, end + 1)]


def _length(month: str) -> int:
    year, number = int(month[:4]), int(month[5:])
    following = date(year + number // 12, number % 12 + 1, 1)
    return (following - timedelta(days=1)).day

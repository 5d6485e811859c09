"""Functions on instants and durations."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from oos.template.functions.function import (
    Argument,
    Function,
    FunctionError,
    as_list,
    as_number,
    as_text,
    bounded,
    described,
)
from oos.values.json import Value
from oos.values.time import format_duration, format_instant, parse_instant

_TIME_OF_DAY: Final = re.compile(
    r"T?(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?P<zone>Z|[+-]\d\d:?\d\d)?", re.IGNORECASE
)
_DAY: Final = timedelta(days=1)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONGEST_PATTERN: Final = 200


def add_hour(time: Value, hours: Value) -> str:
    """The instant moved by a number of hours, which may be negative, a fraction, or text."""
    instant, number = _instant(time), as_number(hours, "the number of hours")
    try:
        return format_instant(instant + timedelta(hours=number))
    except (OverflowError, ValueError):
        raise FunctionError(f"{described(hours)} hours lead out of the calendar") from None


def format_utc_time(time: Value, pattern: Value) -> str:
    """The instant printed by a strftime pattern."""
    text = as_text(pattern, "the pattern")
    if len(text) > _LONGEST_PATTERN:
        raise FunctionError(f"the pattern has more than {_LONGEST_PATTERN} characters")
    if re.search(r"%[^A-Za-z]*\d", text):
        raise FunctionError(f"the pattern {text!r} has a width, which is not supported")
    try:
        return bounded(_instant(time).strftime(text))
    except (ValueError, UnicodeError):
        raise FunctionError(f"the pattern {text!r} cannot be used") from None


def duration_between(start: Value, end: Value) -> str:
    """The duration from one time of day to the next occurrence of the other, or between two instants: `PT12H`."""
    first, second = _time_of_day(start), _time_of_day(end)
    if first is None or second is None:
        if first is None and second is None:
            distance = _instant(end) - _instant(start)
            if distance < timedelta(0):
                raise FunctionError(f"{as_text(end, 'the end')} is before {as_text(start, 'the start')}")
            return format_duration(distance)
        wrong = start if first is None else end
        raise FunctionError(f"not a time of day: {described(wrong)}; write it as 08:00:00Z")
    return format_duration((second - first) % _DAY)


def time_by_window(window: Value, now: str | None) -> str:
    """The next instant inside a daily window, from now on: now itself while the window is open.

    The vendor describes the window nowhere (spec 10, 29). Ours is `[start, end]` or `{StartTime, EndTime,
    DaysOfWeek}`, times of day with the end exclusive; a window may pass midnight. Without an end it is an hour long.
    """
    if isinstance(window, list) and len(window) == 1 and isinstance(window[0], dict):
        window = window[0]
    days = frozenset(range(7))
    if isinstance(window, dict):
        start, end = window.get("StartTime"), window.get("EndTime")
        if window.get("DaysOfWeek") is not None:
            days = frozenset(map(_weekday, as_list(window["DaysOfWeek"], "DaysOfWeek")))
    else:
        parts = as_list(window, "the window")
        if not 1 <= len(parts) <= 2:
            raise FunctionError("the window must be [start, end] or {StartTime, EndTime, DaysOfWeek}")
        start, end = parts[0], parts[1] if len(parts) == 2 else None
    opens = _time_of_day(start)
    if opens is None:
        raise FunctionError(f"not a time of day: {described(start)}; write it as 08:00:00Z")
    closes = opens + timedelta(hours=1) if end is None else _time_of_day(end)
    if closes is None:
        raise FunctionError(f"not a time of day: {described(end)}; write it as 08:00:00Z")
    length = (closes - opens) % _DAY or _DAY
    if not days:
        raise FunctionError("DaysOfWeek names no day")
    moment = _instant(now)
    try:
        return format_instant(_next_open(moment, opens, length, days))
    except OverflowError:
        raise FunctionError("the window leads out of the calendar") from None


def _next_open(moment: datetime, opens: timedelta, length: timedelta, days: frozenset[int]) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(-1, 8):
        begin = midnight + timedelta(days=day) + opens
        if (midnight + timedelta(days=day)).weekday() in days and moment < begin + length:
            return max(begin, moment)
    raise FunctionError("the window never opens")


def _weekday(value: Value) -> int:
    text = as_text(value, "a day").strip().casefold()
    if text.isdigit() and 1 <= int(text) <= 7:
        return int(text) - 1
    if text[:3] in _WEEKDAYS:
        return _WEEKDAYS.index(text[:3])
    raise FunctionError(f"not a day of the week: {described(value)}")


def _instant(value: Value) -> datetime:
    text = as_text(value, "the time")
    try:
        return parse_instant(text)
    except (ValueError, OverflowError):
        raise FunctionError(f"not an instant: {described(value)}; write it as 2019-06-01T08:05:09Z") from None


def _time_of_day(value: Value) -> timedelta | None:
    """The time since midnight UTC, None when the value is no time of day."""
    found = _TIME_OF_DAY.fullmatch(as_text(value, "the time").strip())
    if found is None:
        return None
    since = timedelta(hours=int(found["hour"]), minutes=int(found["minute"]), seconds=int(found["second"] or 0))
    zone = found["zone"]
    if zone and zone.upper() != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        since += -offset if zone[0] == "+" else offset
    return since % _DAY


_TIME: Final = Argument("time", ("String",))

FUNCTIONS: Final = (
    Function(
        "Fn::AddHour",
        "an instant moved by hours",
        (_TIME, Argument("hours", ("Number",))),
        "String",
        add_hour,
        (["2019-06-01T08:00:00Z", 2], "2019-06-01T10:00:00Z"),
    ),
    Function(
        "Fn::FormatUTCTime",
        "an instant printed by a strftime pattern",
        (_TIME, Argument("pattern", ("String",))),
        "String",
        format_utc_time,
        (["2019-06-01T08:05:09Z", "%Y-%m-%dT%H:%MZ"], "2019-06-01T08:05Z"),
    ),
    Function(
        "Fn::DurationBetween",
        "the duration from one time of day to the other, past midnight if need be",
        (Argument("start", ("String",)), Argument("end", ("String",))),
        "String",
        duration_between,
        (["08:00:00Z", "20:00:00Z"], "PT12H"),
    ),
    Function(
        "Fn::CalculateTimeByOpsWindow",
        "the next instant inside a daily window",
        (Argument("window", ("List", "Json")),),
        "String",
        time_by_window,
        (["08:00:00Z", "08:00:00Z"], None),
        whole=True,
        needs_time=True,
    ),
)

"""Fields of a Quartz cron expression (spec 4.5): `* 0/15 2,14 1-5 FRI-MON L-3 15W 6#3 6L ?`, read into values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from oos.schedule.errors import ScheduleInvalid

MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1
    )
}
WEEKDAYS: Final = {name: number for number, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)}
"""Quartz counts from Sunday, 1."""
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199

_DAY_OF_MONTH_SPECIAL: Final = re.compile(r"L(?:-(?P<before>\d{1,2}))?(?P<working>W)?|(?P<day>\d{1,2})W")
_DAY_OF_WEEK_SPECIAL: Final = re.compile(r"(?P<last>\w+)L|(?P<nth>\w+)#(?P<number>[1-5])")


@dataclass(frozen=True, slots=True)
class Field:
    """What one of the six fields may hold."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] | None = None


SECOND: Final = Field("second", 0, 59)
MINUTE: Final = Field("minute", 0, 59)
HOUR: Final = Field("hour", 0, 23)
DAY_OF_MONTH: Final = Field("day of month", 1, 31)
MONTH: Final = Field("month", 1, 12, MONTHS)
DAY_OF_WEEK: Final = Field("day of week", 1, 7, WEEKDAYS)
YEAR: Final = Field("year", FIRST_YEAR, LAST_YEAR)


@dataclass(frozen=True, slots=True)
class NearestWeekday:
    """`15W`: the Monday to Friday nearest to a day, in the same month."""

    day: int


@dataclass(frozen=True, slots=True)
class BeforeLast:
    """`L`, `L-3`, `LW`: so many days before the last day of the month, or the working day nearest to that."""

    days: int = 0
    weekday: bool = False


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """`6#3`: the third Friday. `6L`: the last one (number 0)."""

    weekday: int
    """From Sunday, 1."""
    number: int


Special = NearestWeekday | BeforeLast | NthWeekday


def read_numbers(field: Field, text: str) -> tuple[int, ...]:
    """The numbers that a field without special characters names, sorted. Raises ScheduleInvalid."""
    found: set[int] = set()
    for part in text.split(","):
        found.update(_part(field, part))
    return tuple(sorted(found))


def read_days_of_month(text: str) -> tuple[tuple[int, ...], tuple[Special, ...]]:
    """The plain and the special days of the field *day of month*. Raises ScheduleInvalid."""
    plain: set[int] = set()
    special: list[Special] = []
    for part in text.split(","):
        found = _DAY_OF_MONTH_SPECIAL.fullmatch(part.upper())
        if found is None:
            plain.update(_part(DAY_OF_MONTH, part))
        elif found["day"]:
            special.append(NearestWeekday(_number(DAY_OF_MONTH, found["day"], part)))
        else:
            before = int(found["before"] or 0)
            if before > 30:
                raise ScheduleInvalid(f"{part}: at most 30 days before the last day of a month")
            special.append(BeforeLast(before, weekday=bool(found["working"])))
    return tuple(sorted(plain)), tuple(special)


def read_days_of_week(text: str) -> tuple[tuple[int, ...], tuple[Special, ...]]:
    """The plain and the special days of the field *day of week*. Raises ScheduleInvalid."""
    plain: set[int] = set()
    special: list[Special] = []
    for part in text.split(","):
        found = _DAY_OF_WEEK_SPECIAL.fullmatch(part.upper())
        if part.upper() == "L":
            plain.add(WEEKDAYS["SAT"])  # Quartz: L alone is the last day of the week
        elif found is None:
            plain.update(_part(DAY_OF_WEEK, part))
        elif found["last"]:
            special.append(NthWeekday(_number(DAY_OF_WEEK, found["last"], part), 0))
        else:
            special.append(NthWeekday(_number(DAY_OF_WEEK, found["nth"], part), int(found["number"])))
    return tuple(sorted(plain)), tuple(special)


def _part(field: Field, part: str) -> range | list[int]:
    """The numbers of one item of a list: `*`, `5`, `1-5`, `22-2`, each with a step `/n` or without."""
    text, slash, step_text = part.partition("/")
    step = 1
    if slash:
        if not step_text.isdigit() or not 1 <= int(step_text) <= field.high:
            raise ScheduleInvalid(f"{part}: the step of the field {field.name} must be 1 to {field.high}")
        step = int(step_text)
    if text in ("*", ""):
        if not text and not slash:
            raise ScheduleInvalid(f"the field {field.name} has an empty item")
        return range(field.low, field.high + 1, step)
    low_text, dash, high_text = text.partition("-")
    low = _number(field, low_text, part)
    if not dash:
        return range(low, field.high + 1, step) if slash else [low]
    high = _number(field, high_text, part)
    if low <= high:
        return range(low, high + 1, step)
    if field is YEAR:
        raise ScheduleInvalid(f"{part}: years do not begin again")
    # FRI-MON, 22-2: on to the end, and from the beginning
    size = field.high - field.low + 1
    return [(each - field.low) % size + field.low for each in range(low, high + size + 1, step)]


def _number(field: Field, text: str, part: str) -> int:
    names = field.names or {}
    number = names.get(text.upper())
    if number is None:
        if not (text.isascii() and text.isdigit()):
            or_name = f" or a name such as {next(iter(names))}" if names else ""
            raise ScheduleInvalid(f"{part}: the field {field.name} takes numbers{or_name}, not {text!r}")
        number = int(text)
    if not field.low <= number <= field.high:
        raise ScheduleInvalid(f"{part}: the field {field.name} is {field.low} to {field.high}, not {number}")
    return number

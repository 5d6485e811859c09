"""Instants and durations as the services write them: ISO 8601, UTC, seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_INSTANT: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?")
_DURATION: Final = re.compile(
    r"(?:P(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)S)?)?"
    r"|(?:(?P<sd>\d+)D)?(?:(?P<sh>\d+)H)?(?:(?P<sm>\d+)M)?(?:(?P<ss>\d+)S)?)",
    re.IGNORECASE,
)


def format_instant(instant: datetime) -> str:
    """`2019-06-01T08:05:09Z`: UTC with seconds (spec 6.5)."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: str) -> datetime:
    """The instant that an ISO 8601 text names; without a zone it is UTC, without a time it is midnight.

    Raises ValueError.
    """
    found = _INSTANT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not an instant: {text!r}; write it as 2019-06-01T08:05:09Z")
    year, month, day, hour, minute, second, zone = found.groups()
    instant = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    if zone and zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        instant -= sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return instant


def parse_duration(text: str) -> timedelta:
    """A duration: ISO 8601 (`PT1M`) or the short forms `1S`, `1M`, `1H2M`, any case (spec 4.4).

    Raises ValueError.
    """
    found = _DURATION.fullmatch(text.strip())
    parts = {name: int(number) for name, number in found.groupdict().items() if number} if found else {}
    if not parts:
        raise ValueError(f"not a duration: {text!r}; write it as PT1M or 1H30M")

    def part(name: str) -> int:
        return parts.get(name, 0) + parts.get(f"s{name}", 0)

    return timedelta(days=part("d"), hours=part("h"), minutes=part("m"), seconds=part("s"))


def format_duration(duration: timedelta) -> str:
    """ISO 8601 text of a duration, e.g. `PT12H`, `PT1M30S`, `PT0S`."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if number]
    return "PT" + ("".join(parts) or "0S")

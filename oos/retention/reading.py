"""Policies as data: a map of YAML or JSON becomes a PolicyBook; every fault of it is told at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from oos.diagnostics import Diagnostic, DiagnosticError, did_you_mean
from oos.retention.model import Chapter, Floor, Period, Policy, PolicyBook, Rule
from oos.values.time import parse_duration

FAULT: Final = "OOS950"
FIELDS: Final = (
    "keep",
    "keepWithin",
    "pins",
    "minimumAge",
    "minimumNumber",
    "minimumFree",
    "timeZone",
)
"""Of one policy. A book has `byTag` beside these."""

MOST: Final = 1_000_000
_SIZES: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|b)?", re.IGNORECASE)

Read = TypeVar("Read")


def read_policy_book(value: Any, name: str = "policy") -> PolicyBook:
    """The policies in a map, or in a number of snapshots to keep. Raises DiagnosticError with every fault.

    ```yaml
    keep: {last: 3, hourly: 24, daily: 7, weekly: 4, monthly: 12, yearly: all}
    keepWithin: {last: 2d, daily: 30d}    # or one duration: everything within it
    pins: [s-0123456789abcdef0123]
    minimumAge: 1h
    minimumNumber: 2
    minimumFree: 10%                      # or 20GiB
    timeZone: Europe/Berlin
    byTag:
      - tags: {role: db}
        keep: {hourly: 48, daily: 30}
    ```
    """
    reader = _Reader(name)
    book = reader.book(value)
    if reader.faults:
        raise DiagnosticError(reader.faults)
    return book


class _Reader:
    """Reads, and remembers what was wrong."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults: list[Diagnostic] = []

    def book(self, value: Any) -> PolicyBook:
        if isinstance(value, int) and not isinstance(value, bool):
            value = {"keep": value}
        given = self._map(value, "", (*FIELDS, "byTag"))
        default = self._policy(given, "", Policy())
        chapters = []
        for number, each in self._list(given.get("byTag", []), "byTag"):
            path = f"byTag[{number}]."
            own = self._map(each, path, ("tags", *FIELDS))
            tags = self._tags(own.get("tags"), f"{path}tags")
            chapters.append(Chapter(tags, self._policy(own, path, default)))
        return PolicyBook(default, tuple(chapters))

    def _policy(self, given: Mapping[str, Any], path: str, base: Policy) -> Policy:
        """A policy with rules of its own; pins, ages, floor and zone that it does not say are those of the base."""
        counts = self._by_period(given.get("keep", {}), f"{path}keep", self._count)
        spans = self._by_period(given.get("keepWithin", {}), f"{path}keepWithin", self._duration)
        rules = tuple(
            Rule(period, counts.get(period, 0), spans.get(period, timedelta()))
            for period in Period
            if counts.get(period, 0) != 0 or spans.get(period)
        )
        said: dict[str, Any] = {
            attribute: read(given[name], f"{path}{name}")
            for name, attribute, read in (
                ("pins", "pins", self._pins),
                ("minimumAge", "minimum_age", self._duration),
                ("minimumNumber", "minimum_number", self._number),
                ("minimumFree", "floor", self._floor),
                ("timeZone", "zone_name", self._zone),
            )
            if name in given
        }
        return replace(base, rules=rules, **said)

    def _pins(self, value: Any, path: str) -> frozenset[str]:
        return frozenset(str(each) for _, each in self._list(value, path))

    def _by_period(self, value: Any, path: str, read: Callable[[Any, str], Read]) -> dict[Period, Read]:
        if not isinstance(value, Mapping):
            return {Period.LAST: read(value, path)}
        given = self._map(value, f"{path}.", tuple(Period))
        return {Period(each): read(item, f"{path}.{each}") for each, item in given.items()}

    def _count(self, value: Any, path: str) -> int | None:
        return None if str(value).casefold() in ("all", "unlimited") else self._number(value, path)

    def _number(self, value: Any, path: str) -> int:
        text = str(value)
        if isinstance(value, bool) or not text.isascii() or not text.isdigit() or int(text) > MOST:
            self._fault(
                path, f"{value!r} is not a whole number up to {MOST}", "write 7" + (", or all" * ("keep" in path))
            )
            return 0
        return int(text)

    def _duration(self, value: Any, path: str) -> timedelta:
        try:
            return parse_duration(str(value))
        except (ValueError, OverflowError):
            self._fault(path, f"{value!r} is not a duration", "write 12h, 7d or P7D")
            return timedelta()

    def _floor(self, value: Any, path: str) -> Floor | None:
        if value is None or value == "":
            return None
        text = str(value).strip()
        if re.fullmatch(r"\d{1,2}(\.\d+)?\s*%", text):
            return Floor(share=float(text.rstrip(" %")) / 100)
        found = _SIZE.fullmatch(text)
        if found is None:
            self._fault(path, f"{value!r} is neither a share nor a size", "write 10% or 20GiB")
            return None
        return Floor(bytes=int(float(found[1]) * _SIZES[(found[2] or "").casefold()]))

    def _zone(self, value: Any, path: str) -> str:
        try:
            return ZoneInfo(str(value)).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._fault(path, f"no time zone is named {value!r}", "write UTC or Europe/Berlin")
            return "UTC"

    def _tags(self, value: Any, path: str) -> dict[str, str]:
        if not isinstance(value, Mapping) or not value:
            self._fault(path, "tags are missing", "write tags: {role: db}")
            return {}
        return {str(key): "" if item is None else str(item) for key, item in value.items()}

    def _list(self, value: Any, path: str) -> Iterator[tuple[int, Any]]:
        if not isinstance(value, list | tuple):
            self._fault(path, "a list is expected", "write [a, b]")
            return
        yield from enumerate(value, 1)

    def _map(self, value: Any, path: str, known: tuple[str, ...]) -> dict[str, Any]:
        """A map under the known spellings of its keys."""
        if not isinstance(value, Mapping):
            self._fault(path.rstrip(".") or "policy", "a map is expected", f"known are: {', '.join(known)}")
            return {}
        spellings = {each.casefold(): each for each in known}
        found = {}
        for key, item in value.items():
            spelling = spellings.get(str(key).casefold())
            if spelling is None:
                self._fault(f"{path}{key}", "no policy has this", did_you_mean(str(key), known))
            else:
                found[str(spelling)] = item
        return found

    def _fault(self, path: str, message: str, hint: str) -> None:
        self.faults.append(Diagnostic(FAULT, f"{path}: {message}", self.name, hint=hint))

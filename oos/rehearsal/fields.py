"""Fields: how the parts of a rehearsal are read from trees, every fault noted at its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from oos.diagnostics import Diagnostic, did_you_mean
from oos.rehearsal import codes
from oos.rehearsal.tree import Tree
from oos.template.codes import Code
from oos.values.json import type_name
from oos.values.time import parse_duration, parse_instant

T = TypeVar("T")


class Report:
    """What is wrong with one file."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.faults: list[Diagnostic] = []

    def fault(self, code: Code, tree: Tree, message: str, hint: str = "", *, at_key: bool = False) -> None:
        """Note a fault at a value, or at its name."""
        self.faults.append(code.at(self.source, tree.key if at_key else tree.span, message, hint))

    def wrong(self, tree: Tree, name: str, wanted: str) -> None:
        """Note that a value is something else than what is wanted."""
        shown = type_name(tree.plain).lower() if isinstance(tree.content, dict | list) else repr(tree.content)
        self.fault(codes.WRONG_VALUE, tree, f"{name} is {wanted}, not {shown}")


class Fields:
    """The fields of one map. Each is asked for by name; `close` tells of those that nobody asked for."""

    def __init__(self, report: Report, tree: Tree, what: str) -> None:
        self.report = report
        self.tree = tree
        self.what = what
        """How messages call the map."""
        self._asked: set[str] = set()
        if isinstance(tree.content, dict):
            self._entries = tree.content
        else:
            self._entries = {}
            if tree.content is not None:
                report.wrong(tree, what, "a map")

    def get(self, name: str) -> Tree | None:
        """A field, or None when it is not there or null."""
        self._asked.add(name)
        found = self._entries.get(name)
        return None if found is None or found.content is None else found

    def has(self, name: str) -> bool:
        """Whether a field is there."""
        return name in self._entries

    def required(self, name: str) -> Tree | None:
        """A field that must be there."""
        found = self.get(name)
        if found is None:
            self.report.fault(codes.MISSING_FIELD, self.tree, f"{self.what} needs {name}")
        return found

    def text(self, name: str, default: str = "") -> str:
        """Text; numbers and booleans are taken as they print."""
        found = self.get(name)
        if found is None:
            return default
        if isinstance(found.content, dict | list):
            self.report.wrong(found, name, "text")
            return default
        return str(found.content).lower() if isinstance(found.content, bool) else str(found.content)

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        found = self.get(name)
        if found is None:
            return default
        if not isinstance(found.content, bool):
            self.report.wrong(found, name, "true or false")
            return default
        return found.content

    def number(self, name: str, default: T, *, least: float = 0) -> int | T:
        """A whole number."""
        found = self.get(name)
        if found is None:
            return default
        value = found.content
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.report.wrong(found, name, f"a whole number from {least:g} on")
            return default
        return value

    def seconds(self, name: str, default: float = 0.0) -> float:
        """A span of time in seconds: `30`, `30s`, `PT5M`."""
        found = self.get(name)
        span = None if found is None else self._duration(found, name)
        return default if span is None else span.total_seconds()

    def duration(self, name: str) -> timedelta | None:
        """A span of time."""
        found = self.get(name)
        return None if found is None else self._duration(found, name)

    def instant(self, name: str, default: datetime) -> datetime:
        """An instant."""
        found = self.get(name)
        if found is None:
            return default
        try:
            return parse_instant(str(found.content))
        except ValueError:
            self.report.wrong(found, name, "an instant such as 2026-01-01T08:00:00Z")
            return default

    def choice(self, name: str, allowed: Iterable[str], default: str) -> str:
        """One of a few words, in their spelling."""
        found = self.get(name)
        if found is None:
            return default
        words = list(allowed)
        by_folded = {word.casefold(): word for word in words}
        known = by_folded.get(str(found.content).casefold())
        if known is None:
            hint = did_you_mean(str(found.content), words)
            message = f"{name} is one of {', '.join(words)}, not {found.content!r}"
            self.report.fault(codes.WRONG_VALUE, found, message, "" if hint.startswith("known") else hint)
            return default
        return known

    def mapping(self, name: str) -> dict[str, Tree]:
        """The entries of a map."""
        found = self.get(name)
        if found is None:
            return {}
        if not isinstance(found.content, dict):
            self.report.wrong(found, name, "a map")
            return {}
        return found.content

    def plain(self, name: str) -> dict[str, Any]:
        """A map without places."""
        return {key: each.plain for key, each in self.mapping(name).items()}

    def texts(self, name: str) -> dict[str, str]:
        """A map of texts."""
        return {
            key: ""
            if each.content is None
            else str(each.plain).lower()
            if each.content in (True, False)
            else str(each.plain)
            for key, each in self.mapping(name).items()
        }

    def items(self, name: str) -> list[Tree]:
        """The items of a list; one value stands for a list of one."""
        found = self.get(name)
        if found is None:
            return []
        return found.content if isinstance(found.content, list) else [found]

    def inner(self, name: str, what: str) -> Fields:
        """The fields of a map inside this one; none when it is not there."""
        found = self.get(name)
        return Fields(self.report, found if found is not None else Tree({}, self.tree.span), what)

    def names(self) -> Iterator[str]:
        """The names of the fields that are there."""
        yield from self._entries

    def close(self) -> None:
        """Tell of fields that nobody asked for."""
        for name, tree in self._entries.items():
            if name not in self._asked:
                hint = did_you_mean(name, self._asked) or f"known are {', '.join(sorted(self._asked))}"
                message = f"{self.what} has no field {name}"
                self.report.fault(codes.UNKNOWN_FIELD, tree, message, hint, at_key=True)

    def _duration(self, tree: Tree, name: str) -> timedelta | None:
        value = tree.content
        try:
            if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
                return timedelta(seconds=value)
            return parse_duration(str(value))
        except (ValueError, OverflowError):
            self.report.wrong(tree, name, "a span of time such as 30s, 5m or PT1H")
            return None

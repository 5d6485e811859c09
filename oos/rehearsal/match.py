"""Matching: whether what was observed is what was expected; maps may hold more, lists may not.

`/…/` is a regular expression for a whole text, `...` in a list any number of items, null a thing that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from oos.diagnostics import nearest
from oos.rehearsal.tree import Tree
from oos.source import Span
from oos.values.json import Value, equals, json_text

REST: Final = "..."
_SHOWN: Final = 200
_PATTERN: Final = re.compile(r"/(.*)/", re.DOTALL)
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that does not hold."""

    span: Span
    path: str
    message: str
    hint: str = ""


def matches(wanted: Tree, observed: Value) -> bool:
    """Whether an expectation holds."""
    return next(differences(wanted, observed), None) is None


def differences(wanted: Tree, observed: Value, path: str = "") -> Iterator[Difference]:
    """What differs, each at the place of the expectation."""
    content = wanted.content
    if isinstance(content, dict):
        yield from _of_map(wanted, content, observed, path)
    elif isinstance(content, list):
        yield from _of_list(wanted, content, observed, path)
    elif observed is _ABSENT or not _is_same(content, observed):
        yield Difference(wanted.span, path, f"expected {shown(content)}, observed {shown(observed)}")


def shown(value: Value) -> str:
    """A value as messages show it."""
    if value is _ABSENT:
        return "nothing"
    text = json_text(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _is_same(wanted: Value, observed: Value) -> bool:
    pattern = _PATTERN.fullmatch(wanted) if isinstance(wanted, str) else None
    if pattern is None:
        return equals(wanted, observed)
    if observed is None or isinstance(observed, dict | list):
        return False
    text = observed if isinstance(observed, str) else json_text(observed)
    try:
        return re.fullmatch(pattern[1], text, re.DOTALL) is not None
    except re.error:
        return False


def _of_map(wanted: Tree, entries: dict[str, Tree], observed: Value, path: str) -> Iterator[Difference]:
    if not isinstance(observed, dict):
        yield Difference(wanted.span, path, f"expected a map, observed {shown(observed)}")
        return
    for name, each in entries.items():
        inner = f"{path}.{name}" if path else name
        found = observed.get(name, _ABSENT)
        if found is _ABSENT and each.content is None:
            continue
        if found is _ABSENT:
            near = nearest(name, observed)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(observed) or 'none'}"
            yield Difference(each.key, inner, f"expected {shown(each.plain)}, observed no {name}", hint)
        else:
            yield from differences(each, found, inner)


def _of_list(wanted: Tree, items: list[Tree], observed: Value, path: str) -> Iterator[Difference]:
    if not isinstance(observed, list):
        yield Difference(wanted.span, path, f"expected a list, observed {shown(observed)}")
        return
    if any(each.content == REST for each in items):
        if not _aligned(items, observed):
            yield Difference(wanted.span, path, f"expected {shown(wanted.plain)}, observed {shown(observed)}")
        return
    if len(items) != len(observed):
        message = f"expected {len(items)} {'item' if len(items) == 1 else 'items'}, observed {shown(observed)}"
        yield Difference(wanted.span, path, message)
        return
    for number, (each, found) in enumerate(zip(items, observed, strict=True)):
        yield from differences(each, found, f"{path}[{number}]")


def _aligned(items: list[Tree], observed: list[Value]) -> bool:
    """Whether the items occur in this order, with anything in place of `...`."""
    reached = {0}
    for item in items:
        if item.content == REST:
            reached = set(range(min(reached), len(observed) + 1)) if reached else set()
        else:
            reached = {place + 1 for place in reached if place < len(observed) and matches(item, observed[place])}
    return len(observed) in reached

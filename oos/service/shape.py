"""Shapes: how sizes and instants stand in responses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from oos.values.time import format_instant

GIB: Final = 1 << 30


def gib(size_bytes: int) -> int:
    """A size in whole GiB, as ECS counts; never less than what there is."""
    return -(-size_bytes // GIB)


def instant(moment: datetime | None) -> str:
    """An instant with seconds; empty for one that nobody remembers."""
    return "" if moment is None else format_instant(moment)


def minute(moment: datetime | None) -> str:
    """An instant without seconds, as ECS writes those of instances."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def newest_first(moment: datetime | None, id: str) -> tuple[str, ...]:
    """What listings are ordered by, descending: the time of creation, then the id."""
    return (instant(moment), id)

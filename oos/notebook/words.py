"""Words: values, spans of time and items, as the documents made here show them. Secrets are masked in all of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from oos.values.json import Value, json_text, transform
from oos.values.secret import MASK, Secret

LABEL_FIELDS: Final = ("InstanceId", "DiskId", "SnapshotId", "ImageId", "Id", "id", "Name", "name")
"""By which field an item that is a map is called."""


def masked(value: Value) -> Any:
    """A value with every secret in it masked."""
    return transform(value, lambda leaf: MASK if isinstance(leaf, Secret) else leaf)


def text_of(value: Value) -> str:
    """A value as text: text as it is, the rest as JSON."""
    shown = masked(value)
    return shown if isinstance(shown, str) else json_text(shown)


def label(value: Value, number: int) -> str:
    """What a loop item is called."""
    if isinstance(value, dict):
        for name in LABEL_FIELDS:
            if isinstance(value.get(name), str):
                return str(value[name])
    text = text_of(value) if value is not None else f"item {number + 1}"
    return text if len(text) <= 40 else f"{text[:39]}…"


def span(duration: timedelta | None) -> str:
    """`20 ms`, `1.3 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`."""
    if duration is None:
        return ""
    seconds = max(0.0, duration.total_seconds())
    if seconds < 0.995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {small}" if rest else "")
    return f"{whole} s"


def instant(at: datetime | None) -> str:
    """A point in time in UTC: a document is read anywhere."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def size(number: float) -> str:
    """`64 MiB`, `1.5 GiB`."""
    amount = float(number)
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if amount >= 9.95 or units[0] == "B" else f"{amount:.1f} {units[0]}"

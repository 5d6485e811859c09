"""Words: spans of time, sizes, counts, values and items as people read them, wherever they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from oos.values.json import Value, json_text, transform
from oos.values.secret import MASK, Secret
from oos.values.visible import visible

LABEL_FIELDS: Final = ("InstanceId", "DiskId", "SnapshotId", "ImageId", "Id", "id", "Name", "name")
"""By which field an item that is a map is called."""
_SPANS: Final = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
_SIZES: Final = ("B", "KiB", "MiB", "GiB", "TiB")


def span(duration: timedelta | None) -> str:
    """`20 ms`, `1.3 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`; empty for one that is not known."""
    if duration is None:
        return ""
    seconds = max(0.0, duration.total_seconds())
    if seconds < 0.995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, small_unit in _SPANS:
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {small_unit}" if rest else "")
    return f"{whole} s"


def size(number: float) -> str:
    """`64 MiB`, `1.5 GiB`."""
    amount = float(number)
    units = list(_SIZES)
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if amount >= 9.95 or units[0] == "B" else f"{amount:.1f} {units[0]}"


def counted(number: int, noun: str) -> str:
    """`1 item`, `2 items`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def masked(value: Value) -> Any:
    """A value with every secret in it masked."""
    return transform(value, lambda leaf: MASK if isinstance(leaf, Secret) else leaf)


def text_of(value: Value) -> str:
    """A value as text: text as it is, the rest as JSON; secrets masked."""
    shown = masked(value)
    return shown if isinstance(shown, str) else json_text(shown)


def item_label(value: Value, number: int | None = None) -> str:
    """What a loop item is called: itself, a field that names it, or its number (from 0) where it is null."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        for field in LABEL_FIELDS:
            if isinstance(value.get(field), str):
                return visible(str(value[field]))
    text = f"item {number + 1}" if value is None and number is not None else visible(text_of(value))
    return text if len(text) <= 40 else f"{text[:39]}…"

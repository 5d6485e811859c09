"""Fitting: whether a value of some shape can be used where some types are wanted."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from oos.template.functions.function import ANY, CONDITION
from oos.template.shapes import Shape

_READABLE: Final = {
    "String": frozenset({"String", "Number", "Boolean", "List", "Json", "Null"}),
    "Number": frozenset({"Number", "String", "Null"}),
    "Boolean": frozenset({"Boolean", "String", "Null"}),
    "List": frozenset({"List", "String", "Null"}),
    "Json": frozenset({"Json", "String", "Null"}),
    CONDITION: frozenset({"Boolean", "String", "Null"}),
}
"""What can be read as a type: everything prints as text, and JSON text is read as a list or map."""


def fits(shape: Shape, types: Iterable[str]) -> bool:
    """Whether a value of this shape may be usable as one of these types. When in doubt, it is."""
    return not shape.types.isdisjoint(_readable(tuple(types)))


@lru_cache(maxsize=256)
def _readable(types: tuple[str, ...]) -> frozenset[str]:
    if not types or ANY in types:
        return _READABLE["String"]
    return frozenset().union(*(_READABLE[each] for each in types))

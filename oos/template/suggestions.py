"""Suggestions: the nearest known name as a hint, for as many faults of a template as anybody reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from oos.diagnostics import did_you_mean, nearest

MOST: Final = 50
"""Comparing names is slow; a text with thousands of faults must not take minutes."""


class Suggestions:
    """Hints for one template, until there were enough."""

    def __init__(self) -> None:
        self._left = MOST

    def did_you_mean(self, name: str, known: Iterable[str]) -> str:
        """A hint with the nearest known name, or with the few there are, or nothing."""
        if self._left <= 0:
            return ""
        self._left -= 1
        return did_you_mean(name, known)

    def nearest(self, name: str, known: Iterable[str]) -> str | None:
        """The known name most like this one, or None."""
        if self._left <= 0:
            return None
        self._left -= 1
        return nearest(name, known)

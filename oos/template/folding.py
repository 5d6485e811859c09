"""Names without regard to case: exact spelling first (spec 10, 1)."""

from __future__ import annotations

from collections.abc import Iterable


def fold(names: Iterable[str]) -> dict[str, str]:
    """Names by their folded form; of names that differ only in case the first one counts."""
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(name.casefold(), name)
    return folded

"""The same work for many: some at the same time, each outcome in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AT_ONCE: Final = 16
"""How many guests or hosts are talked to at the same time."""


def at_once(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """The work done for each item; the first exception ends it when all others have ended."""
    if len(items) <= 1:
        return [work(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(AT_ONCE, len(items))) as pool:
        return list(pool.map(work, items))

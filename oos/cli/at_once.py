"""Asking many at once, and waiting for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

MOST: Final = 16
"""How many are asked at the same time."""


def at_once(ask: Callable[[Asked], Answer], things: Sequence[Asked]) -> list[Answer]:
    """The answer for each thing, in their order."""
    from concurrent.futures import ThreadPoolExecutor

    if not things:
        return []
    with ThreadPoolExecutor(min(MOST, len(things))) as pool:
        return list(pool.map(ask, things))

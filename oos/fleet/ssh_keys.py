"""Public keys as lines of `authorized_keys` (sshd(8)): options, kind, key, comment."""

from __future__ import annotations

from collections.abc import Iterable


def lines_of_key(lines: Iterable[str], key: str) -> tuple[str, ...]:
    """The lines that let this key in, whatever their options and comments."""
    body = key.split()[1]
    return tuple(line for line in lines if body in line.split())

"""Identifiers: how executions, tasks and resources are named, and the tokens that make effects happen once."""

from __future__ import annotations

import hashlib
import re
from typing import Final

HEX_DIGITS: Final = 20
"""Resource and execution ids end in this many hex digits (spec 6.5)."""

_RESOURCE_ID: Final = re.compile(r"[a-z]+-[0-9a-f]{20}")


def execution_id(chance: bytes) -> str:
    """`exec-` and 20 hex digits, from at least 10 random bytes."""
    return f"exec-{chance.hex()[:HEX_DIGITS]}"


def child_execution_id(parent: str, task_number: int, item_number: int | None = None) -> str:
    """The id of the execution a task starts: `exec-….t0001` and, in a loop, `exec-….t0001.0000` (spec 6.5)."""
    task = f"{parent}.t{task_number:04d}"
    return task if item_number is None else f"{task}.{item_number:04d}"


def root_execution_id(any_id: str) -> str:
    """The execution a person started, from the id of it or of any of its descendants."""
    return any_id.split(".", 1)[0]


def client_token(*parts: str | int | None) -> str:
    """A token of 40 hex digits that depends on the parts alone: the same request gives the same token."""
    if None in parts:
        parts = tuple("" if part is None else part for part in parts)
    text = "\x1f".join(map(str, parts))
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def resource_id(prefix: str, token: str) -> str:
    """The id of what a request makes, derived from its token: `s-` and 20 hex digits.

    The same token names the same thing, so a request that runs again after a crash finds what it made.
    """
    return f"{prefix}-{client_token(prefix, token)[:HEX_DIGITS]}"


def is_resource_id(text: str, prefix: str) -> bool:
    """Whether the text is an id with this prefix and 20 hex digits."""
    return text.startswith(f"{prefix}-") and _RESOURCE_ID.fullmatch(text) is not None


def instance_id(uuid: str) -> str:
    """The id of the instance that a libvirt domain is: `i-` and the first 20 hex digits of its UUID."""
    return f"i-{uuid.replace('-', '').lower()[:HEX_DIGITS]}"

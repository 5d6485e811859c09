"""Deletions that happen once: a request that runs again after a crash finds its work done, not the thing missing."""

from __future__ import annotations

from oos.service.context import Context
from oos.values.time import format_instant

_KIND = "deletion"


def intend_deletion(context: Context, resource_id: str) -> None:
    """Write down, before it is done, that the request with this token deletes the resource."""
    context.registry.add(_KIND, f"{context.token}/{resource_id}", {"At": format_instant(context.now())})


def intended_deletions(context: Context) -> list[str]:
    """What the request with this token set out to delete."""
    prefix = f"{context.token}/"
    return [key[len(prefix) :] for key, _ in context.registry.items(_KIND, prefix)]


def was_deletion_intended(context: Context, resource_id: str) -> bool:
    """Whether the request with this token set out to delete the resource; if it is gone, that is done."""
    return context.registry.get(_KIND, f"{context.token}/{resource_id}") is not None

"""Instants as documents show them: in UTC, for a document is read anywhere."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(at: datetime | None) -> str:
    """A point in time; empty for one that is not known."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

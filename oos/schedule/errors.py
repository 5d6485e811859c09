"""What can be wrong with a schedule that a person wrote."""

from __future__ import annotations


class ScheduleInvalid(ValueError):
    """A schedule that cannot be followed; the message says what to write instead."""

"""Faults of a task that cannot be performed as written."""

from __future__ import annotations


class TaskFault(Exception):
    """A task that cannot be performed as written; it fails with this code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

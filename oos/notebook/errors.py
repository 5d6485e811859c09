"""What can go wrong in a notebook; each is shown in words, without a traceback."""

from __future__ import annotations


class NotebookError(Exception):
    """Something that a person can mend in the cell."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}\n  hint: {hint}" if hint else message)

    def _render_traceback_(self) -> list[str]:
        """How a notebook shows it."""
        return [f"\x1b[31m{type(self).__name__}\x1b[0m: {self}"]


class UnknownOperation(NotebookError):
    """No installed module offers the operation."""

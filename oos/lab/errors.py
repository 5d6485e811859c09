"""Failures of the lab, each naming what failed and what would help."""

from __future__ import annotations


class LabError(Exception):
    """Something the lab needs did not work: `target` is the thing, `cause` what it said, `hint` the way out."""

    def __init__(self, target: str, cause: str, hint: str = "") -> None:
        super().__init__(f"{target}: {cause}" + (f" (hint: {hint})" if hint else ""))
        self.target = target
        self.cause = cause
        self.hint = hint


class CommandFailed(LabError):
    """A program that the lab started ended badly or not in time."""


class ForeignDirectory(LabError):
    """The lab directory holds something that no lab made, so no lab will delete it."""


class ZoneDown(LabError):
    """The lab's namespaces or its libvirtd are not there."""

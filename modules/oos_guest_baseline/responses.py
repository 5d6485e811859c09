"""Responses about the baseline of guests."""

from __future__ import annotations

from typing import TypedDict


class CheckShape(TypedDict):
    CheckId: str
    Title: str
    Severity: str
    Rationale: str
    Fixable: bool


class Checks(TypedDict):
    Checks: list[CheckShape]
    MaxResults: int
    NextToken: str


class Script(TypedDict):
    """A shell script for the guest."""

    Script: str
    CheckIds: list[str]


class ResultShape(TypedDict):
    CheckId: str
    Title: str
    Severity: str
    Status: str
    """`Passed`, `Fixed`, `Undone`, `Failed`, `Exempted` (it failed, and may for a time), `Skipped` or `Unknown`."""
    Evidence: str
    Rationale: str


class Report(TypedDict):
    """How a guest stands."""

    Score: int
    """0 to 100: the share of what passed, weighted by severity; what was skipped or exempted does not count."""
    GoodEnough: bool
    Summary: str
    Failed: list[str]
    Results: list[ResultShape]

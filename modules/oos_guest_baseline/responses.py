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


class PartShape(TypedDict):
    """The part of a script that is about one check."""

    CheckId: str
    Fixable: bool
    Script: str


class Script(TypedDict):
    """A shell script for the guest."""

    Script: str
    CheckIds: list[str]
    Prelude: str
    """How the script begins; `MODE=…` and parts follow, where it is carried out check by check."""
    Checks: list[PartShape]


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

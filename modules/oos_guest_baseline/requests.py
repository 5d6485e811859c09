"""Requests about the baseline of guests: operations of our own, since the cloud has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.paging import Tokened
from oos.service.parameter import Form, Param
from oos_guest_baseline.model import Mode, Severity

CheckIds = Annotated[tuple[str, ...], Param("Only these checks; all when empty.", form=Form.JSON)]
MinimumSeverity = Annotated[
    str, Param("Only checks of this severity and above.", allowed=tuple(each.value for each in Severity))
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """A check that may fail for a reason, and for a time."""

    id: Annotated[str, Param("The check.")]
    reason: Annotated[str, Param("Why it may fail.")]
    expires: Annotated[str, Param("Last day on which it may, such as 2026-12-31.", pattern=r"\d{4}-\d\d-\d\d")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListGuestChecks(Tokened):
    """Which checks to list."""

    check_ids: CheckIds = ()
    minimum_severity: MinimumSeverity = Severity.LOW.value


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateGuestCheckScript:
    """What a script is to do in a guest."""

    mode: Annotated[str, Param("Look, mend, or take back.", allowed=tuple(each.value for each in Mode))] = "Check"
    check_ids: CheckIds = ()
    minimum_severity: MinimumSeverity = Severity.LOW.value
    exemptions: Annotated[tuple[Exemption, ...], Param("Checks to leave out for a time.", form=Form.JSON)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateGuestCheckOutput:
    """What such a script printed."""

    output: Annotated[str, Param("What it printed.")] = ""
    check_ids: CheckIds = ()
    minimum_severity: MinimumSeverity = Severity.LOW.value
    exemptions: Annotated[tuple[Exemption, ...], Param("Checks that may fail for a time.", form=Form.JSON)] = ()
    minimum_score: Annotated[int, Param("Score that is good enough.", minimum=0, maximum=100)] = 0

"""Baseline of guests: what is looked at inside of them, mended, and taken back."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Module, Operation
from oos_guest_baseline import operations, requests, responses

OPERATIONS = (
    Operation(
        "OOS",
        "ListGuestChecks",
        requests.ListGuestChecks,
        responses.Checks,
        operations.list_guest_checks,
        list_field="Checks",
    ),
    Operation(
        "OOS",
        "GenerateGuestCheckScript",
        requests.GenerateGuestCheckScript,
        responses.Script,
        operations.generate_guest_check_script,
    ),
    Operation(
        "OOS",
        "ValidateGuestCheckOutput",
        requests.ValidateGuestCheckOutput,
        responses.Report,
        operations.validate_guest_check_output,
    ),
)

MODULE = Module("guest_baseline", OPERATIONS, actions_beside(__file__))

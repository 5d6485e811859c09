"""Operations about the baseline of guests. The looking itself is a command in the guest, see the actions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from oos.service.context import Context
from oos.service.errors import InvalidParameter
from oos.service.paging import slice_of
from oos_guest_baseline import decide, requests, responses
from oos_guest_baseline.model import Mode, part_of, prelude, script_of


def list_guest_checks(_context: Context, request: requests.ListGuestChecks) -> responses.Checks:
    """List what is looked at in a guest, and why."""
    page = slice_of(decide.chosen(request.check_ids, request.minimum_severity), request, lambda each: (each.id,))
    shapes: list[responses.CheckShape] = [
        {
            "CheckId": each.id,
            "Title": each.title,
            "Severity": each.rank.value,
            "Rationale": each.rationale,
            "Fixable": bool(each.fix),
        }
        for each in page.items
    ]
    return {"Checks": shapes, **page.fields}


def generate_guest_check_script(context: Context, request: requests.GenerateGuestCheckScript) -> responses.Script:
    """Generate the shell script that looks, mends or takes back in a guest."""
    _check(request.exemptions)
    allowed = decide.exempted(request.exemptions, context.now().date())
    chosen = [each for each in decide.chosen(request.check_ids, request.minimum_severity) if each.id not in allowed]
    parts: list[responses.PartShape] = [
        {"CheckId": each.id, "Fixable": bool(each.fix), "Script": part_of(each, number)}
        for number, each in enumerate(chosen)
    ]
    return {
        "Script": script_of(chosen, Mode(request.mode)),
        "CheckIds": [each.id for each in chosen],
        "Prelude": prelude(),
        "Checks": parts,
    }


def validate_guest_check_output(context: Context, request: requests.ValidateGuestCheckOutput) -> responses.Report:
    """Validate what the script printed in a guest: how the guest stands, and what that is worth."""
    chosen = decide.chosen(request.check_ids, request.minimum_severity)
    _check(request.exemptions)
    return decide.report_of(chosen, request.output, request.exemptions, context.now().date(), request.minimum_score)


def _check(exemptions: Iterable[requests.Exemption]) -> None:
    for each in exemptions:
        decide.chosen([each.id], "Low")
        try:
            date.fromisoformat(each.expires)
        except ValueError as error:
            raise InvalidParameter("Exemptions", f"{each.expires} is no day: {error}.") from error

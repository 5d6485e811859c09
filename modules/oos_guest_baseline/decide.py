"""Decisions about the baseline of guests: which checks are meant, what their output says, what it is worth. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from oos.service.errors import InvalidParameter
from oos_guest_baseline.model import Check, Severity, checks
from oos_guest_baseline.requests import Exemption
from oos_guest_baseline.responses import Report, ResultShape

PREFIX = "oos-baseline\t"
_GOOD = ("Passed", "Fixed")
_BAD = ("Failed", "Undone", "Unknown")


def chosen(ids: Sequence[str], minimum: str) -> tuple[Check, ...]:
    """The checks that a request means, in the order of the file. Raises InvalidParameter."""
    known = {each.id for each in checks()}
    for id in ids:
        if id not in known:
            raise InvalidParameter("CheckIds", f"There is no check {id}; oos api OOS ListGuestChecks lists them.")
    weight = Severity(minimum).weight
    return tuple(each for each in checks() if (not ids or each.id in ids) and each.rank.weight >= weight)


def report_of(
    asked: Sequence[Check], output: str, exemptions: Iterable[Exemption], today: date, minimum_score: int
) -> Report:
    """How a guest stands by what the script printed there. A check without a line is Unknown, and counts as failed."""
    said = _verdicts(output)
    exemptions = tuple(exemptions)
    allowed = exempted(exemptions, today)
    late = {each.id: each for each in exemptions if each.id not in allowed}
    results: list[ResultShape] = []
    for check in asked:
        status, evidence = said.get(check.id, ("Unknown", "the script said nothing about it"))
        if status in _BAD and check.id in allowed:
            status, evidence = "Exempted", f"{evidence}; until {allowed[check.id].expires}: {allowed[check.id].reason}"
        elif status in _BAD and check.id in late:
            evidence = f"{evidence}; its exemption ended on {late[check.id].expires}"
        results.append(
            {
                "CheckId": check.id,
                "Title": check.title,
                "Severity": check.rank.value,
                "Status": status,
                "Evidence": evidence,
                "Rationale": check.rationale,
            }
        )
    score = score_of(results)
    counts = Counter(each["Status"] for each in results)
    failed = [each["CheckId"] for each in results if each["Status"] in _BAD]
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    summary = f"score {score}: {told or 'nothing was checked'}" + (f"; {' '.join(failed)}" if failed else "")
    return {
        "Score": score,
        "GoodEnough": score >= minimum_score,
        "Summary": summary,
        "Failed": failed,
        "Results": results,
    }


def exempted(exemptions: Iterable[Exemption], today: date) -> Mapping[str, Exemption]:
    """Those that hold today, by check."""
    return {each.id: each for each in exemptions if date.fromisoformat(each.expires) >= today}


def score_of(results: Iterable[ResultShape]) -> int:
    """The share of what passed, weighted by severity, rounded down; 100 where nothing counts."""
    good = bad = 0
    for each in results:
        weight = Severity(each["Severity"]).weight
        good += weight * (each["Status"] in _GOOD)
        bad += weight * (each["Status"] in _BAD)
    return 100 * good // (good + bad) if good + bad else 100


def _verdicts(output: str) -> Mapping[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for line in output.splitlines():
        # Whoever handed the output on may have stripped it of the tab before an evidence that is empty.
        if line.startswith(PREFIX) and line.count("\t") in (2, 3):
            _, id, status, *evidence = line.split("\t")
            found[id] = (status, "".join(evidence).strip())
    return found

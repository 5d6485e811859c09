"""What was found about security groups as a report: text, a page, JSON, or SARIF for tools that collect findings.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

_LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_CVSS: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0"}
"""What code scanning sorts by (`security-severity`)."""

Found = Mapping[str, Any]
"""A response of DescribeSecurityFindings."""


def written(found: Found, form: str) -> str:
    """The report in one of the forms."""
    return _FORMS[form](found)


def text(found: Found) -> str:
    """A report to read."""
    lines = [f"Security groups, baseline {found['Baseline']['Name']} {found['Baseline']['Version']}"]
    lines += [f"score {found['Score']} of 100, {found['CheckedTime']}", ""]
    for each in found["Findings"]:
        lines.append(f"{each['Severity'].upper()} {each['Check']} {_where(each)}: {each['Title']}")
        lines.append(f"    {each['Detail']}")
        if each["Accepted"]:
            lines.append(f"    accepted: {each['Accepted']}")
    return "\n".join(lines)


def json(found: Found) -> str:
    """A report for programs."""
    from oos.values.json import json_text

    return json_text(dict(found))


def sarif(found: Found) -> str:
    """A report for tools that collect findings of many analysers."""
    import json as encoder

    rules = [
        {
            "id": each["Id"],
            "name": each["Title"],
            "shortDescription": {"text": each["Title"]},
            "fullDescription": {"text": each["Rationale"] or each["Title"]},
            "defaultConfiguration": {"level": _LEVELS[each["Severity"]]},
            "properties": {"security-severity": _CVSS[each["Severity"]], "tags": ["security"]},
        }
        for each in found["Baseline"]["Checks"]
    ]
    places = {each["id"]: place for place, each in enumerate(rules)}
    driver = {"name": "oos", "informationUri": "https://oos.invalid/", "rules": rules}
    results = [_result(each, places) for each in found["Findings"]]
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results, "properties": {"score": found["Score"]}}],
    }
    return encoder.dumps(document, indent=2, ensure_ascii=False)


def _result(finding: Mapping[str, Any], places: Mapping[str, int]) -> dict[str, Any]:
    name = "/".join(filter(None, [finding["SecurityGroupId"], finding["SecurityGroupRuleId"]])) or "/".join(
        finding["InstanceIds"]
    )
    result: dict[str, Any] = {
        "ruleId": finding["Check"],
        "ruleIndex": places[finding["Check"]],
        "level": _LEVELS[finding["Severity"]],
        "message": {"text": finding["Detail"]},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}]}],
        "partialFingerprints": {"oosFinding/v1": finding["Id"]},
    }
    if finding["Accepted"]:
        result["suppressions"] = [{"kind": "external", "justification": finding["Accepted"]}]
    return result


def html(found: Found) -> str:
    """A page that stands alone."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("oos.cli", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    rationale = {each["Id"]: each["Rationale"] for each in found["Baseline"]["Checks"]}
    rows = [{**each, "Where": _where(each), "Rationale": rationale[each["Check"]]} for each in found["Findings"]]
    return environment.get_template("security_report.html.j2").render(found=found, rows=rows)


def _where(finding: Mapping[str, Any]) -> str:
    if not finding["SecurityGroupId"]:
        return ", ".join(finding["InstanceIds"])
    name = finding["SecurityGroupName"]
    return f"{name} ({finding['SecurityGroupId']})" if name else str(finding["SecurityGroupId"])


_FORMS: Final[Mapping[str, Callable[[Found], str]]] = {"text": text, "json": json, "sarif": sarif, "html": html}

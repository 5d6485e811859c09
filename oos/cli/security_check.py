"""`oos security check` and `explain`: findings by a baseline, and what its checks mean."""

from __future__ import annotations

from typing import Any

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.security_options import SEVERITIES, ask, baseline_option, finding_options, parameters_of, read_file
from oos.cli.session import Session


@click.command(cls=Command)
@finding_options
@click.option("--severity", type=click.Choice(SEVERITIES), default="low", help="Show nothing less bad.")
@click.option(
    "--fail-on",
    type=click.Choice((*SEVERITIES, "never")),
    default="high",
    show_default=True,
    help="Exit code 1 when something as bad is found and not accepted.",
)
@click.option("--report", type=click.Choice(("text", "html", "json", "sarif")), default="text", help="As what.")
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="Into a file, in place of stdout.")
@click.pass_obj
def check(session: Session, /, severity: str, fail_on: str, report: str, out: str | None, **given: Any) -> int:
    """Hold security groups against a baseline: what is found, worst first, and a score from 100 down.

    \b
    oos security check
    oos security check --management 10.0.0.0/8 --report html --out security.html
    oos security check --report sarif --out security.sarif --fail-on critical
    """
    from oos.cli.security_report import written

    found = ask(session, "DescribeSecurityFindings", parameters_of(session, given, severity))
    form = "json" if session.is_json and report == "text" else report
    if form == "text" and out is None:
        _show(session, found)
    else:
        _put(written(found, form), out)
    return exits.FAILED if _is_bad(found, fail_on) else exits.SUCCESS


def _is_bad(found: dict[str, Any], fail_on: str) -> bool:
    if fail_on == "never":
        return False
    bad = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return any(each["Severity"] in bad and not each["Accepted"] for each in found["Findings"])


def _put(text: str, out: str | None) -> None:
    from pathlib import Path

    if out is None:
        print(text)
    else:
        Path(out).write_text(f"{text}\n", encoding="utf-8")


def _show(session: Session, found: dict[str, Any]) -> None:
    from oos.cli.printing import Column, print_table
    from oos.cli.words import counted

    rows = [
        [
            each["Severity"],
            each["Check"],
            each["SecurityGroupName"] or each["SecurityGroupId"],
            each["Detail"] + (f"; accepted: {each['Accepted']}" if each["Accepted"] else ""),
        ]
        for each in found["Findings"]
    ]
    if rows:
        columns = [Column("SEVERITY"), Column("CHECK"), Column("GROUP"), Column("WHAT", flexible=True)]
        print_table(columns, rows)
    mendable = sum(each["CanBeMended"] and not each["Accepted"] for each in found["Findings"])
    what = f"{counted(len(rows), 'finding')} in {counted(found['Groups'], 'security group')}"
    mended = f", {mendable} of them mended by oos security harden" if mendable else ""
    session.say(f"score {found['Score']} of 100: {what}{mended}")


@click.command(cls=Command)
@click.argument("check_id", required=False, metavar="[CHECK]")
@baseline_option
@click.pass_obj
def explain(session: Session, check_id: str | None, baseline_file: str | None) -> int:
    """Tell what a check looks for and why that is bad; without one, list them all."""
    import textwrap

    from oos.cli.failures import stop
    from oos.cli.printing import Column, print_document, print_list, print_title, terminal_width
    from oos.diagnostics import did_you_mean

    parameters = {"Baseline": read_file(baseline_file)} if baseline_file else {}
    baseline = ask(session, "DescribeSecurityBaseline", parameters)
    checks = baseline["Checks"]
    if check_id is None:
        columns = [Column("CHECK"), Column("SEVERITY"), Column("WHAT", flexible=True)]
        rows = [[each["Id"], each["Severity"], each["Title"]] for each in checks]
        print_list(session, checks, columns, rows, "the baseline has no checks")
        return exits.SUCCESS
    known = {each["Id"].casefold(): each for each in checks}
    found = known.get(check_id.casefold())
    if found is None:
        hint = did_you_mean(check_id, [each["Id"] for each in checks]) or "see oos security explain"
        raise stop(f"no check is called {check_id}", hint=hint, exit_code=exits.USAGE)
    if session.is_json:
        print_document(session, found)
        return exits.SUCCESS
    print_title(f"{found['Id']}: {found['Title']}")
    print(f"{found['Severity']}, looks for {found['Kind']}" + _ports(found["Ports"]))
    print()
    print(textwrap.fill(found["Rationale"], min(terminal_width(), 100)))
    for each in baseline["Exceptions"]:
        if each["Check"] == found["Id"]:
            print(f"\naccepted for {each['Group']} until {each['Until']}: {each['Reason']}")
    return exits.SUCCESS


def _ports(ports: list[int]) -> str:
    return f", ports {', '.join(map(str, ports))}" if ports else ""

"""`oos snapshot plan, why`: what a policy would keep and delete, with each reason. Nothing is deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from oos.cli.complete import RESOURCE
from oos.cli.lazy import Command
from oos.cli.retention_options import ask, asked, names_of, parameters_of, policy_options
from oos.cli.session import Session


@click.command(cls=Command)
@policy_options
@click.pass_obj
def plan(session: Session, /, **given: Any) -> None:
    """Show which snapshots a policy would keep and which it would delete, each with its reasons, and a calendar.

    The same judgement decides in the runbook snapshot-rotation; each disk and each rotation is judged by itself.

    \b
    oos snapshot plan --keep-last 3 --keep-daily 7 --keep-monthly 12
    oos snapshot plan --policy retention.yml --instance 'web-*' -o json
    """
    from oos.cli.printing import Column, print_document, print_line, print_table, print_title
    from oos.cli.words import counted, size

    meant = asked(given)
    found = ask(session, "DescribeSnapshotRetention", parameters_of(session, meant))
    if session.output == "json":
        print_document(session, found)
        return
    if session.output == "ndjson":
        for each in found["Verdicts"]:
            print_line(each)
        return
    if not found["Verdicts"]:
        session.say("there are no snapshots of rotations to judge" + ("" if meant.everything else "; --all judges all"))
        return
    names = names_of(session.app)
    for group, verdicts in _groups(found["Verdicts"]).items():
        print_title(_title(group, verdicts[0], names))
        rows = [
            [each["SnapshotId"], each["CreationTime"], each["Verdict"], size(each["StoredBytes"]), _short(each)]
            for each in verdicts
        ]
        columns = [
            Column("SNAPSHOT"),
            Column("CREATED"),
            Column("VERDICT", is_state=True),
            Column("STORED", align_right=True),
            Column("WHY", flexible=True),
        ]
        print_table(columns, rows)
        print()
    _draw(found["Verdicts"], meant.policy.get("timeZone", "UTC"))
    freed = sum(each["StoredBytes"] for each in found["Verdicts"] if each["Verdict"] == "Delete")
    kept, gone = len(found["Kept"]), len(found["Deleted"])
    session.say(f"{counted(kept, 'snapshot')} would stay, {gone} would go ({size(freed)})")


@click.command(cls=Command)
@click.argument("snapshot", type=RESOURCE)
@policy_options
@click.pass_obj
def why(session: Session, /, snapshot: str, **given: Any) -> None:
    """Tell everything that a policy says of one snapshot, among those of its disk and rotation."""
    from oos.cli.failures import stop
    from oos.cli.printing import print_document, print_facts, print_title

    meant = asked(given)
    parameters = {**parameters_of(session, meant), "Everything": True}
    found = ask(session, "DescribeSnapshotRetention", parameters)["Verdicts"]
    verdict = next((each for each in found if each["SnapshotId"] == snapshot), None)
    if verdict is None:
        raise stop(f"no snapshot that is judged is called {snapshot}", code="InvalidSnapshotId.NotFound")
    if session.is_json:
        print_document(session, verdict)
        return
    print_title(snapshot)
    does = "stays" if verdict["Verdict"] == "Keep" else "goes"
    print_facts(
        [
            ("of", _title(verdict["Group"], verdict, names_of(session.app))),
            ("created", verdict["CreationTime"]),
            ("it", does),
            ("because", "\n".join(each["Text"] for each in verdict["Reasons"])),
        ]
    )


def _groups(verdicts: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for each in verdicts:
        found.setdefault(each["Group"], []).append(each)
    return found


def _title(group: str, verdict: dict[str, Any], names: dict[str, str]) -> str:
    """`web-1, disk d-…, rotation daily`."""
    disk, _, rotation = group.partition(" ")
    name = names.get(verdict["InstanceId"], "")
    return ", ".join(
        each for each in (name, f"disk {disk}", f"rotation {rotation}" if rotation else "made by hand") if each
    )


def _short(verdict: dict[str, Any]) -> str:
    """The first reason, and how many more there are."""
    first, *others = (each["Text"] for each in verdict["Reasons"])
    return f"{first} (and {len(others)} more)" if others else first


def _draw(verdicts: list[dict[str, Any]], zone_name: str) -> None:
    from zoneinfo import ZoneInfo

    from oos.cli.calendar import LEGEND, print_calendar
    from oos.cli.printing import dim
    from oos.values.time import parse_instant

    moments: dict[datetime, list[bool]] = {}
    for each in verdicts:
        moments.setdefault(parse_instant(each["CreationTime"]), []).append(each["Verdict"] == "Keep")
    print_calendar(moments, ZoneInfo(zone_name))
    print(dim(LEGEND))

"""`oos snapshot forecast`: rotations played forward under a policy."""

from __future__ import annotations

from typing import Any

import click

from oos.cli.lazy import Command
from oos.cli.retention_options import ask, asked, names_of, parameters_of, policy_options
from oos.cli.session import Session


@click.command(cls=Command)
@click.option("--days", type=click.IntRange(1, 3660), default=365, show_default=True, help="How far to look.")
@click.option("--every", default="", metavar="TIME", help="How far apart rotations are; as they were so far, else 1d.")
@policy_options
@click.pass_obj
def forecast(session: Session, /, days: int, every: str, **given: Any) -> None:
    """Play rotations forward: how many snapshots there will be, how much room they take, and when each of today's goes.

    What a new snapshot takes is the median of those there are. The calendar shows what there will be in the end.

    \b
    oos snapshot forecast --days 365 --keep-daily 7 --keep-monthly 12
    """
    from oos.cli.printing import Column, print_document, print_facts, print_line, print_table, print_title
    from oos.cli.words import size, span

    meant = asked(given)
    parameters = {**parameters_of(session, meant), "Days": days, "Every": every}
    found = ask(session, "DescribeRetentionForecast", parameters)
    if session.output == "json":
        print_document(session, found)
        return
    if session.output == "ndjson":
        for each in found["Forecasts"]:
            print_line(each)
        return
    if not found["Forecasts"]:
        session.say("there are no snapshots of rotations to begin with" + ("" if meant.everything else "; see --all"))
        return
    from datetime import timedelta
    from zoneinfo import ZoneInfo

    from oos.cli.calendar import print_calendar
    from oos.values.time import parse_instant

    names = names_of(session.app)
    for number, each in enumerate(found["Forecasts"]):
        if number:
            print()
        disk, _, rotation = each["Group"].partition(" ")
        print_title(", ".join(filter(None, (names.get(each["InstanceId"]), f"disk {disk}", rotation))))
        last = each["Days"][-1] if each["Days"] else {"Snapshots": 0, "Bytes": 0}
        print_facts(
            [
                ("rotates every", span(timedelta(seconds=each["EverySeconds"]))),
                ("at most", f"{each['MostSnapshots']} snapshots, {size(each['MostBytes'])}"),
                ("in the end", f"{last['Snapshots']} snapshots, {size(last['Bytes'])}"),
            ]
        )
        print_table(
            [Column("SNAPSHOT"), Column("CREATED"), Column("GOES")],
            [[end["SnapshotId"], end["CreationTime"], end["DeletionTime"] or "later"] for end in each["Ends"]],
        )
        moments = {parse_instant(at): [True] for at in each["Left"]}
        print_calendar(moments, ZoneInfo(meant.policy.get("timeZone", "UTC")))

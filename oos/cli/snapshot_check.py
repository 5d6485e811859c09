"""`oos snapshot check`: disks without a recent, verified snapshot; an alarm by its exit code."""

from __future__ import annotations

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.retention_options import ask, instance_ids, instance_option
from oos.cli.session import Session


@click.command(cls=Command)
@click.option("--max-age", default="26h", show_default=True, metavar="TIME", help="The newest is no older than this.")
@click.option("--least", type=click.IntRange(1), default=1, show_default=True, help="So many usable ones there are.")
@click.option("--disks", type=click.Choice(("all", "system", "data")), default="all", help="Which disks.")
@click.option("--rotation", default="", metavar="NAME", help="Only snapshots of this rotation count.")
@instance_option
@click.pass_obj
def check(session: Session, max_age: str, least: int, disks: str, rotation: str, instances: tuple[str, ...]) -> int:
    """Find disks that have no recent, verified snapshot, whatever the reason. Exit code 1 when there are any.

    A rotation that failed can tell of it; one that never ran cannot. This looks at what there is.
    """
    from oos.cli.printing import Column, print_list
    from oos.cli.words import counted

    parameters = {"MostAge": max_age, "Least": least, "DiskType": disks, "Rotation": rotation}
    if instances:
        parameters["InstanceIds"] = instance_ids(session.app, instances)
    found = ask(session, "DescribeSnapshotCoverage", parameters)
    missing = found["Missing"]
    rows = [
        [each["DiskId"], each["InstanceName"], each["Device"], each["NewestTime"] or "never", "; ".join(each["Faults"])]
        for each in missing
    ]
    columns = [
        Column("DISK"),
        Column("OF", flexible=True),
        Column("DEVICE"),
        Column("NEWEST"),
        Column("WHAT IS MISSING", flexible=True),
    ]
    covered = len(found["Disks"]) - len(missing)
    print_list(session, missing, columns, rows, f"{counted(covered, 'disk')} covered, none missing")
    if missing:
        session.say(f"{counted(len(missing), 'disk')} of {len(found['Disks'])} without a recent snapshot")
    return exits.FAILED if missing else exits.SUCCESS

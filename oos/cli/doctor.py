"""`oos doctor`: what this host and the fleet can do, what is missing, and how to get it."""

from __future__ import annotations

import os
import sys

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.session import Session


@click.command(cls=Command)
@click.pass_obj
def doctor(session: Session) -> int:
    """See what the hosts of the inventory and this host can do, what is missing, and how to get it.

    Of each host of the inventory: whether it answers, has its pools, and the agents of its guests answer. Exit code 4
    when something is missing there; 1 when the lab cannot run here and there is no other fleet.
    """
    from oos.cli.checkup import answers, checkup, is_of_the_lab
    from oos.cli.printing import Column, print_list
    from oos.lab.config import lab_config
    from oos.lab.doctor import State, examine, is_able, observe

    app = session.app
    fleet = checkup(app)
    lab = examine(observe(lab_config(os.environ, session.settings.lab_directory)))
    words = {State.FINE: "ok", State.LIMITED: "limited", State.MISSING: "missing"}
    columns = [Column("SUBJECT"), Column("STATE", is_state=True), Column("DETAIL", flexible=True)]
    found = (*fleet, *lab)
    rows = [[each.subject, words[each.state], each.detail] for each in found]
    documents = [
        {"Subject": each.subject, "State": words[each.state], "Detail": each.detail, "Remedy": each.remedy}
        for each in found
    ]
    print_list(session, documents, columns, rows, "")
    hosts = [host for region in app.inventory.regions for zone in region.zones for host in zone.hosts]
    has_fleet = session.settings.inventory is not None and not all(is_of_the_lab(app, host) for host in hosts)
    fleet_code = exits.SUCCESS if answers(fleet) else exits.UNREACHABLE
    code = fleet_code or (exits.SUCCESS if is_able(lab) or has_fleet else exits.FAILED)
    if session.is_json:
        return code
    sys.stdout.flush()
    for each in found:
        if each.remedy and each.state is not State.FINE:
            session.say(f"{each.subject}: {each.remedy}")
    if is_able(lab):
        session.say("the lab can run here: oos lab up")
    else:
        session.warn("the lab cannot run here until what is missing is there")
    return code

"""`oos doctor`: what this host can do, what is missing, and how to get it."""

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
    """See what this host can do, what is missing, and how to get it; exit code 1 when the lab cannot run here."""
    from oos.cli.printing import Column, print_list
    from oos.lab.config import lab_config
    from oos.lab.doctor import State, examine, is_able, observe

    findings = examine(observe(lab_config(os.environ, session.settings.lab_directory)))
    words = {State.FINE: "ok", State.LIMITED: "limited", State.MISSING: "missing"}
    columns = [Column("SUBJECT"), Column("STATE", is_state=True), Column("DETAIL", flexible=True)]
    rows = [[each.subject, words[each.state], each.detail] for each in findings]
    documents = [
        {"Subject": each.subject, "State": words[each.state], "Detail": each.detail, "Remedy": each.remedy}
        for each in findings
    ]
    print_list(session, documents, columns, rows, "")
    if session.is_json:
        return exits.SUCCESS if is_able(findings) else exits.FAILED
    sys.stdout.flush()
    for each in findings:
        if each.remedy and each.state is not State.FINE:
            session.say(f"{each.subject}: {each.remedy}")
    if is_able(findings):
        session.say("the lab can run here: oos lab up")
        return exits.SUCCESS
    session.warn("the lab cannot run here until what is missing is there")
    return exits.FAILED

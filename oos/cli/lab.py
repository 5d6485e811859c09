"""`oos lab`: a throw-away fleet of real tiny guests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from oos.cli import exits
from oos.cli.lazy import Command, LazyGroup
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.lab.config import LabConfig
    from oos.lab.lab import LabStatus

lab = LazyGroup(
    "lab",
    {
        "up": ("oos.cli.lab:up", "Raise the lab, or mend it; harmless twice."),
        "down": ("oos.cli.lab:down", "End the lab and delete all of it."),
        "status": ("oos.cli.lab:status", "See what there is of the lab."),
    },
    help="A throw-away fleet of real tiny guests, with a libvirtd, mounts and networks of its own.",
)


@click.command(cls=Command)
@click.option(
    "--hosts",
    type=click.IntRange(1, 8),
    default=1,
    help="How many hypervisors its zone has; those that are there stay. Their guests can move between them.",
)
@click.pass_obj
def up(session: Session, hosts: int) -> int:
    """Raise the lab, or mend it: what lives stays, what is missing is made. Needs root.

    Returns when every guest answers its agent and SSH. `inventory.yml` in its directory names all its hosts.
    """
    from dataclasses import replace

    from oos.lab import lab as the_lab

    raised = the_lab.up(replace(_config(session), hosts=hosts), session.say)
    _print(session, raised)
    return exits.SUCCESS


@click.command(cls=Command)
@click.pass_obj
def down(session: Session) -> int:
    """End the lab and delete all of it, its cache of packages and images excepted. Harmless twice."""
    from oos.lab import lab as the_lab

    the_lab.down(_config(session), session.say)
    if session.is_json:
        _print_document(session, {"Zone": False, "Libvirtd": False, "Guests": []})
    return exits.SUCCESS


@click.command(cls=Command)
@click.pass_obj
def status(session: Session) -> int:
    """See what there is of the lab; exit code 1 when it is not up."""
    from oos.lab import lab as the_lab

    found = the_lab.status(_config(session))
    _print(session, found)
    return exits.SUCCESS if found.libvirtd else exits.FAILED


def _config(session: Session) -> LabConfig:
    import os

    from oos.lab.config import lab_config

    return lab_config(os.environ, session.settings.lab_directory)


def _print(session: Session, found: LabStatus) -> None:
    from oos.cli.printing import Column, print_table

    if session.is_json:
        _print_document(session, _document(found))
        return
    session.say(f"libvirt  {found.uri}")
    if not found.zone:
        session.say("the lab is down; raise it: oos lab up")
        return
    if not found.libvirtd:
        session.say("its libvirtd does not answer; mend it: oos lab up")
        return
    columns = [Column("GUEST"), Column("STATE", is_state=True), Column("ADDRESS")]
    rows = [[each.name, each.state, each.address] for each in sorted(found.guests, key=lambda each: each.name)]
    print_table(columns, rows)


def _document(found: LabStatus) -> dict[str, Any]:
    return {
        "Uri": found.uri,
        "Zone": found.zone,
        "Libvirtd": found.libvirtd,
        "Guests": [{"Name": each.name, "State": each.state, "Address": each.address} for each in found.guests],
    }


def _print_document(session: Session, document: dict[str, Any]) -> None:
    from oos.cli.printing import print_document

    print_document(session, document)

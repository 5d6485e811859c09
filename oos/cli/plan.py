"""`oos plan`: what an execution would do to the live fleet, found out on a twin of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.options import template_options
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.plan.model import Plan

CHANGES = 2
"""The exit code for a plan that is not empty, where that was asked for."""


@click.command(cls=Command)
@template_options
@click.option(
    "--assume",
    metavar="FILE",
    help="What only the world knows: commands (in guests), responses (of services), events, as in a rehearsal.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit code 0: nothing would be done; 2: something would.")
@click.pass_obj
def plan(
    session: Session,
    /,
    template: str,
    template_version: str,
    pairs: tuple[str, ...],
    files: tuple[str, ...],
    assume: str | None,
    detailed_exitcode: bool,
) -> int:
    """Show what an execution of a template would do now, without doing it.

    The template is carried out on a twin: simulated hosts that begin as the real ones are. What is inside guests is
    read from the real ones; nothing is changed in them. What a command in a guest would print, nobody can know before:
    it is taken to end well, and the plan says so. People are taken to approve. -v shows calls that only read, too.

    Exit code 1 where the execution would fail; 4 where a host that it needs does not answer.

    \b
    oos plan runbooks/snapshot-rotation.yml -p keep=3
    oos plan patch-in-waves --assume answers.yml --detailed-exitcode
    """
    from oos.app.app import now
    from oos.cli.arguments import read_arguments
    from oos.cli.plan_output import document_of, print_plan
    from oos.cli.printing import print_document
    from oos.cli.run import open_checked, with_secrets
    from oos.engine.ports import StartRequest
    from oos.plan.assumed import Assumed, read_assumptions
    from oos.plan.live import live_of
    from oos.plan.make import make_plan

    checked = open_checked(session, template, template_version)
    request = StartRequest(
        template=checked,
        parameters=with_secrets(session, checked, read_arguments(pairs, files), no_input=False),
        by=session.settings.user,
        region=session.app.region,
        template_name=template if "/" not in template else "",
        template_version=template_version,
    )
    assumed = Assumed() if assume is None else read_assumptions(Path(assume), session.app.region)
    made = make_plan(live_of(session.app), request, assumed, now())
    if session.is_json:
        print_document(session, document_of(template, made))
    else:
        print_plan(session, template, made)
    return _exit_code(made, detailed=detailed_exitcode)


def _exit_code(plan: Plan, *, detailed: bool) -> int:
    from oos.cli.failures import exit_code_of_error
    from oos.execution.status import Status

    if plan.status is Status.FAILED:
        return exit_code_of_error(plan.code)
    return CHANGES if detailed and plan.acts else exits.SUCCESS

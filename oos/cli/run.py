"""`oos run`: start an execution of a template, and follow it to its end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from oos.cli.lazy import Command
from oos.cli.options import following, following_options, template_options
from oos.cli.session import Session, is_terminal

if TYPE_CHECKING:
    from oos.engine.ports import StartRequest
    from oos.template.check import CheckedTemplate

MODES = ("Automatic", "FailurePause", "Debug")
LOOP_MODES = ("Automatic", "FirstBatchPause", "EveryBatchPause")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    template: str
    template_version: str
    pairs: tuple[str, ...]
    files: tuple[str, ...]
    mode: str
    loop_mode: str
    yes: bool
    client_token: str
    description: str
    tags: tuple[str, ...]
    no_input: bool


@click.command(cls=Command)
@template_options
@click.option(
    "--mode",
    type=click.Choice(MODES, case_sensitive=False),
    default="Automatic",
    metavar="MODE",
    help=f"{', '.join(MODES)}: where a person is asked.",
)
@click.option(
    "--loop-mode",
    type=click.Choice(LOOP_MODES, case_sensitive=False),
    default="Automatic",
    metavar="MODE",
    help=f"{', '.join(LOOP_MODES)}: whether loops pause between batches.",
)
@click.option("--yes", is_flag=True, help="Do not ask before high-risk operations (SafetyCheck: Skip).")
@click.option("--client-token", default="", metavar="TOKEN", help="The same token starts one execution, ever.")
@click.option("--description", default="", metavar="TEXT", help="What it is for.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A tag of the execution; may be repeated.")
@following_options
@click.pass_obj
def run(session: Session, /, detach: bool, deadline: float | None, **asked: Any) -> int:
    """Start an execution of a template (a file, or its name) and follow it.

    The execution's id is printed on stderr as soon as nothing can lose it. Outputs go to stdout. Ctrl-C lets what is
    in flight end, and leaves the rest to oos execution resume; a second one ends at once.
    """
    from oos.cli.follow.carry_out import carry_out

    what = Asked(**asked)
    return carry_out(session, lambda: _request(session, what), following(what.no_input, deadline), detach=detach)


def _request(session: Session, asked: Asked) -> StartRequest:
    """The request that the command line spells. Raises DiagnosticError, click.UsageError."""
    from oos.cli.arguments import read_arguments, read_tags
    from oos.engine.ports import StartRequest
    from oos.execution.status import LoopMode, Mode, SafetyCheck

    mode = Mode(asked.mode)
    if asked.yes and mode is not Mode.AUTOMATIC:
        raise click.UsageError("--yes goes with --mode Automatic only: the other modes are there to ask")
    checked = open_checked(session, asked.template, asked.template_version)
    parameters = with_secrets(session, checked, read_arguments(asked.pairs, asked.files), no_input=asked.no_input)
    return StartRequest(
        template=checked,
        parameters=parameters,
        by=session.settings.user,
        region=session.app.region,
        template_name=asked.template if "/" not in asked.template else "",
        template_version=asked.template_version,
        mode=mode,
        loop_mode=LoopMode(asked.loop_mode),
        safety_check=SafetyCheck.SKIP if asked.yes else SafetyCheck.CONFIRM,
        client_token=asked.client_token,
        description=asked.description,
        tags=read_tags(asked.tags),
    )


def open_checked(session: Session, name: str, version: str = "") -> CheckedTemplate:
    """A template that can be started; warnings about it are told. Raises DiagnosticError."""
    from oos.cli.faults import print_diagnostics
    from oos.diagnostics import Severity

    checked = session.app.open_template(name, version)
    refuse_unrunnable(checked)
    if not session.quiet:
        source = checked.template.source
        warnings = [each for each in checked.diagnostics if each.severity is Severity.WARNING]
        print_diagnostics(session, warnings, {source.name: source})
    return checked


def refuse_unrunnable(checked: CheckedTemplate) -> None:
    """Raise DiagnosticError for what forbids to start a template that is valid."""
    from oos.diagnostics import DiagnosticError
    from oos.template.check import faults_at_start

    faults = faults_at_start(checked)
    if faults:
        raise DiagnosticError(faults)


def with_secrets(
    session: Session, checked: CheckedTemplate, given: Mapping[str, Any], *, no_input: bool
) -> Mapping[str, Any]:
    """The arguments, and secrets asked for at the terminal where they are needed and were not given.

    So a secret need not stand in the arguments of a process, where any user of the host can read it.
    """
    if no_input or session.is_json or not is_terminal(sys.stdin):
        return given
    known = {name.casefold() for name in given}
    values = dict(given)
    for parameter in checked.template.parameters.values():
        if parameter.no_echo and parameter.default is None and parameter.name.casefold() not in known:
            values[parameter.name] = click.prompt(parameter.name, hide_input=True, err=True)
    return values

"""`oos exec`: run a command on many instances, as a recorded execution of a template made for it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from oos.app.adhoc import KINDS, AdHoc, adhoc_template
from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.options import following, following_options
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.engine.ports import StartRequest
    from oos.execution.model import Execution


@click.command("exec", cls=Command)
@click.option(
    "-t",
    "--targets",
    multiple=True,
    required=True,
    metavar="TARGETS",
    help="all, ids, names (web-*), tag:key=value, status:Running; commas between them; may be repeated.",
)
@click.option("--concurrency", default="10", show_default=True, metavar="N|N%", help="How many at once.")
@click.option("--max-errors", default="100%", show_default=True, metavar="N|N%", help="How many may fail.")
@click.option("--timeout", type=click.IntRange(1), default=600, show_default=True, help="Seconds for each target.")
@click.option("--directory", default="", metavar="DIR", help="Where it runs in the guest.")
@click.option("--user", default="", metavar="NAME", help="As whom it runs in the guest.")
@click.option(
    "--kind", type=click.Choice(tuple(KINDS)), default="shell", show_default=True, help="What the command is."
)
@click.option("--save", metavar="FILE", help="Write the template it runs; - writes it to stdout and runs nothing.")
@following_options
@click.argument("command", nargs=-1, required=True, metavar="-- COMMAND…")
@click.pass_obj
def adhoc(
    session: Session,
    targets: tuple[str, ...],
    command: tuple[str, ...],
    kind: str,
    concurrency: str,
    max_errors: str,
    timeout: int,
    directory: str,
    user: str,
    save: str | None,
    detach: bool,
    no_input: bool,
    deadline: float | None,
) -> int:
    """Run a command on many instances, and print what each of them said as it comes in.

    One argument after -- is a script, several are words, each kept as it is. Exit code 3 when some targets failed.

    \b
    oos exec -t tag:role=web -- uptime
    oos exec -t web-1 -- 'df -h / | tail -1'
    """
    from oos.cli.adhoc_output import TargetOutputs, finish
    from oos.cli.follow.carry_out import carry_out

    text = command[0] if len(command) == 1 else shlex.join(command)
    asked = AdHoc(targets, text, KINDS[kind], concurrency, max_errors, timeout, directory, user)
    if save is not None:
        template = adhoc_template(asked, session.app.region)
        if save == "-":
            click.echo(template, nl=False)
            return exits.SUCCESS
        from pathlib import Path

        Path(save).write_text(template, encoding="utf-8")
        session.say(f"wrote {save}; run it again: oos run {shlex.quote(save)}")
    outputs = TargetOutputs(prints=not session.is_json)

    def end(session: Session, execution: Execution, code: int) -> int:
        return finish(session, execution, code, outputs)

    return carry_out(
        session,
        lambda: _request(session, asked),
        following(no_input, deadline),
        detach=detach,
        finish=end,
        sinks=(outputs,),
    )


def _request(session: Session, asked: AdHoc) -> StartRequest:
    from oos.cli.run import refuse_unrunnable
    from oos.engine.ports import StartRequest

    checked = session.app.template_cache.checked(adhoc_template(asked, session.app.region), "exec")
    refuse_unrunnable(checked)
    return StartRequest(
        template=checked,
        parameters={},
        by=session.settings.user,
        region=session.app.region,
        template_name="exec",
        description=asked.command.splitlines()[0][:100] if asked.command else "",
    )

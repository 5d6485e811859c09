"""The entry point: the table of verbs, and what becomes of a failure."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

import click

from oos.cli import exits
from oos.cli.lazy import LazyGroup
from oos.cli.session import ReaderGone, Session

VERBS = {
    "plan": ("oos.cli.plan:plan", "Show what an execution of a template would do now."),
    "run": ("oos.cli.run:run", "Start an execution of a template, and follow it."),
    "exec": ("oos.cli.adhoc:adhoc", "Run a command on many instances."),
    "api": ("oos.cli.api:api", "Call one operation of a service."),
    "execution": ("oos.cli.execution:execution", "See and control executions."),
    "template": ("oos.cli.template:template", "Check and look at templates."),
    "fleet": ("oos.cli.fleet:fleet", "See what there is."),
    "image": ("oos.cli.image:image", "Build images, compare, test, publish and retire them."),
    "snapshot": ("oos.cli.snapshot:snapshot", "Judge snapshots by a policy, and see which are missing."),
    "security": ("oos.cli.security:security", "Find and mend what security groups should not let through."),
    "schedule": ("oos.cli.schedule:schedule", "See and control triggers."),
    "serve": ("oos.cli.serve:serve", "Carry triggers, schedules and waiting executions."),
    "worker": ("oos.cli.worker:worker", "Work on the executions in a database that several hosts share."),
    "notebook": ("oos.cli.notebook:notebook", "Runbooks as notebooks, and notebooks that run."),
    "audit": ("oos.cli.audit:audit", "Read and verify the record."),
    "lab": ("oos.cli.lab:lab", "Raise and end a throw-away fleet of tiny guests."),
    "doctor": ("oos.cli.doctor:doctor", "See what this host can do, and what is missing."),
    "completion": ("oos.cli.completion:completion", "Print what makes a shell complete oos commands."),
}

HELP = "Carry out operations runbooks on a fleet of libvirt virtual machines."


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"oos {version('oos')}")
        ctx.exit()


cli = LazyGroup(
    "oos",
    VERBS,
    help=HELP,
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help="Show the version and exit.",
        )
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line; its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    _open_streams()
    session = Session()
    session.output = _asked_output(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What the terminal's or the file's encoding cannot write is spelt out; stderr does so by itself.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return guarded(session, lambda: _carry_out(session, arguments))
    finally:
        session.close()
        _give_up_what_cannot_be_written()


def _carry_out(session: Session, arguments: Sequence[str]) -> int | None:
    code: int | None = cli.main([_as_text(each) for each in arguments], "oos", standalone_mode=False, obj=session)
    return code


def _as_text(argument: str) -> str:
    """An argument as text, whatever locale it was read in. Raises UsageError for bytes that are none."""
    try:
        return argument.encode(errors="surrogateescape").decode()
    except UnicodeError:
        shown = argument.encode(errors="surrogateescape").decode(errors="backslashreplace")
        raise click.UsageError(f"an argument is not text in UTF-8: {shown}") from None


def guarded(session: Session, work: Callable[[], int | None]) -> int:
    """The exit code of a piece of work; what it raises is told to the person."""
    try:
        code = work() or exits.SUCCESS
        sys.stdout.flush()
        return code
    except (BrokenPipeError, ReaderGone):
        mute_stdout()
        return exits.BROKEN_PIPE
    except (click.Abort, KeyboardInterrupt):
        session.warn("interrupted")
        return exits.SIGINT
    except Exception as failure:  # noqa: BLE001 (the one place where a command's failure ends)
        try:
            return _report(session, failure)
        except OSError:
            # Without descriptors not even what tells of it can be imported; what was open gives some back. Where stdout
            # cannot be written, what is left to say goes to stderr.
            session.close()
            mute_stdout()
            return _report(session, failure)


def mute_stdout() -> None:
    """Nothing more goes to stdout, and what is still buffered must not raise again at exit."""
    if not _lead_nowhere(sys.stdout):
        sys.stdout = io.StringIO()


def _lead_nowhere(stream: TextIO) -> bool:
    """Have what is written to a stream go nowhere; whether that could be done: it has a descriptor, and one is left."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        return False
    return True


def _give_up_what_cannot_be_written() -> None:
    """The exit code is the command's, also where nobody can read what it still had to say.

    Python would try again to write what is buffered, and end with 120 when it cannot.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _lead_nowhere(stream)


def _open_streams() -> None:
    """Have three streams, whatever the caller closed: else the next file to be opened takes the place of stdout."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def _report(session: Session, failure: Exception) -> int:
    from oos.cli.failures import report

    return report(session, failure)


def _asked_output(arguments: Sequence[str]) -> str:
    """The output that was asked for, known even when the command line turns out to be wrong."""
    asked = "table"
    for number, argument in enumerate(arguments):
        if argument == "--":
            break
        for option in ("-o", "--output"):
            value = arguments[number + 1] if argument == option and number + 1 < len(arguments) else ""
            value = value or argument.removeprefix(f"{option}=" if option.startswith("--") else option)
            if argument.startswith(option) and value in ("json", "ndjson"):
                asked = value
    return asked

"""`oos worker`: one of many processes that share the executions in a database."""

from __future__ import annotations

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.options import Duration
from oos.cli.session import Session


@click.command(cls=Command)
@click.option(
    "--grace",
    type=Duration(),
    default="60s",
    show_default=True,
    metavar="TIME",
    help="How long calls in flight may go on after SIGTERM.",
)
@click.pass_obj
def worker(session: Session, grace: float) -> int:
    """Work on the executions in a PostgreSQL that any number of hosts share, until stopped.

    A worker drives executions, and carries out calls of those that others drive: the items of a loop spread over all
    workers. What a worker leaves that dies, others take up within ten seconds. It does all that oos serve does, too.
    Settings, the inventory and the file "key" in the state directory must be the same on all hosts. SIGTERM and SIGINT
    let what is in flight come to its end.
    """
    import signal

    from oos.app.worker import Worker
    from oos.cli.serve import tell_service_manager

    session.start_logging()
    work = Worker(session.app, session.say)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: work.stop())
    session.say(f"working as {session.app.process}, state in {session.settings.state_dir}")
    tell_service_manager("READY=1")
    drained = work.run(grace)
    if not drained:
        session.warn("some calls did not end in time; what they do is looked at when their executions go on")
    return exits.SUCCESS if drained else exits.INTERRUPTED

"""`oos serve`: the process that carries triggers, schedules and waiting executions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.options import Duration
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.app.serve import Server
    from oos.app.worker import Worker

grace_option = click.option(
    "--grace",
    type=Duration(),
    default="60s",
    show_default=True,
    metavar="TIME",
    help="How long calls in flight may go on after SIGTERM.",
)


@click.command(cls=Command)
@grace_option
@click.pass_obj
def serve(session: Session, grace: float) -> int:
    """Carry triggers, schedules and waiting executions, until stopped.

    It takes up every execution that is due and that nobody drives. One that waits costs neither memory nor a thread.
    Several may run on one host: nothing fires twice. SIGTERM and SIGINT let what is in flight come to its end.
    """
    from oos.app.serve import Server

    session.start_logging()
    return run_until_stopped(session, Server(session.app, session.say), "serving", grace)


def run_until_stopped(session: Session, work: Server | Worker, doing: str, grace: float) -> int:
    """Run until SIGTERM or SIGINT, and let what is in flight end; the exit code."""
    import signal

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: work.stop())
    session.say(f"{doing} as {session.app.process}, state in {session.settings.state_dir}")
    tell_service_manager("READY=1")
    drained = work.run(grace)
    if not drained:
        session.warn("some calls did not end in time; what they do is looked at when their executions go on")
    return exits.SUCCESS if drained else exits.INTERRUPTED


def tell_service_manager(state: str) -> None:
    """sd_notify(3): the unit counts as started once this is said."""
    import os
    import socket

    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        channel.sendall(state.encode())

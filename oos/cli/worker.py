"""`oos worker`: one of many processes that share the executions in a database."""

from __future__ import annotations

import click

from oos.cli.lazy import Command
from oos.cli.serve import grace_option, run_until_stopped
from oos.cli.session import Session


@click.command(cls=Command)
@grace_option
@click.pass_obj
def worker(session: Session, grace: float) -> int:
    """Work on the executions in a PostgreSQL that any number of hosts share, until stopped.

    A worker drives executions, and carries out calls of those that others drive: the items of a loop spread over all
    workers. What a worker leaves that dies, others take up within ten seconds. It does all that oos serve does, too.
    Settings, the inventory and the file "key" in the state directory must be the same on all hosts. SIGTERM and SIGINT
    let what is in flight come to its end.
    """
    from oos.app.worker import Worker

    session.start_logging()
    return run_until_stopped(session, Worker(session.app, session.say), "working", grace)

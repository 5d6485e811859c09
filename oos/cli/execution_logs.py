"""`oos execution logs`: what happened, event by event."""

from __future__ import annotations

import sys

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.meant import ANY, execution_argument, meant
from oos.cli.options import Duration
from oos.cli.session import Session


@click.command(cls=Command)
@execution_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the execution has ended; the exit code is that of run.")
@click.option("--deadline", type=Duration(), metavar="TIME", help="Follow no longer than this; exit code 124.")
@click.pass_obj
def logs(session: Session, execution: str, follow: bool, deadline: float | None) -> int:
    """Print what happened in an execution (without EXECUTION, the newest) and its children, event by event.

    Without -f the lines go to stdout; -o ndjson prints the events themselves. With -f the execution is followed on
    stderr, as oos run does, whichever process drives it.
    """
    execution = meant(session.app, execution, ANY)
    if follow:
        return _follow(session, execution, deadline)
    from oos.cli.follow.sinks import event_document
    from oos.cli.follow.tail import Tail
    from oos.cli.printing import print_document, print_line

    events = Tail(session.app, execution).news()
    match session.output:
        case "json":
            print_document(session, [event_document(id_, event) for id_, event in events])
        case "ndjson":
            for id_, event in events:
                print_line(event_document(id_, event))
        case _:
            from oos.cli.printing import dim
            from oos.cli.words import place, say, when

            for id_, event in events:
                where = " ".join(filter(None, (id_, place(event))))
                print(f"{dim(when(event.at), sys.stdout)} {where} {' '.join(say(event).split())}")
    return exits.SUCCESS


def _follow(session: Session, execution_id: str, deadline: float | None) -> int:
    from oos.cli.failures import stop
    from oos.cli.follow.carry_out import follow_elsewhere, print_result
    from oos.cli.follow.follower import Following, exit_code_of

    execution = follow_elsewhere(session, execution_id, Following(no_input=True, deadline_seconds=deadline))
    if not execution.status.final:
        hint = f"go on with it: oos execution resume {execution_id}"
        raise stop(f"nobody drives {execution_id}", hint=hint, code="Interrupted", exit_code=exits.INTERRUPTED)
    return print_result(session, execution, exit_code_of(execution))

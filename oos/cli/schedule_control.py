"""`oos schedule pause, resume, trigger`: what a person tells a trigger."""

from __future__ import annotations

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.meant import TRIGGER, execution_argument, meant
from oos.cli.session import Session


@click.command(cls=Command)
@execution_argument
@click.option("--note", default="", metavar="TEXT", help="Why; it is recorded.")
@click.pass_obj
def pause(session: Session, execution: str, note: str) -> int:
    """Stop a trigger from firing. Firings it misses meanwhile are counted, and not made up for."""
    return _switch(session, execution, note, paused=True)


@click.command(cls=Command)
@execution_argument
@click.option("--note", default="", metavar="TEXT", help="Why; it is recorded.")
@click.pass_obj
def resume(session: Session, execution: str, note: str) -> int:
    """Have a paused trigger fire again."""
    return _switch(session, execution, note, paused=False)


@click.command(cls=Command)
@execution_argument
@click.option("--content", default="", metavar="JSON", help="The message that its outputs are selected from.")
@click.option("--note", default="", metavar="TEXT", help="Why; it is recorded.")
@click.pass_obj
def trigger(session: Session, execution: str, content: str, note: str) -> int:
    """Fire a trigger now, by hand: a child execution starts at once, whatever still runs."""
    import json

    from oos.app.app import now
    from oos.cli.failures import stop
    from oos.execution.events import TriggerRequested

    try:
        message = json.loads(content) if content else None
    except ValueError as error:
        raise stop(f"--content is not JSON: {error}", code="InvalidUsage", exit_code=exits.USAGE) from error
    app = session.app
    execution = meant(app, execution, TRIGGER)
    told = TriggerRequested(at=now(), by=app.settings.user, content=message, note=note)
    app.engine.tell(execution, told)
    return _told(session, execution, "fires")


def _switch(session: Session, execution: str, note: str, *, paused: bool) -> int:
    from oos.app.app import now
    from oos.cli.failures import stop
    from oos.execution.events import TriggerSwitched

    app = session.app
    execution = meant(app, execution, TRIGGER)
    state = app.engine.look(execution)
    if state.current is None or state.current.trigger is None:
        raise stop(f"{execution} is no armed trigger", code="NotAllowed", hint="see oos schedule list")
    app.engine.tell(execution, TriggerSwitched(at=now(), by=app.settings.user, paused=paused, note=note))
    return _told(session, execution, "is paused" if paused else "goes on")


def _told(session: Session, execution: str, what: str) -> int:
    from oos.cli.owners import is_driven
    from oos.cli.printing import print_document

    carried = "" if is_driven(session.app, execution) else "; it takes effect once somebody carries it: oos serve"
    session.say(f"{execution} {what}{carried}")
    if session.is_json:
        print_document(session, {"ExecutionId": execution, "Told": what})
    return exits.SUCCESS

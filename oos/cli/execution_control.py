"""`oos execution resume, cancel, approve, reject, retry, skip, step, complete, update`: what people tell one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.meant import ASKING, LEFT, OPEN, execution_argument, meant
from oos.cli.options import following, following_options
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.execution.events import Notified
    from oos.execution.model import Execution

F = TypeVar("F", bound=Callable[..., Any])


@click.command(cls=Command)
@execution_argument
@following_options
@click.pass_obj
def resume(session: Session, execution: str, detach: bool, no_input: bool, deadline: float | None) -> int:
    """Go on with an execution whose driver has gone, and follow it to its end.

    What was in flight is looked at first, and made again under the same client token where it is not done. Where
    nothing can tell, you are asked. Without EXECUTION, the only one that is left to be resumed; last is the newest of
    several.
    """
    from oos.cli.follow.carry_out import print_result, take_up
    from oos.cli.follow.follower import exit_code_of
    from oos.cli.owners import look

    execution = meant(session.app, execution, LEFT)
    if detach:
        # Nothing that is open outlives a fork in a usable state.
        session.close()
    known = look(session.app, execution) if not detach else None
    if known is not None and known.status.final:
        session.say(f"{execution} has ended already")
        return print_result(session, known, exit_code_of(known))
    return take_up(session, execution, following(no_input, deadline), detach=detach)


@click.command(cls=Command)
@execution_argument
@click.option("--reason", "--note", default="", metavar="TEXT", help="Why; it is recorded.")
@click.option("--task", default="", metavar="NAME", help="End this task only, in Debug mode or when it has failed.")
@click.pass_obj
def cancel(session: Session, execution: str, reason: str, task: str) -> int:
    """End an execution and its children: nothing new starts, what is in flight keeps its outcome.

    One that nobody drives is taken over, and ended. Without EXECUTION, the only one that has not ended; last is the
    newest of several. With --task it goes on with the task that follows.
    """
    from oos.app.app import now
    from oos.cli.failures import stop
    from oos.cli.owners import look
    from oos.execution.events import CancelRequested

    app = session.app
    execution = meant(app, execution, OPEN)
    if task:
        return _cancel_task(session, execution, task, reason)
    known = look(app, execution)
    if known.status.final:
        raise stop(f"{execution} has ended already: {known.status}", code="NotAllowed")
    app.engine.tell(execution, CancelRequested(at=now(), by=app.settings.user, reason=reason))
    return _end_it(session, execution, f"{execution} is being cancelled", "Cancel")


def _cancel_task(session: Session, execution: str, task: str, note: str) -> int:
    """The current task of an execution, or of a child in which it has this name, ends."""
    from oos.app.app import now
    from oos.execution.events import Notified
    from oos.execution.status import NotifyType

    app = session.app
    type_ = NotifyType.CANCEL_TASK
    told = Notified(at=now(), type=type_, by=app.settings.user, note=note, task=task)
    refusals = []
    for member in _members(app, execution):
        refusal = _refusal(member, told)
        if refusal is None:
            app.engine.tell(member.id, told)
            return _told(session, execution, type_, 1)
        refusals.append(refusal)
    raise refusals[0]


def _answer_options(command: F) -> F:
    for option in (
        click.option("--all", "everything", is_flag=True, help="Everything in the execution that waits for this."),
        click.option(
            "--item", "items", type=click.IntRange(1), multiple=True, metavar="N", help="A loop item, counted from 1."
        ),
        click.option("--task", default="", metavar="NAME", help="The task meant, where several wait."),
        click.option("--note", default="", metavar="TEXT", help="Why; it is recorded."),
        execution_argument,
    ):
        command = option(command)
    return command


@click.command(cls=Command)
@_answer_options
@click.pass_obj
def approve(session: Session, /, **asked: Any) -> int:
    """Let an execution go on that waits for approval, confirmation, or before its next batch."""
    return _answer(session, "Approve", **asked)


@click.command(cls=Command)
@_answer_options
@click.pass_obj
def reject(session: Session, /, **asked: Any) -> int:
    """Refuse what an execution waits for. That ends it."""
    return _answer(session, "Reject", **asked)


def _parameter_options(command: F) -> F:
    for option in (
        click.option(
            "--params", "files", multiple=True, metavar="FILE", help="A file of them, YAML or JSON; - is stdin."
        ),
        click.option(
            "-p", "--param", "pairs", multiple=True, metavar="NAME=TEXT|NAME:=JSON", help="A parameter to change."
        ),
    ):
        command = option(command)
    return command


@click.command(cls=Command)
@_answer_options
@_parameter_options
@click.pass_obj
def retry(session: Session, /, **asked: Any) -> int:
    """Have a task tried again that failed (FailurePause mode) or was interrupted; of a loop, the items that failed."""
    return _answer(session, "RetryTask", **asked)


@click.command(cls=Command)
@_answer_options
@click.pass_obj
def skip(session: Session, /, **asked: Any) -> int:
    """Leave out the task that an execution waits at, or failed items of its loop, and go on."""
    return _answer(session, "SkipTask", **asked)


@click.command(cls=Command)
@_answer_options
@click.option("--to", default="", metavar="NAME", help="Go on at this later task; those before it are left out.")
@_parameter_options
@click.pass_obj
def step(session: Session, /, **asked: Any) -> int:
    """Let an execution in Debug mode run its next task."""
    return _answer(session, "ExecuteTask", **asked)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and the execution of the family that it is for."""

    execution_id: str
    notified: Notified

    def __str__(self) -> str:
        item = f" --item {self.notified.item + 1}" if self.notified.item >= 0 else ""
        return f"{self.execution_id}{item}  (task {self.notified.task})"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of an answer."""

    note: str
    task: str
    items: tuple[int, ...]
    everything: bool
    to: str = ""
    """The later task to go on at."""
    pairs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def _answer(session: Session, type_name: str, execution: str, **options: Any) -> int:
    """Tell those of the family that wait for such an answer; each answer is held against the state first."""
    from oos.app.app import now
    from oos.cli.arguments import read_arguments
    from oos.cli.failures import stop
    from oos.execution.events import Notified
    from oos.execution.status import NotifyType

    app = session.app
    asked = Asked(**options)
    given = read_arguments(asked.pairs, asked.files)
    execution = meant(app, execution, ASKING)
    type_ = NotifyType(type_name)
    answers: list[Told] = []
    refusals: list[Exception] = []
    others: list[str] = []
    for member in _members(app, execution):
        for at_task, at_item, named in _waits(member, tuple(item - 1 for item in asked.items)):
            if asked.task not in ("", at_task):
                others.append(at_task)
                continue
            told = Notified(
                at=now(),
                type=type_,
                by=app.settings.user,
                note=asked.note,
                task=asked.to or at_task,
                item=at_item,
                items=list(named),
                parameters=app.engine.bind(member.id, given) if given else {},
            )
            refusal = _refusal(member, told)
            if refusal is None:
                answers.append(Told(member.id, told))
            else:
                refusals.append(refusal)
    if not answers:
        if refusals:
            raise refusals[0]
        message = f"{execution} does not wait for a person"
        if others:
            message = f"{execution} waits for a person at {', '.join(dict.fromkeys(others))}, not at {asked.task}"
        raise stop(message, code="NotAllowed", hint="see oos execution show")
    if len(answers) > 1 and not (asked.everything or asked.items):
        hint = "name one, or give --all:\n    " + "\n    ".join(map(str, answers))
        raise stop(f"{execution} waits at {len(answers)} places", code="Ambiguous", hint=hint, exit_code=exits.USAGE)
    for each in answers:
        app.engine.tell(each.execution_id, each.notified)
    return _told(session, execution, type_, len(answers))


@click.command(cls=Command)
@execution_argument
@click.option(
    "--status",
    type=click.Choice(("Success", "Failed", "Cancelled"), case_sensitive=False),
    required=True,
    metavar="STATUS",
    help="Success, Failed or Cancelled.",
)
@click.option("--note", default="", metavar="TEXT", help="Why; it is recorded.")
@click.pass_obj
def complete(session: Session, execution: str, status: str, note: str) -> int:
    """End an execution with a status of your own, in Debug mode or where it waits for a person."""
    from oos.app.app import now
    from oos.execution.events import Notified
    from oos.execution.status import NotifyType, Status

    app = session.app
    execution = meant(app, execution, OPEN)
    type_ = NotifyType.COMPLETE_EXECUTION
    told = Notified(at=now(), type=type_, by=app.settings.user, note=note, execution_status=Status(status))
    app.engine.tell(execution, told)
    return _end_it(session, execution, f"{execution} is being ended: {status}", str(type_))


@click.command(cls=Command)
@execution_argument
@_parameter_options
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A tag, in place of those it has.")
@click.pass_obj
def update(
    session: Session,
    execution: str,
    pairs: tuple[str, ...],
    files: tuple[str, ...],
    description: str | None,
    tags: tuple[str, ...],
) -> int:
    """Change parameters, description or tags of an execution that has not ended; tasks that start later see them."""
    from oos.app.app import now
    from oos.cli.arguments import read_arguments, read_tags
    from oos.execution.events import ExecutionUpdated

    app = session.app
    execution = meant(app, execution, OPEN)
    given = read_arguments(pairs, files)
    if not (given or tags) and description is None:
        raise click.UsageError("nothing to change: give -p, --params, --description or --tag")
    told = ExecutionUpdated(
        at=now(),
        by=app.settings.user,
        parameters=app.engine.bind(execution, given) if given else {},
        description=description,
        tags=read_tags(tags) if tags else None,
    )
    app.engine.update(execution, told)
    session.say(f"{execution} was told")
    _print_told(session, execution, "Update")
    return exits.SUCCESS


def _told(session: Session, execution_id: str, type_: Any, count: int) -> int:
    from oos.cli.owners import is_driven
    from oos.execution.status import NotifyType

    what = f"{execution_id} was told: {type_}" + (f", at {count} places" if count > 1 else "")
    if type_ is NotifyType.REJECT:
        return _end_it(session, execution_id, what, str(type_))
    if is_driven(session.app, execution_id):
        session.say(what)
    else:
        session.say(f"{what}; nobody drives it now, go on with it:\n    oos execution resume {execution_id}")
    _print_told(session, execution_id, str(type_))
    return exits.SUCCESS


def _print_told(session: Session, execution_id: str, told: str) -> None:
    from oos.cli.printing import print_document

    if session.is_json:
        print_document(session, {"ExecutionId": execution_id, "Told": told})


def _end_it(session: Session, execution_id: str, what: str, told: str) -> int:
    """Word was left that ends an execution; where nobody hears it, this process drives it to its end."""
    from oos.cli.follow.follower import Follower, Following
    from oos.cli.owners import is_driven
    from oos.values.identifiers import root_execution_id

    session.say(what)
    app = session.app
    if not is_driven(app, execution_id):
        root_id = app.engine.resume(root_execution_id(execution_id), app.settings.user)
        ended = Follower(session, Following(no_input=True)).drive(root_id)
        session.say(f"{ended.id} ended: {ended.status}")
    _print_told(session, execution_id, told)
    return exits.SUCCESS


def _members(app: App, execution_id: str) -> Iterator[Execution]:
    """The execution and those below it that have not ended. Raises ExecutionAbsent."""
    from oos.cli.owners import look

    yield look(app, execution_id)
    for id_ in app.journal.family(execution_id.split(".", 1)[0]):
        if id_.startswith(f"{execution_id}."):
            summary = app.journal.summary(id_)
            if summary is None or not summary.status.final:
                yield look(app, id_)


def _waits(execution: Execution, items: tuple[int, ...]) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """Task, item and named failed items of everything in an execution that waits for a person.

    Without named items all of it; with them, those items, and a loop that failed with them among its failures.
    """
    from oos.execution.events import NO_ITEM
    from oos.execution.status import WaitReason

    if execution.status.final:
        return
    if execution.held is not None:
        yield "", NO_ITEM, ()
        return
    current = execution.current
    if current is None:
        return
    whole = current.waiting
    if whole is not None and whole.reason.needs_person:
        failed = whole.reason is WaitReason.FAILURE and current.loop is not None
        if failed or not items:
            yield current.task.name, NO_ITEM, items
        return
    for item, activity in (current.loop.in_flight if current.loop is not None else {}).items():
        waits = activity.waiting is not None and activity.waiting.reason.needs_person
        if waits and (not items or item in items):
            yield current.task.name, item, ()


def _refusal(execution: Execution, told: Notified) -> Exception | None:
    """Why the execution would not take this answer; found out without telling it."""
    from oos.app.app import now
    from oos.execution.notify import NotAllowed, notify

    try:
        notify(execution, told, now())
    except NotAllowed as refusal:
        return refusal
    return None

"""Which execution is meant: the one that is named, or without a name the newest of those to which the verb applies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import click
from click.core import ParameterSource

from oos.cli import exits
from oos.cli.complete import EXECUTION

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.journal.port import Summary

F = TypeVar("F", bound=Callable[..., object])

LAST: Final = "last"
"""The word for the newest."""
MOST_LISTED: Final = 5
PAGE: Final = 100

Finder: TypeAlias = "Callable[[App], Iterator[Summary]]"


@dataclass(frozen=True, slots=True)
class Fitting:
    """The executions to which a verb applies."""

    find: Finder
    """Newest first."""
    words: str
    """What they are: `execution that waits for a person`."""
    alone: bool = True
    """Whether one that is not named must be the only one: a verb that changes something does not guess."""


def execution_argument(command: F) -> F:
    """The argument EXECUTION of a verb: an id, `last`, or nothing."""
    return click.argument("execution", type=EXECUTION, required=False, default="", callback=_not_empty)(command)


def _not_empty(ctx: click.Context, param: click.Parameter, named: str) -> str:
    """A name that is given and empty is a variable of a script that was never set: it stands for no execution."""
    if not named.strip() and ctx.get_parameter_source(str(param.name)) is not ParameterSource.DEFAULT:
        raise click.BadParameter("it is empty; leave it out, or name an execution", ctx, param)
    return named


def meant(app: App, named: str, fitting: Fitting) -> str:
    """The id of the execution that is meant. Raises Stopped when there is none, or no telling which."""
    from oos.cli.failures import stop

    if named not in ("", LAST):
        return named
    found: list[str] = []
    for each in fitting.find(app):
        found.append(each.execution_id)
        if named == LAST or not fitting.alone or len(found) > MOST_LISTED:
            break
    if not found:
        code = "EntityNotExists.Execution"
        raise stop(f"there is no {fitting.words}", hint="see oos execution list", code=code, exit_code=exits.USAGE)
    if len(found) > 1 and named != LAST and fitting.alone:
        shown = [*found[:MOST_LISTED], *(["…"] if len(found) > MOST_LISTED else [])]
        hint = f"name one, or {LAST} for the newest:\n    " + "\n    ".join(shown)
        message = f"there is more than one {fitting.words}"
        raise stop(message, hint=hint, code="Ambiguous", exit_code=exits.USAGE)
    return found[0]


def _roots(app: App, *, unfinished: bool) -> Iterator[Summary]:
    from oos.execution.status import Status
    from oos.journal.port import ExecutionFilter

    statuses = tuple(each for each in Status if not each.final) if unfinished else ()
    before = ""
    while True:
        page = app.journal.summaries(ExecutionFilter(statuses, parent_id="", limit=PAGE, before=before))
        yield from page
        if len(page) < PAGE:
            return
        before = page[-1].execution_id


def _any(app: App) -> Iterator[Summary]:
    yield from _roots(app, unfinished=False)


def _open(app: App) -> Iterator[Summary]:
    yield from _roots(app, unfinished=True)


def _left(app: App) -> Iterator[Summary]:
    """Those that can be resumed: the interrupted ones, and only where there is none those that merely wait."""
    from oos.cli.owners import INTERRUPTED, is_driven, shown_status, standing

    families = standing(app)
    waiting = []
    interrupted = False
    for each in _roots(app, unfinished=True):
        if is_driven(app, each.execution_id):
            continue
        if shown_status(app, each, families) == INTERRUPTED:
            interrupted = True
            yield each
        else:
            waiting.append(each)
    if not interrupted:
        yield from waiting


def _asking(app: App) -> Iterator[Summary]:
    from oos.cli.owners import standing

    waiting = standing(app).waiting
    for each in _roots(app, unfinished=True):
        if each.execution_id in waiting:
            yield each


def _triggers(app: App) -> Iterator[Summary]:
    for each in _roots(app, unfinished=True):
        if each.firing is not None:
            yield each


ANY: Final = Fitting(_any, "execution", alone=False)
OPEN: Final = Fitting(_open, "execution that has not ended")
LEFT: Final = Fitting(_left, "execution that is left to be resumed")
ASKING: Final = Fitting(_asking, "execution that waits for a person")
TRIGGER: Final = Fitting(_triggers, "trigger that has not ended")

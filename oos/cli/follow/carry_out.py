"""Carrying out: start or resume an execution, follow it to its end, and print how it ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from oos.cli import exits
from oos.cli.follow.follower import Follower, Following, exit_code_of
from oos.cli.follow.sinks import Sink
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.cli.follow.detach import Announce
    from oos.engine.ports import StartRequest
    from oos.execution.model import Execution

Finish = Callable[["Session", "Execution", int], int]
"""Prints the result of an execution that ended, given the exit code it stands for; the exit code of the command."""


def carry_out(
    session: Session,
    request: Callable[[], StartRequest],
    following: Following,
    *,
    detach: bool = False,
    finish: Finish | None = None,
    sinks: Iterable[Sink] = (),
) -> int:
    """Start an execution and follow it to its end; the exit code. With `detach` another process does both."""

    def work(announce: Announce) -> int:
        follower = Follower(session, following, extra=sinks)
        app = session.app
        asked = request()
        app.watcher = follower
        execution_id = app.engine.start(asked)
        announce(execution_id)
        execution = follower.drive(execution_id)
        if not execution.status.final:
            execution = _follow_known(session, execution_id, following)
        return _ended(session, execution, finish or print_result)

    return _work(session, work, detach=detach)


def take_up(session: Session, any_id: str, following: Following, *, detach: bool = False) -> int:
    """Resume an execution that nobody drives and follow it to its end; the exit code."""

    def work(announce: Announce) -> int:
        from oos.cli.follow.tail import Tail
        from oos.values.identifiers import root_execution_id

        app = session.app
        root_id = root_execution_id(any_id)
        follower = Follower(session, following)
        follower.recall(root_id, Tail(app, root_id).news())
        app.watcher = follower
        app.engine.resume(root_id, app.settings.user)
        announce(root_id)
        return _ended(session, follower.drive(root_id), print_result)

    return _work(session, work, detach=detach)


def follow_elsewhere(session: Session, execution_id: str, following: Following) -> Execution:
    """Follow an execution that another process drives; it, once it has ended or nobody drives it any more."""
    from oos.cli.follow.tail import Tail
    from oos.cli.owners import is_driven, look

    app = session.app
    tail = Tail(app, execution_id)
    follower = Follower(session, following)

    def news() -> bool:
        # Whether it is driven is asked first: what was written before its driver went is read after that.
        driven = is_driven(app, execution_id)
        for id_, event in tail.news():
            follower.take_in(id_, event)
        return driven and not tail.ended

    follower.watch(execution_id, news)
    return look(app, execution_id)


def _follow_known(session: Session, execution_id: str, following: Following) -> Execution:
    """An execution that an earlier request with the same client token started."""
    from oos.cli.follow.tail import Tail
    from oos.cli.owners import is_driven

    app = session.app
    if is_driven(app, execution_id):
        session.say(f"{execution_id} was started with this client token already")
        return follow_elsewhere(session, execution_id, following)
    session.say(f"{execution_id} was started with this client token already, and interrupted; it goes on")
    follower = app.watcher
    assert isinstance(follower, Follower)
    follower.recall(execution_id, Tail(app, execution_id).news())
    app.engine.resume(execution_id, app.settings.user)
    return follower.drive(execution_id)


def _work(session: Session, work: Callable[[Announce], int], *, detach: bool) -> int:
    if not detach:
        return work(lambda execution_id: session.say(f"execution {execution_id}"))
    from oos.cli.follow.detach import detached
    from oos.cli.printing import print_document

    execution_id, code = detached(session, work)
    if execution_id:
        if session.is_json:
            print_document(session, {"ExecutionId": execution_id})
        else:
            session.say(f"it goes on by itself; follow it: oos execution logs -f {execution_id}")
            print(execution_id)
    return code


def _ended(session: Session, execution: Execution, finish: Finish) -> int:
    code = exit_code_of(execution) if execution.status.final else exits.INTERRUPTED
    return finish(session, execution, code)


def print_result(session: Session, execution: Execution, code: int) -> int:
    """How an execution ended, in a line on stderr; its outputs on stdout."""
    from oos.cli.printing import Column, print_document, print_table, rows_of
    from oos.cli.record import execution_record

    if session.output == "json":
        print_document(session, execution_record(execution))
    tell_end(session, execution, code)
    if session.output == "table" and execution.outputs:
        print_table([Column("OUTPUT"), Column("VALUE", flexible=True)], rows_of(dict(execution.outputs)))
    return code


def tell_end(session: Session, execution: Execution, code: int) -> None:
    """The last line about an execution; what went badly is told quiet or not."""
    from oos.cli.printing import coloured
    from oos.cli.record import status_message
    from oos.cli.words import between
    from oos.values.visible import visible

    took = between(execution.start.at, execution.ended)
    line = f"{coloured(str(execution.shown_status), sys.stderr)} {execution.id}" + (f" in {took}" if took else "")
    message = visible(status_message(execution))
    if code == exits.SUCCESS:
        session.say(line)
        return
    if code == exits.PARTLY:
        loops = [task.loop for task in execution.tasks.values() if task.loop is not None and task.loop.failed]
        failed, total = sum(loop.failed for loop in loops), sum(len(loop.items) for loop in loops)
        session.warn(f"{line}, but {failed} of {total} loop items failed")
    else:
        session.warn(f"{line}: {message}" if message else line)
    session.say(f"  see oos execution show {execution.id}")

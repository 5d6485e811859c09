"""The follower: hears of everything an execution does, shows it, puts its questions, and waits for its end."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from oos.cli import exits
from oos.cli.failures import Failure, Stopped, exit_code_of_error
from oos.cli.follow.ask import Question, ask, commands_for, question_of, question_of_held
from oos.cli.follow.interrupts import Interrupts
from oos.cli.follow.sinks import EventLines, PlainLines, Silent, Sink
from oos.cli.follow.view import View
from oos.cli.session import Session, is_terminal
from oos.cli.words import item_label
from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    ExecutionHeld,
    ExecutionStarted,
    Notified,
    TaskResumed,
    TaskWaiting,
)
from oos.execution.status import Status

if TYPE_CHECKING:
    from oos.execution.model import Execution

TICK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Following:
    """How an execution is followed."""

    no_input: bool = False
    """Whether questions are left to others."""
    deadline_seconds: float | None = None
    """After which the execution is let go, resumable."""


class Follower:
    """Watches one family of executions (oos.engine.ports.Watcher)."""

    def __init__(self, session: Session, following: Following, *, extra: Iterable[Sink] = ()) -> None:
        self._session = session
        self._following = following
        self._lock = threading.RLock()
        self._view: View | None = None
        self._questions: deque[Question] = deque()
        self._asks = not (following.no_input or session.is_json) and all(map(is_terminal, (sys.stdin, sys.stderr)))
        self._sinks: tuple[Sink, ...] = (*extra, *_sinks(session, self._lock))
        self._lost: OSError | None = None
        """Why results could no longer be printed."""
        self._gone: OSError | None = None
        """Why somebody could no longer be told."""
        self._told = False
        """Whether the person knows that the execution is being let go."""

    # what the engine tells, on its thread

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        self.take_in(execution.id, event)

    def progressed(self, execution: Execution, task: str, item: int, message: str) -> None:
        with self._lock:
            if self._view is None:
                return
            self._view.progressed(execution.id, task, item, message)
            for sink in self._sinks:
                with self._unless_lost(sink):
                    sink.progressed(self._view, execution.id, task, item, message)

    def take_in(self, id_: str, event: AnyEvent) -> None:
        """An event of the family."""
        with self._lock:
            if self._view is None:
                if not isinstance(event, ExecutionStarted):
                    return
                self._view = View(id_)
            view = self._view
            ended = view.apply(id_, event)
            self._note(view, id_, event)
            for sink in self._sinks:
                with self._unless_lost(sink):
                    sink.happened(view, id_, event, ended)

    def recall(self, id_: str, events: Iterable[tuple[str, AnyEvent]]) -> None:
        """Take in what is past without showing it."""
        with self._lock:
            view = self._view = self._view or View(id_)
            for each, event in events:
                view.apply(each, event)
                self._note(view, each, event, past=True)

    def _note(self, view: View, id_: str, event: AnyEvent, *, past: bool = False) -> None:
        match event:
            case TaskWaiting() if event.reason.needs_person:
                self._questions.append(question_of(id_, event, _label(view, id_, event)))
            case ExecutionHeld():
                self._questions.append(question_of_held(id_, event))
            case Notified():
                self._forget(id_, event.task, event.item)
            case TaskResumed():
                self._forget(id_, event.task, event.item)
            case _ if past:
                self._forget(id_, getattr(event, "task", ""), getattr(event, "item", NO_ITEM))

    def _forget(self, id_: str, task: str, item: int) -> None:
        """A question is answered."""
        self._questions = deque(
            each
            for each in self._questions
            if not (each.execution_id == id_ and task in ("", each.task) and item in (NO_ITEM, each.item))
        )

    # what the main thread does

    def drive(self, execution_id: str) -> Execution:
        """Wait for the end of an execution that this process drives; one that it does not drive is given as it is.

        Raises EngineStopped, and Stopped when a signal or the deadline ends the waiting: what is in flight is recorded
        first.
        """
        from oos.engine.errors import EngineStopped
        from oos.journal.port import JournalFailed

        engine = self._session.app.engine
        with Interrupts(engine.drain) as interrupts:
            deadline = self._deadline()
            expired = False
            try:
                while (ended := engine.wait(execution_id, TICK_SECONDS)) is None:
                    self._tick(interrupts)
                    if not expired and time.monotonic() >= deadline:
                        expired = True
                        engine.drain()
            except EngineStopped:
                if not (interrupts.exit_code or expired):
                    raise
                raise self._let_go(execution_id, interrupts, expired=expired) from None
            except JournalFailed as failure:
                # What the engine met, or would have: whoever read the id has to know that it can be resumed.
                raise EngineStopped(f"{execution_id} stopped before its end: {failure}") from failure
            finally:
                self.close()
            # The engine may have let it go before it was asked: then the journal answers, with what is not the end.
            if not ended.status.final and self._view is not None:
                if interrupts.exit_code or expired:
                    raise self._let_go(execution_id, interrupts, expired=expired)
                raise EngineStopped(f"{execution_id} stopped before its end")
        self._raise_what_was_lost()
        return ended

    def watch(self, execution_id: str, look: Callable[[], bool]) -> None:
        """Follow an execution that another process drives; `look` takes in what is new and tells whether it goes on.

        Raises Stopped when a signal or the deadline ends the following; the execution goes on.
        """
        with Interrupts(lambda: None) as interrupts:
            deadline = self._deadline()
            try:
                while look():
                    self._show()
                    if self._gone is not None:
                        raise self._gone
                    while self._questions:
                        self._leave_open(self._questions[0])
                    if interrupts.exit_code or time.monotonic() >= deadline:
                        code = interrupts.exit_code or exits.DEADLINE
                        hint = f"it goes on; follow it again: oos execution logs -f {execution_id}"
                        raise Stopped(Failure("NoLongerFollowed", f"{execution_id} is no longer followed", hint, code))
                    time.sleep(TICK_SECONDS * 2)
            finally:
                self.close()

    def _raise_what_was_lost(self) -> None:
        """Results that could not be printed are a failure of the command, though not of the execution."""
        if self._lost is not None:
            raise self._lost

    def close(self) -> None:
        """Nothing more is shown; a display goes first, so that what others still print stays."""
        for sink in reversed(self._sinks):
            with self._unless_lost(sink):
                sink.close()

    def _deadline(self) -> float:
        seconds = self._following.deadline_seconds
        return float("inf") if seconds is None else time.monotonic() + seconds

    def _show(self) -> None:
        """Let the sinks print what has come; a display makes room for what others print."""
        if any(sink.wants_terminal() for sink in self._sinks):
            self._pause()
        for sink in self._sinks:
            with self._unless_lost(sink):
                sink.tick()

    def _pause(self) -> None:
        """Displays leave the terminal to others."""
        for sink in self._sinks:
            with self._unless_lost(sink):
                sink.pause()

    @contextmanager
    def _unless_lost(self, sink: Sink) -> Iterator[None]:
        """Let a sink print; whoever reads it may be gone, which must not end what is being followed."""
        try:
            yield
        except OSError as failure:
            with self._lock:
                self._sinks = tuple(each for each in self._sinks if each is not sink)
                self._gone = failure
                if sink.prints_results:
                    self._lost = self._lost or failure

    def _tick(self, interrupts: Interrupts) -> None:
        self._show()
        if interrupts.exit_code and not self._told:
            self._told = True
            self._aside("stopping: what is in flight is let end and recorded; the same again stops at once")
        with self._lock:
            question = self._questions[0] if self._questions and not interrupts.exit_code else None
        if question is None:
            return
        if self._asks:
            self._put(question, interrupts)
        else:
            self._leave_open(question)

    def _put(self, question: Question, interrupts: Interrupts) -> None:
        app = self._session.app
        self._pause()
        interrupts.asking = True
        try:
            from oos.app.app import now

            answer = ask(question, app.settings.user, now(), lambda: question in self._questions)
        except (EOFError, KeyboardInterrupt):
            answer = None
            if not interrupts.exit_code:
                # The terminal is gone (end of file): nobody can be asked any more.
                self._asks = False
                return
        finally:
            interrupts.asking = False
        with self._lock:
            still_open = question in self._questions
            self._forget(question.execution_id, question.task, question.item)
        if answer is not None:
            self._answer(question, answer)
        elif still_open and not interrupts.exit_code:
            self._tell_how(question)

    def _answer(self, question: Question, answer: Notified) -> None:
        """Tell the answer; one that is refused, such as that of a person who may not approve, leaves it open."""
        from oos.execution.notify import NotAllowed

        try:
            self._session.app.engine.tell(question.execution_id, answer)
        except NotAllowed as refusal:
            self._session.warn(f"  {refusal}")
            self._tell_how(question)

    def _leave_open(self, question: Question) -> None:
        with self._lock:
            self._forget(question.execution_id, question.task, question.item)
        self._aside(f"? {question.text}")
        self._tell_how(question)

    def _tell_how(self, question: Question) -> None:
        for command in commands_for(question):
            self._session.say(f"    {command}")

    def _aside(self, text: str) -> None:
        """Say something between what is shown."""
        self._pause()
        self._session.say(text)

    def _let_go(self, execution_id: str, interrupts: Interrupts, *, expired: bool) -> Stopped:
        code = interrupts.exit_code or exits.DEADLINE
        why = "the deadline has passed" if expired else "interrupted"
        message = f"{why}; what was in flight is recorded, {execution_id} can be resumed"
        hint = f"oos execution resume {execution_id}"
        return Stopped(Failure("Interrupted", message, hint, code, execution_id=execution_id))


def _sinks(session: Session, lock: threading.RLock) -> tuple[Sink, ...]:
    """Who shows what happens: events for programs, a live display on a terminal, lines elsewhere, nobody when quiet."""
    sinks: list[Sink] = []
    if session.output == "ndjson":
        sinks.append(EventLines())
    if session.quiet or session.output == "ndjson":
        return tuple(sinks) or (Silent(),)
    if is_terminal(sys.stderr) and not session.verbose:
        from oos.cli.follow.live import LiveDisplay

        return (*sinks, LiveDisplay(lock))
    return (*sinks, PlainLines(verbose=session.verbose))


def _label(view: View, id_: str, event: TaskWaiting) -> str:
    execution = view.executions.get(id_)
    loop = execution.current.loop if execution and execution.current else None
    if loop is None or event.item == NO_ITEM:
        return ""
    return item_label(loop.items[event.item])


def exit_code_of(execution: Execution) -> int:
    """The exit code that an ended execution stands for."""
    loops = [task.loop for task in execution.tasks.values() if task.loop is not None]
    if execution.status is Status.SUCCESS:
        return exits.PARTLY if any(loop.failed for loop in loops) else exits.SUCCESS
    if execution.rejected_by:
        return exits.REJECTED
    last = execution.last
    if execution.status is Status.FAILED and execution.fault is not None:
        codes = {execution.fault.code}
        if last is not None and last.loop is not None and last.loop.faults:
            codes = {fault.code for fault in last.loop.faults.values()}
        found = {exit_code_of_error(code) for code in codes}
        return found.pop() if len(found) == 1 else exits.FAILED
    return exits.FAILED

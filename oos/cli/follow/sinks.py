"""Sinks: who is shown what happens, while it happens."""

from __future__ import annotations

import sys
import time
from typing import Final, Protocol, TextIO

from oos.cli.follow.view import ActivityView, View
from oos.cli.printing import coloured, print_line
from oos.cli.words import between, clock, place, say
from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    ExecutionFinished,
    ExecutionStarted,
    LoopStarted,
    TaskCancelled,
    TaskFailed,
    TaskResumed,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
    TaskWaiting,
)
from oos.execution.status import Status, WaitReason

MANY_ITEMS: Final = 50
"""In a larger loop, items that end well are not told one by one."""
COUNT_SECONDS: Final = 5.0
"""How often a large loop tells how far it has come."""


class Sink(Protocol):
    """Someone who is shown what happens. Called with the lock of the view held; it must not wait."""

    def happened(self, view: View, id_: str, event: AnyEvent, ended: ActivityView | None, /) -> None:
        """An event, already in the view, and the activity that it ended."""

    def progressed(self, view: View, id_: str, task: str, item: int, message: str, /) -> None:
        """A call told how far it has come."""

    @property
    def prints_results(self) -> bool:
        """Whether it prints what was asked for on stdout, rather than telling how it goes."""

    def wants_terminal(self) -> bool:
        """Whether the next tick prints something that a display must not run into."""

    def tick(self) -> None:
        """Called by the main thread, several times a second, without the lock."""

    def pause(self) -> None:
        """Leave the terminal to somebody else, until the next tick."""

    def close(self) -> None:
        """Nothing more will come."""


class Silent:
    """Shows nothing. Other sinks build on it."""

    def happened(self, view: View, id_: str, event: AnyEvent, ended: ActivityView | None, /) -> None:
        """Nothing is shown."""

    def progressed(self, view: View, id_: str, task: str, item: int, message: str, /) -> None:
        """Nothing is shown."""

    @property
    def prints_results(self) -> bool:
        return False

    def wants_terminal(self) -> bool:
        return False

    def tick(self) -> None:
        """Nothing moves."""

    def pause(self) -> None:
        """Nothing holds the terminal."""

    def close(self) -> None:
        """Nothing is open."""


class EventLines(Silent):
    """Every event as a line of JSON on stdout."""

    @property
    def prints_results(self) -> bool:
        return True

    def happened(self, _view: View, id_: str, event: AnyEvent, _ended: ActivityView | None, /) -> None:
        print_line(event_document(id_, event))


def event_document(id_: str, event: AnyEvent) -> dict[str, object]:
    """An event as programs read it, secrets still inside."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    kept = {name: value for name, value in fields.items() if value not in ("", None, {}) and name != "execution_id"}
    if kept.get("item") == NO_ITEM:
        del kept["item"]
    return {"ExecutionId": id_, "Event": type(event).__name__, **{_title(name): each for name, each in kept.items()}}


def _title(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


class PlainLines(Silent):
    """A line for everything that a person wants to read afterwards, for pipes and logs."""

    def __init__(self, stream: TextIO | None = None, *, verbose: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._verbose = verbose
        """Whether child executions tell all they do, too."""
        self._counted = 0.0
        self._notes: dict[tuple[str, str], str] = {}

    def happened(self, view: View, id_: str, event: AnyEvent, ended: ActivityView | None, /) -> None:
        where = self._where(view, id_, event)
        if where is None:
            return
        text = self._text(view, id_, event, ended)
        if text:
            self._print(f"{clock(event.at)} {where}{' ' if where else ''}{text}")

    def progressed(self, view: View, id_: str, task: str, item: int, message: str, /) -> None:
        if self._verbose:
            where = f"{task}[{item + 1}]" if item != NO_ITEM else task
            self._print(f"{' ' * 8} {_family_name(view, id_)}{where} {message}")

    def _where(self, view: View, id_: str, event: AnyEvent) -> str | None:
        """The task an event is told of; None when it is not told at all."""
        if id_ == view.root_id:
            return place(event)
        # A child's failure stands in the message of the task that started it.
        if not (self._verbose or (isinstance(event, TaskWaiting) and event.reason.needs_person)):
            return None
        return _family_name(view, id_) + place(event)

    def _text(self, view: View, id_: str, event: AnyEvent, ended: ActivityView | None) -> str:
        execution = view.executions.get(id_)
        loop = execution.current.loop if execution and execution.current else None
        item = getattr(event, "item", NO_ITEM)
        match event:
            case ExecutionStarted() if id_ == view.root_id:
                return f"{id_} {say(event)}"
            case ExecutionFinished() if execution is not None and id_ == view.root_id:
                return f"{id_} {say(event)} {_took(execution.start.at, event)}"
            case LoopStarted():
                return say(event)
            case TaskStarted():
                if item != NO_ITEM:
                    return ""
                return say(event)
            case TaskWaiting(reason=WaitReason.RETRY):
                return self._changed(id_, place(event), event.note)
            case TaskResumed(why="the wait is over"):
                return ""
            case TaskSucceeded() | TaskFailed() | TaskSkipped() | TaskCancelled() if ended is not None:
                label = f"{ended.label} " if item != NO_ITEM else ""
                if loop is not None and item != NO_ITEM and len(loop.items) > MANY_ITEMS:
                    return self._counts(loop.done, len(loop.items), loop.failed, label, ended)
                return f"{label}{self._outcome(ended)}"
            case _:
                return say(event)

    def _outcome(self, ended: ActivityView) -> str:
        took = between(ended.started, ended.ended)
        word = coloured(str(ended.status), self._stream) + (f", {ended.failed} failed" if ended.failed else "")
        note = f": {ended.note}" if ended.note else ""
        return f"{word}{note} ({took})"

    def _counts(self, done: int, total: int, failed: int, label: str, ended: ActivityView) -> str:
        if ended.status is not Status.SUCCESS:
            return f"{label}{self._outcome(ended)}"
        if done < total and time.monotonic() - self._counted < COUNT_SECONDS:
            return ""
        self._counted = time.monotonic()
        return f"{done} of {total} done" + (f", {failed} failed" if failed else "")

    def _changed(self, id_: str, where: str, note: str) -> str:
        """The note of a wait, when it is another than before."""
        if self._notes.get((id_, where)) == note:
            return ""
        self._notes[id_, where] = note
        return note

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


def _family_name(view: View, id_: str) -> str:
    """By which tasks one comes from the root to this execution: `snapshot[2] › `."""
    names = []
    execution = view.executions.get(id_)
    while execution is not None and execution.start.parent_id:
        start = execution.start
        item = f"[{start.parent_item + 1}]" if start.parent_item != NO_ITEM else ""
        names.append(f"{start.parent_task}{item} › ")
        execution = view.executions.get(start.parent_id)
    return "".join(reversed(names))


def _took(start: object, event: ExecutionFinished) -> str:
    from datetime import datetime

    return f"({between(start, event.at)})" if isinstance(start, datetime) else ""

"""The story of an execution: who started what, what each task was asked, did, and was seen to have done. As values.

How it is shown is for the command line, the console and the notebook to decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    BatchStarted,
    CancelRequested,
    Event,
    ExecutionFinished,
    ExecutionResumed,
    ExecutionStarted,
    LoopStarted,
    Notified,
    TargetReported,
    TaskCancelled,
    TaskFailed,
    TaskResumed,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
    TaskWaiting,
    path_of,
)
from oos.values.json import Value
from oos.values.secret import MASK, Secret
from oos.values.time import format_instant


class LineKind(StrEnum):
    """What a line of a story tells."""

    STARTED = "started"
    ASKED = "asked"
    WAITS = "waits"
    GOES_ON = "goes on"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    TOLD = "told"
    ENDED = "ended"
    HAPPENED = "happened"
    """Anything else: what an event is named, and all that it says."""


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened. Secrets are masked in all of it."""

    at: datetime
    execution_id: str
    sequence: int
    depth: int
    """0 for the execution the story is about, 1 for those its tasks started, and so on."""
    kind: LineKind
    path: str
    """The task, with its loop index; empty for what happened to the execution."""
    text: str
    by: str = ""
    """Who started it, told it, or approved it."""
    took: timedelta | None = None
    """How long it was under way, waits included."""
    observed: Value = None
    """Parameters of a start, outputs of an end, what a wait last saw."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of an execution, in its place."""

    execution_id: str
    sequence: int
    event: AnyEvent


Describe = Callable[[ExecutionStarted, str], str]
"""What a task of an execution's template is asked to do, in few words; empty when nobody knows."""


def _undescribed(_: ExecutionStarted, __: str) -> str:
    return ""


def story(happenings: Iterable[Happening], describe: Describe = _undescribed) -> tuple[StoryLine, ...]:
    """What happened, in order; a child execution follows, deeper by one, the task that started it."""
    events: dict[str, list[Happening]] = {}
    for each in happenings:
        events.setdefault(each.execution_id, []).append(each)
    family = _Family(events, describe)
    lines: list[StoryLine] = []
    for id_ in events:
        if family.parent_of(id_) not in events:
            lines += family.tell(id_, 0)
    return tuple(lines)


class _Family:
    """The executions of a story, and who started whom."""

    def __init__(self, events: dict[str, list[Happening]], describe: Describe) -> None:
        self._events = events
        self._describe = describe
        self._children: dict[str, dict[tuple[str, int], list[str]]] = {}
        """The executions that each execution started, by the task and item that asked for them."""
        for id_ in events:
            start = self._start(id_)
            if start is not None and start.parent_id in events:
                of_parent = self._children.setdefault(start.parent_id, {})
                of_parent.setdefault((start.parent_task, start.parent_item), []).append(id_)

    def parent_of(self, id_: str) -> str:
        """The execution whose task started this one, or nothing."""
        start = self._start(id_)
        return start.parent_id if start is not None else ""

    def tell(self, id_: str, depth: int) -> Iterator[StoryLine]:
        """The lines of one execution, each with those of the children it started."""
        teller = _Teller(id_, depth, self._describe)
        children = self._children.get(id_, {})
        for happening in self._events[id_]:
            yield from teller.tell(happening)
            event = happening.event
            if isinstance(event, TaskStarted):
                # A task that starts again starts a new child; each stands once, in the order of their ids.
                started = children.get((event.task, event.item))
                if started:
                    yield from self.tell(started.pop(0), depth + 1)
        for left in children.values():
            for child in left:
                yield from self.tell(child, depth + 1)

    def _start(self, id_: str) -> ExecutionStarted | None:
        first = self._events[id_][0].event
        return first if isinstance(first, ExecutionStarted) else None


@dataclass(slots=True)
class _Teller:
    """Puts the events of one execution into words."""

    execution_id: str
    depth: int
    describe: Describe
    start: ExecutionStarted | None = None
    since: dict[str, datetime] = field(default_factory=dict)
    """When each task and item that is under way began."""
    answers: dict[str, list[str]] = field(default_factory=dict)
    """Who has answered for each task and item that waits for a person."""
    waiting: dict[str, None] = field(default_factory=dict)
    """The tasks and items that wait, the latest last."""

    def tell(self, happening: Happening) -> Iterator[StoryLine]:
        """The line of an event."""
        event = happening.event
        path = path_of(event)

        def line(kind: LineKind, text: str, by: str = "", observed: Value = None) -> StoryLine:
            took = None
            if kind in (LineKind.DONE, LineKind.FAILED, LineKind.SKIPPED, LineKind.CANCELLED, LineKind.ENDED):
                began = self.since.pop(path, None)
                took = None if began is None else event.at - began
            shown = None if observed is None else msgspec.to_builtins(observed, enc_hook=masked)
            return StoryLine(
                event.at, self.execution_id, happening.sequence, self.depth, kind, path, text, by, took, shown
            )

        match event:
            case ExecutionStarted():
                self.start = event
                self.since[""] = event.at
                yield line(LineKind.STARTED, _start_text(event), event.by, event.parameters)
            case LoopStarted():
                self.since.setdefault(path, event.at)
                yield line(LineKind.ASKED, f"loops over {_count(len(event.items), 'item')}", observed=event.items)
            case BatchStarted():
                yield line(LineKind.GOES_ON, f"begins batch {event.batch + 1}", self._answered(path))
            case TaskStarted():
                self.since.setdefault(path, event.at)
                yield line(LineKind.ASKED, self._asked(event))
            case TaskWaiting():
                self.since.setdefault(path, event.at)
                self.waiting.pop(path, None)
                self.waiting[path] = None
                yield line(LineKind.WAITS, _wait_text(event), observed=event.observed)
            case TaskResumed():
                self.waiting.pop(path, None)
                yield line(LineKind.GOES_ON, event.why, self._answered(path))
            case TargetReported():
                yield line(LineKind.HAPPENED, event.ending, observed=event.message or None)
            case TaskSucceeded():
                self.waiting.pop(path, None)
                text = f"done; goes on with {event.next_task}" if event.next_task else "done"
                observed = event.outputs or event.response
                yield line(LineKind.DONE, text, self._answered(path), observed or None)
            case TaskFailed():
                self.waiting.pop(path, None)
                yield line(LineKind.FAILED, f"{event.code}: {event.message}", self._answered(path))
            case TaskSkipped():
                self.waiting.pop(path, None)
                yield line(LineKind.SKIPPED, event.reason or "skipped", self._answered(path))
            case TaskCancelled():
                self.waiting.pop(path, None)
                yield line(LineKind.CANCELLED, event.reason or "cancelled", self._answered(path))
            case Notified():
                about = path if event.task else next(reversed(self.waiting), "")
                self.answers.setdefault(about, []).append(event.by)
                yield line(LineKind.TOLD, _notified_text(event), event.by)
            case CancelRequested():
                yield line(LineKind.TOLD, _with_note("asks to cancel", event.reason), event.by)
            case ExecutionResumed():
                yield line(
                    LineKind.GOES_ON, _with_note("taken over after its driver had died", event.process), event.by
                )
            case ExecutionFinished():
                because = f": {event.code}: {event.message}" if event.code else ""
                yield line(LineKind.ENDED, f"{event.status}{because}", observed=event.outputs or None)
            case _:
                yield line(LineKind.HAPPENED, _words(event), getattr(event, "by", ""), _said(event))

    def _asked(self, event: TaskStarted) -> str:
        again = f" again, attempt {event.attempt + 1}" if event.attempt else ""
        described = self.describe(self.start, event.task) if self.start is not None else ""
        return f"starts{again}: {described}" if described else f"starts{again}"

    def _answered(self, path: str) -> str:
        return ", ".join(self.answers.pop(path, ()))


def masked(value: object) -> object:
    """What stands for a secret where JSON is made for people."""
    if isinstance(value, Secret):
        return MASK
    raise TypeError(f"not a JSON value: {type(value).__name__}")


def _start_text(event: ExecutionStarted) -> str:
    version = f" {event.template_version}" if event.template_version else ""
    where = event.parent_task if event.parent_item == NO_ITEM else f"{event.parent_task}[{event.parent_item}]"
    parent = f" for task {where} of {event.parent_id}" if event.parent_id else ""
    return _with_note(f"{event.template_name}{version} started{parent}", event.description)


def _wait_text(event: TaskWaiting) -> str:
    until = f" until {format_instant(event.until)}" if event.until is not None else ""
    polls = f", looked {_count(event.polls, 'time')}" if event.polls else ""
    return _with_note(f"waits: {event.reason}{until}{polls}", event.note)


def _notified_text(event: Notified) -> str:
    status = f" as {event.execution_status}" if event.execution_status is not None else ""
    items = f" item {', '.join(str(item + 1) for item in event.items)}" if event.items else ""
    return _with_note(f"{event.type}{items}{status}", event.note)


def _with_note(text: str, note: str) -> str:
    return f"{text} ({note})" if note else text


def _words(event: Event) -> str:
    """`TriggerFired` as `trigger fired`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(event).__name__).lower()


def _said(event: Event) -> Value:
    """What an event says besides when, where and by whom; what was left open is left out."""
    said = msgspec.to_builtins(event, enc_hook=masked)
    return {name: value for name, value in said.items() if name not in ("event", "at", "task", "item", "by")} or None


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"

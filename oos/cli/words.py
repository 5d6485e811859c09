"""Words: events and points in time as whoever sits at this terminal reads them; with the words of oos.values.words."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    BatchStarted,
    CancelRequested,
    ExecutionFinished,
    ExecutionHeld,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionUpdated,
    FiringMissed,
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
    TriggerArmed,
    TriggerEnded,
    TriggerFired,
    TriggerRequested,
    TriggerSwitched,
)
from oos.execution.status import NotifyType, WaitReason
from oos.values.visible import visible
from oos.values.words import counted, item_label, size, span

__all__ = [
    "ago",
    "base_name",
    "between",
    "clock",
    "counted",
    "item_label",
    "place",
    "say",
    "size",
    "span",
    "wait_note",
    "wait_words",
    "when",
]

WAITS: Final = {
    WaitReason.APPROVAL: "for approval",
    WaitReason.PAUSE: "until a person lets it go on",
    WaitReason.HIGH_RISK: "for confirmation",
    WaitReason.BATCH: "before the next batch",
    WaitReason.FAILURE: "after a failure",
    WaitReason.DEBUG: "before this task (debug)",
    WaitReason.INTERRUPTED: "for a decision",
    WaitReason.SLEEP: "asleep",
    WaitReason.RETRY: "to look again",
    WaitReason.TRIGGER: "for its next firing",
    WaitReason.DEAD_LETTER: "for a decision, as its drivers died again and again",
}


def between(start: datetime | None, end: datetime | None) -> str:
    """The span of time between two instants; empty when either is unknown."""
    return span(end - start) if start is not None and end is not None else ""


def when(instant: datetime | None) -> str:
    """A point in time in the zone of whoever reads it."""
    return "" if instant is None else instant.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def clock(instant: datetime) -> str:
    """The time of day, for lines that follow each other."""
    return instant.astimezone().strftime("%H:%M:%S")


def base_name(template_name: str) -> str:
    """A template in a list: its file, without the folders on the way there, and without the ending."""
    name = template_name.rpartition("/")[2]
    return next((name.removesuffix(ending) for ending in (".yml", ".yaml", ".json") if name.endswith(ending)), name)


def ago(instant: datetime, now: datetime | None = None) -> str:
    """How long ago something was."""
    return f"{span((now or datetime.now(UTC)) - instant)} ago"


def place(event: AnyEvent) -> str:
    """Which task, and which item of its loop counted from 1, an event is about."""
    task = getattr(event, "task", "")
    item = getattr(event, "item", NO_ITEM)
    return task if item == NO_ITEM or not task else f"{task}[{item + 1}]"


def say(event: AnyEvent) -> str:
    """An event in a few words, without its task."""
    return visible(_say(event))


def _say(event: AnyEvent) -> str:
    match event:
        case ExecutionStarted():
            of = f" by task {event.parent_task} of {event.parent_id}" if event.parent_id else f" by {event.by}"
            return f"started{of}: {event.template_name}"
        case LoopStarted():
            return f"loops over {counted(len(event.items), 'item')}"
        case BatchStarted():
            return f"batch {event.batch + 1} begins"
        case TaskStarted():
            return f"started, attempt {event.attempt + 1}" if event.attempt else "started"
        case TaskWaiting(reason=WaitReason.SLEEP, until=datetime() as end):
            return f"sleeps until {clock(end)}"
        case TaskWaiting():
            return wait_note(event)
        case TaskResumed():
            return f"goes on: {event.why}"
        case TargetReported():
            return f"{event.target}: {event.step}: {event.status}" + (" (changed)" if event.changed else "")
        case TaskSucceeded():
            return f"completed, goes on with {event.next_task}" if event.next_task else "completed"
        case TaskFailed():
            return f"failed: {event.code}: {event.message}"
        case TaskSkipped():
            return f"skipped: {event.reason}"
        case TaskCancelled():
            return "cancelled" + (f": {event.reason}" if event.reason else "")
        case _:
            return _say_of_execution(event)


def wait_note(event: TaskWaiting) -> str:
    """What a task waits for, and for whom."""
    if event.reason is WaitReason.RETRY and event.until is not None:
        return f"{event.note}; looks again at {clock(event.until)}"
    by = f" by {', '.join(event.approvers)}" if event.approvers else ""
    several = f", {event.required} of them" if event.required > 1 and by else ""
    several = several or (f" by {event.required} people" if event.required > 1 else "")
    until = f" until {clock(event.until)}" if event.until else ""
    return f"waits {wait_words(event.reason)}{by}{several}{until}" + (f": {event.note}" if event.note else "")


_ANSWERS: Final = {
    NotifyType.APPROVE: "approved",
    NotifyType.REJECT: "rejected",
    NotifyType.EXECUTE_TASK: "let the task run",
    NotifyType.CANCEL_TASK: "cancelled the task",
    NotifyType.COMPLETE_EXECUTION: "ended the execution",
    NotifyType.RETRY_TASK: "had it tried again",
    NotifyType.SKIP_TASK: "had it skipped",
}


def _say_of_execution(event: AnyEvent) -> str:
    match event:
        case Notified():
            items = f" (item {', '.join(str(item + 1) for item in event.items)})" if event.items else ""
            return f"{event.by} {_ANSWERS[event.type]}{items}" + (f": {event.note}" if event.note else "")
        case CancelRequested():
            return f"{event.by} cancels" + (f": {event.reason}" if event.reason else "")
        case ExecutionResumed():
            return f"resumed by {event.by}" + (f" ({event.process})" if event.process else "")
        case ExecutionFinished():
            message = ": ".join(filter(None, (event.code, event.message)))
            return f"ended: {event.status}" + (f": {message}" if message else "")
        case ExecutionHeld():
            return f"is held {wait_words(event.reason)}" + (f": {event.note}" if event.note else "")
        case ExecutionUpdated():
            changed = [*event.parameters, *(["its description"] if event.description is not None else [])]
            changed += ["its tags"] if event.tags is not None else []
            return f"{event.by} changes {', '.join(changed)}"
        case TriggerSwitched():
            return f"{event.by} {'pauses the trigger' if event.paused else 'has the trigger go on'}{_note(event.note)}"
        case TriggerRequested():
            return f"{event.by} has it fire{_note(event.note)}"
        case _:
            return _say_of_trigger(event)


def _say_of_trigger(event: AnyEvent) -> str:
    match event:
        case TriggerArmed():
            ends = f", until {when(event.ends)}" if event.ends is not None else ""
            return f"fires next at {when(event.next)}{ends}" if event.next is not None else f"is armed{ends}"
        case TriggerFired():
            return "fires" + (f", asked by {event.by}" if event.by else "")
        case TriggerEnded():
            return f"its firing ended: {event.status}{_note(event.message)}"
        case FiringMissed():
            times = "a firing" if event.count == 1 else f"{event.count} firings"
            return f"{times} missed: {event.why}"
        case _:
            return _name(event)


def _name(event: AnyEvent) -> str:
    """`TriggerFired` → `trigger fired`, with whatever note it carries: for events that need no words of their own."""
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(event).__name__).lower()
    note = getattr(event, "note", "") or getattr(event, "message", "")
    return f"{words}: {note}" if isinstance(note, str) and note else words


def _note(note: str) -> str:
    return f": {note}" if note else ""


def wait_words(reason: WaitReason) -> str:
    """For what something waits: `for approval`."""
    return WAITS.get(reason, f"({reason})")

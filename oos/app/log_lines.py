"""Log lines: the events of an execution in the words of ListExecutionLogs (spec 6.5). Pure."""

from __future__ import annotations

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
from oos.execution.model import Execution
from oos.execution.status import WaitReason
from oos.service.orchestration import LogLine
from oos.values.identifiers import child_execution_id
from oos.values.time import format_instant


def log_line(execution: Execution, event: AnyEvent) -> LogLine:
    """An event as a line of the log."""
    task = getattr(event, "task", "")
    item = getattr(event, "item", NO_ITEM)
    where = ""
    subject = "The execution"
    if task:
        number = execution.template.task_index(task) + 1
        where = child_execution_id(execution.id, number, None if item == NO_ITEM else item)
        subject = f"The task {task}" if item == NO_ITEM else f"The item {item + 1} of the task {task}"
    return LogLine(event.at, where, f"{subject} {_said(event)}.")


def _said(event: AnyEvent) -> str:
    match event:
        case ExecutionStarted():
            return f"started by {event.by}"
        case TaskStarted() | LoopStarted():
            return "started" + (f" over {len(event.items)} items" if isinstance(event, LoopStarted) else "")
        case BatchStarted():
            return f"started batch {event.batch + 1}"
        case TaskWaiting(reason=WaitReason.SLEEP) if event.until is not None:
            return f"waiting. Sleep estimated finish time ({format_instant(event.until)})"
        case TaskWaiting():
            return f"waiting. {event.reason}{_note(event.note)}"
        case TaskResumed():
            return f"goes on{_note(event.why)}"
        case TargetReported():
            return f"reports: {event.ending}{_note(event.message)}"
        case TaskSucceeded():
            return "completed"
        case TaskFailed():
            return f"failed. {event.code}: {event.message}"
        case TaskSkipped():
            return f"skipped{_note(event.reason)}"
        case TaskCancelled():
            return f"cancelled{_note(event.reason)}"
        case ExecutionFinished():
            return f"ended. {event.status}{_note(event.message)}"
        case _:
            return _said_of_others(event)


def _said_of_others(event: AnyEvent) -> str:
    match event:
        case Notified():
            return f"was told {event.type} by {event.by}{_note(event.note)}"
        case CancelRequested():
            return f"is cancelled by {event.by}{_note(event.reason)}"
        case ExecutionResumed():
            return f"was taken over by {event.by}"
        case ExecutionUpdated():
            return f"was changed by {event.by}"
        case ExecutionHeld():
            return f"is held. {event.reason}{_note(event.note)}"
        case TriggerArmed():
            return "waits for its next firing" + (f" ({format_instant(event.next)})" if event.next else "")
        case TriggerFired():
            return "fired"
        case TriggerEnded():
            return f"ended a firing. {event.status}{_note(event.message)}"
        case FiringMissed():
            return f"missed {event.count} firings{_note(event.why)}"
        case TriggerRequested():
            return f"was asked to fire by {event.by}"
        case TriggerSwitched():
            return f"was {'paused' if event.paused else 'let go on'} by {event.by}{_note(event.note)}"
        case other:
            return type(other).__name__


def _note(text: str) -> str:
    return f": {text.rstrip('.')}" if text else ""

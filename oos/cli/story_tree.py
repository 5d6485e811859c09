"""The story as a tree: an execution, its tasks, their items and child executions, folded from events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from oos.cli.words import item_label, say, wait_note, when
from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    CancelRequested,
    ExecutionFinished,
    ExecutionHeld,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionUpdated,
    FiringMissed,
    LoopStarted,
    Notified,
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
from oos.execution.status import Status
from oos.values.json import Value


@dataclass(slots=True)
class TaskNode:
    """A task, or an item of its loop, and what it brought."""

    name: str
    started: datetime
    ended: datetime | None = None
    status: Status = Status.RUNNING
    note: str = ""
    outputs: Mapping[str, Value] = field(default_factory=dict)
    attempts: int = 1
    items: dict[int, TaskNode] = field(default_factory=dict)
    labels: list[Value] | None = None
    """The items of the loop, where it is one."""
    children: list[ExecutionNode] = field(default_factory=list)


@dataclass(slots=True)
class ExecutionNode:
    """An execution and what it did."""

    start: ExecutionStarted
    tasks: dict[str, TaskNode] = field(default_factory=dict)
    ended: ExecutionFinished | None = None
    remarks: list[AnyEvent] = field(default_factory=list)
    """What people told it, and who took it over."""


def story_tree(events: Iterable[tuple[str, AnyEvent]]) -> dict[str, ExecutionNode]:
    """The executions by their ids; children hang below the tasks that started them, too."""
    known: dict[str, ExecutionNode] = {}
    for id_, event in events:
        if isinstance(event, ExecutionStarted):
            node = known[id_] = ExecutionNode(event)
            parent = known.get(event.parent_id)
            task = parent.tasks.get(event.parent_task) if parent is not None else None
            if task is not None:
                task.items.get(event.parent_item, task).children.append(node)
        elif id_ in known:
            _add(known[id_], event)
    return known


def _add(execution: ExecutionNode, event: AnyEvent) -> None:
    match event:
        case ExecutionFinished():
            execution.ended = event
        case Notified() | CancelRequested() | ExecutionResumed() | ExecutionHeld() | ExecutionUpdated():
            execution.remarks.append(event)
        case TriggerSwitched() | TriggerRequested():
            execution.remarks.append(event)
        case TriggerArmed() | FiringMissed():
            _node(execution, event.task, NO_ITEM, event.at).note = say(event)
        case TriggerFired():
            _fire(_node(execution, event.task, NO_ITEM, event.at), event)
        case TriggerEnded():
            fired = _node(execution, event.task, event.item, event.at)
            fired.status, fired.ended, fired.note, fired.outputs = event.status, event.at, event.message, event.outputs
        case LoopStarted():
            task = execution.tasks.setdefault(event.task, TaskNode(event.task, event.at))
            task.labels = event.items
        case TaskStarted():
            node = _node(execution, event.task, event.item, event.at)
            node.status, node.ended, node.note = Status.RUNNING, None, ""
            node.attempts = event.attempt + 1
        case TaskWaiting():
            node = _node(execution, event.task, event.item, event.at)
            node.status = Status.WAITING if event.reason.needs_person else Status.RUNNING
            node.note = wait_note(event)
        case TaskResumed():
            node = _node(execution, event.task, event.item, event.at)
            node.status, node.note = Status.RUNNING, ""
        case TaskSucceeded() | TaskFailed() | TaskSkipped() | TaskCancelled():
            _end(_node(execution, event.task, event.item, event.at), event)


def _node(execution: ExecutionNode, name: str, item: int, at: datetime) -> TaskNode:
    """The node of a task or item; it begins now unless it had begun."""
    task = execution.tasks.setdefault(name, TaskNode(name, at))
    if item == NO_ITEM:
        return task
    label = item_label(task.labels[item]) if task.labels is not None and item < len(task.labels) else f"{item + 1}"
    return task.items.setdefault(item, TaskNode(label, at))


def _fire(trigger: TaskNode, event: TriggerFired) -> None:
    """A firing is an item of the trigger, called by the instant it fires for."""
    label = f"#{event.item + 1} {when(event.due or event.at)}"
    trigger.items[event.item] = TaskNode(label, event.at)


def _end(node: TaskNode, event: TaskSucceeded | TaskFailed | TaskSkipped | TaskCancelled) -> None:
    node.ended = event.at
    match event:
        case TaskSucceeded():
            node.status, node.outputs, node.note = Status.SUCCESS, event.outputs, ""
        case TaskFailed():
            node.status, node.note = Status.FAILED, f"{event.code}: {event.message}"
        case TaskSkipped():
            node.status, node.note = Status.SKIPPED, event.reason
        case TaskCancelled():
            node.status, node.note = Status.CANCELLED, event.reason

"""The fold of what happens to a trigger."""

from __future__ import annotations

from datetime import datetime

from oos.execution.events import FiringMissed, TriggerArmed, TriggerEnded, TriggerFired
from oos.execution.model import Activity, TaskExecution, TriggerState, Waiting
from oos.execution.status import Status, WaitReason
from oos.values.time import format_instant


def record_trigger(task: TaskExecution, event: TriggerArmed | TriggerFired | TriggerEnded | FiringMissed) -> None:
    """The trigger of a task, one event further."""
    trigger = task.trigger
    if trigger is None:
        trigger = task.trigger = TriggerState()
    match event:
        case TriggerArmed():
            trigger.next, trigger.ends = event.next, event.ends
        case TriggerFired() if event.item == trigger.fired:
            trigger.fired += 1
            trigger.running[event.item] = Activity(event.at)
            trigger.last = event.at
            trigger.last_due = event.due or event.at
            if not event.by:
                trigger.queued = None
            if event.due is not None:
                trigger.next = event.next
        case TriggerFired():
            # A firing without its number waits in the queue for the one that runs.
            trigger.queued = event
            if event.due is not None:
                trigger.next = event.next
        case FiringMissed():
            trigger.missed += event.count
            if event.last is not None:
                trigger.next = event.next
        case TriggerEnded():
            trigger.running.pop(event.item, None)
            trigger.last_status = event.status
            trigger.last_message = event.message
            trigger.last_outputs = event.outputs
            if event.status is Status.SUCCESS:
                trigger.last_success = event.at
    task.status = Status.RUNNING if trigger.running else Status.WAITING
    _show(task, trigger, event.at)


def _show(task: TaskExecution, trigger: TriggerState, at: datetime) -> None:
    """Keep what people see of the wait up to date."""
    if trigger.next is not None:
        note = f"the next firing is at {format_instant(trigger.next)}"
    elif trigger.ends is not None:
        note = f"it ends at {format_instant(trigger.ends)}"
    else:
        note = "it waits for an event"
    until = min((each for each in (trigger.next, trigger.ends) if each is not None), default=None)
    if task.activity is None:
        task.activity = Activity(at)
    task.activity.waiting = Waiting(WaitReason.TRIGGER, at, until, note=note)

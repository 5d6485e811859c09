"""Triggers: when a trigger fires, what it starts, and what becomes of firings that cannot be made (spec 4.5). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from oos.diagnostics import DiagnosticError
from oos.execution.actions import Listen, StartChild, Step, failed, first_of
from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    FiringMissed,
    TaskCancelled,
    TaskStarted,
    TaskSucceeded,
    TriggerArmed,
    TriggerFired,
)
from oos.execution.kinds import property_of
from oos.execution.model import Execution, TaskExecution, TriggerState
from oos.execution.scope import ExecutionScope, scope_now
from oos.schedule.errors import ScheduleInvalid
from oos.schedule.timer import Timer, read_timer
from oos.template.actions import MISSED, OVERLAP
from oos.values.json import Value
from oos.values.secret import reveal
from oos.values.time import format_instant

if TYPE_CHECKING:
    from oos.template.model import Task

GRACE: Final = timedelta(minutes=1)
"""A firing that comes later than this was missed."""
MOST_COUNTED: Final = 10_000
"""Missed firings are counted up to here; that there were more is all one needs to know."""


def is_timer(task: Task) -> bool:
    """Whether time alone fires the trigger."""
    return task.action.casefold() == "acs::timertrigger"


def listens(task: Task) -> bool:
    """Whether somebody must listen for what fires it."""
    return task.action.casefold() in ("acs::eventtrigger", "acs::alarmtrigger")


def timer_of(task: Task, scope: ExecutionScope, armed: datetime) -> Timer:
    """The timer that the properties of a trigger describe. Raises DiagnosticError, ScheduleInvalid."""

    def text(name: str) -> str:
        value = reveal(property_of(task, name, scope))
        return "" if value is None else str(value)

    return read_timer(
        text("Type"),
        text("Expression"),
        armed=armed,
        start=text("StartDate"),
        end=text("EndDate"),
        zone=text("TimeZone"),
    )


def policy_of(task: Task, scope: ExecutionScope, name: str, known: tuple[str, ...]) -> str:
    """OverlapPolicy or MissedPolicy, extensions of ours; the first one is the default. Raises ScheduleInvalid."""
    given = str(reveal(property_of(task, name, scope)) or known[0])
    for each in known:
        if given.casefold() == each.casefold():
            return each
    raise ScheduleInvalid(f"{name} is one of {', '.join(known)}, not {given!r}")


def arm(execution: Execution, task: Task, scope: ExecutionScope, now: datetime, started: TaskStarted) -> Step:
    """A trigger begins to wait. Raises DiagnosticError."""
    if execution.start.parent_id:
        return failed(
            task.name, now, "TriggerInChild", "a trigger stands in the template that is started, not below it"
        )
    try:
        policy_of(task, scope, "OverlapPolicy", OVERLAP)
        policy_of(task, scope, "MissedPolicy", MISSED)
        if listens(task):
            return Step([started, TriggerArmed(at=now, task=task.name)], [Listen(task.name)])
        timer = timer_of(task, scope, now)
        upcoming = timer.next_after(now)
    except ScheduleInvalid as error:
        return failed(task.name, now, "InvalidSchedule", str(error))
    if upcoming is None:
        message = f"it would never fire: nothing is due between now and EndDate {_shown(timer.end)}"
        return failed(task.name, now, "InvalidSchedule", message)
    return Step([started, TriggerArmed(at=now, task=task.name, next=upcoming, ends=timer.end)])


def rearm(execution: Execution, now: datetime) -> Step:
    """After parameters of the execution changed: when it fires next. Raises DiagnosticError, ScheduleInvalid."""
    current = execution.current
    if current is None or current.trigger is None:
        return Step()
    name = current.task.name
    if listens(current.task):
        return Step([TriggerArmed(at=now, task=name)], [Listen(name)])
    timer = timer_of(current.task, scope_now(execution, now), current.started)
    return Step([TriggerArmed(at=now, task=name, next=timer.next_after(now), ends=timer.end)])


def advance_trigger(task: TaskExecution, now: datetime) -> Step:
    """What a trigger does by itself: the firing that waited for the one before; its end."""
    trigger = task.trigger
    assert trigger is not None
    if trigger.running:
        return Step()
    if trigger.queued is not None:
        return _start(task, now, trigger.queued.message, trigger.queued.by)
    over = trigger.ends is not None and now >= trigger.ends
    if is_timer(task.task) and trigger.next is None and (over or trigger.ends is None):
        return Step([TaskSucceeded(at=now, task=task.task.name)])
    return Step()


def end_trigger(trigger: TriggerState, name: str, now: datetime) -> Step:
    """Towards the end of a trigger that was cancelled: its children end first."""
    return Step() if trigger.running else Step([TaskCancelled(at=now, task=name)])


def wake_trigger(execution: Execution, task: TaskExecution, now: datetime) -> Step:
    """What the time brings: a firing, firings that were missed, or the end."""
    trigger = task.trigger
    assert trigger is not None
    due = trigger.next
    if due is None or due > now:
        return advance_trigger(task, now)
    scope = scope_now(execution, now)
    try:
        timer = timer_of(task.task, scope, task.started)
        missed_policy = policy_of(task.task, scope, "MissedPolicy", MISSED)
        if trigger.paused_by:
            return Step([_missed(task, timer, due, now, now, f"paused by {trigger.paused_by}")])
        if due < now - GRACE:
            late = _missed(task, timer, due, now - GRACE, now, "nobody was there")
            if missed_policy == "Skip":
                return Step([late])
            # Once: the missed ones are made up for by a single firing, for the last of them.
            last, count = late.last, late.count - 1
            fire = _fire(execution, task, now, timer_message(last or due, now), due=last or due, upcoming=late.next)
            events: list[AnyEvent] = []
            if count:
                events.append(FiringMissed(at=now, task=late.task, why=late.why, count=count, first=due))
            return Step([*events, *fire.events], fire.actions)
        return _fire(execution, task, now, timer_message(due, now), due=due, upcoming=timer.next_after(due))
    except ScheduleInvalid as error:
        return failed(task.task.name, now, "InvalidSchedule", str(error))
    except DiagnosticError as error:
        return failed(task.task.name, now, "InvalidExpression", first_of(error))


def fire_for(execution: Execution, now: datetime, message: Value, by: str = "") -> Step:
    """What an event, an alarm or a person brings: `by` is the person, who is never told to wait for the one before."""
    current = execution.current
    if current is None or current.trigger is None:
        return Step()
    try:
        if not by and current.trigger.paused_by:
            why = f"paused by {current.trigger.paused_by}"
            return Step([FiringMissed(at=now, task=current.task.name, why=why, first=now)])
        return _start(current, now, message, by) if by else _fire(execution, current, now, message)
    except ScheduleInvalid as error:
        return failed(current.task.name, now, "InvalidSchedule", str(error))


def timer_message(due: datetime, now: datetime) -> Value:
    """What the child of a timer learns of its firing."""
    return {"type": "Timer", "scheduledTime": format_instant(due), "triggerTime": format_instant(now)}


def _fire(
    execution: Execution,
    task: TaskExecution,
    now: datetime,
    message: Value,
    due: datetime | None = None,
    upcoming: datetime | None = None,
) -> Step:
    """A firing, unless the one before still runs and the policy says that they do not overlap."""
    trigger = task.trigger
    assert trigger is not None
    policy = policy_of(task.task, scope_now(execution, now), "OverlapPolicy", OVERLAP)
    name = task.task.name
    if trigger.running and policy != "Start":
        if policy == "Queue" and trigger.queued is None:
            queued = TriggerFired(at=now, task=name, item=NO_ITEM, message=message, due=due, next=upcoming)
            return Step([queued])
        why = "the firing before it still runs" if policy == "Skip" else "one firing waits already"
        return Step([FiringMissed(at=now, task=name, why=why, first=due or now, last=due, next=upcoming)])
    return _start(task, now, message, "", due, upcoming)


def _start(
    task: TaskExecution,
    now: datetime,
    message: Value,
    by: str,
    due: datetime | None = None,
    upcoming: datetime | None = None,
) -> Step:
    assert task.trigger is not None
    name, number = task.task.name, task.trigger.fired
    fired = TriggerFired(at=now, task=name, item=number, message=message, due=due, next=upcoming, by=by)
    return Step([fired], [StartChild(name, number, 0, now, message)])


def _missed(task: TaskExecution, timer: Timer, due: datetime, until: datetime, now: datetime, why: str) -> FiringMissed:
    """All firings from one up to an instant, as missed; `next` is the first after them."""
    count, last = 0, due
    for instant in _up_to(timer, due, until):
        count, last = count + 1, instant
    upcoming = timer.next_after(max(last, until))
    return FiringMissed(at=now, task=task.task.name, why=why, count=count, first=due, last=last, next=upcoming)


def _up_to(timer: Timer, due: datetime, until: datetime) -> Iterator[datetime]:
    yield due
    for instant in islice(timer.firings(due), MOST_COUNTED - 1):
        if instant > until:
            return
        yield instant


def _shown(instant: datetime | None) -> str:
    return "(none)" if instant is None else format_instant(instant)

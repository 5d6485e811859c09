"""The conductor: what is next? Pure: the same state and instant give the same answer; nothing is done here.

The engine asks `advance` until it answers with nothing, records the events of each answer, commits them, and only
then performs the actions. `wake`, `notify` and `outstanding` answer for timers, people and crashes alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from oos.diagnostics import DiagnosticError
from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    BatchStarted,
    ExecutionFinished,
    LoopStarted,
    TaskCancelled,
    TaskFailed,
    TaskResumed,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
    TaskWaiting,
)
from oos.execution.kinds import Kind, is_high_risk, kind_of, property_of
from oos.execution.model import Activity, Execution, LoopState, TaskExecution
from oos.execution.rate_control import RateControlInvalid, limits_for
from oos.execution.scope import ExecutionScope
from oos.execution.status import END, NEXT, LoopMode, Mode, SafetyCheck, Status, WaitReason
from oos.template.aggregate import aggregate
from oos.values.json import Value
from oos.values.secret import Secret, reveal
from oos.values.time import parse_duration, parse_instant

if TYPE_CHECKING:
    from oos.service.catalog import Catalog
    from oos.template.model import Task


@dataclass(frozen=True, slots=True)
class Perform:
    """Act for a task or item: call the operation, look, send."""

    task: str
    item: int
    attempt: int
    started: datetime


@dataclass(frozen=True, slots=True)
class StartChild:
    """Start the child execution of a task or item, or join it if it exists."""

    task: str
    item: int
    attempt: int
    started: datetime


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Ask again at this instant: a wait that was under way when its driver died."""

    task: str
    item: int
    at: datetime


Action: TypeAlias = Perform | StartChild | WakeAt


@dataclass(slots=True)
class Step:
    """An answer of the conductor: what to write down, and what to do once that is committed."""

    events: list[AnyEvent] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)


def advance(execution: Execution, catalog: Catalog, now: datetime) -> Step:
    """What is next; an empty step when there is nothing to write down."""
    if execution.status.final:
        return Step()
    if execution.cancel is not None or execution.forced_status is not None:
        return _wind_down(execution, now)
    current = execution.current
    if current is None:
        return _go_on(execution, catalog, now)
    if current.loop is not None:
        return _advance_loop(execution, current, now)
    waiting = current.waiting
    if waiting is not None and waiting.reason is WaitReason.DEBUG and execution.stepped == current.task.name:
        return _begin(execution, current.task, catalog, now, asked=True)
    return Step()


def _go_on(execution: Execution, catalog: Catalog, now: datetime) -> Step:
    """From the end of a task to the next one, or to the end."""
    tasks = execution.template.template.tasks
    last = execution.last
    if last is None:
        return _begin(execution, tasks[0], catalog, now)
    match last.status:
        case Status.SUCCESS:
            target = last.next_task or last.task.on_success
        case Status.FAILED:
            target = last.task.on_error
            if execution.start.mode is Mode.FAILURE_PAUSE and target == END:
                note = str(last.fault) if last.fault else ""
                return Step([TaskWaiting(at=now, task=last.task.name, reason=WaitReason.FAILURE, note=note)])
        case _:
            target = NEXT
    if target == END:
        return _finish(execution, now)
    number = last.number + 1 if target == NEXT else execution.template.task_index(target)
    if number >= len(tasks):
        return _finish(execution, now)
    return _begin(execution, tasks[number], catalog, now)


def _finish(execution: Execution, now: datetime) -> Step:
    last = execution.last
    if last is not None and last.status is Status.FAILED and last.task.on_error == END:
        fault = last.fault
        code, message = (fault.code, fault.message) if fault else ("TaskFailed", "")
        return Step(
            [ExecutionFinished(at=now, status=Status.FAILED, code=code, message=f"task {last.task.name}: {message}")]
        )
    scope = ExecutionScope(execution, now)
    try:
        outputs = {name: each.value.evaluate(scope) for name, each in execution.template.template.outputs.items()}
    except DiagnosticError as error:
        message = f"an output cannot be evaluated: {_first(error)}"
        return Step([ExecutionFinished(at=now, status=Status.FAILED, code="InvalidOutput", message=message)])
    return Step([ExecutionFinished(at=now, status=Status.SUCCESS, outputs=outputs)])


def _begin(execution: Execution, task: Task, catalog: Catalog, now: datetime, *, asked: bool = False) -> Step:
    """The start of a task: its condition, its loop, or its action."""
    scope = ExecutionScope(execution, now)
    try:
        if execution.start.mode is Mode.DEBUG and not asked:
            return Step([TaskWaiting(at=now, task=task.name, reason=WaitReason.DEBUG)])
        if task.when is not None and not task.when.holds(scope):
            return Step([TaskSkipped(at=now, task=task.name, reason="its condition (When) is false")])
        if execution.start.safety_check is SafetyCheck.CONFIRM and is_high_risk(task, scope, catalog):
            note = f"{property_of(task, 'Service', scope)}.{property_of(task, 'API', scope)} is a high-risk operation"
            return Step([TaskWaiting(at=now, task=task.name, reason=WaitReason.HIGH_RISK, note=note)])
        return start_task(execution, task, now)
    except DiagnosticError as error:
        return _failed(task, now, "InvalidExpression", _first(error))


def start_task(execution: Execution, task: Task, now: datetime) -> Step:
    """The start of a task whose questions are answered: its loop, or its action."""
    scope = ExecutionScope(execution, now)
    try:
        if task.loop is not None:
            return _start_loop(execution, task, scope, now)
        return _start_action(execution, task, scope, now)
    except DiagnosticError as error:
        return _failed(task, now, "InvalidExpression", _first(error))


def _start_loop(execution: Execution, task: Task, scope: ExecutionScope, now: datetime) -> Step:
    assert task.loop is not None
    items = _as_list(task.loop.items.evaluate(scope))
    if not isinstance(items, list):
        return _failed(task, now, "InvalidLoopItems", f"Loop.Items must be a list, not {items!r}")
    rate_control = reveal(task.loop.rate_control.evaluate(scope))
    try:
        limits_for(rate_control, len(items), LoopMode(execution.start.loop_mode))
    except RateControlInvalid as error:
        return _failed(task, now, "InvalidRateControl", str(error))
    return Step([LoopStarted(at=now, task=task.name, items=items, rate_control=rate_control)])


def _start_action(execution: Execution, task: Task, scope: ExecutionScope, now: datetime) -> Step:
    before = execution.tasks.get(task.name)
    attempt = before.attempt + 1 if before is not None and before.fault is not None else 0
    started = TaskStarted(at=now, task=task.name, attempt=attempt)
    match kind_of(task.action):
        case Kind.CALL:
            return Step([started], [Perform(task.name, NO_ITEM, attempt, now)])
        case Kind.CHILD:
            return Step([started], [StartChild(task.name, NO_ITEM, attempt, now)])
        case Kind.CHOICE:
            return Step([started, TaskSucceeded(at=now, task=task.name, next_task=_choose(task, scope))])
        case Kind.SLEEP:
            until = _sleep_until(task, scope, now)
            if isinstance(until, str):
                return _failed(task, now, "InvalidSleep", until)
            note = f"Sleep estimated finish time ({until:%Y-%m-%d %H:%M:%S})"
            waiting = TaskWaiting(at=now, task=task.name, reason=WaitReason.SLEEP, until=until, note=note)
            return Step([started, waiting])
        case Kind.APPROVE:
            return Step([started, TaskWaiting(at=now, task=task.name, reason=WaitReason.APPROVAL)])
        case Kind.PAUSE:
            return Step([started, TaskWaiting(at=now, task=task.name, reason=WaitReason.PAUSE)])


def _choose(task: Task, scope: ExecutionScope) -> str:
    """Where a Choice goes: the first true When, else the default, else the next task."""
    for choice in task.choices:
        if choice.when.holds(scope):
            return choice.next_task
    return task.default_task or NEXT


def _sleep_until(task: Task, scope: ExecutionScope, now: datetime) -> datetime | str:
    """The instant at which a Sleep ends, or what is wrong with it."""
    duration, end = property_of(task, "Duration", scope), property_of(task, "EndDate", scope)
    try:
        if duration not in (None, ""):
            return now + parse_duration(str(reveal(duration)))
        if end not in (None, ""):
            return max(now, parse_instant(str(reveal(end))))
    except ValueError as error:
        return str(error)
    return "ACS::Sleep needs Duration or EndDate"


def _advance_loop(execution: Execution, task: TaskExecution, now: datetime) -> Step:
    """Start items as far as the limits allow; end the loop when nothing is left."""
    loop = task.loop
    assert loop is not None
    if loop.pausing is not None:
        return Step()
    name = task.task.name
    over = loop.failed > loop.limits.max_errors
    step = Step()
    if not over and loop.limits.batches:
        _start_items(execution, task, loop, now, step)
    if step.events or loop.in_flight:
        return step
    if over:
        return _failed(task.task, now, "LoopFailed", _loop_fault(loop))
    if loop.batch + 1 < len(loop.limits.batches):
        if loop.limits.pauses_after(loop.batch):
            note = f"batch {loop.batch + 1} of {len(loop.limits.batches)} is done"
            return Step([TaskWaiting(at=now, task=name, reason=WaitReason.BATCH, note=note)])
        return Step([BatchStarted(at=now, task=name, batch=loop.batch + 1)])
    try:
        return Step([TaskSucceeded(at=now, task=name, outputs=_aggregates(task.task, loop))])
    except DiagnosticError as error:
        return _failed(task.task, now, "InvalidAggregate", _first(error))


def _start_items(execution: Execution, task: TaskExecution, loop: LoopState, now: datetime, step: Step) -> None:
    batch = loop.limits.batches[loop.batch]
    width = 1 if execution.start.mode is Mode.DEBUG else batch.concurrency
    room = width - len(loop.in_flight)
    if room <= 0:
        return
    action = Perform if kind_of(task.task.action) is Kind.CALL else StartChild
    items = loop.again[:room]
    items += range(loop.next, min(batch.end, loop.next + room - len(items)))
    for item in items:
        attempt = loop.attempts.get(item, 0) + 1 if item < loop.next else 0
        step.events.append(TaskStarted(at=now, task=task.task.name, item=item, attempt=attempt))
        step.actions.append(action(task.task.name, item, attempt, now))


def _aggregates(task: Task, loop: LoopState) -> dict[str, Value]:
    assert task.loop is not None
    return {each.name: aggregate(each.type, loop.outputs[each.field]) for each in task.loop.aggregates}


FAULTS_SHOWN = 3


def _loop_fault(loop: LoopState) -> str:
    shown = [f"item {item + 1}: {fault}" for item, fault in sorted(loop.faults.items())[:FAULTS_SHOWN]]
    more = f"; and {loop.failed - len(shown)} more" if loop.failed > len(shown) else ""
    not_started = len(loop.items) - loop.done
    left = f"; {not_started} were not started" if not_started else ""
    return (
        f"{loop.failed} of {len(loop.items)} items failed, {loop.limits.max_errors} may: {'; '.join(shown)}{more}{left}"
    )


def _wind_down(execution: Execution, now: datetime) -> Step:
    """Towards the end of a cancelled execution: nothing new starts, what is in flight keeps its outcome."""
    current = execution.current
    if current is None:
        status = execution.forced_status or Status.CANCELLED
        by = f"cancelled by {execution.cancel_by}" if execution.cancel_by else ""
        note = execution.cancel.note if execution.cancel else ""
        return Step([ExecutionFinished(at=now, status=status, message=": ".join(filter(None, (by, note))))])
    name = current.task.name
    if current.loop is not None:
        waiting = [item for item, activity in current.loop.in_flight.items() if activity.waiting is not None]
        if waiting:
            return Step([TaskCancelled(at=now, task=name, item=item) for item in waiting])
        return Step() if current.loop.in_flight else Step([TaskCancelled(at=now, task=name)])
    if current.activity is not None and current.activity.waiting is None:
        return Step()
    return Step([TaskCancelled(at=now, task=name)])


def wake(execution: Execution, task: str, item: int, now: datetime) -> Step:
    """What a timer brings, if it still has something to bring."""
    activity = execution.activity(task, item)
    waiting = activity.waiting if activity is not None else None
    if activity is None or waiting is None or waiting.until is None or waiting.until > now:
        return Step()
    match waiting.reason:
        case WaitReason.SLEEP:
            return Step([TaskSucceeded(at=now, task=task, item=item)])
        case WaitReason.RETRY:
            resumed = TaskResumed(at=now, task=task, item=item, why="the wait is over")
            return Step([resumed], [Perform(task, item, activity.attempt, activity.started)])
        case _:
            return Step()


def outstanding(execution: Execution) -> list[Action]:
    """What was under way when the journal ended: to be taken up again after a crash."""
    current = execution.current
    if current is None or execution.status.final:
        return []
    child = kind_of(current.task.action) is Kind.CHILD

    def action(item: int, activity: Activity) -> list[Action]:
        waiting = activity.waiting
        if waiting is not None:
            return [WakeAt(current.task.name, item, waiting.until)] if waiting.until else []
        made = StartChild if child else Perform
        return [made(current.task.name, item, activity.attempt, activity.started)]

    if current.loop is not None:
        return [each for item, activity in current.loop.in_flight.items() for each in action(item, activity)]
    return action(NO_ITEM, current.activity) if current.activity is not None else []


def _failed(task: Task, now: datetime, code: str, message: str) -> Step:
    return Step([TaskFailed(at=now, task=task.name, code=code, message=message)])


def _first(error: DiagnosticError) -> str:
    return str(error.diagnostics[0]) if error.diagnostics else str(error)


def _as_list(value: Value) -> Value:
    """A list that is a Secret becomes a list of Secrets: the loop must count its items, and not show them."""
    if isinstance(value, Secret):
        content = value.reveal()
        return [Secret(each) for each in content] if isinstance(content, list) else content
    return value


def scope_of(execution: Execution, task: str, item: int, at: datetime) -> ExecutionScope:
    """The scope in which a task, or an item of its loop, is evaluated."""
    current = execution.tasks.get(task)
    if item == NO_ITEM or current is None or current.loop is None:
        return ExecutionScope(execution, at)
    return ExecutionScope(execution, at, current.loop.items[item])


def counters(execution: Execution) -> Mapping[str, int]:
    """`Counters` of the execution record: tasks and loop items by outcome (spec 6.5)."""
    total = failed = success = 0
    for task in execution.tasks.values():
        if task.loop is not None:
            total += len(task.loop.items)
            failed += task.loop.failed
            success += task.loop.succeeded
        else:
            total += 1
            failed += task.status is Status.FAILED
            success += task.status is Status.SUCCESS
    return {"Total": total, "Failed": failed, "Success": success}

"""The start of a task: its condition, its loop, or its action. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from oos.diagnostics import DiagnosticError
from oos.execution.actions import Perform, StartChild, Step, failed, first_of
from oos.execution.events import NO_ITEM, TaskSkipped, TaskStarted, TaskSucceeded, TaskWaiting
from oos.execution.kinds import Kind, destroys, is_high_risk, kind_of, property_of
from oos.execution.loops import start_loop
from oos.execution.model import Execution, TaskExecution
from oos.execution.scope import ExecutionScope
from oos.execution.status import NEXT, Mode, SafetyCheck, WaitReason
from oos.execution.triggers import arm
from oos.values.json import Value
from oos.values.secret import reveal
from oos.values.time import parse_duration, parse_instant

if TYPE_CHECKING:
    from oos.service.catalog import Catalog
    from oos.template.model import Task


def begin_task(execution: Execution, task: Task, catalog: Catalog, now: datetime, *, asked: bool = False) -> Step:
    """A task is next: a person may be asked first; it may be left out; else it starts."""
    scope = ExecutionScope(execution, now)
    try:
        if execution.start.mode is Mode.DEBUG and not asked and kind_of(task.action) is not Kind.TRIGGER:
            return Step([TaskWaiting(at=now, task=task.name, reason=WaitReason.DEBUG)])
        if task.when is not None and not task.when.holds(scope):
            return Step([TaskSkipped(at=now, task=task.name, reason="its condition (When) is false")])
        if execution.start.safety_check is SafetyCheck.CONFIRM and is_high_risk(task, scope, catalog):
            note = f"{property_of(task, 'Service', scope)}.{property_of(task, 'API', scope)} is a high-risk operation"
            return Step([TaskWaiting(at=now, task=task.name, reason=WaitReason.HIGH_RISK, note=note)])
        if execution.start.approve_destroy and destroys(task, scope, catalog):
            note = f"{property_of(task, 'Service', scope)}.{property_of(task, 'API', scope)} destroys"
            return Step([TaskWaiting(at=now, task=task.name, reason=WaitReason.HIGH_RISK, note=note)])
        return start_task(execution, task, now)
    except DiagnosticError as error:
        return failed(task.name, now, "InvalidExpression", first_of(error))


def start_task(execution: Execution, task: Task, now: datetime) -> Step:
    """The start of a task whose questions are answered: its loop, or its action."""
    scope = ExecutionScope(execution, now)
    try:
        if task.loop is not None:
            return start_loop(execution, task, scope, now)
        return _start_action(execution, task, scope, now)
    except DiagnosticError as error:
        return failed(task.name, now, "InvalidExpression", first_of(error))


def ends_run(last: TaskExecution) -> bool:
    """Whether the task was a trigger that is over: what follows it in the text was for its children alone."""
    return last.trigger is not None and kind_of(last.task.action) is Kind.TRIGGER and last.number == 0


def _start_action(execution: Execution, task: Task, scope: ExecutionScope, now: datetime) -> Step:
    before = execution.tasks.get(task.name)
    attempt = before.starts if before is not None else 0
    started = TaskStarted(at=now, task=task.name, attempt=attempt)
    match kind_of(task.action):
        case Kind.CALL:
            return Step([started], [Perform(task.name, NO_ITEM, attempt, now)])
        case Kind.CHILD:
            return Step([started], [StartChild(task.name, NO_ITEM, attempt, now)])
        case Kind.CHOICE:
            return Step([started, TaskSucceeded(at=now, task=task.name, next_task=_choose(task, scope))])
        case Kind.SLEEP:
            return _sleep(task, scope, now, started)
        case Kind.APPROVE:
            if property_of(task, "WebHook", scope):
                # The wait begins once those who shall approve have been told (perform.py).
                return Step([started], [Perform(task.name, NO_ITEM, attempt, now)])
            waiting = approval_wait(task, scope, now)
            return Step([started, waiting]) if isinstance(waiting, TaskWaiting) else waiting
        case Kind.PAUSE:
            return Step([started, TaskWaiting(at=now, task=task.name, reason=WaitReason.PAUSE)])
        case Kind.TRIGGER:
            return arm(execution, task, scope, now, started)


def _choose(task: Task, scope: ExecutionScope) -> str:
    """Where a Choice goes: the first true When, else the default, else the next task."""
    for choice in task.choices:
        if choice.when.holds(scope):
            return choice.next_task
    return task.default_task or NEXT


def _sleep(task: Task, scope: ExecutionScope, now: datetime, started: TaskStarted) -> Step:
    until = _sleep_until(task, scope, now)
    if isinstance(until, str):
        return failed(task.name, now, "InvalidSleep", until)
    note = f"Sleep estimated finish time ({until:%Y-%m-%d %H:%M:%S})"
    return Step([started, TaskWaiting(at=now, task=task.name, reason=WaitReason.SLEEP, until=until, note=note)])


def _sleep_until(task: Task, scope: ExecutionScope, now: datetime) -> datetime | str:
    """The instant at which a Sleep ends, or what is wrong with it."""
    duration, end = property_of(task, "Duration", scope), property_of(task, "EndDate", scope)
    try:
        if duration not in (None, ""):
            return now + parse_duration(str(reveal(duration)))
        if end not in (None, ""):
            return max(now, parse_instant(str(reveal(end))))
    except (ValueError, OverflowError) as error:
        return str(error)
    return "ACS::Sleep needs Duration or EndDate"


def approval_wait(task: Task, scope: ExecutionScope, now: datetime) -> TaskWaiting | Step:
    """The wait of an ACS::Approve, or its failure (spec 4.4). Raises DiagnosticError."""
    approvers = _names(reveal(property_of(task, "Approvers", scope)))
    try:
        required = int(str(reveal(property_of(task, "MinRequiredApprovals", scope)) or 1))
        expires = reveal(property_of(task, "ExpiresAfter", scope))
        until = now + parse_duration(str(expires)) if expires not in (None, "") else None
    except (ValueError, OverflowError) as error:
        return failed(task.name, now, "InvalidApproval", str(error))
    if required < 1 or (approvers and required > len(approvers)):
        problem = f"MinRequiredApprovals is {required}; it must be 1 to the number of Approvers ({len(approvers)})"
        return failed(task.name, now, "InvalidApproval", problem)
    who = f" of {', '.join(approvers)}" if approvers else ""
    many = f"{required} approvals are" if required > 1 else "an approval is"
    return TaskWaiting(
        at=now,
        task=task.name,
        reason=WaitReason.APPROVAL,
        until=until,
        note=f"{many} needed{who}",
        approvers=approvers,
        required=required,
    )


def _names(value: Value) -> list[str]:
    if isinstance(value, str):
        value = value.split(",")
    names = [str(each).strip() for each in value] if isinstance(value, list) else []
    return list(dict.fromkeys(filter(None, names)))

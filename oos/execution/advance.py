"""The conductor: what is next? Pure: the same state and instant give the same answer; nothing is done here.

The engine asks `advance` until it answers with nothing, records the events of each answer, commits them, and only
then performs the actions. `wake` and `outstanding` (waits.py) and `notify` (notify.py) answer for timers, crashes and
people alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from oos.diagnostics import DiagnosticError
from oos.execution.actions import Step, first_of
from oos.execution.begin import begin_task, ends_run, start_task
from oos.execution.events import ExecutionFinished, TaskCancelled, TaskWaiting
from oos.execution.loops import advance_loop, end_loop
from oos.execution.model import Execution, TaskExecution
from oos.execution.scope import ExecutionScope
from oos.execution.status import END, NEXT, Mode, Status, WaitReason
from oos.execution.triggers import advance_trigger, end_trigger
from oos.template.protect import is_closing, is_taken_back

if TYPE_CHECKING:
    from oos.service.catalog import Catalog

TAKEN_BACK = "skipped it keeps what was done, rejected its targets go back to their snapshots"
"""What a person can say of a failure whose targets the protection would take back, besides trying again."""


def advance(execution: Execution, catalog: Catalog, now: datetime) -> Step:
    """What is next; an empty step when there is nothing to write down."""
    if execution.status.final:
        return Step()
    if execution.cancel is not None or execution.forced_status is not None:
        return _wind_down(execution, now)
    if execution.held is not None:
        return Step()
    if execution.before:
        now = execution.instant(now)
    current = execution.current
    if current is None:
        return _go_on(execution, catalog, now)
    if current.ending_by:
        return _end_task(current, now, f"cancelled by {current.ending_by}")
    if current.loop is not None:
        return advance_loop(execution, current, now)
    if current.trigger is not None:
        return advance_trigger(current, now)
    if current.again:
        return start_task(execution, current.task, now)
    waiting = current.waiting
    if waiting is not None and waiting.reason is WaitReason.DEBUG and execution.stepped == current.task.name:
        return begin_task(execution, current.task, catalog, now, asked=True)
    return Step()


def _go_on(execution: Execution, catalog: Catalog, now: datetime) -> Step:
    """From the end of a task to the next one, or to the end."""
    tasks = execution.template.template.tasks
    last = execution.last
    if last is None:
        return begin_task(execution, tasks[0], catalog, now)
    if execution.stepped:
        chosen = tasks[execution.template.task_index(execution.stepped)]
        return begin_task(execution, chosen, catalog, now, asked=True)
    match last.status:
        case Status.SUCCESS:
            target = last.next_task or last.task.on_success
        case Status.FAILED:
            target = last.task.on_error
            if execution.start.mode is Mode.FAILURE_PAUSE and _is_asked_about(execution, last):
                note = str(last.fault) if last.fault else ""
                if is_taken_back(last.task):
                    note = f"{note}; {TAKEN_BACK}" if note else TAKEN_BACK
                return Step([TaskWaiting(at=now, task=last.task.name, reason=WaitReason.FAILURE, note=note)])
        case Status.SKIPPED if _was_answered(last):
            target = last.task.on_success
        case Status.CANCELLED if _was_answered(last):
            target = last.task.on_error
        case _:
            target = NEXT
    if target == END or ends_run(last):
        return _finish(execution, now)
    number = last.number + 1 if target == NEXT else execution.template.task_index(target)
    if number >= len(tasks):
        return _finish(execution, now)
    return begin_task(execution, tasks[number], catalog, now)


def _is_asked_about(execution: Execution, failed: TaskExecution) -> bool:
    """Whether a person is asked about a failure: where nobody wrote what follows, except that it was taken back."""
    if is_taken_back(failed.task):
        # Whoever rejected what failed in a child of it has been asked.
        return failed.fault is None or failed.fault.code != "Rejected"
    return failed.task.on_error == END and not is_closing(execution.template.template, failed.number)


def _was_answered(last: TaskExecution) -> bool:
    """Whether the task had failed, its protection would have taken targets back, and a person decided about it."""
    return last.fault is not None and is_taken_back(last.task)


def _finish(execution: Execution, now: datetime) -> Step:
    last = execution.last
    if last is not None and last.status is Status.FAILED and last.task.on_error == END:
        fault = last.fault
        code, message = (fault.code, fault.message) if fault else ("TaskFailed", "")
        return Step(
            [ExecutionFinished(at=now, status=Status.FAILED, code=code, message=f"task {last.task.name}: {message}")]
        )
    if last is not None and ends_run(last):
        return Step([ExecutionFinished(at=now, status=Status.SUCCESS)])
    scope = ExecutionScope(execution, now)
    try:
        outputs = {name: each.value.evaluate(scope) for name, each in execution.template.template.outputs.items()}
    except DiagnosticError as error:
        message = f"an output cannot be evaluated: {first_of(error)}"
        return Step([ExecutionFinished(at=now, status=Status.FAILED, code="InvalidOutput", message=message)])
    return Step([ExecutionFinished(at=now, status=Status.SUCCESS, outputs=outputs)])


def _wind_down(execution: Execution, now: datetime) -> Step:
    """Towards the end of an execution that was cancelled or ended by hand: nothing new starts."""
    if execution.current is not None:
        return _end_task(execution.current, now, "")
    status = execution.forced_status or Status.CANCELLED
    by = f"cancelled by {execution.cancel_by}" if execution.cancel_by else ""
    note = execution.cancel.note if execution.cancel else ""
    return Step([ExecutionFinished(at=now, status=status, message=": ".join(filter(None, (by, note))))])


def _end_task(task: TaskExecution, now: datetime, reason: str) -> Step:
    """Towards the end of a cancelled task: what is in flight keeps its outcome."""
    name = task.task.name
    if task.loop is not None:
        return end_loop(task.loop, name, now)
    if task.trigger is not None:
        return end_trigger(task.trigger, name, now)
    if task.activity is not None and task.activity.waiting is None:
        return Step()
    return Step([TaskCancelled(at=now, task=name, reason=reason)])


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

"""The record of an execution as programs read it, in the names of the service (spec 6.5, 7.4)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from oos.execution.advance import counters
from oos.values.identifiers import child_execution_id
from oos.values.time import format_instant

if TYPE_CHECKING:
    from oos.execution.model import Execution, TaskExecution
    from oos.journal.port import Summary


def execution_record(execution: Execution, status: str = "") -> dict[str, Any]:
    """An execution and its tasks, secrets still inside; `status` where it is known better than by the journal."""
    start = execution.start
    waiting = execution.shown_wait
    return _without_empty(
        {
            "ExecutionId": execution.id,
            "ParentExecutionId": start.parent_id,
            "TemplateName": start.template_name,
            "TemplateVersion": start.template_version,
            "TemplateHash": start.template_hash,
            "Status": status or str(execution.shown_status),
            "StatusMessage": status_message(execution),
            "WaitingStatus": str(waiting.reason) if waiting is not None else "",
            "Mode": str(start.mode),
            "LoopMode": str(start.loop_mode),
            "SafetyCheck": str(start.safety_check),
            "RegionId": start.region,
            "ExecutedBy": start.by,
            "Description": execution.description,
            "Tags": dict(execution.tags),
            "Parameters": dict(execution.parameters),
            "Outputs": dict(execution.outputs),
            "StartDate": _instant(start.at),
            "EndDate": _instant(execution.ended),
            "UpdateDate": _instant(execution.updated),
            "Counters": dict(counters(execution)),
            "Tasks": [task_record(execution, task) for task in execution.tasks.values()],
        },
        keep=("Parameters", "Outputs", "Counters", "Tasks"),
    )


def status_message(execution: Execution) -> str:
    """Why it failed, what it waits for, or who cancelled it."""
    if execution.fault is not None:
        return str(execution.fault)
    if execution.shown_wait is not None:
        return execution.shown_wait.note
    if execution.cancel is not None:
        note = f": {execution.cancel.note}" if execution.cancel.note else ""
        return f"cancelled by {execution.cancel_by}{note}"
    return ""


def task_record(execution: Execution, task: TaskExecution) -> dict[str, Any]:
    """A task execution."""
    record: dict[str, Any] = {
        "TaskExecutionId": child_execution_id(execution.id, task.number + 1),
        "TaskName": task.task.name,
        "TaskAction": task.task.action,
        "Status": str(task.status),
        "StatusMessage": str(task.fault) if task.fault else task.reason,
        "StartDate": _instant(task.started),
        "EndDate": _instant(task.ended),
        "Outputs": dict(task.outputs),
    }
    loop = task.loop
    if loop is not None:
        record["Loop"] = {
            "Total": len(loop.items),
            "Success": loop.succeeded,
            "Failed": loop.failed,
            "Skipped": loop.skipped,
        }
        record["FailedItems"] = [
            {"LoopItem": loop.items[item], "Number": item + 1, "Code": fault.code, "Message": fault.message}
            for item, fault in sorted(loop.faults.items())
        ]
    return _without_empty(record)


def summary_record(summary: Summary, status: str) -> dict[str, Any]:
    """What a list tells of an execution."""
    return _without_empty(
        {
            "ExecutionId": summary.execution_id,
            "ParentExecutionId": summary.parent_id,
            "TemplateName": summary.template_name,
            "Status": status,
            "StatusMessage": summary.message,
            "WaitingStatus": summary.waiting,
            "RegionId": summary.region,
            "ExecutedBy": summary.by,
            "StartDate": _instant(summary.started),
            "EndDate": _instant(summary.ended),
            "UpdateDate": _instant(summary.updated),
        }
    )


def _instant(instant: datetime | None) -> str:
    return format_instant(instant) if instant is not None else ""


def _without_empty(record: dict[str, Any], *, keep: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name in keep or value not in ("", None, {}, [])}

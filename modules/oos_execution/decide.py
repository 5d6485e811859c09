"""Decisions about executions: which are listed, and which may be taken out of listings. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from oos.service.errors import InvalidParameter, MissingParameter, Refused
from oos.service.filtering import Period, is_wanted
from oos.service.orchestration import ExecutionRecord, ExecutionSummary, TaskRecord
from oos.service.shape import instant
from oos.values.identifiers import root_execution_id
from oos.values.json import Value, json_text
from oos.values.time import parse_instant
from oos_execution.requests import ListExecutions, ListTaskExecutions, StartExecution

_TASK: Final = re.compile(r"(?P<execution>exec-.+)\.t\d+(?:\.\d+)?")

FINAL: Final = ("Success", "Failed", "Cancelled", "Skipped")


def require_one_template(request: StartExecution) -> None:
    """Raise unless the request names a template, or brings it, and not both."""
    given = [each for each in (request.template_name, request.template_content, request.template_url) if each]
    if len(given) > 1:
        raise InvalidParameter("TemplateContent", "TemplateName, TemplateContent and TemplateURL exclude each other.")
    if not given:
        raise MissingParameter("TemplateName")


def tags_of(tags: Mapping[str, Value] | None) -> dict[str, str] | None:
    """Tags of a request as text."""
    return None if tags is None else {key: str(value) for key, value in tags.items()}


def period_of(name: str, after: str, before: str) -> Period:
    """The period that two parameters bound, both ends in it. Raises InvalidParameter."""
    ends = []
    for way, text in (("After", after), ("Before", before)):
        try:
            ends.append(parse_instant(text) if text else None)
        except ValueError as error:
            raise InvalidParameter(f"{name}{way}", f"The parameter {name}{way} is {error}.") from error
    return Period(*ends)


def parent_wanted(request: ListExecutions) -> str | None:
    """Whose children are listed; None for all executions. Raises InvalidParameter for what excludes each other."""
    if request.depth and request.include_child_execution:
        raise InvalidParameter("Depth", "Depth and IncludeChildExecution exclude each other.")
    if request.category and request.categories:
        raise InvalidParameter("Categories", "Category and Categories exclude each other.")
    if request.parent_execution_id:
        return request.parent_execution_id
    return None if request.include_child_execution or request.depth == "FirstChildDepth" else ""


def fits_summary(summary: ExecutionSummary, request: ListExecutions, hidden: Collection[str]) -> bool:
    """Whether an execution meets every condition that its summary tells of."""
    categories = (request.category,) if request.category else request.categories
    return (
        root_execution_id(summary.id) not in hidden
        and (request.depth != "FirstChildDepth" or (bool(summary.parent_id) and "." not in summary.parent_id))
        and is_wanted(summary.by, request.executed_by)
        and (not categories or summary.category in categories)
        and period_of("StartDate", request.start_date_after, request.start_date_before).holds(summary.started)
        and period_of("EndDate", request.end_date_after, request.end_date_before).holds(summary.ended)
    )


def needs_record(request: ListExecutions) -> bool:
    """Whether a condition needs more than the summary of an execution."""
    return bool(request.mode or request.description or request.tags or request.resource_id)


def fits_record(record: ExecutionRecord, request: ListExecutions) -> bool:
    """Whether an execution meets the conditions that only its record tells of."""
    tags = tags_of(request.tags) or {}
    return (
        is_wanted(record.mode, request.mode)
        and request.description in record.description
        and all(record.tags.get(key) == value for key, value in tags.items())
        and (not request.resource_id or request.resource_id in json_text(dict(record.parameters)))
    )


def order_of(summary: ExecutionSummary, field: str) -> tuple[str, ...]:
    """What a list of executions is ordered by."""
    match field:
        case "EndDate":
            return (instant(summary.ended), summary.id)
        case "Status":
            return (summary.status, instant(summary.started), summary.id)
        case _:
            return (summary.started.isoformat(), summary.id)


def require_deletable(record: ExecutionRecord, *, force: bool) -> None:
    """Raise Refused for an execution that has not ended; one that waits may go with Force (spec 6.4)."""
    if record.status in FINAL or (record.status == "Waiting" and force):
        return
    hint = "set Force, or cancel it first" if record.status == "Waiting" else "cancel it first"
    raise Refused("OperationDenied.ExecutionStatus", f"The execution {record.id} is {record.status}; {hint}.")


def execution_of_task(task_execution_id: str) -> str:
    """The execution that a task execution is part of. Raises InvalidParameter."""
    found = _TASK.fullmatch(task_execution_id)
    if found is None:
        message = f"{task_execution_id!r} is no task execution; they look like exec-0123456789abcdef0123.t0001."
        raise InvalidParameter("TaskExecutionId", message)
    return found["execution"]


def selected_tasks(tasks: Iterable[TaskRecord], request: ListTaskExecutions) -> list[TaskRecord]:
    """The tasks that meet every condition; items of loops only where they are asked for."""
    parent = request.parent_task_execution_id
    items = request.include_child_task_execution or bool(parent) or bool(request.task_execution_id)
    started = period_of("StartDate", request.start_date_after, request.start_date_before)
    ended = period_of("EndDate", request.end_date_after, request.end_date_before)
    return [
        each
        for each in tasks
        if (items or not each.parent_id)
        and (not parent or each.parent_id == parent)
        and request.task_execution_id in ("", each.id)
        and request.task_name in ("", each.name)
        and is_wanted(each.action, request.task_action)
        and is_wanted(each.status, request.status)
        and started.holds(each.started)
        and ended.holds(each.ended)
    ]


def order_of_task(task: TaskRecord, field: str) -> tuple[str, ...]:
    """What a list of tasks is ordered by."""
    match field:
        case "EndDate":
            return (instant(task.ended), task.id)
        case "Status":
            return (task.status, task.id)
        case _:
            return (task.started.isoformat() if task.started else "", task.id)

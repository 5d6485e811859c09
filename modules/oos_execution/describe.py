"""Operations that list executions, their tasks, and what happened in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from oos.service.context import Context
from oos.service.errors import MissingParameter, NotFound
from oos.service.orchestration import ExecutionRecord, ExecutionSummary
from oos.service.paging import EVERYTHING, read_token, slice_of, write_token
from oos.values.identifiers import root_execution_id
from oos_execution import decide, requests, responses
from oos_execution.shapes import execution_shape, log_shape, pinned_shape, resource_shape, task_shape

HIDDEN: Final = "deleted-execution"
"""Documents of executions that were taken out of listings; the journal itself is never cut."""

_NEVER: Final = ("Started", "Queued", "Pending", "Skipped")
"""Statuses that no execution of ours is ever in."""


def describe(context: Context, execution_id: str) -> ExecutionRecord:
    """An execution that was not taken out of listings. Raises NotFound."""
    if context.registry.get(HIDDEN, root_execution_id(execution_id)) is not None:
        message = f"The specified execution {execution_id} does not exist."
        raise NotFound("EntityNotExists.Execution", message)
    return context.orchestration.execution(execution_id)


def list_executions(context: Context, request: requests.ListExecutions) -> responses.Executions:
    """List executions, newest first unless another order is asked for."""
    if request.execution_id:
        return _one(context, request)
    newest_first = request.sort_field == "StartDate" and request.sort_order == "Descending"
    found = list(_newest(context, request) if newest_first else _summaries(context, request, ""))
    if not newest_first:
        page = slice_of(
            found,
            request,
            lambda each: decide.order_of(each, request.sort_field),
            descending=request.sort_order == "Descending",
        )
        return _listed(context, list(page.items), page.fields["MaxResults"], page.fields["NextToken"])
    more = len(found) > request.max_results
    shown = found[: request.max_results]
    size = len(shown) if request.max_results == EVERYTHING else request.max_results
    return _listed(context, shown, size, write_token((shown[-1].id,)) if more else "")


def _one(context: Context, request: requests.ListExecutions) -> responses.Executions:
    try:
        shapes = [execution_shape(describe(context, request.execution_id))]
    except NotFound:
        shapes = []
    return {"Executions": shapes, "MaxResults": request.max_results, "NextToken": ""}


def _newest(context: Context, request: requests.ListExecutions) -> Iterator[ExecutionSummary]:
    """The executions of one page and one more: the journal keeps them in this order, so no more is read."""
    before = read_token(request.next_token)[0] if request.next_token else ""
    for number, each in enumerate(_summaries(context, request, before)):
        yield each
        if number >= request.max_results:
            return


def _summaries(context: Context, request: requests.ListExecutions, before: str) -> Iterator[ExecutionSummary]:
    """Executions that meet every condition."""
    parent = decide.parent_wanted(request)
    if request.status in _NEVER:
        return
    hidden = {key for key, _ in context.registry.items(HIDDEN)}
    orchestration = context.orchestration
    listed = orchestration.summaries(
        template_name=request.template_name,
        parent_id=parent,
        statuses=(request.status,) if request.status else (),
        before=before,
    )
    deeper = decide.needs_record(request)
    for each in listed:
        if decide.fits_summary(each, request, hidden) and (
            not deeper or decide.fits_record(orchestration.execution(each.id), request)
        ):
            yield each


def _listed(context: Context, found: list[ExecutionSummary], size: int, token: str) -> responses.Executions:
    shapes = [execution_shape(context.orchestration.execution(each.id)) for each in found]
    return {"Executions": shapes, "MaxResults": size, "NextToken": token}


def list_task_executions(context: Context, request: requests.ListTaskExecutions) -> responses.Tasks:
    """List the tasks of an execution that have begun."""
    task = request.task_execution_id or request.parent_task_execution_id
    if not (request.execution_id or task):
        raise MissingParameter("ExecutionId")
    id = request.execution_id or decide.execution_of_task(task)
    record = describe(context, id)
    page = slice_of(
        decide.selected_tasks(context.orchestration.tasks(id), request),
        request,
        lambda each: decide.order_of_task(each, request.sort_field),
        descending=request.sort_order == "Descending",
    )
    return {"TaskExecutions": [task_shape(each, record.template_id) for each in page.items], **page.fields}


def list_execution_logs(context: Context, request: requests.ListExecutionLogs) -> responses.Logs:
    """Tell what happened in an execution, oldest first."""
    describe(context, request.execution_id)
    wanted = request.task_execution_id
    lines = [
        (f"{number:09d}", line)
        for number, line in enumerate(context.orchestration.logs(request.execution_id))
        if not wanted or line.task_execution_id == wanted or line.task_execution_id.startswith(f"{wanted}.")
    ]
    page = slice_of(lines, request, lambda numbered: (numbered[0],))
    return {
        "ExecutionLogs": [log_shape(line) for _, line in page.items],
        "IsTruncated": bool(page.fields["NextToken"]),
        **page.fields,
    }


def get_execution_template(context: Context, request: requests.OneExecution) -> responses.Pinned:
    """Show the template that an execution runs, as it was when it started."""
    record = describe(context, request.execution_id)
    return {"Content": record.template.text, "Template": pinned_shape(record)}


def list_resource_execution_status(
    context: Context, request: requests.ListResourceExecutionStatus
) -> responses.ResourceStatuses:
    """Tell how an execution stands for each resource that its loops are over."""
    describe(context, request.execution_id)
    tasks = context.orchestration.tasks(request.execution_id)
    items = [each for each in tasks if each.parent_id and isinstance(each.item, str)]
    page = slice_of(items, request, lambda each: (each.id,))
    return {"ResourceExecutionStatus": [resource_shape(each) for each in page.items], **page.fields}

"""Requests about executions: parameters as OOS 2019-06-01 names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from oos.service.paging import Tokened
from oos.service.parameter import Form, Param
from oos.values.json import Value

STATUSES = (
    "Started",
    "Queued",
    "Running",
    "Waiting",
    "Success",
    "Failed",
    "Cancelled",
    "Pending",
    "Skipped",
)
CATEGORIES = ("Other", "TimerTrigger", "EventTrigger", "AlarmTrigger")
NOTIFY_TYPES = ("Approve", "Reject", "ExecuteTask", "CancelTask", "CompleteExecution", "RetryTask", "SkipTask")

ExecutionId = Annotated[str, Param("The execution.")]
SortField = Annotated[str, Param("What to sort by.", allowed=("StartDate", "EndDate", "Status"))]
SortOrder = Annotated[str, Param("Which way.", allowed=("Ascending", "Descending"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartExecution:
    """Which template to run, and how."""

    template_name: Annotated[str, Param("Name of a template; or give TemplateContent.", most=200)] = ""
    template_version: Annotated[str, Param("Version of the template; the newest when not given.")] = ""
    template_content: Annotated[str, Param("The template itself.", most=256 << 10)] = ""
    template_url: Annotated[str, Param("Web address of the template.", name="TemplateURL", most=2048)] = ""
    parameters: Annotated[Mapping[str, Value] | None, Param("Its parameters, as a map.")] = None
    mode: Annotated[
        str, Param("How it goes on after tasks and failures.", allowed=("Automatic", "FailurePause", "Debug"))
    ] = "Automatic"
    loop_mode: Annotated[
        str,
        Param("Whether loops pause.", allowed=("Automatic", "FirstBatchPause", "EveryBatchPause")),
    ] = "Automatic"
    safety_check: Annotated[
        str,
        Param("Whether a person confirms high risks.", allowed=("ConfirmEveryHighRiskAction", "Skip")),
    ] = "ConfirmEveryHighRiskAction"
    description: Annotated[str, Param("What it is for.", most=200)] = ""
    tags: Annotated[Mapping[str, Value] | None, Param("Tags, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDebugExecution:
    """Which single task to try out."""

    task_type: Annotated[str, Param("Action of the task, such as ACS::ExecuteAPI.")]
    properties: Annotated[Mapping[str, Value] | None, Param("Properties of the task, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListExecutions(Tokened):
    """Which executions to list; conditions that are given must all hold."""

    execution_id: Annotated[str, Param("Only this.")] = ""
    parent_execution_id: Annotated[str, Param("Only children of this.")] = ""
    include_child_execution: Annotated[bool, Param("Child executions too.")] = False
    depth: Annotated[str, Param("How deep.", allowed=("RootDepth", "FirstChildDepth"))] = ""
    template_name: Annotated[str, Param("Part of the template's name.")] = ""
    status: Annotated[str, Param("Status.", allowed=STATUSES)] = ""
    category: Annotated[str, Param("By which trigger.", allowed=CATEGORIES)] = ""
    categories: Annotated[tuple[str, ...], Param("By which triggers.", form=Form.JSON)] = ()
    executed_by: Annotated[str, Param("Who started them.")] = ""
    mode: Annotated[str, Param("Mode.", allowed=("Automatic", "FailurePause", "Debug"))] = ""
    description: Annotated[str, Param("Part of the description.")] = ""
    tags: Annotated[Mapping[str, Value] | None, Param("Tags they have, as a map.")] = None
    resource_id: Annotated[str, Param("With a loop over this resource.")] = ""
    start_date_before: Annotated[str, Param("Started then, or before.")] = ""
    start_date_after: Annotated[str, Param("Started then, or after.")] = ""
    end_date_before: Annotated[str, Param("Ended then, or before.")] = ""
    end_date_after: Annotated[str, Param("Ended then, or after.")] = ""
    sort_field: SortField = "StartDate"
    sort_order: SortOrder = "Descending"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTaskExecutions(Tokened):
    """Which tasks of an execution to list; conditions that are given must all hold."""

    execution_id: Annotated[str, Param("The execution; or give TaskExecutionId.")] = ""
    task_execution_id: Annotated[str, Param("Only this task execution.")] = ""
    parent_task_execution_id: Annotated[str, Param("Only items of this looped task.")] = ""
    include_child_task_execution: Annotated[bool, Param("Items of loops too.")] = False
    task_name: Annotated[str, Param("Name of the task.")] = ""
    task_action: Annotated[str, Param("Action of the task.")] = ""
    status: Annotated[str, Param("Status.", allowed=STATUSES)] = ""
    start_date_before: Annotated[str, Param("Started then, or before.")] = ""
    start_date_after: Annotated[str, Param("Started then, or after.")] = ""
    end_date_before: Annotated[str, Param("Ended then, or before.")] = ""
    end_date_after: Annotated[str, Param("Ended then, or after.")] = ""
    sort_field: SortField = "StartDate"
    sort_order: SortOrder = "Descending"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListExecutionLogs(Tokened):
    """Of which execution to show what happened."""

    execution_id: ExecutionId
    task_execution_id: Annotated[str, Param("Only of this task execution, with the items of its loop.")] = ""
    log_type: Annotated[str, Param("Kind of log; here always System.", allowed=("System",))] = "System"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneExecution:
    """Which execution."""

    execution_id: ExecutionId


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeOpsWindow:
    """When changes may start, by the change calendar of the site."""

    after: Annotated[str, Param("From which instant on to look; now when empty.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListResourceExecutionStatus(Tokened):
    """Of which execution to tell how it stands for each resource."""

    execution_id: ExecutionId


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyExecution:
    """What to tell which execution."""

    execution_id: ExecutionId
    notify_type: Annotated[str, Param("What to tell it.", allowed=NOTIFY_TYPES)]
    notify_note: Annotated[str, Param("Why; it is recorded.")] = ""
    task_execution_id: Annotated[str, Param("The task execution that is meant.")] = ""
    task_execution_ids: Annotated[tuple[str, ...], Param("Task executions that are meant.", form=Form.JSON)] = ()
    task_name: Annotated[str, Param("The task to go on with, in Debug mode.")] = ""
    execution_status: Annotated[
        str, Param("How it ends, with CompleteExecution.", allowed=("Success", "Failed", "Cancelled"))
    ] = ""
    parameters: Annotated[Mapping[str, Value] | None, Param("Parameters to change with it, as a map.")] = None
    loop_item: Annotated[Any, Param("The one value to loop over, in Debug mode.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteExecutions:
    """Which executions to take out of listings."""

    execution_ids: Annotated[tuple[str, ...], Param("The executions.", form=Form.JSON, most=100)]
    force: Annotated[bool, Param("Cancel those that wait, and take them out too.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateExecution:
    """What to change about an execution that has not ended."""

    execution_id: ExecutionId
    parameters: Annotated[Mapping[str, Value] | None, Param("Parameters to change, as a map.")] = None
    description: Annotated[str | None, Param("What it is for.", most=200)] = None
    tags: Annotated[Mapping[str, Value] | None, Param("Tags in place of those it has, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerExecution:
    """Which armed trigger to fire, and with what message."""

    execution_id: ExecutionId
    type: Annotated[str, Param("Kind of trigger.", allowed=("Timer", "Event", "Alarm"))]
    content: Annotated[Any, Param("The message that fires it, as JSON or a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetServiceSettings:
    """There is nothing to ask for."""

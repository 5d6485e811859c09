"""Executions: started, listed, told and put away, by templates and programs as by people."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Interrupted, Module, Operation, Risk
from oos_execution import calendar, describe, operations, requests, responses

OPERATIONS = (
    Operation(
        "OOS",
        "StartExecution",
        requests.StartExecution,
        responses.Started,
        operations.start_execution,
        effect=Effect.CHANGES,
        ignores=("ResourceGroupId",),
        refuses=("ParentExecutionId",),
    ),
    Operation(
        "OOS",
        "ListExecutions",
        requests.ListExecutions,
        responses.Executions,
        describe.list_executions,
        list_field="Executions",
        ignores=("AccountId", "RamRole", "ResourceGroupId"),
        refuses=("RdFolderIds", "ResourceTemplateName"),
    ),
    Operation(
        "OOS",
        "ListTaskExecutions",
        requests.ListTaskExecutions,
        responses.Tasks,
        describe.list_task_executions,
        list_field="TaskExecutions",
        ignores=("AccountId",),
    ),
    Operation(
        "OOS",
        "ListExecutionLogs",
        requests.ListExecutionLogs,
        responses.Logs,
        describe.list_execution_logs,
        list_field="ExecutionLogs",
        ignores=("AccountId",),
    ),
    Operation(
        "OOS",
        "GetExecutionTemplate",
        requests.OneExecution,
        responses.Pinned,
        describe.get_execution_template,
    ),
    Operation(
        "OOS",
        "DescribeOpsWindow",
        requests.DescribeOpsWindow,
        responses.OpsWindow,
        calendar.describe_ops_window,
    ),
    Operation(
        "OOS",
        "ListResourceExecutionStatus",
        requests.ListResourceExecutionStatus,
        responses.ResourceStatuses,
        describe.list_resource_execution_status,
        list_field="ResourceExecutionStatus",
    ),
    Operation(
        "OOS",
        "NotifyExecution",
        requests.NotifyExecution,
        responses.Nothing,
        operations.notify_execution,
        effect=Effect.CHANGES,
        tells=True,
        interrupted=Interrupted.ASK,
    ),
    Operation(
        "OOS",
        "CancelExecution",
        requests.OneExecution,
        responses.Nothing,
        operations.cancel_execution,
        effect=Effect.CHANGES,
        tells=True,
    ),
    Operation(
        "OOS",
        "DeleteExecutions",
        requests.DeleteExecutions,
        responses.Nothing,
        operations.delete_executions,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "OOS",
        "UpdateExecution",
        requests.UpdateExecution,
        responses.Nothing,
        operations.update_execution,
        effect=Effect.CHANGES,
        tells=True,
        ignores=("ResourceGroupId",),
    ),
    Operation(
        "OOS",
        "TriggerExecution",
        requests.TriggerExecution,
        responses.Nothing,
        operations.trigger_execution,
        effect=Effect.CHANGES,
        interrupted=Interrupted.ASK,
    ),
    Operation(
        "OOS",
        "StartDebugExecution",
        requests.StartDebugExecution,
        responses.DebugStarted,
        operations.start_debug_execution,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "GetServiceSettings",
        requests.GetServiceSettings,
        responses.Settings,
        operations.get_service_settings,
    ),
)

MODULE = Module("execution", OPERATIONS, actions_beside(__file__))

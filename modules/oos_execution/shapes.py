"""Shapes: executions, tasks and log lines as OOS describes them, secrets masked. Pure."""

from __future__ import annotations

import hashlib

from oos.service.orchestration import CurrentTask, ExecutionRecord, LogLine, TaskRecord
from oos.service.shape import instant
from oos.values.json import Value, json_text, transform
from oos.values.secret import MASK, Secret
from oos_execution import responses


def masked(value: Value) -> Value:
    """The value with every secret in it masked."""
    return transform(value, lambda leaf: MASK if isinstance(leaf, Secret) else leaf)


def started_shape(record: ExecutionRecord) -> responses.StartedShape:
    """The execution in the answer of StartExecution."""
    return {
        "ExecutionId": record.id,
        "ParentExecutionId": record.parent_id,
        "IsParent": record.is_parent,
        "TemplateId": record.template_id,
        "TemplateName": record.template.name,
        "TemplateVersion": record.template.version,
        "Mode": record.mode,
        "LoopMode": record.loop_mode,
        "SafetyCheck": record.safety_check,
        "Status": record.status,
        "StatusMessage": record.message,
        "Parameters": json_text(dict(record.parameters)),
        "Outputs": json_text(dict(record.outputs)),
        "Counters": dict(record.counters),
        "CurrentTasks": [_current(each) for each in record.current_tasks],
        "CreateDate": instant(record.started),
        "StartDate": instant(record.started),
        "UpdateDate": instant(record.updated),
        "EndDate": instant(record.ended),
        "ExecutedBy": record.by,
        "RamRole": "",
        "Description": record.description,
        "ResourceGroupId": "",
        "Tags": dict(record.tags),
    }


def execution_shape(record: ExecutionRecord) -> responses.ExecutionShape:
    """One execution of ListExecutions."""
    shape: responses.ExecutionShape = {
        "ExecutionId": record.id,
        "ParentExecutionId": record.parent_id,
        "IsParent": record.is_parent,
        "TemplateId": record.template_id,
        "TemplateName": record.template.name,
        "TemplateVersion": record.template.version,
        "Mode": record.mode,
        "SafetyCheck": record.safety_check,
        "Status": record.status,
        "StatusMessage": record.message,
        "StatusReason": record.message,
        "WaitingStatus": record.waiting,
        "Parameters": {name: masked(value) for name, value in record.parameters.items()},
        "Outputs": json_text(dict(record.outputs)),
        "Counters": dict(record.counters),
        "CurrentTasks": [_current(each) for each in record.current_tasks],
        "CreateDate": instant(record.started),
        "StartDate": instant(record.started),
        "UpdateDate": instant(record.updated),
        "EndDate": instant(record.ended),
        "ExecutedBy": record.by,
        "AccountId": record.account,
        "RamRole": "",
        "Description": record.description,
        "ResourceGroupId": "",
        "ResourceStatus": "",
        "Targets": json_text(masked(record.parameters.get("targets", {}))),
        "Category": record.category,
        "Tags": dict(record.tags),
    }
    firings = record.firings
    if firings is not None:
        shape["NextScheduleTime"] = instant(firings.next)
        shape["LastTriggerTime"] = instant(firings.last)
        shape["LastTriggerStatus"] = firings.last_status
        shape["LastTriggerStatusMessage"] = firings.last_message
        shape["LastTriggerOutputs"] = json_text(dict(firings.last_outputs))
        shape["LastSuccessfulTriggerTime"] = instant(firings.last_success)
    return shape


def _current(task: CurrentTask) -> responses.CurrentTask:
    return {"TaskExecutionId": task.id, "TaskName": task.name, "TaskAction": task.action}


def task_shape(record: TaskRecord, template_id: str) -> responses.TaskShape:
    """One task of ListTaskExecutions."""
    item = masked(record.item)
    batch: responses.BatchShape = {} if record.batch is None else {"LoopBatchNumber": record.batch}
    return {
        **batch,
        "TaskExecutionId": record.id,
        "ExecutionId": record.execution_id,
        "ParentTaskExecutionId": record.parent_id,
        "ChildExecutionId": record.child_execution_id,
        "TemplateId": template_id,
        "TaskName": record.name,
        "TaskAction": record.action,
        "Status": record.status,
        "StatusMessage": record.message,
        "Properties": json_text(dict(record.properties)),
        "Outputs": json_text(dict(record.outputs)),
        "Loop": {name: masked(value) for name, value in record.loop.items()},
        "LoopItem": "" if item is None else item if isinstance(item, str) else json_text(item),
        "CreateDate": instant(record.started),
        "StartDate": instant(record.started),
        "UpdateDate": instant(record.ended or record.started),
        "EndDate": instant(record.ended),
    }


def log_shape(line: LogLine) -> responses.LogShape:
    """One line of ListExecutionLogs."""
    return {
        "LogType": "System",
        "Message": line.message,
        "TaskExecutionId": line.task_execution_id,
        "Timestamp": instant(line.at),
    }


def pinned_shape(record: ExecutionRecord) -> responses.PinnedShape:
    """The template that an execution runs."""
    text = record.template.text
    return {
        "TemplateId": record.template_id,
        "TemplateName": record.template.name,
        "TemplateVersion": record.template.version,
        "TemplateFormat": "JSON" if text.lstrip().startswith("{") else "YAML",
        "Hash": hashlib.sha256(text.encode()).hexdigest(),
        "Description": "",
        "CreatedBy": record.by,
        "CreatedDate": instant(record.started),
        "UpdatedBy": record.by,
        "UpdatedDate": instant(record.started),
        "ShareType": "Private",
        "Tags": {},
    }


def resource_shape(record: TaskRecord) -> responses.ResourceShape:
    """How an execution stands for one resource."""
    return {
        "ExecutionId": record.child_execution_id or record.execution_id,
        "ExecutionTime": instant(record.started),
        "Outputs": json_text(dict(record.outputs)),
        "ResourceId": str(masked(record.item)),
        "Status": record.status,
    }

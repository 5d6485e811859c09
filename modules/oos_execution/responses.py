"""Responses about executions: the shapes of OOS 2019-06-01."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class CurrentTask(TypedDict):
    TaskExecutionId: str
    TaskName: str
    TaskAction: str


class StartedShape(TypedDict):
    """An execution in the answer of StartExecution: parameters and outputs are JSON text."""

    ExecutionId: str
    ParentExecutionId: str
    IsParent: bool
    TemplateId: str
    TemplateName: str
    TemplateVersion: str
    Mode: str
    LoopMode: str
    SafetyCheck: str
    Status: str
    StatusMessage: str
    Parameters: str
    Outputs: str
    Counters: dict[str, int]
    CurrentTasks: list[CurrentTask]
    CreateDate: str
    StartDate: str
    UpdateDate: str
    EndDate: str
    ExecutedBy: str
    RamRole: str
    Description: str
    ResourceGroupId: str
    Tags: dict[str, str]


class Started(TypedDict):
    Execution: StartedShape


class ExecutionShape(TypedDict):
    """An execution of a list: its parameters are a map."""

    ExecutionId: str
    ParentExecutionId: str
    IsParent: bool
    TemplateId: str
    TemplateName: str
    TemplateVersion: str
    Mode: str
    SafetyCheck: str
    Status: str
    StatusMessage: str
    StatusReason: str
    WaitingStatus: str
    Parameters: dict[str, Any]
    Outputs: str
    Counters: dict[str, int]
    CurrentTasks: list[CurrentTask]
    CreateDate: str
    StartDate: str
    UpdateDate: str
    EndDate: str
    ExecutedBy: str
    AccountId: str
    RamRole: str
    Description: str
    ResourceGroupId: str
    ResourceStatus: str
    Targets: str
    Category: str
    Tags: dict[str, str]
    NextScheduleTime: NotRequired[str]
    LastTriggerTime: NotRequired[str]
    LastTriggerStatus: NotRequired[str]
    LastTriggerStatusMessage: NotRequired[str]
    LastTriggerOutputs: NotRequired[str]
    LastSuccessfulTriggerTime: NotRequired[str]


class Executions(TypedDict):
    Executions: list[ExecutionShape]
    MaxResults: int
    NextToken: str


class BatchShape(TypedDict):
    """Of an item of a loop: the batch in which it runs, counted from 1."""

    LoopBatchNumber: NotRequired[int]


class TaskShape(BatchShape):
    TaskExecutionId: str
    ExecutionId: str
    ParentTaskExecutionId: str
    ChildExecutionId: str
    TemplateId: str
    TaskName: str
    TaskAction: str
    Status: str
    StatusMessage: str
    Properties: str
    Outputs: str
    Loop: dict[str, Any]
    LoopItem: str
    CreateDate: str
    StartDate: str
    UpdateDate: str
    EndDate: str


class Tasks(TypedDict):
    TaskExecutions: list[TaskShape]
    MaxResults: int
    NextToken: str


class LogShape(TypedDict):
    LogType: str
    Message: str
    TaskExecutionId: str
    Timestamp: str


class Logs(TypedDict):
    ExecutionLogs: list[LogShape]
    IsTruncated: bool
    MaxResults: int
    NextToken: str


class PinnedShape(TypedDict):
    TemplateId: str
    TemplateName: str
    TemplateVersion: str
    TemplateFormat: str
    Hash: str
    Description: str
    CreatedBy: str
    CreatedDate: str
    UpdatedBy: str
    UpdatedDate: str
    ShareType: str
    Tags: dict[str, str]


class Pinned(TypedDict):
    Content: str
    Template: PinnedShape


class ResourceShape(TypedDict):
    ExecutionId: str
    ExecutionTime: str
    Outputs: str
    ResourceId: str
    Status: str


class ResourceStatuses(TypedDict):
    ResourceExecutionStatus: list[ResourceShape]
    MaxResults: int
    NextToken: str


class DebugStarted(TypedDict):
    ExecutionId: str


class SettingsShape(TypedDict):
    DeliveryOssEnabled: bool
    DeliverySlsEnabled: bool
    ServiceAccessRdEnabled: bool


class Settings(TypedDict):
    ServiceSettings: list[SettingsShape]


class OpsWindow(TypedDict):
    """Whether changes may start, and when."""

    At: str
    """The instant that was asked about."""
    Open: bool
    Reason: str
    """Why not; empty when they may."""
    OpensAt: str
    """When they may: that instant, or a later one. Empty when the calendar does not tell."""
    Wait: str
    """How long that is from now, as ACS::Sleep takes it."""

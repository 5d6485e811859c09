"""Responses about commands in guests: the part of ECS's shapes that can be filled honestly."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from oos.service.filtering import TagShapes


class Nothing(TypedDict):
    """A response that says only that it is done."""


class CommandRun(TypedDict):
    CommandId: str
    InvokeId: str


class CommandInvoked(TypedDict):
    InvokeId: str


class BegunShape(TypedDict):
    InstanceId: str
    Repeats: int
    InvocationStatus: str


class Continued(TypedDict):
    Begun: list[BegunShape]


class CommandCreated(TypedDict):
    CommandId: str


class ParameterNames(TypedDict):
    ParameterName: list[str]


class CommandShape(TypedDict):
    CommandId: str
    Name: str
    Type: str
    Description: str
    CommandContent: str
    WorkingDir: str
    Timeout: int
    EnableParameter: bool
    Launcher: str
    ParameterNames: ParameterNames
    Provider: str
    Version: int
    Latest: bool
    CreationTime: str
    Tags: TagShapes


class CommandShapes(TypedDict):
    Command: list[CommandShape]


class Commands(TypedDict):
    Commands: CommandShapes
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str


class InvokeInstance(TypedDict):
    InstanceId: str
    InstanceInvokeStatus: str
    InvocationStatus: str
    ExitCode: NotRequired[int]
    Output: NotRequired[str]
    Dropped: int
    ErrorCode: str
    ErrorInfo: str
    Repeats: int
    Timed: bool
    CreationTime: str
    StartTime: str
    FinishTime: str
    StopTime: str
    UpdateTime: str


class InvokeInstances(TypedDict):
    InvokeInstance: list[InvokeInstance]


class InvocationShape(TypedDict):
    InvokeId: str
    CommandId: str
    CommandName: str
    CommandType: str
    CommandDescription: str
    CommandContent: str
    InvokeStatus: str
    InvocationStatus: str
    RepeatMode: str
    Launcher: str
    Timed: bool
    Frequency: str
    TerminationMode: str
    Timeout: int
    WorkingDir: str
    Username: str
    Parameters: str
    CreationTime: str
    InvokeInstances: InvokeInstances
    Tags: TagShapes


class InvocationShapes(TypedDict):
    Invocation: list[InvocationShape]


class Invocations(TypedDict):
    Invocations: InvocationShapes
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str


class ResultShape(TypedDict):
    InvokeId: str
    CommandId: str
    InstanceId: str
    InvokeRecordStatus: str
    InvocationStatus: str
    ExitCode: NotRequired[int]
    Output: str
    Dropped: int
    ErrorCode: str
    ErrorInfo: str
    Repeats: int
    Launcher: str
    Username: str
    TerminationMode: str
    StartTime: str
    FinishedTime: str
    StopTime: str
    Tags: TagShapes


class ResultShapes(TypedDict):
    InvocationResult: list[ResultShape]


class ResultPage(TypedDict):
    InvocationResults: ResultShapes
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str


class Results(TypedDict):
    Invocation: ResultPage


class AssistantShape(TypedDict):
    InstanceId: str
    CloudAssistantStatus: str
    CloudAssistantVersion: str
    LastHeartbeatTime: str
    OSType: str
    SupportSessionManager: bool


class AssistantShapes(TypedDict):
    InstanceCloudAssistantStatus: list[AssistantShape]


class Assistants(TypedDict):
    InstanceCloudAssistantStatusSet: AssistantShapes
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str


class FileSent(TypedDict):
    InvokeId: str


class SentShape(TypedDict):
    InstanceId: str
    InvocationStatus: str
    CreationTime: str
    StartTime: str
    FinishTime: str
    UpdateTime: str
    ErrorCode: str
    ErrorInfo: str


class SentShapes(TypedDict):
    InvokeInstance: list[SentShape]


class SendingShape(TypedDict):
    InvokeId: str
    Name: str
    TargetDir: str
    Content: str
    ContentType: str
    FileMode: str
    FileOwner: str
    FileGroup: str
    Overwrite: str
    Description: str
    CreationTime: str
    InvocationStatus: str
    VmCount: int
    InvokeInstances: SentShapes
    Tags: TagShapes


class SendingShapes(TypedDict):
    Invocation: list[SendingShape]


class SendFileResults(TypedDict):
    Invocations: SendingShapes
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str


class ManagedTag(TypedDict):
    TagKey: str
    TagValue: str


class ManagedInstance(TypedDict):
    InstanceId: str
    InstanceName: str
    Connected: bool
    Hostname: str
    OsType: str
    OsVersion: str
    IntranetIp: str
    AgentVersion: str
    Tags: list[ManagedTag]


class ManagedInstances(TypedDict):
    Instances: list[ManagedInstance]
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str

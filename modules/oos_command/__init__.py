"""Commands in guests: run once, told of, kept, stopped."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_command import describe, files, managed, operations, repeating, requests, responses

_NOT_HERE = ("ContainerId", "ContainerName", "OssOutputDelivery", "WindowsPasswordName")

OPERATIONS = (
    Operation(
        "ECS",
        "RunCommand",
        requests.RunCommand,
        responses.CommandRun,
        operations.run_command,
        effect=Effect.CHANGES,
        ignores=("Timed", "ResourceGroupId"),
        refuses=_NOT_HERE,
    ),
    Operation(
        "ECS",
        "CreateCommand",
        requests.CreateCommand,
        responses.CommandCreated,
        operations.create_command,
        effect=Effect.CHANGES,
        ignores=("ResourceGroupId",),
    ),
    Operation(
        "ECS",
        "ModifyCommand",
        requests.ModifyCommand,
        responses.Nothing,
        operations.modify_command,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "InvokeCommand",
        requests.InvokeCommand,
        responses.CommandInvoked,
        operations.invoke_command,
        effect=Effect.CHANGES,
        ignores=("Timed", "ResourceGroupId"),
        refuses=_NOT_HERE,
    ),
    Operation(
        "ECS",
        "ContinueInvocation",
        requests.ContinueInvocation,
        responses.Continued,
        repeating.continue_invocation,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "StopInvocation",
        requests.StopInvocation,
        responses.Nothing,
        operations.stop_invocation,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "DeleteCommand",
        requests.DeleteCommand,
        responses.Nothing,
        operations.delete_command,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "ECS",
        "DescribeCommands",
        requests.DescribeCommands,
        responses.Commands,
        describe.describe_commands,
        list_field="Commands.Command",
        ignores=("Latest", "ResourceGroupId"),
    ),
    Operation(
        "ECS",
        "DescribeInvocations",
        requests.DescribeInvocations,
        responses.Invocations,
        describe.describe_invocations,
        list_field="Invocations.Invocation",
        ignores=("ResourceGroupId",),
    ),
    Operation(
        "ECS",
        "DescribeInvocationResults",
        requests.DescribeInvocationResults,
        responses.Results,
        describe.describe_invocation_results,
        list_field="Invocation.InvocationResults.InvocationResult",
        ignores=("ResourceGroupId",),
    ),
    Operation(
        "ECS",
        "SendFile",
        requests.SendFile,
        responses.FileSent,
        files.send_file,
        effect=Effect.CHANGES,
        ignores=("ResourceGroupId",),
    ),
    Operation(
        "ECS",
        "DescribeSendFileResults",
        requests.DescribeSendFileResults,
        responses.SendFileResults,
        files.describe_send_file_results,
        list_field="Invocations.Invocation",
        ignores=("ResourceGroupId",),
    ),
    Operation(
        "ECS",
        "DescribeManagedInstances",
        requests.DescribeManagedInstances,
        responses.ManagedInstances,
        managed.describe_managed_instances,
        list_field="Instances",
        ignores=("ResourceGroupId",),
        refuses=("ActivationId", "MachineId"),
    ),
    Operation(
        "ECS",
        "InstallCloudAssistant",
        requests.InstallCloudAssistant,
        responses.Nothing,
        managed.install_cloud_assistant,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "DescribeCloudAssistantStatus",
        requests.DescribeCloudAssistantStatus,
        responses.Assistants,
        describe.describe_cloud_assistant_status,
        list_field="InstanceCloudAssistantStatusSet.InstanceCloudAssistantStatus",
    ),
)

MODULE = Module("command", OPERATIONS, actions_beside(__file__))

"""Shapes: commands, invocations and runs, as ECS describes them. Pure."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from oos.service.filtering import tag_shapes
from oos.service.shape import instant
from oos_command.content import names_in
from oos_command.decide import invocation_status, invoke_status, record_status
from oos_command.model import Command, Invocation, Run, State
from oos_command.responses import CommandShape, InvocationShape, InvokeInstance, ResultShape


def encoded(content: bytes, encoding: str) -> str:
    """Text of a response: Base64, or as it is, with what is no text replaced."""
    return base64.b64encode(content).decode() if encoding == "Base64" else content.decode(errors="replace")


def command_shape(command: Command, tags: dict[str, str], encoding: str) -> CommandShape:
    """One command of DescribeCommands."""
    return {
        "CommandId": command.id,
        "Name": command.name,
        "Type": command.type,
        "Description": command.description,
        "CommandContent": encoded(command.content.encode(), encoding),
        "WorkingDir": command.working_dir,
        "Timeout": command.timeout_seconds,
        "EnableParameter": command.enable_parameter,
        "ParameterNames": {"ParameterName": list(names_in(command.content)) if command.enable_parameter else []},
        "Provider": "User",
        "Version": 1,
        "Latest": True,
        "CreationTime": instant(command.created),
        "Tags": tag_shapes(tags),
    }


def invocation_shape(
    invocation: Invocation, runs: Sequence[Run], tags: dict[str, str], encoding: str, *, with_output: bool
) -> InvocationShape:
    """One invocation of DescribeInvocations."""
    states = [run.state for run in runs]
    return {
        "InvokeId": invocation.id,
        "CommandId": invocation.command_id,
        "CommandName": invocation.name,
        "CommandType": invocation.type,
        "CommandDescription": invocation.description,
        "CommandContent": encoded(invocation.content.encode(), encoding),
        "InvokeStatus": invoke_status(states),
        "InvocationStatus": invocation_status(states),
        "RepeatMode": "Once",
        "Timed": False,
        "Frequency": "",
        "TerminationMode": invocation.termination_mode,
        "Timeout": invocation.timeout_seconds,
        "WorkingDir": invocation.working_dir,
        "Username": invocation.user,
        "Parameters": invocation.parameters,
        "CreationTime": instant(invocation.created),
        "InvokeInstances": {"InvokeInstance": [instance_shape(run, encoding, with_output=with_output) for run in runs]},
        "Tags": tag_shapes(tags),
    }


def instance_shape(run: Run, encoding: str, *, with_output: bool) -> InvokeInstance:
    """How an invocation stands on one instance."""
    shape: InvokeInstance = {
        "InstanceId": run.instance_id,
        "InstanceInvokeStatus": record_status(run.state),
        "InvocationStatus": run.state.value,
        "Dropped": run.dropped,
        "ErrorCode": run.error_code,
        "ErrorInfo": run.error_info,
        "Repeats": repeats(run),
        "Timed": False,
        "CreationTime": instant(run.created),
        "StartTime": instant(run.started),
        "FinishTime": instant(run.finished),
        "StopTime": instant(run.stopped),
        "UpdateTime": instant(run.updated),
    }
    if run.exit_code is not None:
        shape["ExitCode"] = run.exit_code
    if with_output:
        shape["Output"] = encoded(run.output, encoding)
    return shape


def result_shape(invocation: Invocation, run: Run, tags: dict[str, str], encoding: str) -> ResultShape:
    """One result of DescribeInvocationResults."""
    shape: ResultShape = {
        "InvokeId": invocation.id,
        "CommandId": invocation.command_id,
        "InstanceId": run.instance_id,
        "InvokeRecordStatus": record_status(run.state),
        "InvocationStatus": run.state.value,
        "Output": encoded(run.output, encoding),
        "Dropped": run.dropped,
        "ErrorCode": run.error_code,
        "ErrorInfo": run.error_info,
        "Repeats": repeats(run),
        "Username": invocation.user,
        "TerminationMode": invocation.termination_mode,
        "StartTime": instant(run.started),
        "FinishedTime": instant(run.finished),
        "StopTime": instant(run.stopped),
        "Tags": tag_shapes(tags),
    }
    if run.exit_code is not None:
        shape["ExitCode"] = run.exit_code
    return shape


def repeats(run: Run) -> int:
    """How often it was run: never more than once."""
    return 0 if run.state in (State.PENDING, State.ABORTED, State.CANCELLED) else 1

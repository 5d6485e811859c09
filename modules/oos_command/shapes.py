"""Shapes: commands, invocations and runs, as ECS describes them. Pure."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from oos.service.filtering import tag_shapes
from oos.service.shape import instant
from oos_command.content import names_in
from oos_command.decide import invocation_status, invoke_status, record_status
from oos_command.model import Command, Invocation, RepeatMode, Standing
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
        "Launcher": command.launcher,
        "ParameterNames": {"ParameterName": list(names_in(command.content)) if command.enable_parameter else []},
        "Provider": "User",
        "Version": 1,
        "Latest": True,
        "CreationTime": instant(command.created),
        "Tags": tag_shapes(tags),
    }


def invocation_shape(
    invocation: Invocation, standings: Sequence[Standing], tags: dict[str, str], encoding: str, *, with_output: bool
) -> InvocationShape:
    """One invocation of DescribeInvocations."""
    states = [each.state for each in standings]
    timed = invocation.repeat_mode is RepeatMode.PERIOD
    instances = [instance_shape(each, encoding, timed=timed, with_output=with_output) for each in standings]
    return {
        "InvokeId": invocation.id,
        "CommandId": invocation.command_id,
        "CommandName": invocation.name,
        "CommandType": invocation.type,
        "CommandDescription": invocation.description,
        "CommandContent": encoded(invocation.content.encode(), encoding),
        "InvokeStatus": invoke_status(states),
        "InvocationStatus": invocation_status(states),
        "RepeatMode": invocation.repeat_mode.value,
        "Timed": timed,
        "Frequency": invocation.frequency,
        "Launcher": invocation.launcher,
        "TerminationMode": invocation.termination_mode,
        "Timeout": invocation.timeout_seconds,
        "WorkingDir": invocation.working_dir,
        "Username": invocation.user,
        "Parameters": invocation.parameters,
        "CreationTime": instant(invocation.created),
        "InvokeInstances": {"InvokeInstance": instances},
        "Tags": tag_shapes(tags),
    }


def instance_shape(standing: Standing, encoding: str, *, timed: bool, with_output: bool) -> InvokeInstance:
    """How an invocation stands on one instance."""
    run = standing.run
    shape: InvokeInstance = {
        "InstanceId": run.instance_id,
        "InstanceInvokeStatus": record_status(standing.state),
        "InvocationStatus": standing.state.value,
        "Dropped": run.dropped,
        "ErrorCode": run.error_code,
        "ErrorInfo": run.error_info,
        "Repeats": standing.repeats,
        "Timed": timed,
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


def result_shape(invocation: Invocation, standing: Standing, tags: dict[str, str], encoding: str) -> ResultShape:
    """One result of DescribeInvocationResults."""
    run = standing.run
    shape: ResultShape = {
        "InvokeId": invocation.id,
        "CommandId": invocation.command_id,
        "InstanceId": run.instance_id,
        "InvokeRecordStatus": record_status(standing.state),
        "InvocationStatus": standing.state.value,
        "Output": encoded(run.output, encoding),
        "Dropped": run.dropped,
        "ErrorCode": run.error_code,
        "ErrorInfo": run.error_info,
        "Repeats": standing.repeats,
        "Launcher": invocation.launcher,
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

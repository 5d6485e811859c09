"""Commands in guests that are interrupted, stopped or refused."""

from __future__ import annotations

from typing import Any

import pytest

from oos.adapters.memory.guest import GuestOutcome
from oos.service.guest_command import path_of
from tests.modules.commands import MODULES, result, run, unfinished
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World(MODULES)


# interrupted


def test_a_restart_of_the_guest_interrupts_a_command() -> None:
    world = World(MODULES, program=unfinished)
    id = world.run()
    invoke_id = run(world, id, "anything")
    assert result(world, invoke_id)["InvokeRecordStatus"] == "Running"
    world.home(id).reboot(id, force=True)
    found = result(world, invoke_id)
    assert (found["InvokeRecordStatus"], found["InvocationStatus"]) == ("Failed", "Error")
    assert (found["ErrorCode"], "restarted" in found["ErrorInfo"]) == ("ExecutionInterrupted", True)
    assert run(world, id, "anything", token="other") != invoke_id


def test_a_result_that_outlives_a_restart_counts(world: World) -> None:
    id = world.run()
    invoke_id = run(world, id, "echo out")
    world.home(id).reboot(id, force=True)
    assert result(world, invoke_id)["Output"] == "out\n"


def test_an_instance_that_goes_off_interrupts_a_command() -> None:
    world = World(MODULES, program=unfinished)
    id = world.run(InstanceName="web")
    invoke_id = run(world, id, "anything")
    world.call("StopInstance", InstanceId=id)
    found = result(world, invoke_id)
    assert found["ErrorCode"] == "ExecutionInterrupted"
    assert "web" in found["ErrorInfo"]
    world.call("StartInstance", InstanceId=id)
    assert result(world, invoke_id) == found


def test_a_command_whose_instance_is_gone_says_so() -> None:
    world = World(MODULES, program=unfinished)
    id = world.run()
    invoke_id = run(world, id, "anything")
    world.call("DeleteInstance", InstanceId=id, Force=True)
    assert result(world, invoke_id)["ErrorCode"] == "InstanceReleased"


def test_a_command_that_was_killed_from_outside_says_so() -> None:
    world = World(MODULES, program=unfinished)
    id = world.run()
    invoke_id = run(world, id, "anything")
    world.home(id).state.guests[id].processes.clear()
    found = result(world, invoke_id)
    assert (found["InvocationStatus"], found["ErrorCode"]) == ("Error", "ExecutionInterrupted")


def test_a_command_lives_on_when_the_agent_restarts() -> None:
    world = World(MODULES, program=unfinished)
    id = world.run()
    invoke_id = run(world, id, "anything")
    home = world.home(id)
    home.state.guests[id].processes.clear()
    home.guest_write(id, "/proc/4242/cmdline", b"/bin/sh\0-c\0...\0" + invoke_id.encode() + b"\0")
    assert result(world, invoke_id)["InvocationStatus"] == "Running"
    home.guest_write(id, path_of(invoke_id, "result"), b"0 exited 3 0\n")
    assert result(world, invoke_id)["InvocationStatus"] == "Success"


def test_a_silent_agent_is_waited_for_and_then_given_up() -> None:
    world = World(MODULES, program=unfinished)
    id = world.run()
    invoke_id = run(world, id, "anything", Timeout=60)
    world.home(id).state.without_agent.append(id)
    world.clock.sleep(100)
    assert result(world, invoke_id)["InvocationStatus"] == "Running"
    world.clock.sleep(81)
    found = result(world, invoke_id)
    assert (found["InvocationStatus"], found["ErrorCode"]) == ("Error", "ClientNotResponse")
    assert id in found["ErrorInfo"]


def test_a_host_that_does_not_answer_is_named() -> None:
    world = World(MODULES, program=unfinished)
    id = world.run()
    invoke_id = run(world, id, "anything")
    home = world.home(id)
    home.state.unreachable = True
    refusal = world.refusal("DescribeInvocationResults", InvokeId=invoke_id)
    assert (refusal.code, home.host.name in refusal.message) == ("ServiceUnavailable", True)


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        (74, "Aborted", "ClientNotResponse"),
        (75, "Aborted", "ExecutionInterrupted"),
        (2, "Error", "ExecutionException"),
    ],
)
def test_a_script_that_leaves_no_result_is_told(code: int, status: str, error: str) -> None:
    world = World(MODULES, program=lambda argv, stdin, files: GuestOutcome(code, b"", b"read-only file system\n"))
    found = result(world, run(world, world.run(), "anything"))
    assert (found["InvocationStatus"], found["ErrorCode"]) == (status, error)


# stopping


def test_a_command_can_be_stopped() -> None:
    world = World(MODULES, program=unfinished)
    id = world.run()
    invoke_id = run(world, id, "anything")
    world.call("StopInvocation", InvokeId=invoke_id, **{"InstanceId.1": id})
    assert result(world, invoke_id)["InvokeRecordStatus"] == "Stopping"
    home = world.home(id)
    assert home.guest_read(id, path_of(invoke_id, "stop")) == b""
    home.state.guests[id].processes.clear()
    home.guest_write(id, path_of(invoke_id, "result"), b"143 stopped 2 0\n")
    home.guest_write(id, path_of(invoke_id, "out"), b"so far\n")
    found = result(world, invoke_id)
    assert (found["InvokeRecordStatus"], found["InvocationStatus"]) == ("Stopped", "Terminated")
    assert (found["Output"], found["StopTime"]) == ("so far\n", "2026-01-01T00:00:00Z")
    world.call("StopInvocation", InvokeId=invoke_id)
    assert world.refusal("StopInvocation", InvokeId="t-none").code == "InvalidInvokeId.NotFound"
    refusal = world.refusal("StopInvocation", InvokeId=invoke_id, InstanceId=["i-other"])
    assert refusal.code == "InvalidInstanceId.NotFound"


# refused


def test_without_a_guest_to_run_it_the_request_fails_by_name(world: World) -> None:
    id = world.run(InstanceName="web")
    world.home(id).state.without_agent.append(id)
    refusal = world.refusal("RunCommand", Type="RunShellScript", CommandContent="true", InstanceId=[id])
    assert (refusal.code, refusal.status) == ("InvalidInstance.ClientNotRunning", 503)
    assert id in refusal.message
    world.call("StopInstance", InstanceId=id)
    refusal = world.refusal("RunCommand", Type="RunShellScript", CommandContent="true", InstanceId=[id])
    assert (refusal.code, refusal.status) == ("IncorrectInstanceStatus", 403)
    assert "web" in refusal.message


def test_where_some_guests_can_run_it_the_others_are_told(world: World) -> None:
    good, mute = world.run(), world.run()
    world.home(mute).state.without_agent.append(mute)
    invoke_id = run(world, [good, mute], "true")
    assert result(world, invoke_id, InstanceId=good)["InvocationStatus"] == "Success"
    found = result(world, invoke_id, InstanceId=mute)
    assert (found["InvocationStatus"], found["ErrorCode"]) == ("Aborted", "ClientNotRunning")
    (whole,) = world.call("DescribeInvocations", InvokeId=invoke_id)["Invocations"]["Invocation"]
    assert (whole["InvokeStatus"], whole["InvocationStatus"]) == ("PartialFailed", "PartialFailed")


def test_nothing_is_begun_when_one_instance_is_not_there(world: World) -> None:
    id = world.run()
    for ids in ([id, "i-none"], ["i-none"]):
        refusal = world.refusal("RunCommand", Type="RunShellScript", CommandContent="true", InstanceId=ids)
        assert (refusal.status, "i-none" in refusal.message) == (404, True)
    assert world.call("DescribeInvocations")["TotalCount"] == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Type": "RunBatScript"}, "OperationDenied.NotSupported"),
        ({"Type": "RunCobol"}, "InvalidParameter.Type"),
        ({"CommandContent": ""}, "MissingParameter"),
        ({"ContentEncoding": "Base64", "CommandContent": "echo!"}, "InvalidParameter.CommandContent"),
        ({"InstanceId": []}, "MissingParameter"),
        ({"ResourceTag": [{"Key": "a"}]}, "InvalidParameter.ResourceTag"),
        ({"InstanceId": [], "ResourceTag": [{"Key": "a"}]}, "InvalidParameter.ResourceTag"),
        ({"Timeout": 0}, "InvalidParameter.Timeout"),
        ({"Username": "-x"}, "InvalidParameter.Username"),
        ({"Username": "a;b"}, "InvalidParameter.Username"),
        ({"WorkingDir": "relative"}, "InvalidParameter.WorkingDir"),
        ({"RepeatMode": "DryRun"}, "InvalidParameter.RepeatMode"),
        ({"ContainerId": "docker://1"}, "OperationDenied.NotSupported"),
        ({"EnableParameter": True, "CommandContent": "echo {{x}}"}, "InvalidParameter.Parameters"),
    ],
)
def test_a_command_that_cannot_be_run_is_refused(world: World, changes: dict[str, Any], code: str) -> None:
    given = {"Type": "RunShellScript", "CommandContent": "true", "InstanceId": [world.run()], **changes}
    assert world.refusal("RunCommand", **given).code == code
    assert world.call("DescribeInvocations")["TotalCount"] == 0

"""The operations that run commands in guests."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import oos_command
import oos_instance
import oos_tag
from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.adapters.memory.guest import GuestFiles, GuestOutcome, tiny_shell
from oos.fleet.instance import StopMethod
from oos.service.call import invoke
from oos.service.guest_command import BASE, is_launcher, path_of
from oos.values.secret import Secret
from oos_command import content, decide
from oos_command.model import Run, State
from tests.modules.world import World

MODULES = (oos_instance.MODULE, oos_command.MODULE, oos_tag.MODULE)


@pytest.fixture
def world() -> World:
    return World(MODULES)


def run(world: World, id: str | list[str], script: str, token: str = "", **parameters: Any) -> str:
    ids = [id] if isinstance(id, str) else id
    given = {"Type": "RunShellScript", "CommandContent": script, "InstanceId": ids, **parameters}
    return str(world.call("RunCommand", token, **given)["InvokeId"])


def result(world: World, invoke_id: str, **conditions: Any) -> dict[str, Any]:
    given = {"InvokeId": invoke_id, "ContentEncoding": "PlainText", **conditions}
    (found,) = world.call("DescribeInvocationResults", **given)["Invocation"]["InvocationResults"]["InvocationResult"]
    return dict(found)


def unfinished(argv: Sequence[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
    """A guest in which commands begin and do not end."""
    if not is_launcher(argv):
        return tiny_shell(argv, stdin, files)
    if path_of(argv[5], "pid") in files:
        return GuestOutcome(73)
    files[path_of(argv[5], "pid")] = b"4242\n"
    return GuestOutcome(0, seconds=10_000)


# running


def test_a_command_runs_and_its_result_is_kept(world: World) -> None:
    id = world.run()
    began = world.call("RunCommand", Type="RunShellScript", CommandContent="echo out; exit 0", **{"InstanceId.1": id})
    assert began["InvokeId"].startswith("t-")
    assert began["CommandId"].startswith("c-")
    found = result(world, began["InvokeId"])
    wanted = {
        "InstanceId": id,
        "CommandId": began["CommandId"],
        "InvokeRecordStatus": "Finished",
        "InvocationStatus": "Success",
        "ExitCode": 0,
        "Output": "out\n",
        "Dropped": 0,
        "ErrorCode": "",
        "ErrorInfo": "",
        "Repeats": 1,
        "StartTime": "2026-01-01T00:00:00Z",
    }
    assert {key: found[key] for key in wanted} == wanted
    # From here on the guest is not asked any more.
    world.home(id).stop(id, StopMethod.POWER_OFF)
    assert result(world, began["InvokeId"]) == found
    assert base64.b64decode(result(world, began["InvokeId"], ContentEncoding="Base64")["Output"]) == b"out\n"


def test_an_exit_code_is_told_as_one(world: World) -> None:
    invoke_id = run(world, world.run(), "echo no; exit 3")
    found = result(world, invoke_id)
    assert (found["InvokeRecordStatus"], found["InvocationStatus"]) == ("Finished", "Failed")
    assert (found["ExitCode"], found["ErrorCode"], found["Output"]) == (3, "ExitCodeNonzero", "no\n")


def test_a_command_that_takes_long_is_running_until_it_has_ended(world: World) -> None:
    invoke_id = run(world, world.run(), "sleep 30; echo out", Timeout=60)
    found = result(world, invoke_id)
    assert (found["InvokeRecordStatus"], found["FinishedTime"], found["Output"]) == ("Running", "", "")
    assert "ExitCode" not in found
    world.clock.sleep(31)
    found = result(world, invoke_id)
    assert (found["InvocationStatus"], found["FinishedTime"]) == ("Success", "2026-01-01T00:00:30Z")


def test_a_command_ends_when_its_time_is_over(world: World) -> None:
    invoke_id = run(world, world.run(), "sleep 100", Timeout=20)
    world.clock.sleep(21)
    found = result(world, invoke_id)
    assert (found["InvokeRecordStatus"], found["InvocationStatus"]) == ("Failed", "Timeout")
    assert (found["ErrorCode"], found["FinishedTime"]) == ("ExecutionTimeout", "2026-01-01T00:00:20Z")


def test_long_output_is_cut_and_counted(world: World) -> None:
    id = world.run()
    world.home(id).guest_write(id, "/long", b"x" * 30_000)
    found = result(world, run(world, id, "cat /long"))
    assert (len(found["Output"]), found["Dropped"]) == (24 << 10, 30_000 - (24 << 10))


def test_a_command_is_given_to_many_guests_at_once(world: World) -> None:
    ids = [world.run(InstanceName=f"n-{number}", Tag=[{"Key": "role", "Value": "web"}]) for number in range(5)]
    invoke_id = run(world, ids, "echo {{ACS::InstanceName}}", EnableParameter=True)
    listed = world.call("DescribeInvocationResults", InvokeId=invoke_id, ContentEncoding="PlainText")["Invocation"]
    found = {each["InstanceId"]: each["Output"] for each in listed["InvocationResults"]["InvocationResult"]}
    assert found == {id: f"n-{number}\n" for number, id in enumerate(ids)}
    given: dict[str, Any] = {"Type": "RunShellScript", "CommandContent": "true", "ResourceTag": [{"Key": "role"}]}
    tagged = world.call("RunCommand", **given)["InvokeId"]
    assert world.call("DescribeInvocationResults", InvokeId=tagged)["Invocation"]["TotalCount"] == 5


# once


def test_the_same_request_runs_its_command_once(world: World) -> None:
    id = world.run()
    first, second = (run(world, id, "echo x >> /count", token="t") for _ in range(2))
    assert first == second
    assert world.home(id).guest_read(id, "/count") == b"x\n"


def test_a_command_that_was_begun_when_the_caller_died_runs_once(world: World) -> None:
    id = world.run()
    world.break_next("guest_execute", FaultKind.CRASH)
    with pytest.raises(SimulatedCrash):
        run(world, id, "echo x >> /count", token="t")
    invoke_id = run(world, id, "echo x >> /count", token="t")
    assert result(world, invoke_id)["InvocationStatus"] == "Success"
    assert world.home(id).guest_read(id, "/count") == b"x\n"


def test_a_command_that_was_only_intended_when_the_caller_died_runs(world: World) -> None:
    id = world.run()
    with pytest.raises(SimulatedCrash):
        run(_dying_before_it_begins(world), id, "echo x >> /count", token="t")
    world.wrap = lambda hypervisor: hypervisor
    invoke_id = run(_connected_anew(world), id, "echo x >> /count", token="t")
    assert result(world, invoke_id)["InvocationStatus"] == "Success"
    assert world.home(id).guest_read(id, "/count") == b"x\n"


def test_a_command_is_never_begun_again_after_the_guest_was_restarted(world: World) -> None:
    id = world.run()
    with pytest.raises(SimulatedCrash):
        run(_dying_before_it_begins(world), id, "echo x >> /count", token="t")
    world.wrap = lambda hypervisor: hypervisor
    _connected_anew(world)
    world.home(id).reboot(id, force=True)
    found = result(world, run(world, id, "echo x >> /count", token="t"))
    assert (found["InvokeRecordStatus"], found["ErrorCode"]) == ("Failed", "ExecutionInterrupted")
    assert id in found["ErrorInfo"]
    assert "not run again" in found["ErrorInfo"]
    assert not [path for path in world.home(id).state.files[world.instance(id).disk_ids[0]] if path == "/count"]


def test_a_lost_answer_is_made_up_by_the_traces_in_the_guest(world: World) -> None:
    id = world.run()
    world.break_next("guest_execute", FaultKind.LOST_REPLY)
    found = result(world, run(world, id, "echo out"))
    assert (found["InvocationStatus"], found["Output"]) == ("Success", "out\n")


def test_a_command_that_never_arrived_is_given_up(world: World) -> None:
    id = world.run()
    world.break_next("guest_execute", FaultKind.FAIL_BEFORE)
    invoke_id = run(world, id, "echo out")
    assert result(world, invoke_id)["InvocationStatus"] == "Pending"
    world.clock.sleep(61)
    found = result(world, invoke_id)
    assert (found["InvocationStatus"], found["ErrorCode"], found["Repeats"]) == ("Aborted", "DeliveryTimeout", 0)


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
        ({"RepeatMode": "EveryReboot"}, "InvalidParameter.RepeatMode"),
        ({"Frequency": "rate(5m)"}, "OperationDenied.NotSupported"),
        ({"ContainerId": "docker://1"}, "OperationDenied.NotSupported"),
        ({"EnableParameter": True, "CommandContent": "echo {{x}}"}, "InvalidParameter.Parameters"),
    ],
)
def test_a_command_that_cannot_be_run_is_refused(world: World, changes: dict[str, Any], code: str) -> None:
    given = {"Type": "RunShellScript", "CommandContent": "true", "InstanceId": [world.run()], **changes}
    assert world.refusal("RunCommand", **given).code == code
    assert world.call("DescribeInvocations")["TotalCount"] == 0


# secrets


def test_a_secret_command_is_run_and_never_kept(world: World) -> None:
    id = world.run()
    invoke_id = run(
        world,
        id,
        Secret("echo hunter2; echo {{word}}"),  # type: ignore[arg-type]  # as an execution hands it over
        EnableParameter=True,
        Parameters={"word": Secret("opensesame")},
    )
    operation = world.catalog.operation("ECS", "DescribeInvocationResults")
    assert operation is not None
    context = world.context("x", redact=lambda text: text.replace("hunter2", "***").replace("opensesame", "***"))
    shown = invoke(operation, {"InvokeId": invoke_id, "ContentEncoding": "PlainText"}, context)
    assert shown["Invocation"]["InvocationResults"]["InvocationResult"][0]["Output"] == "***\n***\n"
    (whole,) = world.call("DescribeInvocations", ContentEncoding="PlainText")["Invocations"]["Invocation"]
    assert (whole["CommandContent"], whole["Parameters"]) == ("***", '{"word":"***"}')
    kept = str([list(world.registry.items(kind)) for kind in ("invocation", "invocation-result", "command")])
    for word in ("hunter2", "opensesame", base64.b64encode(b"hunter2").decode()):
        assert word not in kept
    assert not [path for path in world.home(id).state.files[world.instance(id).disk_ids[0]] if "script" in path]


def test_a_kept_command_may_hold_no_secret(world: World) -> None:
    given: dict[str, Any] = {"Name": "n", "Type": "RunShellScript", "CommandContent": Secret("echo hunter2")}
    refusal = world.refusal("CreateCommand", **given)
    assert (refusal.code, "hunter2" in refusal.message) == ("OperationDenied.NotSupported", False)


# kept commands, listings


def test_a_kept_command_is_run_with_its_own_settings(world: World) -> None:
    id = world.run()
    encoded = base64.b64encode(b"echo {{ greeting }} {{acs::instanceid}}").decode()
    command = world.call(
        "CreateCommand",
        Name="greet",
        Type="RunShellScript",
        CommandContent=encoded,
        ContentEncoding="Base64",
        EnableParameter="true",
        Timeout=120,
        Description="says hello",
        Tags=[{"Key": "k", "Value": "v"}],
    )["CommandId"]
    (found,) = world.call("DescribeCommands", Name="gr*", Tag=[{"Key": "k"}])["Commands"]["Command"]
    wanted = {
        "CommandId": command,
        "Name": "greet",
        "Timeout": 120,
        "CommandContent": encoded,
        "EnableParameter": True,
        "ParameterNames": {"ParameterName": ["greeting"]},
    }
    assert {key: found[key] for key in wanted} == wanted
    invoke_id = world.call("InvokeCommand", CommandId=command, InstanceId=[id], Parameters='{"Greeting": "hello"}')[
        "InvokeId"
    ]
    assert result(world, invoke_id)["Output"] == f"hello {id}\n"
    (whole,) = world.call("DescribeInvocations", CommandId=command)["Invocations"]["Invocation"]
    assert (whole["CommandName"], whole["Timeout"]) == ("greet", 120)
    for conditions in ({"Type": "RunPerlScript"}, {"Description": "bye"}, {"Provider": "AlibabaCloud"}):
        assert world.call("DescribeCommands", **conditions)["TotalCount"] == 0
    world.call("DeleteCommand", CommandId=command, token="t")
    world.call("DeleteCommand", CommandId=command, token="t")
    assert world.refusal("DeleteCommand", CommandId=command).code == "InvalidCmdId.NotFound"
    assert world.refusal("InvokeCommand", CommandId=command, InstanceId=[id]).code == "InvalidCmdId.NotFound"
    assert world.call("DescribeInvocations", CommandId=command)["TotalCount"] == 1


def test_a_command_that_was_run_can_be_kept(world: World) -> None:
    id = world.run()
    run(world, id, "echo out", KeepCommand=True, Name="kept")
    (found,) = world.call("DescribeCommands", ContentEncoding="PlainText")["Commands"]["Command"]
    assert (found["Name"], found["CommandContent"]) == ("kept", "echo out")
    run(world, id, "echo out")
    assert world.call("DescribeCommands")["TotalCount"] == 1


def test_invocations_are_found_by_what_they_are(world: World) -> None:
    web, db = world.run(), world.run()
    first = run(world, web, "true", Name="first", Tags=[{"Key": "k", "Value": "v"}])
    world.clock.sleep(10)
    second = run(world, [web, db], "exit 1", Name="second")
    world.clock.sleep(10)
    third = run(world, db, "sleep 1000", Name="third", Timeout=2000)
    world.call("TagResources", ResourceType="invocation", ResourceId=[second], Tag=[{"Key": "z", "Value": "9"}])
    for conditions, wanted in (
        ({}, [third, second, first]),
        ({"InvokeId": first}, [first]),
        ({"InvokeId": "t-none"}, []),
        ({"CommandName": "s*"}, [second]),
        ({"InstanceId": web}, [second, first]),
        ({"InvokeStatus": "Running"}, [third]),
        ({"InvokeStatus": "Finished"}, [second, first]),
        ({"InvokeStatus": "Failed"}, []),
        ({"CommandType": "RunPerlScript"}, []),
        ({"Tag": [{"Key": "k"}]}, [first]),
        ({"Tag": [{"Key": "z", "Value": "9"}]}, [second]),
        ({"Timed": True}, []),
        ({"RegionId": "empty"}, []),
        ({"MaxResults": 2}, [third, second]),
    ):
        found = world.call("DescribeInvocations", **conditions)["Invocations"]["Invocation"]
        assert [each["InvokeId"] for each in found] == wanted, conditions
    (shown,) = world.call("DescribeInvocations", InvokeId=second, InstanceId=db, IncludeOutput=True)["Invocations"][
        "Invocation"
    ]
    (on_db,) = shown["InvokeInstances"]["InvokeInstance"]
    assert (on_db["InstanceInvokeStatus"], on_db["ExitCode"], on_db["Output"]) == ("Finished", 1, "")
    results = world.call("DescribeInvocationResults", InstanceId=db, InvokeRecordStatus="Finished")["Invocation"]
    assert [each["InvokeId"] for each in results["InvocationResults"]["InvocationResult"]] == [second]
    assert results["TotalCount"] == 1


def test_agents_are_asked_whether_they_answer(world: World) -> None:
    answering, mute, off = world.run(), world.run(), world.run()
    world.home(mute).state.without_agent.append(mute)
    world.call("StopInstance", InstanceId=off)
    listed = world.call("DescribeCloudAssistantStatus", InstanceId=[answering, mute, off, "i-none"])
    found = listed["InstanceCloudAssistantStatusSet"]["InstanceCloudAssistantStatus"]
    assert {each["InstanceId"]: each["CloudAssistantStatus"] for each in found} == {
        answering: "true",
        mute: "false",
        off: "false",
    }
    assert world.call("DescribeCloudAssistantStatus", OSType="Windows")["TotalCount"] == 0


# a real shell


def real_shell(folder: Path) -> Any:
    """A guest whose commands run here, in a real shell; its files below BASE are in the folder."""

    def program(argv: Sequence[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
        if not is_launcher(argv):
            return tiny_shell(argv, stdin, files)
        base = folder / "invocations"
        # The simulated guest's start is not that of this machine, so it is not compared.
        here = [*(str(base) if word == BASE else word for word in argv[:-1]), ""]
        ended = subprocess.run(here, input=stdin, capture_output=True, timeout=30, check=False)
        for path in base.glob("*/*"):
            files[f"{BASE}/{path.relative_to(base)}"] = path.read_bytes()
        return GuestOutcome(ended.returncode, ended.stdout, ended.stderr)

    return program


@pytest.mark.parametrize(
    ("parameters", "output"),
    [
        (
            {"CommandContent": "printf '%s|' \"a 'b'\" \"$((1 + 1))\" $(echo c) \\$x `echo d`\necho"},
            "a 'b'|2|c|$x|d|\n",
        ),
        ({"CommandContent": "pwd", "WorkingDir": "/tmp"}, "/tmp\n"),
        ({"CommandContent": "#!/usr/bin/env -S cat\n"}, "#!/usr/bin/env -S cat\n"),
        ({"CommandContent": "print(6 * 7)", "Type": "RunPythonScript"}, "42\n"),
        ({"CommandContent": "echo 'ümläut €'"}, "ümläut €\n"),
        ({"CommandContent": "echo {{a}}", "EnableParameter": True, "Parameters": {"a": "$(echo x)"}}, "x\n"),
        ({"CommandContent": "cat", "Timeout": 5}, ""),
    ],
)
def test_a_real_shell_gets_the_command_as_it_was_written(
    tmp_path: Path, parameters: dict[str, Any], output: str
) -> None:
    if parameters.get("Type") == "RunPythonScript" and shutil.which("python3") is None:
        pytest.fail("this machine has no python3")
    world = World(MODULES, program=real_shell(tmp_path))
    given = {"Type": "RunShellScript", "InstanceId": [world.run()], **parameters}
    found = result(world, world.call("RunCommand", **given)["InvokeId"])
    assert (found["InvocationStatus"], found["Output"]) == ("Success", output)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [({"Username": "no-such-user"}, "AccountNotExists"), ({"WorkingDir": "/no/such"}, "DirectoryNotExists")],
)
def test_what_the_guest_lacks_is_told(tmp_path: Path, parameters: dict[str, Any], error: str) -> None:
    world = World(MODULES, program=real_shell(tmp_path))
    found = result(world, run(world, world.run(), "true", **parameters))
    assert (found["InvocationStatus"], found["ErrorCode"], found["Repeats"]) == ("Aborted", error, 0)


# pure


@pytest.mark.parametrize(
    ("states", "older", "newer"),
    [
        ("Success", "Finished", "Success"),
        ("Failed", "Finished", "Failed"),
        ("Failed Success", "Finished", "PartialFailed"),
        ("Timeout", "Failed", "Failed"),
        ("Aborted Error", "Failed", "Failed"),
        ("Timeout Success", "PartialFailed", "PartialFailed"),
        ("Timeout Failed", "PartialFailed", "Failed"),
        ("Running Success", "Running", "Running"),
        ("Pending", "Running", "Pending"),
        ("Pending Success", "Running", "Running"),
        ("Stopping Success", "Stopping", "Stopping"),
        ("Terminated Cancelled", "Stopped", "Stopped"),
        ("Terminated Success", "Finished", "Success"),
        ("Terminated Failed", "Finished", "PartialFailed"),
    ],
)
def test_many_runs_stand_together_as_one(states: str, older: str, newer: str) -> None:
    found = [State(word) for word in states.split()]
    assert (decide.invoke_status(found), decide.invocation_status(found)) == (older, newer)


def test_parameters_are_replaced_without_regard_to_case() -> None:
    text = "a {{ x }} {{X}} {{y-1}} {{ACS::RegionId}} { {x} }"
    assert content.filled(text, {"X": 1, "y-1": ["b"]}, {"acs::regionid": "lab"}) == 'a 1 1 ["b"] lab { {x} }'
    assert content.names_in(text) == ("x", "X", "y-1")


def test_a_run_survives_being_written_down() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    world = World(MODULES)
    from oos_command.model import keep_run, load_run

    run_ = Run("t-1", "i-1", State.SUCCESS, now, now, "boot", 7, now, now, None, 0, b"\x00\xff", 3)
    assert load_run(world.registry, "t-1", "i-1") is None
    keep_run(world.registry, run_)
    assert load_run(world.registry, "t-1", "i-1") == run_


class _DyingBeforeItBegins:
    """A hypervisor whose caller dies right before a program is started."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def guest_execute(self, *args: Any, **kwargs: Any) -> int:
        raise SimulatedCrash("the process died before it began")


def _dying_before_it_begins(world: World) -> World:
    world.wrap = _DyingBeforeItBegins
    return _connected_anew(world)


def _connected_anew(world: World) -> World:
    world.fleet.close()
    return world

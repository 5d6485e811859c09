"""Commands that are kept, listings of invocations, a real shell, and what is pure."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from oos.adapters.memory.guest import GuestFiles, GuestOutcome, tiny_shell
from oos.service.guest_command import BASE, is_launcher
from oos.values.secret import Secret
from oos_command import content, decide
from oos_command.model import Run, State
from tests.modules.commands import MODULES, result, run
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World(MODULES)


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


def test_a_kept_command_is_changed_and_runs_as_it_is_then(world: World) -> None:
    id = world.run()
    command = world.call("CreateCommand", Name="c", Type="RunShellScript", CommandContent="ZWNobyBhCg==")["CommandId"]
    before = world.call("InvokeCommand", CommandId=command, InstanceId=[id])["InvokeId"]
    world.call("ModifyCommand", CommandId=command, CommandContent="ZWNobyBiCg==", Timeout=90, Description="says b")
    (found,) = world.call("DescribeCommands", CommandId=command)["Commands"]["Command"]
    told = {key: found[key] for key in ("Name", "CommandContent", "Timeout", "Description")}
    assert told == {"Name": "c", "CommandContent": "ZWNobyBiCg==", "Timeout": 90, "Description": "says b"}
    after = world.call("InvokeCommand", CommandId=command, InstanceId=[id])["InvokeId"]
    assert [result(world, each)["Output"] for each in (before, after)] == ["a\n", "b\n"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"CommandId": "c-none"}, "InvalidCmdId.NotFound"),
        ({"CommandContent": "no base64!"}, "InvalidParameter.CommandContent"),
        ({"CommandContent": Secret("ZWNobyBiCg==")}, "OperationDenied.NotSupported"),
        ({"WorkingDir": "here"}, "InvalidParameter.WorkingDir"),
    ],
)
def test_a_kept_command_is_not_changed_into_what_cannot_be(world: World, given: dict[str, Any], code: str) -> None:
    made = world.call("CreateCommand", Name="c", Type="RunShellScript", CommandContent="ZWNobyBhCg==")["CommandId"]
    assert world.refusal("ModifyCommand", **{"CommandId": made, "Name": "d", **given}).code == code
    (found,) = world.call("DescribeCommands", CommandId=made)["Commands"]["Command"]
    assert found["Name"] == "c"


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

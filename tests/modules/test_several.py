"""The operations on several instances at once, and those that tell more about one."""

from __future__ import annotations

import base64
from typing import Any

import pytest

import oos_instance
from oos.adapters.memory.faults import Fault, FaultKind
from oos.fleet.instance import Power
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE,))


def outcomes(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (each["PreviousStatus"], each["CurrentStatus"], each["Code"])
        for each in answer["InstanceResponses"]["InstanceResponse"]
    ]


def test_several_are_stopped_started_and_restarted(world: World) -> None:
    ids = [world.run() for _ in range(3)]
    assert outcomes(world.call("StopInstances", InstanceId=ids)) == [("Running", "Stopped", "200")] * 3
    assert outcomes(world.call("StartInstances", InstanceId=ids)) == [("Stopped", "Running", "200")] * 3
    assert outcomes(world.call("RebootInstances", InstanceId=ids)) == [("Running", "Running", "200")] * 3
    assert [world.home(id).effects[f"reboot {id}"] for id in ids] == [1, 1, 1]


def test_all_together_does_nothing_when_one_cannot_be_done(world: World) -> None:
    running, stopped = world.run(), world.run()
    world.call("StopInstance", InstanceId=stopped)
    refusal = world.refusal("RebootInstances", InstanceId=[running, stopped])
    assert (refusal.code, stopped in refusal.message) == ("IncorrectInstanceStatus", True)
    assert world.home(running).effects[f"reboot {running}"] == 0
    assert world.refusal("StopInstances", InstanceId=[running, "i-none"]).code == "InvalidInstanceId.NotFound"
    assert world.instance(running).power is Power.RUNNING


def test_success_first_tells_of_each(world: World) -> None:
    running, stopped = world.run(), world.run()
    world.call("StopInstance", InstanceId=stopped)
    answer = world.call(
        "RebootInstances", InstanceId=[running, stopped, "i-none"], BatchOptimization="SuccessFirst", ForceReboot=True
    )
    assert outcomes(answer) == [
        ("Running", "Running", "200"),
        ("Stopped", "Stopped", "IncorrectInstanceStatus"),
        ("", "", "InvalidInstanceId.NotFound"),
    ]


def test_what_fails_in_the_middle_is_named(world: World) -> None:
    ids = [world.run() for _ in range(3)]
    world.call("StopInstances", InstanceId=ids, ForceStop=True)
    world.home(ids[1]).faults.add(Fault("start", FaultKind.FAIL_BEFORE, target=ids[1]))
    refusal = world.refusal("StartInstances", InstanceId=ids)
    assert (refusal.status, "1 of 3" in refusal.message, ids[1] in refusal.message) == (500, True, True)


def test_several_are_deleted_or_none(world: World) -> None:
    ids = [world.run() for _ in range(3)]
    assert world.refusal("DeleteInstances", InstanceId=ids).code == "IncorrectInstanceStatus"
    world.call("ModifyInstanceAttribute", InstanceId=ids[2], DeletionProtection=True)
    refusal = world.refusal("DeleteInstances", InstanceId=ids, Force=True)
    assert refusal.code == "InvalidOperation.DeletionProtection"
    assert world.call("DescribeInstances")["TotalCount"] == 3
    for _ in range(2):
        world.call("DeleteInstances", token="t", InstanceId=ids[:2], Force=True)
    assert world.call("DescribeInstances")["TotalCount"] == 1
    assert world.refusal("DeleteInstances", InstanceId=ids[:1]).code == "InvalidInstanceId.NotFound"


@pytest.mark.parametrize("name", ["StartInstances", "StopInstances", "RebootInstances", "DeleteInstances"])
def test_nobody_is_nobody(world: World, name: str) -> None:
    assert world.refusal(name, InstanceId=[]).code == "MissingParameter"


def test_one_instance_tells_everything(world: World) -> None:
    id = world.run(InstanceName="web")
    found = world.call("DescribeInstanceAttribute", InstanceId=id)
    assert (found["InstanceId"], found["InstanceName"], found["Status"]) == (id, "web", "Running")
    assert found["VpcAttributes"]["PrivateIpAddress"]["IpAddress"]
    assert world.refusal("DescribeInstanceAttribute", InstanceId="i-none").status == 404


def test_families_are_those_of_the_types(world: World) -> None:
    families = world.call("DescribeInstanceTypeFamilies")["InstanceTypeFamilies"]["InstanceTypeFamily"]
    assert [each["InstanceTypeFamilyId"] for each in families] == ["ecs.g1", "ecs.t1"]


def test_the_console_is_shown_as_it_is_or_plain(world: World) -> None:
    id = world.run()
    world.home(id).state.consoles[id] = b"\x1b[1;32mok\x1b[0m\ta\x07\r\nREADY\n"
    whole = world.call("GetInstanceConsoleOutput", InstanceId=id)
    assert base64.b64decode(whole["ConsoleOutput"]).startswith(b"\x1b[1;32m")
    plain = world.call("GetInstanceConsoleOutput", InstanceId=id, RemoveSymbols=True)
    assert base64.b64decode(plain["ConsoleOutput"]) == b"ok\ta\nREADY\n"

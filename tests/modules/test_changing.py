"""Instances that become something else: size, host name, passwords; and what their displays show."""

from __future__ import annotations

import base64

import pytest

import oos_instance
from oos.adapters.memory.accounts import HOST_NAME, SHADOW
from oos.adapters.memory.faults import FaultKind
from oos.fleet.network import Bandwidth
from oos.values.png import SIGNATURE
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE,))


def files(world: World, instance_id: str) -> dict[str, bytes]:
    """What is on the system disk of an instance."""
    return world.home(instance_id).state.files[world.instance(instance_id).disk_ids[0]]


@pytest.mark.parametrize("operation", ["ModifyInstanceSpec", "ModifyPrepayInstanceSpec"])
def test_a_stopped_instance_gets_the_size_of_another_type(world: World, operation: str) -> None:
    id = world.run(InstanceName="web")
    world.call("StopInstance", InstanceId=id)
    before = world.instance(id)
    world.call(operation, InstanceId=id, InstanceType="ecs.g1.xlarge", SystemDiskCategory="cloud_essd")
    after = world.instance(id)
    wanted = world.fleet.inventory.instance_types["ecs.g1.xlarge"]
    assert (after.cpu, after.memory_mib, after.instance_type) == (wanted.cpu, wanted.memory_mib, wanted.id)
    assert (after.labels, after.disk_ids, after.token) == (before.labels, before.disk_ids, before.token)


def test_a_running_instance_is_not_resized(world: World) -> None:
    id = world.run()
    refusal = world.refusal("ModifyInstanceSpec", InstanceId=id, InstanceType="ecs.g1.xlarge")
    assert refusal.code == "IncorrectInstanceStatus"
    assert "stop it" in refusal.message


def test_a_type_that_is_not_in_the_inventory_is_refused(world: World) -> None:
    id = world.run()
    assert (
        world.refusal("ModifyInstanceSpec", InstanceId=id, InstanceType="ecs.x").code == "InvalidInstanceType.NotFound"
    )


def test_bandwidth_is_changed_with_the_type_or_without(world: World) -> None:
    id = world.run()
    world.call("ModifyInstanceSpec", InstanceId=id, InternetMaxBandwidthOut=5)
    world.call("StopInstance", InstanceId=id)
    world.call("ModifyInstanceSpec", InstanceId=id, InstanceType="ecs.t1.small", InternetMaxBandwidthIn=7)
    assert world.instance(id).instance_type == "ecs.t1.small"
    assert world.instance(id).interfaces[0].bandwidth == Bandwidth(7 * 125, 5 * 125)
    assert world.refusal("ModifyInstanceSpec", InstanceId=id).code == "MissingParameter"


def test_resizing_again_after_a_lost_answer_ends_right(world: World) -> None:
    id = world.run()
    world.call("StopInstance", InstanceId=id)
    world.break_next("resize", FaultKind.LOST_REPLY)
    change = {"InstanceId": id, "InstanceType": "ecs.t1.small"}
    assert world.refusal("ModifyInstanceSpec", "again", **change).code == "ServiceUnavailable"
    world.call("ModifyInstanceSpec", "again", **change)
    assert world.instance(id).instance_type == "ecs.t1.small"
    assert world.home(id).effects[f"resize {id}"] == 1


def test_processors_are_laid_out_as_threads_of_cores(world: World) -> None:
    id = world.run(InstanceType="ecs.g1.xlarge")
    world.call("StopInstance", InstanceId=id)
    world.call("ModifyInstanceAttribute", InstanceId=id, CpuOptions={"Core": 2, "ThreadsPerCore": 1})
    assert world.instance(id).cpu == 2
    assert world.home(id).state.threads[id] == 1
    world.call("ModifyInstanceAttribute", InstanceId=id, **{"CpuOptions.ThreadsPerCore": 2})
    assert (world.instance(id).cpu, world.home(id).state.threads[id]) == (4, 2)
    refusal = world.refusal("ModifyInstanceAttribute", InstanceId=id, CpuOptions={"Core": 4, "ThreadsPerCore": 2})
    assert refusal.code == "InvalidCpuOptions.ValueNotSupported"


def test_a_host_name_is_given_to_the_guest_and_shown(world: World) -> None:
    id = world.run(HostName="old")
    world.call("ModifyInstanceAttribute", InstanceId=id, HostName="new-1.example")
    assert files(world, id)[HOST_NAME] == b"new-1.example\n"
    assert world.home(id).guest_info(id).host_name == "new-1.example"
    (shown,) = world.call("DescribeInstances", InstanceIds=[id])["Instances"]["Instance"]
    assert shown["HostName"] == "new-1.example"


@pytest.mark.parametrize("name", ["a", "-web", "web-", "we_b", "web..x", "web\n", "x" * 65, "a b"])
def test_what_is_no_host_name_is_refused(world: World, name: str) -> None:
    id = world.run()
    refusal = world.refusal("ModifyInstanceAttribute", InstanceId=id, HostName=name, InstanceName="x")
    assert refusal.code == "InvalidHostName.Malformed"
    assert world.instance(id).labels.name == ""


def test_a_password_is_given_to_the_guest_and_shown_nowhere(world: World) -> None:
    id = world.run()
    answer = world.call("ModifyInstanceAttribute", InstanceId=id, Password="Correct-1-Horse")
    assert b"root:Correct-1-Horse:" in files(world, id)[SHADOW]
    assert "Correct" not in str(answer)
    assert not any("Correct" in line for line in world.told)


@pytest.mark.parametrize("password", ["short1A", "onlylowercase", "NoDigitsHere", "Sp ace 1 here", "A1-" + "x" * 28])
def test_a_weak_password_is_refused_and_not_repeated(world: World, password: str) -> None:
    id = world.run()
    refusal = world.refusal("ModifyInstanceAttribute", InstanceId=id, Password=password)
    assert refusal.code == "InvalidPassword.Malformed"
    assert password not in refusal.message


@pytest.mark.parametrize("change", [{"Password": "Correct-1-Horse"}, {"HostName": "web-1"}])
def test_what_its_guest_must_do_needs_a_running_guest(world: World, change: dict[str, str]) -> None:
    id = world.run()
    world.call("StopInstance", InstanceId=id)
    refusal = world.refusal("ModifyInstanceAttribute", InstanceId=id, InstanceName="x", **change)
    assert refusal.code == "IncorrectInstanceStatus"
    assert world.instance(id).labels.name == ""


def test_a_guest_without_agent_gets_no_password(world: World) -> None:
    id = world.run()
    world.home(id).state.without_agent.append(id)
    refusal = world.refusal("ModifyInstanceAttribute", InstanceId=id, Password="Correct-1-Horse")
    assert refusal.code == "InvalidInstance.CloudAssistantNotRunning"
    assert "Correct" not in refusal.message


# displays


def test_a_display_shows_a_picture_and_takes_a_password(world: World) -> None:
    id = world.run()
    world.home(id).state.displays[id] = ""
    shown = world.call("GetInstanceScreenshot", InstanceId=id)
    assert base64.b64decode(shown["Screenshot"]).startswith(SIGNATURE)
    world.call("ModifyInstanceVncPasswd", InstanceId=id, VncPassword="abc123")
    assert world.home(id).state.displays[id] == "abc123"


@pytest.mark.parametrize(
    ("operation", "parameters"), [("GetInstanceScreenshot", {}), ("ModifyInstanceVncPasswd", {"VncPassword": "abc123"})]
)
def test_without_a_display_the_answer_is_not_supported(
    world: World, operation: str, parameters: dict[str, str]
) -> None:
    id = world.run()
    refusal = world.refusal(operation, InstanceId=id, **parameters)
    assert refusal.code == "OperationDenied.NotSupported"
    assert id in refusal.message


def test_what_is_off_shows_nothing(world: World) -> None:
    id = world.run()
    world.call("StopInstance", InstanceId=id)
    assert world.refusal("GetInstanceScreenshot", InstanceId=id).code == "IncorrectInstanceStatus"


@pytest.mark.parametrize("password", ["abc12", "abc1234", "abc-12", ""])
def test_a_display_password_has_six_letters_and_digits(world: World, password: str) -> None:
    id = world.run()
    assert world.refusal("ModifyInstanceVncPasswd", InstanceId=id, VncPassword=password).code.startswith(
        ("InvalidParameter", "MissingParameter")
    )

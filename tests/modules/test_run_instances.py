"""Making instances."""

from __future__ import annotations

from typing import Any

import pytest

import oos_instance
from oos.adapters.memory.faults import Fault, FaultKind
from oos.fleet.instance import Power
from tests.modules.world import TYPE, World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE,))


def test_instances_are_spread_over_the_hosts_of_the_zone(world: World) -> None:
    made = world.call("RunInstances", ImageId=world.image_id, InstanceType=TYPE, ZoneId="lab-a", Amount=4)
    hosts = [world.instance(each).host for each in made["InstanceIdSets"]["InstanceIdSet"]]
    assert sorted(hosts) == ["h-1", "h-1", "h-2", "h-2"]
    assert all(world.instance(each).power is Power.RUNNING for each in made["InstanceIdSets"]["InstanceIdSet"])


def test_the_same_request_makes_the_same_instances(world: World) -> None:
    parameters: dict[str, Any] = {"ImageId": world.image_id, "InstanceType": TYPE, "Amount": 2, "ClientToken": "mine"}
    first, second = (world.call("RunInstances", **parameters)["InstanceIdSets"] for _ in range(2))
    assert first == second
    assert world.call("DescribeInstances")["TotalCount"] == 2
    refusal = world.refusal("RunInstances", **{**parameters, "InstanceType": "ecs.g1.small"})
    assert refusal.code == "IdempotentParameterMismatch"


def test_a_request_that_crashed_in_the_middle_ends_when_it_runs_again(world: World) -> None:
    parameters: dict[str, Any] = {"ImageId": world.image_id, "InstanceType": TYPE, "Amount": 3}
    world.break_next("start", FaultKind.CRASH)
    with pytest.raises(BaseException, match="died in start"):
        world.call("RunInstances", token="t", **parameters)
    for each in world.hosts.values():
        each.faults = type(each.faults)()
    made = world.call("RunInstances", token="t", **parameters)["InstanceIdSets"]["InstanceIdSet"]
    assert world.call("DescribeInstances", Status="Running")["TotalCount"] == len(made) == 3


def test_names_can_be_numbered(world: World) -> None:
    world.run(Amount=2, InstanceName="web", UniqueSuffix=True, HostName="w")
    names = {each["InstanceName"] for each in world.call("DescribeInstances")["Instances"]["Instance"]}
    assert names == {"web001", "web002"}


def test_disks_are_made_as_large_as_asked(world: World) -> None:
    id = world.run(**{"SystemDisk.Size": "2", "DataDisk": [{"Size": 3, "DiskName": "data", "Category": "cloud"}]})
    disks = [world.home(id).disk(each) for each in world.instance(id).disk_ids]
    assert [(each.size_bytes >> 30, each.name) for each in disks] == [(2, ""), (3, "data")]


@pytest.mark.parametrize(
    ("changes", "code", "word"),
    [
        ({"ImageId": "m-none"}, "InvalidImageId.NotFound", "m-none"),
        ({"InstanceType": "ecs.none"}, "InvalidInstanceType.NotFound", "ecs.none"),
        ({"ZoneId": "lab-z"}, "InvalidZoneId.NotFound", "lab-z"),
        ({"VSwitchId": "no-net"}, "InvalidVSwitchId.NotFound", "no-net"),
        ({"KeyPairName": 3, "Amount": 0}, "InvalidParameter.Amount", "1 to 100"),
        ({"MinAmount": 3, "Amount": 2}, "InvalidParameter.MinAmount", "3"),
        ({"Password": "hunter2"}, "InvalidPassword.Malformed", "password"),
        ({"Password": "Correct-1-Horse", "PasswordInherit": True}, "InvalidParameter.PasswordInherit", "image"),
        ({"SystemDisk": {"Encrypted": True}}, "OperationDenied.NotSupported", "SystemDisk.Encrypted"),
        ({"Tags": [{"Key": "acs:x", "Value": "y"}]}, "InvalidTagKey.Malformed", "acs:x"),
        ({"ImageId": ""}, "MissingParameter", "ImageId"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(world: World, changes: dict[str, Any], code: str, word: str) -> None:
    given = {"ImageId": world.image_id, "InstanceType": TYPE, **changes}
    refusal = world.refusal("RunInstances", **given)
    assert refusal.code == code
    assert word in refusal.message
    assert world.call("DescribeInstances")["TotalCount"] == 0


def test_what_means_nothing_here_is_left_alone(world: World) -> None:
    world.run(
        InstanceChargeType="PostPaid",
        InternetMaxBandwidthOut=0,
        InternetMaxBandwidthIn=200,
        SystemDiskCategory="cloud_essd",
        SpotStrategy="NoSpot",
        RamRoleName="",
        Period=1,
    )


def test_a_full_pool_leaves_nothing_half_made(world: World) -> None:
    for each in ("h-1", "h-2"):
        world.hosts[each].faults.add(_disk_full(skip=1))
    refusal = world.refusal("RunInstances", ImageId=world.image_id, InstanceType=TYPE, ZoneId="lab-a", Amount=4)
    assert refusal.code == "OperationDenied.NoStock"
    assert "h-1" in refusal.message
    assert world.call("DescribeInstances")["TotalCount"] == 0


def test_a_full_pool_stops_at_what_is_enough(world: World) -> None:
    for each in ("h-1", "h-2"):
        world.hosts[each].faults.add(_disk_full(skip=1))
    made = world.call("RunInstances", ImageId=world.image_id, InstanceType=TYPE, ZoneId="lab-a", Amount=4, MinAmount=2)
    assert len(made["InstanceIdSets"]["InstanceIdSet"]) == world.call("DescribeInstances")["TotalCount"] == 2


def test_instances_that_do_not_start_are_named(world: World) -> None:
    world.break_next("start", FaultKind.FAIL_BEFORE)
    refusal = world.refusal("RunInstances", ImageId=world.image_id, InstanceType=TYPE, ZoneId="lab-a")
    (found,) = world.call("DescribeInstances")["Instances"]["Instance"]
    assert found["InstanceId"] in refusal.message
    assert found["Status"] == "Stopped"


def _disk_full(skip: int) -> Fault:
    return Fault("make_instance", FaultKind.DISK_FULL, skip=skip, times=100)

"""Hosts: how full they are, which take nothing new, and instances that move between them."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

import oos_deployment_set
import oos_disk
import oos_eip
import oos_host
import oos_instance
import oos_network
import oos_security_group
from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.fleet.instance import Power
from oos.service.errors import ApiError
from tests.modules.world import TYPE, World


@pytest.fixture
def world() -> World:
    modules = (oos_instance, oos_deployment_set, oos_host, oos_disk, oos_network, oos_security_group, oos_eip)
    return World(tuple(each.MODULE for each in modules))


def made(world: World, *, host: str = "", **parameters: Any) -> list[str]:
    """Running instances, on this host where it is named."""
    for other in {"h-1", "h-2"} - {host} if host else ():
        world.call("OOS.ModifyHostAttribute", HostId=other, AutoPlacement="off")
    given = {"ImageId": world.image_id, "InstanceType": TYPE, "ZoneId": "lab-a", **parameters}
    ids = list(world.call("RunInstances", **given)["InstanceIdSets"]["InstanceIdSet"])
    for other in ("h-1", "h-2"):
        world.call("OOS.ModifyHostAttribute", HostId=other, AutoPlacement="on")
    return ids


def hosts(world: World, **parameters: Any) -> dict[str, dict[str, Any]]:
    listed = world.call("OOS.DescribeHosts", **parameters)["Hosts"]["Host"]
    return {each["HostId"]: each for each in listed}


def moves(world: World, **parameters: Any) -> list[tuple[str, str]]:
    listed = world.call("OOS.DescribeInstanceMoves", **parameters)["Moves"]["Move"]
    return [(each["InstanceId"], each["TargetHostId"]) for each in listed]


def live(world: World, id: str, host: str, token: str = "") -> None:
    world.call("ModifyInstanceDeployment", token, InstanceId=id, DedicatedHostId=host, MigrationType="live")


# hosts


def test_hosts_tell_how_full_they_are(world: World) -> None:
    world.hosts["h-1"].state.memory_mib = 1000
    running, stopped = made(world, host="h-1", Amount=2)
    world.call("StopInstance", InstanceId=stopped)
    found = hosts(world)
    assert list(found) == ["h-1", "h-2", "h-3"]
    first = found["h-1"]
    assert (first["Memory"], first["PromisedMemory"], first["AvailableMemory"]) == (1000, 96, 904)
    assert (first["InstanceAmount"], first["RunningAmount"]) == (2, 1)
    assert set(first["InstanceIds"]["InstanceId"]) == {running, stopped}
    assert list(hosts(world, ZoneId="lab-b")) == ["h-3"]
    assert list(hosts(world, HostIds=["h-2"])) == ["h-2"]


def test_a_host_that_does_not_answer_is_shown_as_such(world: World) -> None:
    world.hosts["h-2"].state.unreachable = True
    assert {name: each["Status"] for name, each in hosts(world).items()} == {
        "h-1": "Available",
        "h-2": "Unreachable",
        "h-3": "Available",
    }


def test_a_closed_host_takes_nothing_new(world: World) -> None:
    world.call("OOS.ModifyHostAttribute", HostId="h-1", AutoPlacement="off", Reason="new memory")
    shown = hosts(world)["h-1"]
    assert (shown["AutoPlacement"], shown["Reason"]) == ("off", "new memory")
    for _ in range(2):
        (id,) = world.call("RunInstances", ImageId=world.image_id, InstanceType=TYPE, ZoneId="lab-a")["InstanceIdSets"][
            "InstanceIdSet"
        ]
        assert world.instance(id).host == "h-2"
    disk = world.call("CreateDisk", ZoneId="lab-a", Size=1)["DiskId"]
    assert world.fleet.of_disk(disk)[1].host == "h-2"
    world.call("OOS.ModifyHostAttribute", HostId="h-2", AutoPlacement="off")
    refused = world.refusal("RunInstances", ImageId=world.image_id, InstanceType=TYPE, ZoneId="lab-a")
    assert refused.code == "OperationDenied.NoStock"
    world.call("OOS.ModifyHostAttribute", HostId="h-1", AutoPlacement="on")
    assert hosts(world)["h-1"]["Reason"] == "new memory"
    unknown = world.refusal("OOS.ModifyHostAttribute", HostId="h-9", AutoPlacement="on")
    assert unknown.code == "InvalidHostId.NotFound"


# moving one


def test_an_instance_moves_while_it_runs(world: World) -> None:
    (id,) = made(world, host="h-1")
    was = world.instance(id)
    live(world, id, "h-2")
    now = world.instance(id)
    assert (now.host, now.power, now.started, now.interfaces) == ("h-2", Power.RUNNING, was.started, was.interfaces)
    assert world.hosts["h-1"].instances() == ()
    live(world, id, "h-2")
    (shown,) = world.call("DescribeInstances", InstanceIds=[id])["Instances"]["Instance"]
    assert shown["DedicatedHostAttribute"]["DedicatedHostId"] == "h-2"


def test_an_instance_that_is_stopped_moves_as_it_is(world: World) -> None:
    (id,) = made(world, host="h-1")
    world.call("StopInstance", InstanceId=id)
    live(world, id, "h-2")
    assert (world.instance(id).host, world.instance(id).power) == ("h-2", Power.STOPPED)


def test_without_more_said_it_is_stopped_moved_and_started(world: World) -> None:
    (id,) = made(world, host="h-1")
    started = world.instance(id).started
    world.clock.sleep(60)
    world.call("ModifyInstanceDeployment", InstanceId=id, DedicatedHostId="h-2")
    now = world.instance(id)
    assert (now.host, now.power) == ("h-2", Power.RUNNING)
    assert now.started != started


def test_redeploying_starts_it_anew_on_another_host(world: World) -> None:
    (id,) = made(world, host="h-2")
    assert world.call("RedeployInstance", InstanceId=id)["TaskId"]
    assert (world.instance(id).host, world.instance(id).power) == ("h-1", Power.RUNNING)
    world.call("StopInstance", InstanceId=id)
    world.call("RedeployInstance", InstanceId=id, ForceStop=True)
    assert (world.instance(id).host, world.instance(id).power) == ("h-2", Power.STOPPED)


def test_any_host_with_room_will_do(world: World) -> None:
    (id,) = made(world, host="h-1")
    world.call("ModifyInstanceDeployment", InstanceId=id, Tenancy="host")
    assert world.instance(id).host == "h-2"


@pytest.mark.parametrize("kind", [FaultKind.CRASH, FaultKind.FAIL_AFTER, FaultKind.LOST_REPLY])
@pytest.mark.parametrize("method", ["move_instance", "complete_move", "start"])
@pytest.mark.parametrize("migration", ["live", "reboot"])
def test_a_request_that_died_is_completed_by_the_same(
    world: World, kind: FaultKind, method: str, migration: str
) -> None:
    (id,) = made(world, host="h-1")
    request = {"InstanceId": id, "DedicatedHostId": "h-2", "MigrationType": migration}
    world.break_next(method, kind)
    with contextlib.suppress(SimulatedCrash, ApiError):
        world.call("ModifyInstanceDeployment", "again", **request)
    world.call("ModifyInstanceDeployment", "again", **request)
    now = world.instance(id)
    assert (now.host, now.power, now.moving_from) == ("h-2", Power.RUNNING, "")
    assert world.hosts["h-1"].instances() == () == world.hosts["h-1"].disks()


def test_a_guest_left_standing_by_a_move_that_died_goes_on_where_it_was_sent(world: World) -> None:
    (id,) = made(world, host="h-1")
    world.break_next("move_instance", FaultKind.CRASH)
    with pytest.raises(SimulatedCrash):
        live(world, id, "h-2")
    assert (world.instance(id).host, world.instance(id).power) == ("h-1", Power.PAUSED)
    live(world, id, "h-2")
    assert (world.instance(id).host, world.instance(id).power) == ("h-2", Power.RUNNING)


def test_a_move_that_cannot_be_is_refused_before_anything_happens(world: World) -> None:
    (id,) = made(world, host="h-1")
    other_zone = world.refusal("ModifyInstanceDeployment", InstanceId=id, DedicatedHostId="h-3", MigrationType="live")
    assert other_zone.code == "ResourcesNotInSameZone"
    nowhere = world.refusal("ModifyInstanceDeployment", InstanceId=id, DedicatedHostId="h-9", MigrationType="live")
    assert nowhere.code == "InvalidDedicatedHostId.NotFound"
    unnamed = world.refusal("ModifyInstanceDeployment", InstanceId=id, Tenancy="host", MigrationType="live")
    assert unnamed.code == "MissingParameter"
    both = world.refusal("ModifyInstanceDeployment", InstanceId=id, DedicatedHostId="h-2", DeploymentSetId="ds-1")
    assert both.code == "InvalidParameter.DeploymentSetId"
    world.hosts["h-2"].state.memory_mib = 95
    full = world.refusal("ModifyInstanceDeployment", InstanceId=id, DedicatedHostId="h-2", MigrationType="live")
    assert (full.code, "95" in full.message) == ("OperationDenied.NoStock", True)
    world.hosts["h-2"].state.memory_mib = 96
    live(world, id, "h-2")


def test_a_vswitch_does_not_let_its_instances_go(world: World) -> None:
    vpc = world.call("VPC.CreateVpc", CidrBlock="10.7.0.0/16")["VpcId"]
    switch = world.call("VPC.CreateVSwitch", VpcId=vpc, ZoneId="lab-a", CidrBlock="10.7.1.0/24")["VSwitchId"]
    (id,) = made(world, VSwitchId=switch)
    other = {"h-1": "h-2", "h-2": "h-1"}[world.instance(id).host]
    refused = world.refusal("ModifyInstanceDeployment", InstanceId=id, DedicatedHostId=other, MigrationType="live")
    assert refused.code == "OperationDenied.NotSupported"
    assert switch in refused.message


def test_groups_and_addresses_come_along(world: World) -> None:
    group = world.call("CreateSecurityGroup")["SecurityGroupId"]
    (id,) = made(world, host="h-1", SecurityGroupId=group)
    eip = world.call("VPC.AllocateEipAddress")
    world.call("VPC.AssociateEipAddress", AllocationId=eip["AllocationId"], InstanceId=id)
    card = world.instance(id).interfaces[0]
    kept = world.hosts["h-1"].network("default").reservations[card.mac]
    assert world.hosts["h-1"].translations() != world.hosts["h-2"].translations()
    before = world.hosts["h-1"].translations()

    live(world, id, "h-2")

    assert world.instance(id).interfaces == (card,)
    assert [each.id for each in world.hosts["h-2"].group_filters()] == [group]
    assert world.hosts["h-2"].network("default").reservations[card.mac] == kept
    assert card.mac not in world.hosts["h-1"].network("default").reservations
    assert world.hosts["h-2"].translations() == before
    assert world.hosts["h-1"].translations() != before
    world.call("DeleteInstance", InstanceId=id, Force=True)


# many


def test_the_moves_off_a_host_fill_the_others_evenly(world: World) -> None:
    ids = made(world, host="h-1", Amount=3)
    (beside,) = made(world, host="h-1")
    world.call("StopInstance", InstanceId=beside)
    assert moves(world, HostId="h-1") == [(id, "h-2") for id in sorted(ids)]
    assert (beside, "h-2") in moves(world, HostId="h-1", IncludeStopped=True)
    assert moves(world, HostId="h-2") == []


def test_a_host_is_not_left_when_the_others_lack_memory(world: World) -> None:
    made(world, host="h-1", Amount=3)
    world.hosts["h-2"].state.memory_mib = 2 * 96
    refused = world.refusal("OOS.DescribeInstanceMoves", HostId="h-1")
    assert refused.code == "OperationDenied.NoStock"
    assert "h-2 has 0" in refused.message
    world.hosts["h-2"].state.memory_mib = 3 * 96
    assert len(moves(world, HostId="h-1")) == 3
    world.call("OOS.ModifyHostAttribute", HostId="h-2", AutoPlacement="off")
    assert "No other host" in world.refusal("OOS.DescribeInstanceMoves", HostId="h-1").message


def test_a_host_that_does_not_answer_is_not_an_empty_one(world: World) -> None:
    set_id = world.call("CreateDeploymentSet")["DeploymentSetId"]
    made(world, host="h-1")
    world.hosts["h-1"].state.unreachable = True
    for named in ({"HostId": "h-1"}, {"DeploymentSetId": set_id}):
        refused = world.refusal("OOS.DescribeInstanceMoves", **named)
        assert (refused.code, "h-1" in refused.message) == ("ServiceUnavailable", True)


def test_instances_that_stand_apart_do_not_meet(world: World) -> None:
    set_id = world.call("CreateDeploymentSet")["DeploymentSetId"]
    made(world, DeploymentSetId=set_id, Amount=2)
    refused = world.refusal("OOS.DescribeInstanceMoves", HostId="h-1")
    assert set_id in refused.message


def test_a_set_is_spread_again(world: World) -> None:
    set_id = world.call("CreateDeploymentSet", Strategy="LowLatency")["DeploymentSetId"]
    ids = made(world, host="h-1", DeploymentSetId=set_id, Amount=2)
    assert moves(world, DeploymentSetId=set_id) == []
    apart = world.call("CreateDeploymentSet", "apart")["DeploymentSetId"]
    for id in ids:
        world.call("ModifyInstanceDeployment", InstanceId=id, RemoveFromDeploymentSet=True)
    world.call("ModifyInstanceDeployment", InstanceId=ids[0], DeploymentSetId=apart)
    assert world.refusal("ModifyInstanceDeployment", InstanceId=ids[1], DeploymentSetId=apart).code == (
        "OperationDenied.NotSupported"
    )
    world.call("ModifyInstanceDeployment", InstanceId=ids[1], DeploymentSetId=apart, Force=True)
    assert {world.instance(id).host for id in ids} == {"h-1", "h-2"}
    assert moves(world, DeploymentSetId=apart) == []
    together = world.refusal("ModifyInstanceDeployment", InstanceId=ids[1], DedicatedHostId="h-1", MigrationType="live")
    assert apart in together.message
    world.call("StopInstance", InstanceId=ids[1])
    world.hosts["h-2"].move_instance(ids[1], world.hosts["h-1"], lambda percent: None)
    (move,) = moves(world, DeploymentSetId=apart)
    assert move[1] == "h-2"


def test_a_set_is_gathered_again(world: World) -> None:
    set_id = world.call("CreateDeploymentSet", Strategy="LowLatency")["DeploymentSetId"]
    ids = made(world, host="h-1", DeploymentSetId=set_id, Amount=3)
    live(world, ids[0], "h-2")
    assert moves(world, DeploymentSetId=set_id) == [(ids[0], "h-1")]


def test_one_of_the_two_is_asked(world: World) -> None:
    assert world.refusal("OOS.DescribeInstanceMoves").code == "MissingParameter"
    unknown = world.refusal("OOS.DescribeInstanceMoves", DeploymentSetId="ds-1")
    assert unknown.code == "InvalidDeploymentSetId.NotFound"

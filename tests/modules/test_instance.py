"""The operations on instances."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

import oos_instance
from oos.adapters.memory.faults import Fault, FaultKind
from oos.adapters.memory.host import Pace
from oos.fleet.instance import Power, StopMethod
from oos.service.call import invoke
from oos.service.errors import Cancelled
from tests.modules.world import TYPE, World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE,))


# listing


def test_regions_and_zones_are_those_of_the_inventory(world: World) -> None:
    regions = world.call("DescribeRegions", AcceptLanguage="en-US")["Regions"]["Region"]
    assert [each["RegionId"] for each in regions] == ["lab", "empty"]
    zones = world.call("DescribeZones", RegionId="lab")["Zones"]["Zone"]
    assert [each["ZoneId"] for each in zones] == ["lab-a", "lab-b"]
    assert TYPE in zones[0]["AvailableInstanceTypes"]["InstanceTypes"]
    assert world.call("DescribeZones", RegionId="empty")["Zones"]["Zone"] == []


@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ({"InstanceTypes": ["ecs.t1.tiny", "ecs.none"]}, ["ecs.t1.tiny"]),
        ({"InstanceTypeFamily": "ecs.t1"}, ["ecs.t1.small", "ecs.t1.tiny"]),
        ({"MinimumCpuCoreCount": 4}, ["ecs.g1.xlarge"]),
        ({"MinimumMemorySize": 2, "MaximumMemorySize": "4"}, ["ecs.g1.large", "ecs.g1.medium"]),
        ({"CpuArchitecture": "ARM"}, []),
    ],
)
def test_types_are_found_by_what_they_are(world: World, conditions: dict[str, Any], wanted: list[str]) -> None:
    types = world.call("DescribeInstanceTypes", **conditions)["InstanceTypes"]["InstanceType"]
    assert [each["InstanceTypeId"] for each in types] == wanted


def test_an_instance_is_described_as_it_is(world: World) -> None:
    id = world.run(
        InstanceName="web-1",
        HostName="web",
        Description="first",
        Tags=[{"Key": "role", "Value": "web"}],
        DeletionProtection=True,
        ResourceGroupId="rg-1",
    )
    answer = world.call("DescribeInstances", InstanceIds=[id])
    assert (answer["TotalCount"], answer["PageNumber"], answer["PageSize"]) == (1, 1, 10)
    (found,) = answer["Instances"]["Instance"]
    wanted = {
        "InstanceId": id,
        "InstanceName": "web-1",
        "HostName": "web",
        "Description": "first",
        "Status": "Running",
        "RegionId": "lab",
        "ZoneId": "lab-a",
        "Cpu": 1,
        "Memory": 96,
        "InstanceType": TYPE,
        "InstanceTypeFamily": "ecs.t1",
        "ImageId": world.image_id,
        "OSName": "Tiny Linux",
        "OSType": "linux",
        "CreationTime": "2026-01-01T00:00Z",
        "DeletionProtection": True,
        "ResourceGroupId": "rg-1",
        "Tags": {"Tag": [{"TagKey": "role", "TagValue": "web"}]},
    }
    assert {key: found[key] for key in wanted} == wanted
    address = found["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0]
    card = found["NetworkInterfaces"]["NetworkInterface"][0]
    assert (card["PrimaryIpAddress"], card["Type"]) == (address, "Primary")
    by_address = world.call("DescribeInstances", PrivateIpAddresses=f'["{address}"]')
    assert [each["InstanceId"] for each in by_address["Instances"]["Instance"]] == [id]


def test_conditions_must_all_hold(world: World) -> None:
    web = world.run(InstanceName="web-1", Tag=[{"Key": "role", "Value": "web"}])
    world.clock.sleep(3600)
    db = world.run(InstanceName="db-1", Tag=[{"Key": "role", "Value": "db"}], ZoneId="lab-b")
    world.call("StopInstance", InstanceId=db, ForceStop=True)
    for conditions, wanted in (
        ({}, [db, web]),
        ({"Status": "Running"}, [web]),
        ({"Status": "stopped"}, [db]),
        ({"InstanceName": "web*"}, [web]),
        ({"InstanceName": "web"}, []),
        ({"ZoneId": "lab-b"}, [db]),
        ({"Tag.1.Key": "role"}, [db, web]),
        ({"Tags": [{"Key": "role", "Value": "db"}]}, [db]),
        ({"Tags": [{"Key": "role", "Value": "db"}], "Status": "Running"}, []),
        ({"InstanceIds": []}, []),
        ({"InstanceIds": '["i-nobody"]'}, []),
        ({"InstanceType": TYPE, "ImageId": world.image_id}, [db, web]),
        ({"InstanceTypeFamily": "ecs.t1"}, [db, web]),
        ({"VSwitchId": "default"}, [db, web]),
        ({"VSwitchId": "other"}, []),
        ({"SecurityGroupId": "sg-1"}, []),
        ({"VpcId": "vpc-1"}, []),
        ({"KeyPairName": "k"}, []),
        ({"InstanceNetworkType": "vpc"}, [db, web]),
        ({"InstanceChargeType": "PrePaid"}, []),
        ({"PublicIpAddresses": ["1.2.3.4"]}, []),
        ({"PrivateIpAddresses": ["1.2.3.4"]}, []),
        ({"Filter": [{"Key": "CreationStartTime", "Value": "2026-01-01T00:30Z"}]}, [db]),
        ({"Filter1Key": "ExpiredStartTime", "Filter1Value": "2026-01-01T00:00Z"}, [db, web]),
        ({"Filter.1.Key": "ExpiredEndTime", "Filter.1.Value": "2026-01-01T00:00Z"}, []),
        ({"RegionId": "empty"}, []),
    ):
        found = world.call("DescribeInstances", **conditions)["Instances"]["Instance"]
        assert [each["InstanceId"] for each in found] == wanted, conditions


def test_a_condition_that_cannot_be_answered_is_refused(world: World) -> None:
    assert world.refusal("DescribeInstances", HttpTokens="required").code == "OperationDenied.NotSupported"
    assert world.refusal("DescribeInstances", Stauts="Running").code == "InvalidParameter.Stauts"


def test_pages_of_instances_follow_each_other(world: World) -> None:
    ids = set(
        world.call("RunInstances", ImageId=world.image_id, InstanceType=TYPE, Amount=5)["InstanceIdSets"][
            "InstanceIdSet"
        ]
    )
    first = world.call("DescribeInstances", MaxResults=3)
    second = world.call("DescribeInstances", MaxResults=3, NextToken=first["NextToken"])
    seen = [each["InstanceId"] for page in (first, second) for each in page["Instances"]["Instance"]]
    assert (set(seen), len(seen), second["NextToken"]) == (ids, 5, "")
    numbered = world.call("DescribeInstances", PageNumber=2, PageSize=3)
    assert [each["InstanceId"] for each in numbered["Instances"]["Instance"]] == seen[3:]


def test_a_mute_guest_hides_no_other(world: World) -> None:
    mute, talking = world.run(), world.run()
    world.home(mute).faults.add(_fault(mute))
    found = {each["InstanceId"]: each for each in world.call("DescribeInstances")["Instances"]["Instance"]}
    assert found[mute]["VpcAttributes"]["PrivateIpAddress"]["IpAddress"] == []
    assert found[talking]["VpcAttributes"]["PrivateIpAddress"]["IpAddress"] != []


def test_a_host_that_does_not_answer_is_named_not_left_out(world: World) -> None:
    world.run()
    world.hosts["h-3"].state.unreachable = True
    refusal = world.refusal("DescribeInstances")
    assert (refusal.code, refusal.status) == ("ServiceUnavailable", 503)
    assert "h-3" in refusal.message


def test_statuses_are_listed_alone(world: World) -> None:
    id = world.run()
    answer = world.call("DescribeInstanceStatus", **{"InstanceId.1": id})
    assert answer["InstanceStatuses"]["InstanceStatus"] == [{"InstanceId": id, "Status": "Running"}]
    assert world.call("DescribeInstanceStatus", ZoneId="lab-b")["TotalCount"] == 0


# power


def test_starting_is_seen_through_and_harmless_twice(world: World) -> None:
    id = world.run()
    world.call("StopInstance", InstanceId=id)
    assert world.instance(id).power is Power.STOPPED
    for _ in range(2):
        assert set(world.call("StartInstance", InstanceId=id)) == {"RequestId"}
        assert world.instance(id).power is Power.RUNNING


@pytest.mark.parametrize("operation", ["StartInstance", "StopInstance", "RebootInstance", "DeleteInstance"])
def test_an_instance_that_is_not_there_is_named(world: World, operation: str) -> None:
    refusal = world.refusal(operation, InstanceId="i-nobody")
    assert (refusal.code, refusal.status) == ("InvalidInstanceId.NotFound", 404)
    assert "i-nobody" in refusal.message


@pytest.mark.parametrize(
    ("agent", "deaf", "method"), [(True, False, "agent"), (False, False, "acpi"), (True, True, "power-off")]
)
def test_a_guest_is_stopped_as_gently_as_it_lets(world: World, agent: bool, deaf: bool, method: str) -> None:
    id = world.run(InstanceName="web")
    state = world.home(id).state
    state.without_agent += [] if agent else [id]
    state.deaf += [id] if deaf else []
    world.call("StopInstance", InstanceId=id, StoppedMode="KeepCharging")
    assert world.instance(id).power is Power.STOPPED
    stop = world.registry.get("stop", id)
    assert stop is not None
    assert stop["Method"] == method
    assert f"web: stopped by {method}" in world.told


def test_a_slow_guest_has_time_to_stop() -> None:
    world = World((oos_instance.MODULE,), pace=Pace(shutdown=40.0))
    id = world.run()
    world.call("StopInstance", InstanceId=id)
    assert world.home(id).effects == {f"make_instance {world.instance(id).token}": 1, f"start {id}": 1, f"stop {id}": 1}
    assert world.clock.now() >= datetime(2026, 1, 1, 0, 0, 40, tzinfo=UTC)


def test_a_guest_that_is_just_booting_is_asked_again_once_it_can_hear() -> None:
    world = World((oos_instance.MODULE,), pace=Pace(boot=25.0))
    id = world.run()
    home = world.home(id)
    home.state.deaf.append(id)
    operation = world.catalog.operation("ECS", "StopInstance")
    assert operation is not None

    def sleep(cancelled: threading.Event, seconds: float) -> None:
        world.clock.sleep(seconds)
        if home.instance(id).has_agent:
            home.state.deaf.clear()

    invoke(operation, {"InstanceId": id}, world.context("t", sleep=sleep))
    assert "agent" in str(world.registry.get("stop", id))
    assert world.clock.now() < datetime(2026, 1, 1, 0, 0, 40, tzinfo=UTC)


def test_force_cuts_the_power_at_once(world: World) -> None:
    id = world.run()
    world.home(id).state.deaf.append(id)
    world.call("StopInstance", InstanceId=id, ForceStop="true")
    assert world.instance(id).power is Power.STOPPED
    assert world.clock.now() == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_stopped_instance_is_left_alone(world: World) -> None:
    id = world.run()
    world.call("StopInstance", InstanceId=id)
    before = world.home(id).effects
    world.call("StopInstance", InstanceId=id)
    assert world.home(id).effects == before


def test_hibernation_is_not_pretended(world: World) -> None:
    id = world.run()
    assert world.refusal("StopInstance", InstanceId=id, Hibernate=True).code == "OperationDenied.NotSupported"
    world.call("StopInstance", InstanceId=id, Hibernate=False)


def test_nobody_is_powered_off_once_the_caller_lost_interest(world: World) -> None:
    id = world.run()
    world.home(id).state.deaf.append(id)
    cancelled = threading.Event()
    operation = world.catalog.operation("ECS", "StopInstance")
    assert operation is not None
    context = world.context("t", cancelled=cancelled, sleep=lambda event, seconds: cancelled.set())
    with pytest.raises(Cancelled, match=id):
        invoke(operation, {"InstanceId": id}, context)
    assert world.instance(id).power is Power.RUNNING


@pytest.mark.parametrize("force", [False, True])
def test_a_restart_is_seen_through(world: World, force: bool) -> None:
    id = world.run()
    world.call("RebootInstance", InstanceId=id, ForceStop=force)
    assert world.home(id).effects[f"reboot {id}"] == 1


def test_a_restart_that_runs_again_after_a_crash_restarts_once(world: World) -> None:
    id = world.run()
    world.break_next("reboot", FaultKind.CRASH)
    with pytest.raises(BaseException, match="died"):
        world.call("RebootInstance", token="t", InstanceId=id)
    world.call("RebootInstance", token="t", InstanceId=id)
    assert world.home(id).effects[f"reboot {id}"] == 1
    world.call("RebootInstance", token="u", InstanceId=id)
    assert world.home(id).effects[f"reboot {id}"] == 2


def test_a_restart_without_an_agent_is_not_repeated_in_doubt(world: World) -> None:
    id = world.run()
    world.home(id).state.without_agent.append(id)
    world.break_next("reboot", FaultKind.CRASH)
    with pytest.raises(BaseException, match="died"):
        world.call("RebootInstance", token="t", InstanceId=id)
    assert world.refusal("RebootInstance", token="t", InstanceId=id).code == "OperationDenied.OutcomeUnknown"
    assert world.home(id).effects[f"reboot {id}"] == 1


def test_a_guest_that_does_not_restart_is_told(world: World) -> None:
    id = world.run()
    world.home(id).state.deaf.append(id)
    refusal = world.refusal("RebootInstance", InstanceId=id)
    assert id in refusal.message
    assert "ForceStop" in refusal.message


def test_only_a_running_instance_is_restarted(world: World) -> None:
    id = world.run()
    world.call("StopInstance", InstanceId=id)
    assert world.refusal("RebootInstance", InstanceId=id).code == "IncorrectInstanceStatus"


# changing and deleting


def test_what_is_not_given_stays_as_it_is(world: World) -> None:
    id = world.run(InstanceName="web", Description="first", Tag=[{"Key": "a", "Value": "b"}])
    world.call("ModifyInstanceAttribute", InstanceId=id, InstanceName="db", DeletionProtection="true")
    labels = world.instance(id).labels
    assert (labels.name, labels.description, labels.deletion_protection) == ("db", "first", True)
    world.call("ModifyInstanceAttribute", InstanceId=id, Description="")
    labels = world.instance(id).labels
    assert (labels.name, labels.description, dict(labels.tags)) == ("db", "", {"a": "b"})


@pytest.mark.parametrize("parameter", ["EnableJumboFrame", "Recyclable"])
def test_a_change_that_cannot_be_made_is_refused(world: World, parameter: str) -> None:
    id = world.run()
    refusal = world.refusal("ModifyInstanceAttribute", InstanceId=id, InstanceName="x", **{parameter: "true"})
    assert refusal.code == "OperationDenied.NotSupported"
    assert world.instance(id).labels.name == ""


def test_changes_at_the_same_time_lose_nothing(world: World) -> None:
    id = world.run()
    threads = [
        threading.Thread(target=world.call, args=("ModifyInstanceAttribute",), kwargs={"InstanceId": id, **change})
        for change in ({"InstanceName": "n"}, {"Description": "d"}, {"DeletionProtection": True})
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    labels = world.instance(id).labels
    assert (labels.name, labels.description, labels.deletion_protection) == ("n", "d", True)


def test_a_running_instance_is_not_deleted_unless_forced(world: World) -> None:
    id = world.run()
    refusal = world.refusal("DeleteInstance", InstanceId=id)
    assert (refusal.code, refusal.status) == ("IncorrectInstanceStatus", 403)
    home = world.home(id)
    world.call("DeleteInstance", InstanceId=id, Force=True)
    assert (home.instances(), home.disks()) == ((), ())


def test_a_forced_deletion_can_stop_the_guest_first(world: World) -> None:
    id = world.run()
    home = world.home(id)
    world.call("DeleteInstance", InstanceId=id, Force=True, ForceStop=False)
    assert "agent" in str(world.registry.get("stop", id))
    assert home.instances() == ()


def test_a_protected_instance_is_not_deleted(world: World) -> None:
    id = world.run(DeletionProtection=True)
    assert world.refusal("DeleteInstance", InstanceId=id, Force=True).code == "InvalidOperation.DeletionProtection"
    assert world.instance(id).power is Power.RUNNING
    world.call("ModifyInstanceAttribute", InstanceId=id, DeletionProtection=False)
    world.call("DeleteInstance", InstanceId=id, Force=True)


def test_a_deletion_that_runs_again_after_a_crash_is_done(world: World) -> None:
    id = world.run()
    world.home(id).stop(id, StopMethod.POWER_OFF)
    world.break_next("remove_instance", FaultKind.CRASH)
    with pytest.raises(BaseException, match="died"):
        world.call("DeleteInstance", token="t", InstanceId=id)
    world.call("DeleteInstance", token="t", InstanceId=id)
    assert world.refusal("DeleteInstance", token="u", InstanceId=id).code == "InvalidInstanceId.NotFound"


def _fault(target: str) -> Fault:
    return Fault("addresses", FaultKind.FAIL_BEFORE, target=target)

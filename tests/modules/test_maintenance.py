"""Events announced for instances, what is wanted when hosts come back, and what there is to be had."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import oos_instance
import oos_maintenance
from oos.values.time import format_instant
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_maintenance.MODULE))


def announce(world: World, *ids: str, type: str = "SystemMaintenance.Reboot", hours: int = 1) -> list[str]:
    """Announce an event; its ids."""
    at = format_instant(world.clock.now() + timedelta(hours=hours))
    made = world.call("CreateSimulatedSystemEvents", InstanceId=list(ids), EventType=type, NotBefore=at)
    found: list[str] = made["EventIdSet"]["EventId"]
    return found


def full_status(world: World, **conditions: Any) -> dict[str, dict[str, Any]]:
    listed = world.call("DescribeInstancesFullStatus", **conditions)["InstanceFullStatusSet"]["InstanceFullStatusType"]
    return {each["InstanceId"]: each for each in listed}


def cycle(world: World, event_id: str) -> str:
    """How far an event has come."""
    listed = world.call("DescribeInstanceHistoryEvents", EventId=[event_id])
    (event,) = listed["InstanceSystemEventSet"]["InstanceSystemEventType"]
    return str(event["EventCycleStatus"]["Name"])


def test_an_event_is_announced_shown_and_over(world: World) -> None:
    first, second = world.run(), world.run()
    (event,) = announce(world, first)
    seen = full_status(world)
    (scheduled,) = seen[first]["ScheduledSystemEventSet"]["ScheduledSystemEventType"]
    assert (scheduled["EventId"], scheduled["EventType"]["Name"]) == (event, "SystemMaintenance.Reboot")
    assert scheduled["EventCycleStatus"]["Name"] == "Scheduled"
    assert seen[second]["ScheduledSystemEventSet"]["ScheduledSystemEventType"] == []
    assert list(full_status(world, EventType="SystemMaintenance.Reboot")) == [first]
    assert list(full_status(world, EventType="SystemFailure.Stop")) == []
    world.clock.sleep(3600)
    assert full_status(world)[first]["ScheduledSystemEventSet"]["ScheduledSystemEventType"] == []
    assert cycle(world, event) == "Executed"


def test_announcing_twice_with_one_token_announces_once(world: World) -> None:
    id = world.run()
    request = {"InstanceId": [id], "EventType": "SystemFailure.Stop", "NotBefore": "2030-01-01T00:00:00Z"}
    first = world.call("CreateSimulatedSystemEvents", "token", **request)
    assert world.call("CreateSimulatedSystemEvents", "token", **request) == first
    assert world.call("DescribeInstanceHistoryEvents")["TotalCount"] == 1
    assert full_status(world)[id]["HealthStatus"]["Name"] == "Maintaining"


def test_a_redeployment_waits_for_consent(world: World) -> None:
    (event,) = announce(world, world.run(), type="SystemMaintenance.Redeploy")
    assert cycle(world, event) == "Inquiring"
    world.call("AcceptInquiredSystemEvent", "yes", EventId=event)
    world.call("AcceptInquiredSystemEvent", "yes", EventId=event)
    assert cycle(world, event) == "Scheduled"


def test_an_event_is_taken_back_unless_it_is_over(world: World) -> None:
    first, second = announce(world, world.run(), world.run())
    world.call("CancelSimulatedSystemEvents", EventId=[first])
    assert cycle(world, first) == "Canceled"
    world.clock.sleep(3600)
    assert world.refusal("CancelSimulatedSystemEvents", EventId=[second]).code == "InvalidEventStatus"
    assert world.refusal("AcceptInquiredSystemEvent", EventId=second).code == "InvalidEventStatus"
    assert world.refusal("AcceptInquiredSystemEvent", EventId="e-none").code == "InvalidEventId.NotFound"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"EventType": "SystemMaintenance.Dance"}, "InvalidParameter.EventType"),
        ({"NotBefore": "tomorrow"}, "InvalidParameter.NotBefore"),
        ({"InstanceId": ["i-none"]}, "InvalidInstanceId.NotFound"),
        ({"TriggerRealOps": True}, "OperationDenied.NotSupported"),
    ],
)
def test_what_cannot_be_announced_is_refused(world: World, change: dict[str, Any], code: str) -> None:
    request = {"InstanceId": [world.run()], "EventType": "SystemFailure.Stop", "NotBefore": "2030-01-01T00:00:00Z"}
    assert world.refusal("CreateSimulatedSystemEvents", **{**request, **change}).code == code
    assert world.call("DescribeInstanceHistoryEvents")["TotalCount"] == 0


def test_health_is_what_can_be_seen(world: World) -> None:
    ok, mute, off = world.run(), world.run(), world.run()
    world.home(mute).state.without_agent.append(mute)
    world.call("StopInstance", InstanceId=off)
    health = {id: each["HealthStatus"]["Name"] for id, each in full_status(world).items()}
    assert health == {ok: "Ok", mute: "InsufficientData", off: "NotApplicable"}
    assert list(full_status(world, HealthStatus="NotApplicable")) == [off]
    assert list(full_status(world, Status="Stopped")) == [off]


# what is wanted


def test_an_instance_starts_with_its_host_when_that_is_wanted(world: World) -> None:
    id = world.run()
    window = [{"StartTime": "02:00:00", "EndTime": "04:00:00"}]
    world.call(
        "ModifyInstanceMaintenanceAttributes",
        InstanceId=[id],
        ActionOnMaintenance="AutoRecover",
        MaintenanceWindow=window,
        NotifyOnMaintenance=True,
    )
    assert world.home(id).autostarted() == {id}
    (shown,) = world.call("DescribeInstanceMaintenanceAttributes")["MaintenanceAttributes"]["MaintenanceAttribute"]
    assert shown["ActionOnMaintenance"]["Value"] == "AutoRecover"
    assert shown["MaintenanceWindows"]["MaintenanceWindow"] == window
    assert shown["NotifyOnMaintenance"] is True
    world.call("ModifyInstanceMaintenanceAttributes", InstanceId=[id], ActionOnMaintenance="Stop")
    (shown,) = world.call("DescribeInstanceMaintenanceAttributes")["MaintenanceAttributes"]["MaintenanceAttribute"]
    assert (shown["ActionOnMaintenance"]["Value"], shown["NotifyOnMaintenance"]) == ("Stop", True)


@pytest.mark.parametrize(
    "change",
    [
        {"ActionOnMaintenance": "AutoRedeploy"},
        {"MaintenanceWindow": [{"StartTime": "02:30:00", "EndTime": "04:00:00"}]},
        {"MaintenanceWindow": [{"StartTime": "02:00:00", "EndTime": "02:00:00"}]},
        {"InstanceId": ["i-none"]},
    ],
)
def test_what_cannot_be_wanted_is_refused(world: World, change: dict[str, Any]) -> None:
    id = world.run()
    request = {"InstanceId": [id], "ActionOnMaintenance": "AutoRecover", **change}
    world.refusal("ModifyInstanceMaintenanceAttributes", **request)
    assert world.home(id).autostarted() == frozenset()


# what there is to be had


def test_types_are_to_be_had_in_every_zone_with_a_host(world: World) -> None:
    zones = world.call("DescribeAvailableResource", DestinationResource="InstanceType", Cores=4)
    found = {
        zone["ZoneId"]: [
            each["Value"]
            for resource in zone["AvailableResources"]["AvailableResource"]
            for each in resource["SupportedResources"]["SupportedResource"]
        ]
        for zone in zones["AvailableZones"]["AvailableZone"]
    }
    assert found == {"lab-a": ["ecs.g1.xlarge"], "lab-b": ["ecs.g1.xlarge"]}
    one = world.call("DescribeAvailableResource", DestinationResource="Zone", ZoneId="lab-a")
    assert [(each["ZoneId"], each["Status"]) for each in one["AvailableZones"]["AvailableZone"]] == [
        ("lab-a", "Available")
    ]
    disks = world.call("DescribeAvailableResource", DestinationResource="SystemDisk", InstanceType="ecs.t1.tiny")
    (first, _) = disks["AvailableZones"]["AvailableZone"]
    (resource,) = first["AvailableResources"]["AvailableResource"]
    assert resource["SupportedResources"]["SupportedResource"][0]["Value"] == "cloud"


def test_what_is_paid_in_advance_is_not_to_be_had(world: World) -> None:
    wanted = {"DestinationResource": "InstanceType", "InstanceChargeType": "PrePaid"}
    for zone in world.call("DescribeAvailableResource", **wanted)["AvailableZones"]["AvailableZone"]:
        assert zone["AvailableResources"]["AvailableResource"] == []
    refusal = world.refusal("DescribeAvailableResource", DestinationResource="Zone", ZoneId="nowhere")
    assert refusal.code == "InvalidZoneId.NotFound"


def test_the_account_tells_what_it_uses(world: World) -> None:
    world.run()
    world.run(InstanceType="ecs.g1.xlarge")
    items = world.call("DescribeAccountAttributes")["AccountAttributeItems"]["AccountAttributeItem"]
    values = {each["AttributeName"]: [v["Value"] for v in each["AttributeValues"]["ValueItem"]] for each in items}
    assert values["used-postpaid-instance-vcpu-count"] == ["5"]
    assert "ecs.t1.tiny" in values["supported-postpaid-instance-types"]
    asked = world.call("DescribeAccountAttributes", AttributeName=["max-security-groups"])
    (item,) = asked["AccountAttributeItems"]["AccountAttributeItem"]
    assert item["AttributeValues"]["ValueItem"] == []


def test_no_instance_has_a_role_and_none_gets_one(world: World) -> None:
    id = world.run()
    refusal = world.refusal("AttachInstanceRamRole", InstanceIds=[id], RamRoleName="ops")
    assert refusal.code == "OperationDenied.NotSupported"
    (role,) = world.call("DescribeInstanceRamRole", InstanceIds=[id])["InstanceRamRoleSets"]["InstanceRamRoleSet"]
    assert role == {"InstanceId": id, "RamRoleName": ""}
    assert world.call("DescribeInstanceRamRole", RamRoleName="ops")["TotalCount"] == 0
    detached = world.call("DetachInstanceRamRole", InstanceIds=[id], RamRoleName="ops")
    assert detached["FailCount"] == 1

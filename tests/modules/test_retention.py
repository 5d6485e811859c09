"""The operations on retention: what a policy would keep, what it will have kept, and what has no snapshot."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

import oos_disk
import oos_instance
import oos_snapshot
import oos_tag
from oos.adapters.memory.faults import FaultKind
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_disk.MODULE, oos_snapshot.MODULE, oos_tag.MODULE))


def rotated(world: World, disk: str, days: int, rotation: str = "daily") -> list[str]:
    """Snapshots of a rotation, one a day, the oldest first."""
    made = []
    for _ in range(days):
        world.clock.sleep(timedelta(days=1).total_seconds())
        tag = [{"Key": "oos:rotation", "Value": rotation}]
        made.append(str(world.call("CreateSnapshot", DiskId=disk, Tag=tag)["SnapshotId"]))
    return made


def plan(world: World, **parameters: Any) -> dict[str, Any]:
    return world.call("OOS.DescribeSnapshotRetention", **parameters)


def test_a_plan_tells_what_goes_and_why_and_deletes_nothing(world: World) -> None:
    disk = world.instance(world.run()).disk_ids[0]
    first, second, third = rotated(world, disk, 3)
    by_hand = world.call("CreateSnapshot", DiskId=disk)["SnapshotId"]
    for policy in (2, {"keep": {"last": 2}}, json.dumps({"keep": 2})):
        found = plan(world, Policy=policy)
        assert (found["Kept"], found["Deleted"]) == ([third, second], [first])
    (gone,) = (each for each in found["Verdicts"] if each["SnapshotId"] == first)
    assert gone["Verdict"] == "Delete"
    assert gone["Reasons"] == [{"Code": "last", "Text": "it is not among the newest 2"}]
    assert by_hand not in [each["SnapshotId"] for each in found["Verdicts"]]
    assert len(plan(world, Policy=2, Everything=True)["Verdicts"]) == 4
    assert len(world.call("DescribeSnapshots")["Snapshots"]["Snapshot"]) == 4


def test_rotations_beside_each_other_and_disks_are_judged_by_themselves(world: World) -> None:
    one, two = (world.instance(world.run()).disk_ids[0] for _ in range(2))
    daily, weekly, other = rotated(world, one, 2), rotated(world, one, 2, "weekly"), rotated(world, two, 2)
    assert set(plan(world, Policy=1)["Deleted"]) == {daily[0], weekly[0], other[0]}
    assert plan(world, Policy=1, Rotation="weekly")["Deleted"] == [weekly[0]]
    assert plan(world, Policy=1, DiskIds=[two])["Deleted"] == [other[0]]


def test_policies_for_tags_of_instances_and_pins_by_tag(world: World) -> None:
    db = world.instance(world.run(Tag=[{"Key": "role", "Value": "db"}]))
    made = rotated(world, db.disk_ids[0], 3)
    policy = {"keep": 1, "byTag": [{"tags": {"role": "db"}, "keep": 2}]}
    assert plan(world, Policy=policy)["Deleted"] == [made[0]]
    world.call(
        "TagResources", ResourceType="snapshot", ResourceId=[made[0]], Tag=[{"Key": "oos:pin", "Value": "audit"}]
    )
    assert plan(world, Policy=policy)["Deleted"] == []


def test_a_floor_looks_at_the_room_of_each_host(world: World) -> None:
    instance = world.instance(world.run())
    made = rotated(world, instance.disk_ids[0], 4)
    home = world.home(instance.id)
    policy = {"keep": 9, "minimumFree": "1MiB"}
    assert plan(world, Policy=policy)["Deleted"] == []
    home.state.full = True
    found = plan(world, Policy=policy)
    assert set(found["Deleted"]) == set(made[:-1])
    assert {each["HostName"]: each["FreeBytes"] for each in found["Rooms"]}[instance.host] == 0
    assert plan(world, Policy=policy, ConsiderSpace=False)["Deleted"] == []


@pytest.mark.parametrize("policy", ["{", {"keep": "many"}, {"kept": 1}, {"timeZone": "Nowhere"}], ids=str)
def test_a_policy_that_cannot_be_read_is_refused(world: World, policy: Any) -> None:
    assert world.refusal("OOS.DescribeSnapshotRetention", Policy=policy).code == "InvalidParameter.Policy"


def test_a_forecast_tells_how_many_there_will_be_and_when_each_goes(world: World) -> None:
    disk = world.instance(world.run()).disk_ids[0]
    made = rotated(world, disk, 4)
    (found,) = world.call("OOS.DescribeRetentionForecast", Policy={"keep": {"daily": 3}}, Days=30)["Forecasts"]
    assert (found["EverySeconds"], found["MostSnapshots"], len(found["Days"])) == (86400, 3, 30)
    assert [each["SnapshotId"] for each in found["Ends"]] == made
    assert [each["DeletionTime"][:10] for each in found["Ends"]] == ["2026-01-06"] * 2 + ["2026-01-07", "2026-01-08"]
    assert world.refusal("OOS.DescribeRetentionForecast", Policy=3, Every="0s").code == "InvalidParameter.Every"


def test_disks_without_a_recent_verified_snapshot_are_missed(world: World) -> None:
    id = world.run(InstanceName="web-1", DataDisk=[{"Size": 3}])
    system, data = world.instance(id).disk_ids
    check = "OOS.DescribeSnapshotCoverage"
    assert world.call(check)["MissingCount"] == 2
    rotated(world, system, 1)
    found = world.call(check)
    assert [each["Covered"] for each in found["Disks"]] == [True, False]
    assert found["Missing"][0]["DiskId"] == data
    assert found["Missing"][0]["Faults"] == ["it has no usable snapshot"]
    world.clock.sleep(27 * 3600)
    (old, _) = world.call(check)["Missing"]
    assert old["Faults"] == ["its newest usable snapshot is 27 h old, more than 26 h"]
    assert world.call(check, MostAge="2d", DiskType="system")["MissingCount"] == 0
    assert world.call(check, MostAge="2d", DiskType="system", Rotation="weekly")["MissingCount"] == 1


def test_snapshots_that_fail_are_missed_though_they_were_tried(world: World) -> None:
    disk = world.instance(world.run()).disk_ids[0]
    rotated(world, disk, 1)
    world.break_next("create_snapshot", FaultKind.DISK_FULL)
    world.clock.sleep(3600)
    world.refusal("CreateSnapshot", DiskId=disk)
    (found,) = world.call("OOS.DescribeSnapshotCoverage")["Missing"]
    assert found["Faults"] == ["the last one failed"]

"""Snapshot groups: all disks of an instance at one moment."""

from __future__ import annotations

from typing import Any

import pytest

import oos_disk
import oos_image
import oos_instance
import oos_snapshot
from oos.adapters.memory.faults import FaultKind
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_disk.MODULE, oos_snapshot.MODULE, oos_image.MODULE))


@pytest.fixture
def instance(world: World) -> str:
    return world.run(DataDisk=[{"Size": 1}, {"Size": 1}])


def groups(world: World, **conditions: Any) -> list[dict[str, Any]]:
    found = world.call("DescribeSnapshotGroups", **conditions)
    shapes: list[dict[str, Any]] = found["SnapshotGroups"]["SnapshotGroup"]
    return shapes


def members(group: dict[str, Any]) -> list[str]:
    return [each["SourceDiskId"] for each in group["Snapshots"]["Snapshot"]]


def test_all_disks_of_an_instance_are_taken_at_once(world: World, instance: str) -> None:
    given = {"InstanceId": instance, "Name": "nightly", "Description": "d", "Tag": [{"Key": "a", "Value": "b"}]}
    (id,) = {world.call("CreateSnapshotGroup", token="t", **given)["SnapshotGroupId"] for _ in range(2)}
    (found,) = groups(world)
    told = {"SnapshotGroupId": id, "InstanceId": instance, "Name": "nightly", "Status": "accomplished"}
    assert {name: found[name] for name in told} == told
    assert members(found)[0] == world.instance(instance).disk_ids[0]
    assert sorted(members(found)) == sorted(world.instance(instance).disk_ids)
    assert all(each["Available"] and each["Progress"] == "100%" for each in found["Snapshots"]["Snapshot"])
    assert {"Key": "a", "Value": "b"} in found["Tags"]["Tag"]
    assert sum(world.home(instance).effects.values()) >= 3
    for conditions, count in (
        ({"SnapshotGroupId": [id]}, 1),
        ({"SnapshotGroupId": ["ssg-x"]}, 0),
        ({"InstanceId": "i-x"}, 0),
        ({"Name": "night*"}, 1),
        ({"Status": ["failed"]}, 0),
        ({"Tag": [{"Key": "a"}]}, 1),
        ({"Tag": [{"Key": "z"}]}, 0),
    ):
        assert len(groups(world, **conditions)) == count, conditions


def test_some_disks_are_taken_or_left_out(world: World, instance: str) -> None:
    system, first, second = world.instance(instance).disk_ids
    world.call("CreateSnapshotGroup", InstanceId=instance, Name="a", DiskId=[second, system])
    world.call("CreateSnapshotGroup", InstanceId=instance, Name="b", ExcludeDiskId=[system])
    assert members(*groups(world, Name="a")) == [system, second]
    assert sorted(members(*groups(world, Name="b"))) == sorted([first, second])
    refused = world.refusal("CreateSnapshotGroup", InstanceId=instance, DiskId=["d-x"])
    assert refused.code == "InvalidDiskId.NotFound"
    both = world.refusal("CreateSnapshotGroup", InstanceId=instance, DiskId=[first], ExcludeDiskId=[second])
    assert both.code == "InvalidParameter.ExcludeDiskId"


def test_without_room_there_is_no_half_of_a_group(world: World, instance: str) -> None:
    world.break_next("create_snapshots", FaultKind.DISK_FULL)
    refused = world.refusal("CreateSnapshotGroup", token="t", InstanceId=instance)
    assert refused.code == "OperationDenied.NoStock"
    assert [each["Status"] for each in groups(world)] == ["failed"]
    world.call("CreateSnapshotGroup", token="t", InstanceId=instance)
    assert [each["Status"] for each in groups(world)] == ["accomplished"]


def test_a_deleted_group_takes_its_snapshots_along(world: World, instance: str) -> None:
    id = world.call("CreateSnapshotGroup", InstanceId=instance)["SnapshotGroupId"]
    for _ in range(2):
        world.call("DeleteSnapshotGroup", token="d", SnapshotGroupId=id)
    assert groups(world) == []
    assert world.call("DescribeSnapshots")["Snapshots"]["Snapshot"] == []
    assert world.refusal("DeleteSnapshotGroup", SnapshotGroupId=id).code == "InvalidSnapshotGroupId.NotFound"

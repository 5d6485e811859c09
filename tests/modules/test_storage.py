"""The operations on disks, snapshots and images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import oos_disk
import oos_image
import oos_instance
import oos_snapshot
import oos_tag
from oos.adapters.memory.faults import FaultKind
from oos.fleet.storage import SnapshotStatus, Verification
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_disk.MODULE, oos_snapshot.MODULE, oos_image.MODULE, oos_tag.MODULE))


def disk_of(world: World, instance_id: str, number: int = 0) -> str:
    return world.instance(instance_id).disk_ids[number]


def snapshot_of(world: World, disk_id: str, **parameters: Any) -> str:
    return str(world.call("CreateSnapshot", DiskId=disk_id, **parameters)["SnapshotId"])


def listed(world: World, operation: str, outer: str, inner: str, id: str, **conditions: Any) -> list[str]:
    return [each[id] for each in world.call(operation, **conditions)[outer][inner]]


# disks


def test_a_disk_is_described_as_it_is(world: World) -> None:
    id = world.run(DataDisk=[{"Size": 3, "DiskName": "data"}])
    system, data = (disk_of(world, id, number) for number in (0, 1))
    world.call("TagResources", ResourceType="disk", ResourceId=[data], Tag=[{"Key": "role", "Value": "db"}])
    (found,) = world.call("DescribeDisks", DiskIds=[data])["Disks"]["Disk"]
    wanted = {
        "DiskId": data,
        "DiskName": "data",
        "Size": 3,
        "Type": "data",
        "Status": "In_use",
        "InstanceId": id,
        "Device": "/dev/vdb",
        "ZoneId": "lab-a",
        "CreationTime": "2026-01-01T00:00:00Z",
        "Tags": {"Tag": [{"TagKey": "role", "TagValue": "db"}]},
    }
    assert {key: found[key] for key in wanted} == wanted
    for conditions, ids in (
        ({}, {system, data}),
        ({"InstanceId": id}, {system, data}),
        ({"InstanceId": "i-x"}, set()),
        ({"DiskType": "system"}, {system}),
        ({"DiskType": "all"}, {system, data}),
        ({"DiskName": "da*"}, {data}),
        ({"Status": "In_use"}, {system, data}),
        ({"Status": "Available"}, set()),
        ({"Status": "All"}, {system, data}),
        ({"Portable": "true"}, {data}),
        ({"Encrypted": True}, set()),
        ({"Category": "cloud"}, {system, data}),
        ({"Category": "cloud_essd"}, set()),
        ({"ZoneId": "lab-b"}, set()),
        ({"SnapshotId": "s-1"}, set()),
        ({"Tag": [{"Key": "role"}]}, {data}),
        ({"DiskIds": "[]"}, set()),
        ({"Filter.1.Key": "CreationEndTime", "Filter.1.Value": "2025-01-01"}, set()),
    ):
        assert set(listed(world, "DescribeDisks", "Disks", "Disk", "DiskId", **conditions)) == ids, conditions


def test_a_deleted_disk_takes_its_tags_along(world: World) -> None:
    id = world.run()
    disk = disk_of(world, id)
    world.call("TagResources", ResourceType="disk", ResourceId=[disk], Tag=[{"Key": "a", "Value": "b"}])
    world.call("DeleteInstance", InstanceId=id, Force=True)
    assert list(world.registry.items("tag")) == []


def test_a_reset_disk_has_its_old_content(world: World) -> None:
    id = world.run()
    disk, home = disk_of(world, id), world.home(id)
    home.guest_write(id, "/file", b"old")
    snapshot = snapshot_of(world, disk)
    home.guest_write(id, "/file", b"new")
    assert world.refusal("ResetDisk", DiskId=disk, SnapshotId=snapshot).code == "IncorrectInstanceStatus"
    world.call("StopInstance", InstanceId=id)
    for _ in range(2):
        world.call("ResetDisk", token="t", DiskId=disk, SnapshotId=snapshot)
    assert home.effects["restore_disk t"] == 1
    assert listed(world, "DescribeDisks", "Disks", "Disk", "DiskId", SnapshotId=snapshot) == [disk]
    world.call("StartInstance", InstanceId=id)
    assert home.guest_read(id, "/file") == b"old"


def test_a_reset_that_crashed_ends_when_it_runs_again(world: World) -> None:
    id = world.run()
    disk = disk_of(world, id)
    snapshot = snapshot_of(world, disk)
    world.call("StopInstance", InstanceId=id)
    world.break_next("restore_disk", FaultKind.CRASH)
    with pytest.raises(BaseException, match="died"):
        world.call("ResetDisk", token="t", DiskId=disk, SnapshotId=snapshot)
    world.call("ResetDisk", token="t", DiskId=disk, SnapshotId=snapshot)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": SnapshotStatus.PROGRESSING}, "InvalidSnapshotId.NotReady"),
        ({"status": SnapshotStatus.FAILED}, "InvalidSnapshotId.NotReady"),
        ({"verification": Verification.NONE}, "InvalidSnapshotId.NotReady"),
        ({"disk_id": "d-other"}, "InvalidSnapshotId.DiskMismatch"),
    ],
)
def test_a_disk_is_reset_only_to_a_sound_snapshot_of_its_own(world: World, change: dict[str, Any], code: str) -> None:
    id = world.run()
    snapshot = snapshot_of(world, disk_of(world, id))
    world.call("StopInstance", InstanceId=id)
    state = world.home(id).state
    state.snapshots[snapshot] = replace(state.snapshots[snapshot], **change)
    refusal = world.refusal("ResetDisk", DiskId=disk_of(world, id), SnapshotId=snapshot)
    assert refusal.code == code
    assert snapshot in refusal.message


def test_what_is_not_there_is_named(world: World) -> None:
    disk = disk_of(world, world.run())
    assert world.refusal("ResetDisk", DiskId="d-none", SnapshotId="s-none").code == "InvalidDiskId.NotFound"
    assert world.refusal("ResetDisk", DiskId=disk, SnapshotId="s-none").code == "InvalidSnapshotId.NotFound"
    assert world.refusal("CreateSnapshot", DiskId="d-none").code == "InvalidDiskId.NotFound"
    assert set(world.call("DeleteSnapshot", SnapshotId="s-none")) == {"RequestId"}


# snapshots


def test_a_snapshot_is_described_as_it_is(world: World) -> None:
    id = world.run()
    disk = disk_of(world, id)
    snapshot = snapshot_of(
        world, disk, SnapshotName="daily", Description="d", RetentionDays="7", Tags=[{"Key": "k", "Value": "v"}]
    )
    (found,) = world.call("DescribeSnapshots", SnapshotIds=[snapshot])["Snapshots"]["Snapshot"]
    wanted = {
        "SnapshotId": snapshot,
        "SnapshotName": "daily",
        "Description": "d",
        "SourceDiskId": disk,
        "SourceDiskType": "system",
        "Status": "accomplished",
        "Progress": "100%",
        "Available": True,
        "RetentionDays": 7,
        "CreationTime": "2026-01-01T00:00:00Z",
    }
    assert {key: found[key] for key in wanted} == wanted
    tags = {each["TagKey"]: each["TagValue"] for each in found["Tags"]["Tag"]}
    assert tags == {"k": "v", "acs:oos:consistency": "frozen", "acs:oos:verification": "checked"}
    world.clock.sleep(60)
    later = snapshot_of(world, disk)
    for conditions, ids in (
        ({}, [later, snapshot]),
        ({"DiskId": disk}, [later, snapshot]),
        ({"DiskId": "d-x"}, []),
        ({"InstanceId": id, "SnapshotName": "dai*"}, [snapshot]),
        ({"Status": "accomplished"}, [later, snapshot]),
        ({"Status": "all"}, [later, snapshot]),
        ({"Status": "failed"}, []),
        ({"SnapshotType": "auto"}, []),
        ({"SourceDiskType": "System"}, [later, snapshot]),
        ({"SourceDiskType": "Data"}, []),
        ({"Usage": "image"}, []),
        ({"Tag": [{"Key": "k", "Value": "v"}]}, [snapshot]),
        ({"Tag": [{"Key": "acs:oos:parent", "Value": snapshot}]}, [later]),
        ({"Tag": [{"Key": "acs:oos:consistency", "Value": "crash"}]}, []),
        ({"Encrypted": True}, []),
        ({"SnapshotIds": []}, []),
        ({"Filter": [{"Key": "CreationStartTime", "Value": "2026-01-01T00:00:30Z"}]}, [later]),
        ({"MaxResults": 1}, [later]),
    ):
        found_ids = listed(world, "DescribeSnapshots", "Snapshots", "Snapshot", "SnapshotId", **conditions)
        assert found_ids == ids, conditions
    assert any("100%" in line for line in world.told)


def test_the_same_request_makes_one_snapshot(world: World) -> None:
    id = world.run()
    disk = disk_of(world, id)
    world.break_next("create_snapshot", FaultKind.CRASH)
    with pytest.raises(BaseException, match="died"):
        world.call("CreateSnapshot", token="t", DiskId=disk)
    (begun,) = world.call("DescribeSnapshots")["Snapshots"]["Snapshot"]
    assert (begun["Status"], begun["Available"]) == ("progressing", False)
    made = {world.call("CreateSnapshot", token="t", DiskId=disk)["SnapshotId"] for _ in range(2)}
    assert made == {begun["SnapshotId"]}
    assert world.home(id).effects["create_snapshot t"] == 1


def test_a_full_pool_is_named_and_nothing_is_claimed(world: World) -> None:
    id = world.run()
    world.home(id).state.full = True
    refusal = world.refusal("CreateSnapshot", DiskId=disk_of(world, id))
    assert refusal.code == "OperationDenied.NoStock"
    assert "snapshots" in refusal.message
    assert all(not each["Available"] for each in world.call("DescribeSnapshots")["Snapshots"]["Snapshot"])


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"SnapshotName": "http://x"}, "InvalidParameter.SnapshotName"),
        ({"RetentionDays": 0}, "InvalidParameter.RetentionDays"),
        ({"Tags": [{"Key": "acs:x", "Value": ""}]}, "InvalidTagKey.Malformed"),
    ],
)
def test_a_snapshot_that_may_not_be_is_refused(world: World, parameters: dict[str, Any], code: str) -> None:
    assert world.refusal("CreateSnapshot", DiskId=disk_of(world, world.run()), **parameters).code == code


def test_an_empty_retention_is_none(world: World) -> None:
    snapshot = snapshot_of(world, disk_of(world, world.run()), RetentionDays="", SnapshotName="")
    (found,) = world.call("DescribeSnapshots", SnapshotIds=[snapshot])["Snapshots"]["Snapshot"]
    assert "RetentionDays" not in found


def test_deleting_a_snapshot_harms_no_other(world: World) -> None:
    id = world.run()
    disk, home = disk_of(world, id), world.home(id)
    home.guest_write(id, "/file", b"1")
    first = snapshot_of(world, disk)
    home.guest_write(id, "/file", b"2")
    second = snapshot_of(world, disk)
    world.call("TagResources", ResourceType="snapshot", ResourceId=[first], Tag=[{"Key": "a", "Value": "b"}])
    world.call("DeleteSnapshot", SnapshotId=first)
    assert listed(world, "DescribeSnapshots", "Snapshots", "Snapshot", "SnapshotId") == [second]
    assert list(world.registry.items("tag")) == []
    world.call("StopInstance", InstanceId=id)
    world.call("ResetDisk", DiskId=disk, SnapshotId=second)
    world.call("StartInstance", InstanceId=id)
    assert home.guest_read(id, "/file") == b"2"


def test_a_snapshot_deletion_that_runs_again_is_done(world: World) -> None:
    snapshot = snapshot_of(world, disk_of(world, world.run()))
    world.break_next("delete_snapshot", FaultKind.CRASH)
    with pytest.raises(BaseException, match="died"):
        world.call("DeleteSnapshot", token="t", SnapshotId=snapshot)
    world.call("DeleteSnapshot", token="t", SnapshotId=snapshot)
    world.call("DeleteSnapshot", token="u", SnapshotId=snapshot)


def test_a_snapshot_in_the_making_is_deleted_only_by_force(world: World) -> None:
    disk = disk_of(world, world.run())
    world.break_next("create_snapshot", FaultKind.CRASH)
    with pytest.raises(BaseException, match="died"):
        world.call("CreateSnapshot", token="t", DiskId=disk)
    (begun,) = listed(world, "DescribeSnapshots", "Snapshots", "Snapshot", "SnapshotId")
    assert world.refusal("DeleteSnapshot", SnapshotId=begun).code == "IncorrectSnapshotStatus"
    world.call("DeleteSnapshot", SnapshotId=begun, Force=True)
    assert world.call("DescribeSnapshots")["TotalCount"] == 0


# images


def test_an_image_on_many_hosts_is_listed_once(world: World) -> None:
    world.run()
    (found,) = world.call("DescribeImages")["Images"]["Image"]
    wanted = {
        "ImageId": world.image_id,
        "ImageName": "tiny",
        "ImageOwnerAlias": "self",
        "OSName": "Tiny Linux",
        "OSType": "linux",
        "Status": "Available",
        "Usage": "instance",
        "Size": 1,
    }
    assert {key: found[key] for key in wanted} == wanted
    world.call("TagResources", ResourceType="image", ResourceId=world.image_id, Tag=[{"Key": "k", "Value": "v"}])
    for conditions, count in (
        ({"ImageId": f"m-none,{world.image_id}"}, 1),
        ({"ImageId": "m-none"}, 0),
        ({"ImageName": "ti*"}, 1),
        ({"ImageFamily": "x"}, 0),
        ({"ImageOwnerAlias": "self"}, 1),
        ({"ImageOwnerAlias": "system"}, 0),
        ({"Status": "Creating,Available"}, 1),
        ({"Status": "Deprecated"}, 0),
        ({"OSType": "windows"}, 0),
        ({"Architecture": "x86_64"}, 1),
        ({"Usage": "none"}, 0),
        ({"IsPublic": False}, 1),
        ({"IsPublic": True}, 0),
        ({"Tag.1.Key": "k"}, 1),
        ({"Tag.1.Key": "z"}, 0),
        ({"RegionId": "empty"}, 0),
    ):
        assert world.call("DescribeImages", **conditions)["TotalCount"] == count, conditions

"""The operations that make disks, change what they are, and give them other content."""

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
from oos.fleet.image import ImageStatus
from oos.fleet.instance import Power
from tests.modules.world import World

GIB = 1 << 30


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_disk.MODULE, oos_snapshot.MODULE, oos_image.MODULE, oos_tag.MODULE))


def described(world: World, **conditions: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.call("DescribeDisks", **conditions)["Disks"]["Disk"]
    return found


def seen(world: World, disk_id: str) -> dict[str, Any]:
    (found,) = described(world, DiskIds=[disk_id])
    return found


def made(world: World, **parameters: Any) -> str:
    return str(world.call("CreateDisk", **{"ZoneId": "lab-a", "Size": 2, **parameters})["DiskId"])


def code(world: World, operation: str, **parameters: Any) -> str:
    return world.refusal(operation, **parameters).code


# making


def test_a_disk_is_made_once_and_described(world: World) -> None:
    wanted = {"DiskName": "logs", "Description": "of the shop", "DiskCategory": "cloud_essd", "PerformanceLevel": "PL1"}
    ids = {made(world, token="t", Tag=[{"Key": "role", "Value": "db"}], **wanted) for _ in range(2)}
    (id,) = ids
    found = seen(world, id)
    told = {
        "DiskName": "logs",
        "Description": "of the shop",
        "Size": 2,
        "Status": "Available",
        "Type": "data",
        "Category": "cloud",
        "InstanceId": "",
        "Portable": True,
        "DeleteWithInstance": False,
        "EnableAutoSnapshot": True,
        "EnableAutomatedSnapshotPolicy": False,
        "SerialNumber": id[2:],
        "CreationTime": "2026-01-01T00:00:00Z",
        "Tags": {"Tag": [{"TagKey": "role", "TagValue": "db"}]},
    }
    assert {key: found[key] for key in told} == told
    assert described(world, Status="Available", DiskName="lo*", Tag=[{"Key": "role"}]) == [found]


def test_a_disk_is_as_large_as_its_snapshot_or_larger(world: World) -> None:
    instance = world.run(DataDisk=[{"Size": 3}])
    data = world.instance(instance).disk_ids[1]
    snapshot = world.call("CreateSnapshot", DiskId=data)["SnapshotId"]
    assert seen(world, made(world, Size=None, ZoneId=None, SnapshotId=snapshot))["Size"] == 3
    larger = seen(world, made(world, Size=5, SnapshotId=snapshot))
    assert (larger["Size"], larger["SourceSnapshotId"]) == (5, snapshot)
    assert code(world, "CreateDisk", Size=2, SnapshotId=snapshot) == "InvalidDiskSize.TooSmall"
    assert code(world, "CreateDisk", SnapshotId=snapshot, ZoneId="lab-b") == "ResourcesNotInSameZone"
    assert code(world, "CreateDisk", SnapshotId="s-none") == "InvalidSnapshotId.NotFound"


def test_what_a_disk_needs_is_asked_for(world: World) -> None:
    assert code(world, "CreateDisk", ZoneId="lab-a") == "MissingParameter"
    assert code(world, "CreateDisk", Size=1) == "MissingParameter"
    assert code(world, "CreateDisk", Size=1, ZoneId="lab-x") == "InvalidZoneId.NotFound"
    assert code(world, "CreateDisk", Size=1, InstanceId="i-x") == "InvalidInstanceId.NotFound"
    assert code(world, "CreateDisk", Size=1, ZoneId="lab-a", Encrypted=True) == "OperationDenied.NotSupported"
    assert described(world) == []


def test_a_disk_for_an_instance_is_attached_to_it(world: World) -> None:
    instance = world.run()
    found = seen(world, made(world, InstanceId=instance, ZoneId=None))
    assert (found["InstanceId"], found["Device"], found["Status"]) == (instance, "/dev/vdb", "In_use")
    assert found["Attachments"] == {"Attachment": [{"InstanceId": instance, "Device": "/dev/vdb"}]}


# attaching


@pytest.mark.parametrize("running", [True, False])
def test_a_disk_is_attached_and_detached(world: World, running: bool) -> None:
    instance, id = world.run(), made(world)
    if not running:
        world.call("StopInstance", InstanceId=instance)
    for _ in range(2):
        world.call("AttachDisk", token="a", InstanceId=instance, DiskId=id, DeleteWithInstance=True)
    found = seen(world, id)
    assert (found["Status"], found["InstanceId"], found["DeleteWithInstance"]) == ("In_use", instance, True)
    for _ in range(2):
        world.call("DetachDisk", token="d", InstanceId=instance, DiskId=id)
    assert seen(world, id)["Status"] == "Available"
    assert world.home(instance).effects[f"attach_disk {id}"] == 1
    assert world.home(instance).effects[f"detach_disk {id}"] == 1


def test_an_empty_disk_comes_to_the_host_of_its_first_instance(world: World) -> None:
    first, second = world.run(), world.run()
    assert world.instance(first).host != world.instance(second).host
    id = made(world, DiskName="logs")
    (home,) = (each for each in (first, second) if world.instance(each).host != host_of(world, id))
    for _ in range(2):
        world.call("AttachDisk", token="t", InstanceId=home, DiskId=id)
    assert host_of(world, id) == world.instance(home).host
    assert (seen(world, id)["DiskName"], seen(world, id)["InstanceId"]) == ("logs", home)
    world.call("DetachDisk", InstanceId=home, DiskId=id)
    (other,) = {first, second} - {home}
    assert code(world, "AttachDisk", InstanceId=other, DiskId=id) == "OperationDenied.NotSupported"


def test_a_disk_that_moved_when_the_call_died_is_there_once(world: World) -> None:
    first, second = world.run(), world.run()
    id = made(world)
    (home,) = (each for each in (first, second) if world.instance(each).host != host_of(world, id))
    world.break_next("delete_disk", FaultKind.FAIL_BEFORE)
    assert code(world, "AttachDisk", token="t", InstanceId=home, DiskId=id) == "InternalError"
    world.call("AttachDisk", token="t", InstanceId=home, DiskId=id)
    assert [each["InstanceId"] for each in described(world, DiskIds=[id])] == [home]


def host_of(world: World, disk_id: str) -> str:
    return str(world.fleet.of_disk(disk_id)[1].host)


def test_a_disk_is_attached_only_where_it_can_be(world: World) -> None:
    instance, id = world.run(), made(world, ZoneId="lab-b")
    assert code(world, "AttachDisk", InstanceId=instance, DiskId=id) == "ResourcesNotInSameZone"
    assert code(world, "AttachDisk", InstanceId="i-x", DiskId=id) == "InvalidInstanceId.NotFound"
    assert code(world, "AttachDisk", InstanceId=instance, DiskId="d-x") == "InvalidDiskId.NotFound"
    assert code(world, "AttachDisk", InstanceId=instance, DiskId=id, Bootable=True) == "OperationDenied.NotSupported"
    here = made(world, InstanceId=instance, ZoneId=None)
    other = world.run()
    assert code(world, "AttachDisk", InstanceId=other, DiskId=here) == "IncorrectDiskStatus"
    assert code(world, "DetachDisk", InstanceId=other, DiskId=here) == "IncorrectDiskStatus"
    assert code(world, "DeleteDisk", DiskId=here) == "IncorrectDiskStatus"
    system = world.instance(instance).disk_ids[0]
    assert code(world, "DetachDisk", InstanceId=instance, DiskId=system) == "OperationDenied.NotSupported"


def test_a_guest_that_holds_on_to_its_disk_is_told_of(world: World) -> None:
    instance = world.run()
    id = made(world, InstanceId=instance, ZoneId=None)
    world.home(instance).state.deaf.append(instance)
    assert instance in world.refusal("DetachDisk", InstanceId=instance, DiskId=id).message
    assert seen(world, id)["Status"] == "In_use"


# growing, changing, deleting


@pytest.mark.parametrize("type", ["online", "offline", None])
def test_a_disk_grows(world: World, type: str | None) -> None:
    instance = world.run()
    id = made(world, InstanceId=instance, ZoneId=None)
    for _ in range(2):
        world.call("ResizeDisk", token="t", DiskId=id, NewSize=5, Type=type)
    assert seen(world, id)["Size"] == 5
    assert world.home(instance).effects[f"resize_disk {id}"] == 1
    assert code(world, "ResizeDisk", DiskId=id, NewSize=4) == "InvalidDiskSize.TooSmall"


def test_what_is_written_on_disks_is_changed(world: World) -> None:
    first, second = made(world, DiskName="one"), made(world, DiskName="two")
    world.call("ModifyDiskAttribute", DiskId=first, Description="d", DeleteWithInstance=True, EnableAutoSnapshot=False)
    world.call("ModifyDiskAttribute", DiskIds=[first, second], DeleteAutoSnapshot=True)
    names = ("DiskName", "Description", "DeleteWithInstance", "EnableAutoSnapshot", "DeleteAutoSnapshot")
    assert [seen(world, first)[name] for name in names] == ["one", "d", True, False, True]
    assert [seen(world, second)[name] for name in names] == ["two", "", False, True, True]
    for conditions, ids in (
        ({"DeleteWithInstance": True}, [first]),
        ({"EnableAutoSnapshot": False}, [first]),
        ({"DeleteAutoSnapshot": False}, []),
        ({"EnableAutomatedSnapshotPolicy": True}, []),
        ({"AutoSnapshotPolicyId": "sp-1"}, []),
        ({"MultiAttach": "Enabled"}, []),
        ({"DiskChargeType": "PrePaid"}, []),
        ({"KMSKeyId": "k"}, []),
        ({"LockReason": "security"}, []),
        ({"PerformanceLevel": "PL1"}, []),
        ({"EnableShared": True}, []),
    ):
        assert [each["DiskId"] for each in described(world, **conditions)] == ids, conditions
    assert code(world, "ModifyDiskAttribute", DiskName="x") == "MissingParameter"


def test_a_disk_goes_with_its_instance_only_if_it_is_set_so(world: World) -> None:
    instance = world.run()
    system = world.instance(instance).disk_ids[0]
    goes, stays = (made(world, InstanceId=instance, ZoneId=None) for _ in range(2))
    world.call("ModifyDiskAttribute", DiskId=goes, DeleteWithInstance=True)
    world.call("ModifyDiskAttribute", DiskId=system, DeleteWithInstance=False)
    world.call("DeleteInstance", InstanceId=instance, Force=True)
    assert {each["DiskId"] for each in described(world)} == {stays, system}
    assert seen(world, system)["Type"] == "data"


def test_a_deleted_disk_takes_along_what_was_settled_about_it(world: World) -> None:
    id = made(world, Tag=[{"Key": "a", "Value": "b"}])
    world.call("ModifyDiskAttribute", DiskId=id, EnableAutoSnapshot=False)
    for _ in range(2):
        world.call("DeleteDisk", token="t", DiskId=id)
    assert code(world, "DeleteDisk", DiskId=id) == "InvalidDiskId.NotFound"
    assert [list(world.registry.items(kind)) for kind in ("tag", "disk-settings")] == [[], []]


def test_what_is_bought_elsewhere_is_refused_here(world: World) -> None:
    instance = world.run()
    id = made(world, InstanceId=instance, ZoneId=None)
    world.call("ModifyDiskSpec", DiskId=id, DiskCategory="cloud")
    assert code(world, "ModifyDiskSpec", DiskId=id, DiskCategory="cloud_essd") == "OperationDenied.NotSupported"
    assert code(world, "ModifyDiskSpec", DiskId=id, PerformanceLevel="PL2") == "OperationDenied.NotSupported"
    world.call("ModifyDiskChargeType", InstanceId=instance, DiskIds=[id], DiskChargeType="PostPaid")
    for charge in ("PrePaid", None):
        refused = code(world, "ModifyDiskChargeType", InstanceId=instance, DiskIds=[id], DiskChargeType=charge)
        assert refused == "OperationDenied.NotSupported"
    other = made(world)
    assert code(world, "ModifyDiskChargeType", InstanceId=instance, DiskIds=[other]) == "IncorrectDiskStatus"


# other content


def test_a_disk_is_given_what_it_began_with(world: World) -> None:
    instance = world.run(DataDisk=[{"Size": 1}])
    home = world.home(instance)
    system, data = world.instance(instance).disk_ids
    home.guest_write(instance, "/file", b"written")
    snapshot = world.call("CreateSnapshot", DiskId=system)["SnapshotId"]
    copy = made(world, Size=None, ZoneId=None, SnapshotId=snapshot, InstanceId=instance)
    assert code(world, "ReInitDisk", DiskId=system) == "IncorrectInstanceStatus"
    world.call("StopInstance", InstanceId=instance)
    home.state.files[data] = {"/x": b"y"}
    home.state.files[copy] = {"/file": b"changed"}
    for disk in (system, data, copy):
        world.call("ReInitDisk", DiskId=disk)
    assert [home.state.files[each] for each in (system, data, copy)] == [{}, {}, {"/file": b"written"}]
    world.call("ReInitDisk", DiskId=data, AutoStartInstance=True)
    assert world.instance(instance).power is Power.RUNNING


def test_a_beginning_that_is_lost_is_named(world: World) -> None:
    instance = world.run()
    system = world.instance(instance).disk_ids[0]
    snapshot = world.call("CreateSnapshot", DiskId=system)["SnapshotId"]
    copy = made(world, Size=None, ZoneId=None, SnapshotId=snapshot, InstanceId=instance)
    world.call("StopInstance", InstanceId=instance)
    world.call("DeleteSnapshot", SnapshotId=snapshot)
    world.home(instance).state.images.clear()
    assert snapshot in world.refusal("ReInitDisk", DiskId=copy).message
    assert code(world, "ReInitDisk", DiskId=system) == "OperationDenied.OriginLost"
    world.call("DetachDisk", InstanceId=instance, DiskId=copy)
    assert code(world, "ReInitDisk", DiskId=copy) == "IncorrectDiskStatus"


def test_a_system_disk_is_replaced_once(world: World) -> None:
    instance = world.run()
    home, image = world.home(instance), world.instance(instance).image_id
    old = world.instance(instance).disk_ids[0]
    world.call("TagResources", ResourceType="disk", ResourceId=[old], Tag=[{"Key": "a", "Value": "b"}])
    home.guest_write(instance, "/file", b"old")
    assert code(world, "ReplaceSystemDisk", InstanceId=instance, ImageId=image) == "IncorrectInstanceStatus"
    world.call("StopInstance", InstanceId=instance)
    world.break_next("replace_system_disk", FaultKind.LOST_REPLY)
    wanted = {"InstanceId": instance, "ImageId": image, "SystemDisk.Size": 4}
    assert code(world, "ReplaceSystemDisk", token="t", **wanted) == "ServiceUnavailable"
    (new,) = {world.call("ReplaceSystemDisk", token="t", **wanted)["DiskId"] for _ in range(2)}
    assert world.instance(instance).disk_ids == (new,)
    assert new != old
    found = seen(world, new)
    assert (found["Size"], found["Type"], found["ImageId"], found["DeleteWithInstance"]) == (4, "system", image, True)
    assert described(world, DiskIds=[old]) == []
    assert list(world.registry.items("tag")) == []
    world.call("StartInstance", InstanceId=instance)
    assert home.state.files[new].get("/file") is None


def test_a_system_disk_is_replaced_only_by_what_fits(world: World) -> None:
    instance = world.run()
    world.call("StopInstance", InstanceId=instance)
    home, image = world.home(instance), world.instance(instance).image_id
    wanted = {"InstanceId": instance, "ImageId": image}
    assert code(world, "ReplaceSystemDisk", InstanceId=instance, ImageId="m-x") == "InvalidImageId.NotFound"
    assert code(world, "ReplaceSystemDisk", **wanted, Password="short") == "InvalidPassword.Malformed"
    home.state.images[image] = replace(home.state.images[image], size_bytes=3 * GIB)
    refused = code(world, "ReplaceSystemDisk", **wanted, **{"SystemDisk.Size": 2})
    assert refused == "InvalidSystemDiskSize.LessThanImageSize"
    home.state.images[image] = replace(home.state.images[image], status=ImageStatus.CREATING)
    assert code(world, "ReplaceSystemDisk", **wanted) == "IncorrectImageStatus"

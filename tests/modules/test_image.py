"""The operations on images."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import oos_disk
import oos_image
import oos_instance
import oos_snapshot
import oos_tag
from oos.adapters.memory.faults import Fault, FaultKind
from oos.fleet.fleet import Fleet
from oos.fleet.instance import Power
from oos.fleet.storage import DirectBoot, SnapshotStatus
from oos.inventory.load import read_inventory
from oos.inventory.model import Inventory, Region, Zone
from tests.modules.world import World, host


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_disk.MODULE, oos_snapshot.MODULE, oos_image.MODULE, oos_tag.MODULE))


def made(world: World, token: str = "", **parameters: Any) -> str:
    return str(world.call("CreateImage", token, **parameters)["ImageId"])


def described(world: World, image_id: str) -> dict[str, Any]:
    answer = world.call("DescribeImages", ImageId=image_id, Status="Creating,Waiting,Available,Deprecated,CreateFailed")
    (found,) = answer["Images"]["Image"]
    return dict(found)


def listed(world: World, **conditions: Any) -> list[str]:
    return [each["ImageId"] for each in world.call("DescribeImages", **conditions)["Images"]["Image"]]


# made


def test_an_instance_made_from_an_image_has_the_files_of_the_first(world: World) -> None:
    first = world.run()
    world.home(first).guest_write(first, "/srv/data", b"here")
    image = made(
        world,
        InstanceId=first,
        ImageName="golden-1",
        Description="d",
        ImageFamily="web",
        Platform="Debian",
        Tag=[{"Key": "k", "Value": "v"}],
    )
    found = described(world, image)
    wanted = {
        "ImageName": "golden-1",
        "Description": "d",
        "ImageFamily": "web",
        "Platform": "Debian",
        "OSName": "Tiny Linux",
        "Status": "Available",
        "Progress": "100%",
        "Usage": "none",
        "IsCopied": False,
        "CreationTime": "2026-01-01T00:00:00Z",
    }
    assert {key: found[key] for key in wanted} == wanted
    assert {each["TagKey"]: each["TagValue"] for each in found["Tags"]["Tag"]} == {
        "k": "v",
        "acs:oos:consistency": "frozen",
    }
    second = world.run(ImageId=image)
    assert world.home(second).guest_read(second, "/srv/data") == b"here"
    assert described(world, image)["Usage"] == "instance"


def test_an_image_of_a_snapshot_is_found_by_it(world: World) -> None:
    id = world.run(DataDisk=[{"Size": 1}])
    system, data = world.instance(id).disk_ids
    snapshot = world.call("CreateSnapshot", DiskId=system)["SnapshotId"]
    image = made(world, SnapshotId=snapshot)
    mapped = made(world, **{"DiskDeviceMapping.1.SnapshotId": snapshot, "DiskDeviceMapping.1.DiskType": "system"})
    assert set(listed(world, SnapshotId=snapshot)) == {image, mapped}
    assert described(world, image)["DiskDeviceMappings"]["DiskDeviceMapping"][0]["SnapshotId"] == snapshot
    assert described(world, image)["ImageName"] == image
    other = world.call("CreateSnapshot", DiskId=data)["SnapshotId"]
    assert world.refusal("CreateImage", SnapshotId=other).code == "InvalidSnapshotId.NotSupport"
    state = world.home(id).state
    state.snapshots[snapshot] = replace(state.snapshots[snapshot], status=SnapshotStatus.FAILED)
    assert world.refusal("CreateImage", SnapshotId=snapshot).code == "InvalidSnapshotId.NotReady"


def test_what_cannot_become_an_image_is_refused(world: World) -> None:
    id = world.run()
    for code, parameters in (
        ("MissingParameter", {}),
        ("InvalidParameter.SnapshotId", {"InstanceId": id, "SnapshotId": "s-1"}),
        ("InvalidInstanceId.NotFound", {"InstanceId": "i-none"}),
        ("InvalidSnapshotId.NotFound", {"SnapshotId": "s-none"}),
        ("InvalidImageName.Duplicated", {"InstanceId": id, "ImageName": "tiny"}),
        ("InvalidParameter.ImageName", {"InstanceId": id, "ImageName": "acs:mine"}),
        ("OperationDenied.NotSupported", {"InstanceId": id, "BootMode": "UEFI"}),
        ("InvalidSnapshotId.NotFound", {"DiskDeviceMapping": [{"SnapshotId": "s-1", "DiskType": "data"}]}),
        ("OperationDenied.NotSupported", {"DiskDeviceMapping": [{"Size": 5}]}),
        ("OperationDenied.NotSupported", {"DiskDeviceMapping": [{"SnapshotId": "s-1", "Size": 5}]}),
        ("InvalidParameter.Device", {"DiskDeviceMapping": [{"SnapshotId": "s-1", "Device": "/dev/sda"}]}),
    ):
        assert world.refusal("CreateImage", **parameters).code == code, parameters
    state = world.home(id).state
    state.instances[id] = replace(state.instances[id], power=Power.STARTING)
    assert world.refusal("CreateImage", InstanceId=id).code == "IncorrectInstanceStatus"


def test_a_request_whose_process_died_makes_one_image_when_it_is_made_again(world: World) -> None:
    id = world.run()
    world.break_next("create_image", FaultKind.CRASH)
    with pytest.raises(BaseException, match="died"):
        made(world, token="t", InstanceId=id, ImageName="one")
    (begun,) = listed(world, Status="Creating")
    assert world.refusal("RunInstances", ImageId=begun, InstanceType="ecs.t1.tiny").code == "IncorrectImageStatus"
    assert world.refusal("DeleteImage", ImageId=begun).code == "ImageIsCreating"
    for _ in range(2):
        assert made(world, token="t", InstanceId=id, ImageName="one") == begun
    assert world.home(id).effects["make_image t"] == 1
    assert not world.home(id).state.guests[id].frozen
    world.call("DeleteInstance", InstanceId=id, Force=True)
    assert made(world, token="t", InstanceId=id, ImageName="one") == begun


def test_an_image_that_fails_says_why(world: World) -> None:
    id = world.run()
    world.break_next("create_image", FaultKind.DISK_FULL)
    assert world.refusal("CreateImage", InstanceId=id).code == "OperationDenied.NoStock"
    (failed,) = listed(world, Status="CreateFailed")
    assert listed(world) == [world.image_id]
    world.call("DeleteImage", ImageId=failed)
    assert listed(world, Status="CreateFailed") == []


# listed


def test_images_are_listed_by_every_condition(world: World) -> None:
    id = world.run()
    world.clock.sleep(60)
    image = made(world, InstanceId=id, ImageName="golden-1", ImageFamily="web", Tag=[{"Key": "k", "Value": "v"}])
    tiny = world.image_id
    for conditions, ids in (
        ({}, [image, tiny]),
        ({"ImageId": f"{image},m-none"}, [image]),
        ({"ImageName": "golden-*"}, [image]),
        ({"ImageFamily": "web"}, [image]),
        ({"ImageOwnerAlias": "self"}, [image, tiny]),
        ({"ImageOwnerAlias": "system"}, []),
        ({"ImageOwnerId": 1000000000000000}, [image, tiny]),
        ({"ImageOwnerId": 1}, []),
        ({"Status": "Deprecated"}, []),
        ({"Status": "Available,Deprecated"}, [image, tiny]),
        ({"SnapshotId": "s-none"}, []),
        ({"Usage": "instance"}, [tiny]),
        ({"Tag": [{"Key": "k"}]}, [image]),
        ({"IsPublic": True}, []),
        ({"IsPublic": False}, [image, tiny]),
        ({"PageSize": 1}, [image]),
        ({"PageSize": 1, "PageNumber": 2}, [tiny]),
        ({"Filter": [{"Key": "CreationStartTime", "Value": "2026-01-01T00:00:30Z"}]}, [image]),
    ):
        assert listed(world, **conditions) == ids, conditions


def test_a_family_gives_its_newest_available_image(world: World) -> None:
    id = world.run()
    images = []
    for _ in range(3):
        images.append(made(world, InstanceId=id, ImageFamily="web"))
        world.clock.sleep(60)
    assert world.call("DescribeImageFromFamily", ImageFamily="web")["Image"]["ImageId"] == images[2]
    world.call("ModifyImageAttribute", ImageId=images[2], Status="Deprecated")
    assert world.call("DescribeImageFromFamily", ImageFamily="web")["Image"]["ImageId"] == images[1]
    assert world.run(ImageId=images[2])
    assert "Image" not in world.call("DescribeImageFromFamily", ImageFamily="db")


def test_an_image_that_waits_for_its_proof_is_not_offered(world: World) -> None:
    id = world.run()
    waiting = made(world, InstanceId=id, ImageFamily="web", Status="Waiting")
    assert listed(world, ImageFamily="web") == []
    assert "Image" not in world.call("DescribeImageFromFamily", ImageFamily="web")
    assert world.refusal("CopyImage", ImageId=waiting).code == "IncorrectImageStatus"
    assert world.run(ImageId=waiting)
    world.call("ModifyImageAttribute", ImageId=waiting, Status="Available")
    assert listed(world, ImageFamily="web") == [waiting]


def test_an_image_can_be_used_with_the_types_of_the_inventory(world: World) -> None:
    def types(**conditions: Any) -> list[str]:
        answer = world.call("DescribeImageSupportInstanceTypes", ImageId=world.image_id, **conditions)
        return [each["InstanceTypeId"] for each in answer["InstanceTypes"]["InstanceType"]]

    assert types() == list(world.fleet.inventory.instance_types)
    assert types(Filter=[{"Key": "instanceTypeFamily", "Value": "ecs.t1"}]) == ["ecs.t1.tiny", "ecs.t1.small"]
    refusal = world.refusal("DescribeImageSupportInstanceTypes", ImageId=world.image_id, Filter=[{"Key": "x"}])
    assert refusal.code == "InvalidParameter.Filter.1.Key"
    assert world.refusal("DescribeImageSupportInstanceTypes", ImageId="m-none").code == "InvalidImageId.NotFound"


# changed, shared, deleted


def test_an_image_is_changed_on_every_host_that_has_it(world: World) -> None:
    world.call("ModifyImageAttribute", ImageId=world.image_id, ImageName="small", Description="d", ImageFamily="f")
    for each in world.hosts.values():
        image = each.image(world.image_id)
        assert (image.name, image.description, image.family, image.status) == ("small", "d", "f", "Available")
    world.call("ModifyImageAttribute", ImageId=world.image_id, ImageFamily="")
    assert world.hosts["h-3"].image(world.image_id).family == ""
    assert world.refusal("ModifyImageAttribute", ImageId="m-none", Description="x").code == "InvalidImageId.NotFound"
    other = made(world, InstanceId=world.run(), ImageName="other")
    refusal = world.refusal("ModifyImageAttribute", ImageId=other, ImageName="small")
    assert refusal.code == "InvalidImageName.Duplicated"
    assert world.image_id in refusal.message


def test_an_image_is_shared_and_not_deleted_before_that_ends(world: World) -> None:
    share = {"ImageId": world.image_id}
    world.call("ModifyImageSharePermission", AddAccount=["1001", "1002"], **share)
    world.call("ModifyImageSharePermission", AddAccount=["1002", "1003"], RemoveAccount=["1001"], **share)
    found = world.call("DescribeImageSharePermission", PageSize=1, PageNumber=2, **share)
    assert (found["Accounts"]["Account"], found["TotalCount"]) == ([{"AliyunId": "1003"}], 2)
    assert described(world, world.image_id)["IsSelfShared"] == "True"
    assert world.refusal("DeleteImage", Force=True, **share).code == "ImageUseShared"
    assert world.refusal("ModifyImageSharePermission", IsPublic=True, **share).code == "OperationDenied.NotSupported"
    world.call("ModifyImageSharePermission", RemoveAccount=["1002", "1003"], **share)
    world.call("DeleteImage", **share)
    assert listed(world) == []


def test_an_image_in_use_goes_by_force_alone_and_harms_nobody(world: World) -> None:
    id = world.run()
    world.call("TagResources", ResourceType="image", ResourceId=[world.image_id], Tag=[{"Key": "a", "Value": "b"}])
    refusal = world.refusal("DeleteImage", ImageId=world.image_id)
    assert refusal.code == "ImageUsingByInstance"
    assert id in refusal.message
    for _ in range(2):
        world.call("DeleteImage", ImageId=world.image_id, Force=True)
    assert listed(world) == []
    assert list(world.registry.items("tag")) == []
    world.call("RebootInstance", InstanceId=id)


def test_a_deletion_that_died_on_the_way_ends_when_it_is_asked_again(world: World) -> None:
    world.hosts["h-2"].faults.add(_crash("delete_image"))
    with pytest.raises(BaseException, match="died"):
        world.call("DeleteImage", ImageId=world.image_id)
    assert len([each for each in world.hosts.values() if each.images()]) < 3
    world.call("DeleteImage", ImageId=world.image_id)
    assert listed(world) == []


def _crash(method: str) -> Fault:
    return Fault(method, FaultKind.CRASH)


# copied


def far_away(world: World, **buckets: Path) -> None:
    """Let the fleet have a second region, of one host."""
    there = replace(host("h-4", "far-a"), region="far")
    world.hosts["h-4"] = world._simulated(there)
    world.hosts["h-4"].state.images.clear()
    known = world.fleet.inventory
    far = Region("far", "far away", (Zone("far-a", "far", "far away", (there,)),))
    world.fleet = Fleet(
        Inventory((*known.regions, far), known.instance_types, "lab", buckets=buckets),
        lambda each: world.hosts[each.name],
    )


def test_a_copy_is_on_every_host_of_its_region(world: World) -> None:
    far_away(world)
    id = world.run()
    world.home(id).guest_write(id, "/file", b"content")
    image = made(world, InstanceId=id, ImageName="golden", ImageFamily="web", Tag=[{"Key": "k", "Value": "v"}])
    here = world.call("CopyImage", ImageId=image, DestinationImageName="spread")["ImageId"]
    assert all(each.image(here).name == "spread" for each in world.hosts.values() if each.host.region == "lab")
    for _ in range(2):
        there = world.call("CopyImage", token="t", ImageId=image, DestinationRegionId="far")["ImageId"]
    copy = world.hosts["h-4"].image(there)
    assert (copy.copied_from, copy.family, copy.os_name, copy.tags) == (image, "", "Tiny Linux", {"k": "v"})
    assert world.hosts["h-4"].effects["make_image t"] == 1
    far = world.run(ImageId=there, RegionId="far", ZoneId="far-a")
    assert world.hosts["h-4"].guest_read(far, "/file") == b"content"
    for code, parameters in (
        ("InvalidRegionId.NotFound", {"DestinationRegionId": "nowhere"}),
        ("OperationDenied.NoStock", {"DestinationRegionId": "empty"}),
        ("InvalidImageName.Duplicated", {"DestinationImageName": "golden"}),
        ("OperationDenied.NotSupported", {"Encrypted": True}),
    ):
        assert world.refusal("CopyImage", ImageId=image, **parameters).code == code
    assert world.refusal("CopyImage", ImageId="m-none").code == "InvalidImageId.NotFound"


def test_a_copy_that_died_goes_on_where_it_was(world: World) -> None:
    world.hosts["h-2"].faults.add(_crash("import_image"))
    with pytest.raises(BaseException, match="died"):
        world.call("CopyImage", token="t", ImageId=world.image_id)
    copy = world.call("CopyImage", token="t", ImageId=world.image_id)["ImageId"]
    for each in world.hosts.values():
        assert (each.image(copy).status, each.effects["make_image t"]) == ("Available", 1)


def test_a_copy_in_the_making_is_cancelled(world: World) -> None:
    far_away(world)
    world.hosts["h-4"].faults.add(_crash("import_image"))
    with pytest.raises(BaseException, match="died"):
        world.call("CopyImage", ImageId=world.image_id, DestinationRegionId="far")
    (copy,) = listed(world, Status="Creating", RegionId="far")
    assert world.refusal("DeleteImage", ImageId=copy, RegionId="far").code == "OperationDenied.ImageCopying"
    world.call("CancelCopyImage", ImageId=copy, RegionId="far")
    assert world.hosts["h-4"].images() == ()
    assert world.refusal("CancelCopyImage", ImageId=world.image_id).code == "IncorrectImageStatus"


# files


def test_an_image_is_written_to_files_and_taken_in_again(world: World, tmp_path: Path) -> None:
    far_away(world, backup=tmp_path)
    id = world.run()
    world.home(id).guest_write(id, "/file", b"content")
    image = made(world, InstanceId=id, ImageName="golden", Description="d", Platform="Debian")
    for each in world.hosts.values():
        if image in each.state.images:
            boot = DirectBoot("k", "i", "quiet")
            each.state.images[image] = replace(each.state.images[image], boot=boot)
    for _ in range(2):
        world.call("ExportImage", ImageId=image, OSSBucket="backup", OSSPrefix="web/x")
    stem = f"x_{image}"
    names = {each.name for each in (tmp_path / "web").iterdir()}
    assert names == {f"{stem}.{suffix}" for suffix in ("qcow2", "kernel", "initrd", "json")}
    assert json.loads((tmp_path / f"web/{stem}.json").read_text())["name"] == "golden"
    file = {"OSSBucket": "backup", "OSSObject": f"web/{stem}.qcow2", "Format": "QCOW2"}
    taken = world.call("ImportImage", DiskDeviceMapping=[file], ImageName="back")["ImageId"]
    found = described(world, taken)
    assert (found["ImageName"], found["Description"], found["Platform"]) == ("back", "d", "Debian")
    assert world.hosts["h-3"].image(taken).boot == DirectBoot(f"{taken}.kernel", f"{taken}.initrd", "quiet")
    second = world.run(ImageId=taken, ZoneId="lab-b")
    assert world.home(second).guest_read(second, "/file") == b"content"
    (tmp_path / f"web/{stem}.kernel").write_bytes(b"another")
    refusal = world.refusal("ImportImage", DiskDeviceMapping=[file])
    assert refusal.code == "InvalidOSSObject.Checksum"
    assert "kernel" in refusal.message


def test_files_that_are_no_images_are_refused(world: World, tmp_path: Path) -> None:
    bucket, secret = tmp_path / "bucket", tmp_path / "secret.raw"
    bucket.mkdir()
    secret.write_bytes(b"\0" * 1024)
    (bucket / "link.raw").symlink_to(secret)
    (bucket / "text").write_text("words")
    (bucket / "disk.raw").write_bytes(b"\0" * 1024)
    far_away(world, backup=bucket, gone=tmp_path / "gone")

    def refused(object: str, bucket: str = "backup", **more: Any) -> str:
        file = {"OSSBucket": bucket, "OSSObject": object, **more}
        return world.refusal("ImportImage", DiskDeviceMapping=[file]).code

    for code, name, more in (
        ("InvalidOSSBucket.NotFound", "disk.raw", {"bucket": "other"}),
        ("InvalidOSSBucket.NotFound", "disk.raw", {"bucket": "gone"}),
        ("InvalidOSSObject.NotFound", "none.raw", {}),
        ("InvalidParameter.OSSObject", "../secret.raw", {}),
        ("InvalidParameter.OSSObject", str(secret), {}),
        ("InvalidParameter.OSSObject", "link.raw", {}),
        ("InvalidParameter.OSSObject", "text", {}),
        ("InvalidImageFormat.Mismatch", "disk.raw", {"Format": "QCOW2"}),
    ):
        assert refused(name, **more) == code, name
    (bucket / "disk.json").write_text("{")
    assert refused("disk.raw") == "InvalidParameter.OSSObject"
    (bucket / "disk.json").unlink()
    file = {"OSSBucket": "backup", "OSSObject": "disk.raw"}
    assert described(world, world.call("ImportImage", DiskDeviceMapping=[file])["ImageId"])["Status"] == "Available"
    export = {"ImageId": world.image_id, "OSSBucket": "backup"}
    assert world.refusal("ExportImage", OSSPrefix="../x", **export).code == "InvalidParameter.OSSPrefix"
    assert world.refusal("ExportImage", ImageFormat="VHD", **export).code == "OperationDenied.NotSupported"


def test_an_inventory_names_buckets() -> None:
    text = (
        "regions: [{id: r, zones: [{id: z, hosts: [{name: h, uri: 'test:///'}]}]}]\nbuckets: {a: images, b: /srv/b}\n"
    )
    assert read_inventory(text, "/etc/oos/inventory.yml", {}).buckets == {
        "a": Path("/etc/oos/images"),
        "b": Path("/srv/b"),
    }


def test_two_requests_at_once_make_one_image(world: World) -> None:
    id = world.run()
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(made(world, token="t", InstanceId=id))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(found)) == 1
    assert world.home(id).effects["make_image t"] == 1

"""Images with several disks: made, described, copied, exported, and instances made of them; disks of snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import oos_disk
import oos_image
import oos_instance
import oos_snapshot
import oos_tag
from oos.service.disk_settings import policies_of_disks
from tests.modules.test_image import far_away
from tests.modules.world import World

MODULES = (oos_instance.MODULE, oos_image.MODULE, oos_snapshot.MODULE, oos_tag.MODULE, oos_disk.MODULE)


@pytest.fixture
def world() -> World:
    return World(MODULES)


def database(world: World) -> str:
    """An instance with two data disks, and a file on each disk."""
    id = world.run(DataDisk=[{"Size": 2, "DiskName": "logs"}, {"Size": 3}])
    for path in ("/system", "/mnt/vdb/first", "/mnt/vdc/second"):
        world.home(id).guest_write(id, path, path.encode())
    return id


def holds(world: World, id: str, *paths: str) -> None:
    for path in paths:
        assert world.home(id).guest_read(id, path) == path.encode()


def mappings(world: World, image_id: str) -> list[tuple[str, str, str, str]]:
    (image,) = world.call("DescribeImages", ImageId=image_id)["Images"]["Image"]
    found = image["DiskDeviceMappings"]["DiskDeviceMapping"]
    return [(each["Device"], each["Type"], each["Size"], each["SnapshotId"]) for each in found]


def sizes(world: World, id: str) -> list[int]:
    disks = world.call("DescribeDisks", InstanceId=id)["Disks"]["Disk"]
    return [each["Size"] for each in sorted(disks, key=lambda each: str(each["Device"]))]


def test_an_image_of_an_instance_has_all_its_disks(world: World) -> None:
    id = database(world)
    image = world.call("CreateImage", InstanceId=id)["ImageId"]
    assert mappings(world, image)[1:] == [("/dev/vdb", "data", "2", ""), ("/dev/vdc", "data", "3", "")]
    world.home(id).guest_write(id, "/mnt/vdb/first", b"later")
    made = world.run(ImageId=image)
    holds(world, made, "/system", "/mnt/vdb/first", "/mnt/vdc/second")
    assert sizes(world, made)[1:] == [2, 3]
    world.call("DeleteImage", ImageId=image, Force=True)
    assert not [name for name in world.home(id).state.files if name.startswith(image)]
    holds(world, made, "/mnt/vdb/first")


def test_what_is_asked_for_of_a_disk_of_the_image_changes_it(world: World) -> None:
    image = world.call("CreateImage", InstanceId=database(world))["ImageId"]
    disks = [{"Device": "/dev/xvdc", "Size": 9, "DiskName": "wide"}, {"Size": 4}]
    made = world.run(ImageId=image, DataDisk=disks)
    assert sizes(world, made)[1:] == [2, 9, 4]
    holds(world, made, "/mnt/vdb/first", "/mnt/vdc/second")
    given = {"ImageId": image, "InstanceType": "ecs.t1.tiny", "DataDisk": [{"Device": "/dev/vdb", "Size": 1}]}
    assert world.refusal("RunInstances", **given).code == "InvalidDataDiskSize.ValueNotSupported"


def test_an_image_is_made_of_snapshots_of_several_disks(world: World) -> None:
    id = database(world)
    system, first, second = (world.call("CreateSnapshot", DiskId=each)["SnapshotId"] for each in disks_of(world, id))
    wanted = [{"SnapshotId": second, "Device": "/dev/xvdd"}, {"SnapshotId": system}, {"SnapshotId": first}]
    image = world.call("CreateImage", DiskDeviceMapping=wanted)["ImageId"]
    assert [(each[0], each[3]) for each in mappings(world, image)] == [
        ("/dev/vda", system),
        ("/dev/vdb", first),
        ("/dev/vdd", second),
    ]
    (found,) = world.call("DescribeImages", SnapshotId=second)["Images"]["Image"]
    assert found["ImageId"] == image
    made = world.run(ImageId=image)
    holds(world, made, "/system", "/mnt/vdb/first")
    assert world.home(made).guest_read(made, "/mnt/vdc/second") == b"/mnt/vdc/second"


@pytest.mark.parametrize("kinds", [[0, 0], [1, 2], [1]])
def test_an_image_of_snapshots_has_one_system(world: World, kinds: list[int]) -> None:
    disks = disks_of(world, database(world))
    wanted = [{"SnapshotId": world.call("CreateSnapshot", DiskId=disks[each])["SnapshotId"]} for each in kinds]
    assert world.refusal("CreateImage", DiskDeviceMapping=wanted).code == "InvalidSnapshotId.NotSupport"


def test_a_copy_has_all_disks_on_every_host(world: World) -> None:
    image = world.call("CreateImage", InstanceId=database(world))["ImageId"]
    copy = world.call("CopyImage", ImageId=image, DestinationImageName="copy")["ImageId"]
    assert mappings(world, copy)[1:] == [("/dev/vdb", "data", "2", ""), ("/dev/vdc", "data", "3", "")]
    made = world.run(ImageId=copy, ZoneId="lab-b")
    holds(world, made, "/system", "/mnt/vdb/first", "/mnt/vdc/second")


def test_an_exported_image_comes_back_with_all_its_disks(world: World, tmp_path: Path) -> None:
    image = world.call("CreateImage", InstanceId=database(world))["ImageId"]
    far_away(world, backup=tmp_path)
    world.call("ExportImage", ImageId=image, OSSBucket="backup", OSSPrefix="db")
    assert sorted(each.name for each in tmp_path.glob("*.qcow2")) == [
        f"db_{image}.qcow2",
        f"db_{image}_vdb.qcow2",
        f"db_{image}_vdc.qcow2",
    ]
    file = {"OSSBucket": "backup", "OSSObject": f"db_{image}.qcow2"}
    back = world.call("ImportImage", DiskDeviceMapping=[file])["ImageId"]
    holds(world, world.run(ImageId=back), "/system", "/mnt/vdb/first", "/mnt/vdc/second")
    data = {"OSSBucket": "backup", "OSSObject": f"db_{image}_vdc.qcow2"}
    named = world.call("ImportImage", DiskDeviceMapping=[file, data])["ImageId"]
    assert [each[0] for each in mappings(world, named)] == ["/dev/vda", "/dev/vdb"]
    (tmp_path / f"db_{image}_vdb.qcow2").write_bytes((tmp_path / f"db_{image}_vdc.qcow2").read_bytes())
    assert world.refusal("ImportImage", DiskDeviceMapping=[file]).code == "InvalidOSSObject.Checksum"


def test_a_data_disk_is_made_of_a_snapshot_where_that_is(world: World) -> None:
    id = database(world)
    snapshot = world.call("CreateSnapshot", DiskId=disks_of(world, id)[1])["SnapshotId"]
    made = world.run(DataDisk=[{"SnapshotId": snapshot}, {"SnapshotId": snapshot, "Size": 7}])
    assert world.instance(made).host == world.instance(id).host
    assert sizes(world, made)[1:] == [2, 7]
    holds(world, made, "/mnt/vdb/first")
    assert world.home(made).guest_read(made, "/mnt/vdc/first") == b"/mnt/vdb/first"
    (disk,) = [each for each in world.call("DescribeDisks", InstanceId=made)["Disks"]["Disk"] if each["Size"] == 7]
    assert disk["SourceSnapshotId"] == snapshot
    given: dict[str, Any] = {"ImageId": world.image_id, "InstanceType": "ecs.t1.tiny", "DataDisk": [{}]}
    assert world.refusal("RunInstances", **given).code == "MissingParameter"
    given["DataDisk"] = [{"SnapshotId": "s-none"}]
    assert world.refusal("RunInstances", **given).code == "InvalidSnapshotId.NotFound"
    given |= {"DataDisk": [{"SnapshotId": snapshot}], "ZoneId": "lab-b"}
    assert world.refusal("RunInstances", **given).code == "OperationDenied.NoStock"


def test_disks_get_their_snapshot_policies(world: World) -> None:
    policy = world.call("CreateAutoSnapshotPolicy", timePoints="[1]", repeatWeekdays="[1]", retentionDays=-1)
    id = policy["AutoSnapshotPolicyId"]
    image = world.call("CreateImage", InstanceId=database(world))["ImageId"]
    given = {"ImageId": image, "SystemDisk": {"AutoSnapshotPolicyId": id}}
    disks = [{"Size": 1, "AutoSnapshotPolicyId": id}, {"Device": "/dev/vdc", "AutoSnapshotPolicyId": id}]
    made = world.run(DataDisk=disks, **given)
    applied = policies_of_disks(world.registry)
    assert [applied.get(each, "") for each in world.instance(made).disk_ids] == [id, "", id, id]
    given = {"ImageId": image, "InstanceType": "ecs.t1.tiny", "SystemDisk": {"AutoSnapshotPolicyId": "sp-none"}}
    assert world.refusal("RunInstances", **given).code == "InvalidAutoSnapshotPolicyId.NotFound"


def test_disks_are_named_and_stay_when_that_is_asked_for(world: World) -> None:
    system = {"DiskName": "root", "Description": "boots"}
    data = [{"Size": 1, "DiskName": "logs", "Description": "kept", "DeleteWithInstance": False}, {"Size": 1}]
    id = world.run(SystemDisk=system, DataDisk=data)
    found = world.call("DescribeDisks", InstanceId=id)["Disks"]["Disk"]
    told = {each["Device"][-1]: (each["DiskName"], each["Description"], each["DeleteWithInstance"]) for each in found}
    assert told == {"a": ("root", "boots", True), "b": ("logs", "kept", False), "c": ("", "", True)}
    kept, gone = disks_of(world, id)[1:]
    world.call("DeleteInstance", InstanceId=id, Force=True)
    left = world.call("DescribeDisks")["Disks"]["Disk"]
    assert [each["DiskId"] for each in left] == [kept]
    assert gone != kept


def test_a_detached_disk_goes_with_the_next_instance_or_not(world: World) -> None:
    id = world.run(DataDisk=[{"Size": 1}])
    disk = disks_of(world, id)[1]
    world.call("DetachDisk", InstanceId=id, DiskId=disk, DeleteWithInstance=False)
    (found,) = world.call("DescribeDisks", DiskIds=[disk])["Disks"]["Disk"]
    assert (found["Status"], found["DeleteWithInstance"]) == ("Available", False)


def disks_of(world: World, id: str) -> tuple[str, ...]:
    return world.instance(id).disk_ids

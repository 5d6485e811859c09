"""The contract of a hypervisor: images with data disks, all of one moment, and instances of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oos.fleet.errors import ImageAbsent, SnapshotAbsent, WrongState
from oos.fleet.fleet import Fleet
from oos.fleet.image import DataSource, ImageStatus
from oos.fleet.instance import DataDiskSpec, Instance
from oos.fleet.storage import Consistency, Image
from oos.inventory.load import DEFAULT_INSTANCE_TYPES
from oos.inventory.model import Inventory, Region, Zone
from oos.service.catalog import installed_modules
from oos.values.identifiers import resource_id
from tests.fleet.real_world import RealWorld, lab_host
from tests.fleet.test_disks_in_guests import told
from tests.fleet.test_images import asked, silent
from tests.fleet.test_libvirt_images import volumes
from tests.fleet.test_libvirt_kills import run_until_killed
from tests.fleet.world import World, fresh_token
from tests.modules.world import World as Modules

MIB = 1 << 20
DATA = (DataDiskSpec(8 * MIB, "first"), DataDiskSpec(12 * MIB))


def of(instance: Instance) -> dict[str, object]:
    """All disks of an instance, as the sources of an image."""
    system, *data = instance.disk_ids
    sources = [DataSource(f"vd{letter}", disk_id=id) for letter, id in zip("bcd", data, strict=False)]
    return {"disk_id": system, "data": tuple(sources)}


@pytest.fixture
def image(world: World) -> Iterator[Image]:
    """An image of a stopped instance with two data disks."""
    made = world.hypervisor.create_image(asked(**of(world.make(data_disks=DATA))), silent)
    yield made
    world.hypervisor.delete_image(made.id)


def test_an_image_has_the_data_disks_and_so_have_its_instances(world: World, image: Image) -> None:
    assert (image.status, image.consistency) == (ImageStatus.AVAILABLE, Consistency.STOPPED)
    assert [(each.device, each.size_bytes) for each in image.data_disks] == [("vdb", 8 * MIB), ("vdc", 12 * MIB)]
    assert world.hypervisor.image(image.id) == image
    assert image in world.hypervisor.images()
    disks = (DataDiskSpec(0, image_device="vdb"), DataDiskSpec(16 * MIB, "wide", image_device="vdc"))
    made = world.make(image_id=image.id, data_disks=disks)
    found = [world.hypervisor.disk(id) for id in made.disk_ids[1:]]
    assert [(each.size_bytes, each.name, each.device) for each in found] == [
        (8 * MIB, "", "vdb"),
        (16 * MIB, "wide", "vdc"),
    ]
    with pytest.raises(WrongState, match="vdd"):
        world.make(image_id=image.id, data_disks=(DataDiskSpec(0, image_device="vdd"),))


def test_its_content_makes_the_same_image_elsewhere(world: World, image: Image) -> None:
    content = world.hypervisor.read_image(image.id)
    assert [each.device for each in content.data] == ["vdb", "vdc"]
    percents: list[int] = []
    copy = world.hypervisor.import_image(asked(copied_from=image.id), content, percents.append)
    assert percents == sorted(percents)
    assert [(each.device, each.size_bytes) for each in copy.data_disks] == [("vdb", 8 * MIB), ("vdc", 12 * MIB)]
    assert (copy.status, copy.size_bytes) == (ImageStatus.AVAILABLE, image.size_bytes)
    for _ in range(2):
        world.hypervisor.delete_image(copy.id)
    with pytest.raises(ImageAbsent):
        world.hypervisor.image(copy.id)


def test_snapshots_become_its_disks_and_disks_of_instances(world: World) -> None:
    instance = world.make(data_disks=DATA)
    system, first, second = (world.snapshot(id) for id in instance.disk_ids)
    data = (DataSource("vdb", snapshot_id=second.id), DataSource("vdd", snapshot_id=first.id))
    image = world.hypervisor.create_image(asked(snapshot_id=system.id, data=data), silent)
    assert [(each.device, each.size_bytes, each.snapshot_id) for each in image.data_disks] == [
        ("vdb", 12 * MIB, second.id),
        ("vdd", 8 * MIB, first.id),
    ]
    world.hypervisor.delete_image(image.id)
    made = world.make(data_disks=(DataDiskSpec(0, "", first.id), DataDiskSpec(20 * MIB, "", second.id)))
    found = [world.hypervisor.disk(id) for id in made.disk_ids[1:]]
    assert [(each.size_bytes, each.source_snapshot_id) for each in found] == [
        (8 * MIB, first.id),
        (20 * MIB, second.id),
    ]
    with pytest.raises(SnapshotAbsent):
        world.make(data_disks=(DataDiskSpec(0, "", "s-00000000000000000000"),))


def test_disks_of_another_instance_have_no_moment_in_common_with_it(world: World) -> None:
    first, second = world.make(), world.make(data_disks=DATA)
    stranger = DataSource("vdb", disk_id=second.disk_ids[1])
    with pytest.raises(WrongState, match=second.disk_ids[1]):
        world.hypervisor.create_image(asked(disk_id=first.disk_ids[0], data=(stranger,)), silent)


@pytest.fixture
def real(lab_world: RealWorld) -> Iterator[RealWorld]:
    yield lab_world
    lab_world.clean_up(lab_world.made)


@pytest.mark.real
def test_ecs_makes_an_image_of_a_running_guest_that_boots_with_its_data(real: RealWorld) -> None:
    before = volumes(real)
    guest = real.run(real.make(data_disks=(DataDiskSpec(8 * MIB),)).id)
    told(real, guest, "echo the content | dd of=/dev/vdb bs=512 seek=3 conv=notrunc,fsync 2>/dev/null")
    real.write(guest.id, "file", b"on the system disk")
    wanted = asked(**of(guest))
    for moment in ("guest-fsfreeze-thaw", "deleting it"):
        assert run_until_killed(real, moment, "create_image", wanted) == moment
    ecs = Modules(installed_modules())
    region = Region("lab", "the lab", (Zone("lab-a", "lab", "zone lab-a", (lab_host(real.zone),)),))
    types = {each.id: each for each in DEFAULT_INSTANCE_TYPES}
    ecs.fleet = Fleet(Inventory((region,), types, "lab", ecs.prices), lambda host: real.hypervisor)
    real.hypervisor.delete_image(wanted.id)
    image = str(ecs.call("CreateImage", InstanceId=guest.id, ImageName="with-data")["ImageId"])
    told(real, guest, "echo another | dd of=/dev/vdb bs=512 seek=3 conv=notrunc,fsync 2>/dev/null")
    disks = [{"Device": "/dev/vdb", "Size": 1}]
    token = fresh_token()
    given = {"ImageId": image, "InstanceType": "ecs.t1.tiny", "DataDisk": disks, "UniqueSuffix": False}
    (made,) = ecs.call("RunInstances", token, **given)["InstanceIdSets"]["InstanceIdSet"]
    real.made.append(made)
    ecs.call("DeleteImage", ImageId=image, Force=True)
    clone = real.run(made)
    assert real.read(made, "file") == b"on the system disk"
    assert told(real, clone, "dd if=/dev/vdb bs=512 skip=3 count=1 2>/dev/null | head -c 11") == "the content"
    assert told(real, clone, "cat /sys/block/vdb/size") == str((1 << 30) // 512)
    assert volumes(real) == before
    assert resource_id("m", wanted.token) == wanted.id

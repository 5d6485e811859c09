"""What a real guest sees of its disks: by serial, as large as they are, with what it wrote, until it lets go."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from oos.fleet.instance import DataDiskSpec, Instance, StopMethod
from oos.fleet.storage import DiskSpec
from oos.values.identifiers import resource_id
from tests.fleet.real_world import RealWorld
from tests.fleet.world import PATIENCE, fresh_token

pytestmark = pytest.mark.real

MIB = 1 << 20


@pytest.fixture
def real(lab_world: RealWorld) -> Iterator[RealWorld]:
    yield lab_world
    lab_world.clean_up(lab_world.made)


def told(world: RealWorld, instance: Instance, script: str) -> str:
    """What a script prints in the guest."""
    pid = world.hypervisor.guest_execute(instance.id, ["/bin/sh", "-c", script])
    done = world.finish(instance.id, pid)
    assert done.exit_code == 0, done.stderr
    return done.stdout.decode().strip()


def wait_until(world: RealWorld, instance: Instance, script: str, wanted: str) -> None:
    """Wait until the guest has noticed."""
    deadline = time.monotonic() + PATIENCE
    while (found := told(world, instance, script)) != wanted:
        assert time.monotonic() < deadline, f"{script}: {found!r}"
        time.sleep(0.1)


def test_a_guest_sees_its_disk_by_serial_writes_it_sees_it_grow_and_lets_go(real: RealWorld) -> None:
    guest, hypervisor = real.guest(), real.hypervisor
    spec = DiskSpec(resource_id("d", fresh_token()), 16 * MIB)
    disk = hypervisor.attach_disk(hypervisor.make_disk(spec).id, guest.id)
    block = f"/sys/block/{disk.device}"
    wait_until(real, guest, f"cat {block}/serial 2>/dev/null || true", disk.id.removeprefix("d-"))
    assert told(real, guest, f"cat {block}/size") == str(16 * MIB // 512)
    write = f"echo written in the guest | dd of=/dev/{disk.device} bs=512 seek=8 conv=notrunc,fsync 2>/dev/null"
    told(real, guest, write)

    hypervisor.resize_disk(disk.id, 48 * MIB)
    wait_until(real, guest, f"cat {block}/size", str(48 * MIB // 512))
    told(real, guest, f"echo at the end | dd of=/dev/{disk.device} bs=1M seek=47 conv=fsync 2>/dev/null")

    hypervisor.detach_disk(disk.id, guest.id)
    assert told(real, guest, f"ls {block} 2>/dev/null || echo gone") == "gone"
    assert all(each.device != disk.device for _, text in real.libvirt._texts(guest.id) for each in text.disks)

    snapshot = real.snapshot(disk.id)
    copy = hypervisor.make_disk(DiskSpec(resource_id("d", fresh_token()), 0, snapshot.id))
    hypervisor.delete_disk(disk.id)
    again = hypervisor.attach_disk(copy.id, guest.id)
    block = f"/sys/block/{again.device}"
    wait_until(real, guest, f"cat {block}/serial 2>/dev/null || true", copy.id.removeprefix("d-"))
    read = f"dd if=/dev/{again.device} bs=512 skip=8 count=1 2>/dev/null | head -c 20"
    assert told(real, guest, read) == "written in the guest"
    assert told(real, guest, f"dd if=/dev/{again.device} bs=1M skip=47 2>/dev/null | head -c 10") == "at the end"
    hypervisor.detach_disk(copy.id, guest.id)
    hypervisor.delete_disk(copy.id)
    hypervisor.delete_snapshot(snapshot.id)


def test_a_disk_that_left_one_guest_is_found_by_another(real: RealWorld) -> None:
    """Asked while the guest has not booted far enough to hear: it is asked again until it does."""
    first = real.make(data_disks=(DataDiskSpec(16 * MIB, "logs"),))
    real.hypervisor.start(first.id)
    disk = real.hypervisor.detach_disk(first.disk_ids[1], first.id)
    guest = real.guest()
    real.hypervisor.attach_disk(disk.id, guest.id)
    wait_until(real, guest, "cat /sys/block/vdb/serial 2>/dev/null || true", disk.id.removeprefix("d-"))
    real.hypervisor.detach_disk(disk.id, guest.id)
    real.hypervisor.delete_disk(disk.id)
    real.hypervisor.stop(first.id, StopMethod.POWER_OFF)
    real.hypervisor.start(first.id)
    assert real.hypervisor.instance(first.id).disk_ids == first.disk_ids[:1]

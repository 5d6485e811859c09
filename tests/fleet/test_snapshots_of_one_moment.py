"""The contract of a hypervisor: snapshots of several disks, all of one moment."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from oos.fleet.errors import SnapshotAbsent, WrongState
from oos.fleet.instance import DataDiskSpec, Instance, StopMethod
from oos.fleet.storage import Consistency, Disk, DiskSpec, Snapshot, SnapshotRequest, SnapshotStatus
from oos.values.identifiers import resource_id
from tests.fleet.real_world import RealWorld
from tests.fleet.test_disks_in_guests import told, wait_until
from tests.fleet.world import World, fresh_token

MIB = 1 << 20
COUNTING = """
n=0
while true; do
  n=$((n + 1))
  for disk in vdb vdc; do echo $n | dd of=/dev/$disk conv=notrunc,fsync bs=512 2>/dev/null; done
done
"""
"""Writes one number after another, on both disks in turn."""


COUNT = "head -c 16 /dev/{} | tr -d '\\0' | head -1"


def appear(world: RealWorld, guest: Instance, disk: Disk) -> None:
    """Wait until the guest sees it: before that, a file of that name would be written."""
    serial = disk.id.removeprefix("d-")
    wait_until(world, guest, f"cat /sys/block/{disk.device}/serial 2>/dev/null || true", serial)


def requests(world: World, instance: Instance) -> list[SnapshotRequest]:
    return [world.request(id, name="group") for id in instance.disk_ids]


def together(world: World, wanted: list[SnapshotRequest]) -> tuple[Snapshot, ...]:
    return world.hypervisor.create_snapshots(wanted, lambda percent: None)


@pytest.mark.parametrize("running", [True, False])
def test_all_disks_have_one_and_asking_again_finds_them(world: World, running: bool) -> None:
    instance = world.guest() if running else world.make(data_disks=(DataDiskSpec(8 * MIB),))
    wanted = requests(world, instance)
    made = together(world, wanted)
    assert [(each.id, each.disk_id, each.status) for each in made] == [
        (request.id, request.disk_id, SnapshotStatus.ACCOMPLISHED) for request in wanted
    ]
    assert {each.consistency for each in made} == {Consistency.FROZEN if running else Consistency.STOPPED}
    assert {each.parent_id for each in made} == {""}
    assert together(world, wanted) == made
    for each in made:
        world.hypervisor.delete_snapshot(each.id)
        with pytest.raises(SnapshotAbsent):
            world.hypervisor.snapshot(each.id)
    assert [each.id for each in together(world, wanted)] == [each.id for each in made]


def parents(*snapshots: Snapshot) -> list[str]:
    return [each.parent_id for each in snapshots]


def ids(snapshots: Iterable[Snapshot]) -> list[str]:
    return [each.id for each in snapshots]


def test_groups_and_single_snapshots_continue_each_other_disk_by_disk(world: World) -> None:
    """A checkpoint over several disks is dropped for those of them that have a newer one, and stands for the others."""
    guest = world.run(world.make(data_disks=(DataDiskSpec(8 * MIB),)).id)
    system, data = guest.disk_ids
    one = world.snapshot(system)
    first = together(world, requests(world, guest))
    assert parents(*first) == [one.id, ""]
    second = together(world, requests(world, guest))
    assert parents(*second) == ids(first)
    single = world.snapshot(system)
    assert single.parent_id == second[0].id
    third = together(world, requests(world, guest))
    assert parents(*third) == [single.id, second[1].id]
    # Deleted, it takes its share of the checkpoint with it, not that of the other.
    world.hypervisor.delete_snapshot(third[0].id)
    again = together(world, requests(world, guest))
    assert parents(*again) == ["", third[1].id]
    # What was made of the deleted disk's is whole; the other still stands on the one before.
    world.hypervisor.delete_snapshot(second[0].id)
    assert world.hypervisor.snapshot(single.id).parent_id == ""
    # A group that lost one is made anew; what stands on the rest of it becomes whole.
    wanted = requests(world, guest)
    group = together(world, wanted)
    later = world.snapshot(system)
    assert later.parent_id == group[0].id
    world.hypervisor.delete_snapshot(group[1].id)
    made = together(world, wanted)
    assert ids(made) == ids(group)
    assert parents(*made) == [later.id, ""]
    found = world.hypervisor.snapshot(later.id)
    assert (found.status, found.parent_id) == (SnapshotStatus.ACCOMPLISHED, "")
    # Detached, a disk begins anew; the other goes on.
    world.hypervisor.detach_disk(data, guest.id)
    alone = world.snapshot(system)
    assert alone.parent_id == made[0].id
    world.hypervisor.attach_disk(data, guest.id)
    last = together(world, requests(world, guest))
    assert parents(*last) == [alone.id, ""]
    # Restored, too.
    world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
    world.hypervisor.restore_disk(data, last[1].id, fresh_token())
    world.run(guest.id)
    assert parents(*together(world, requests(world, guest))) == [last[0].id, ""]


def test_disks_of_two_instances_have_no_moment_in_common(world: World) -> None:
    first, second = world.make(), world.make()
    wanted = [world.request(first.disk_ids[0]), world.request(second.disk_ids[0])]
    with pytest.raises(WrongState, match=first.disk_ids[0]):
        together(world, wanted)
    assert not {each.id for each in world.hypervisor.snapshots()} & {each.id for each in wanted}


@pytest.mark.real
def test_the_moment_is_one(lab_world: RealWorld) -> None:
    """A guest counts on two disks in turn; at no moment are the counts more than one apart."""
    world, hypervisor, guest = lab_world, lab_world.hypervisor, lab_world.guest()
    specs = [DiskSpec(resource_id("d", fresh_token()), 8 * MIB) for _ in range(2)]
    for spec in specs:
        appear(world, guest, hypervisor.attach_disk(hypervisor.make_disk(spec).id, guest.id))
    pid = hypervisor.guest_execute(guest.id, ["/bin/sh", "-c", COUNTING])
    wait_until(world, guest, f"{COUNT.format('vdc')} | grep -q . && echo counts || true", "counts")
    made = together(world, [world.request(spec.id) for spec in specs])
    told(world, guest, f"kill {pid}")
    for spec in specs:
        hypervisor.detach_disk(spec.id, guest.id)
        hypervisor.delete_disk(spec.id)
    counts = []
    for snapshot in made:
        copy = hypervisor.make_disk(DiskSpec(resource_id("d", fresh_token()), 0, snapshot.id))
        disk = hypervisor.attach_disk(copy.id, guest.id)
        appear(world, guest, disk)
        counts.append(int(told(world, guest, COUNT.format(disk.device))))
        hypervisor.detach_disk(copy.id, guest.id)
        hypervisor.delete_disk(copy.id)
        hypervisor.delete_snapshot(snapshot.id)
    assert counts[0] - counts[1] in (0, 1)

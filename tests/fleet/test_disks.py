"""The contract of a hypervisor: disks made, attached, grown, given other content, replaced, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from oos.fleet.errors import DiskAbsent, ImageAbsent, InstanceAbsent, SnapshotAbsent, WrongState
from oos.fleet.instance import DataDiskSpec, Instance, StopMethod
from oos.fleet.storage import Disk, DiskKind, DiskLabels, DiskSpec, SystemDiskSpec
from oos.values.identifiers import resource_id
from tests.fleet.world import World, fresh_token

MIB = 1 << 20
NO_DISK = "d-00000000000000000000"
NO_IMAGE = "m-00000000000000000000"
LABELS = DiskLabels("logs", 'line one\nline "two" & <three>')
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def spec(world: World) -> Iterator[DiskSpec]:
    """A small disk to be made; it goes with the test, once instances are gone."""
    spec = DiskSpec(fresh_id(), 8 * MIB, labels=LABELS, created=CREATED)
    yield spec
    world.clean_up(world.made)
    world.hypervisor.delete_disk(spec.id)


def fresh_id() -> str:
    return resource_id("d", fresh_token())


def listed(world: World, disk_id: str) -> Disk | None:
    return next((each for each in world.hypervisor.disks() if each.id == disk_id), None)


def test_a_disk_is_made_and_is_what_was_asked_for(world: World, spec: DiskSpec) -> None:
    disk = world.hypervisor.make_disk(spec)
    assert (disk.id, disk.size_bytes, disk.instance_id) == (spec.id, 8 * MIB, "")
    assert (disk.labels, disk.created, disk.source_snapshot_id) == (LABELS, CREATED, "")
    assert (disk.kind, disk.device, disk.is_ready, disk.is_blank) == (DiskKind.DATA, "", True, True)
    assert disk.host == world.hypervisor.host.name
    assert world.hypervisor.disk(disk.id) == disk
    assert listed(world, disk.id) == disk


def test_making_a_disk_twice_makes_one(world: World, spec: DiskSpec) -> None:
    first = world.hypervisor.make_disk(spec)
    assert world.hypervisor.make_disk(replace(spec, size_bytes=16 * MIB)) == first


def test_a_deleted_disk_is_gone_and_the_same_request_makes_it_anew(world: World, spec: DiskSpec) -> None:
    first = world.hypervisor.make_disk(spec)
    world.hypervisor.delete_disk(first.id)
    world.hypervisor.delete_disk(first.id)
    with pytest.raises(DiskAbsent, match=first.id):
        world.hypervisor.disk(first.id)
    assert listed(world, first.id) is None
    assert world.hypervisor.make_disk(spec) == first


def test_a_disk_comes_and_goes_while_its_instance_is_off(world: World, spec: DiskSpec) -> None:
    instance = world.make()
    made = world.hypervisor.make_disk(spec)
    disk = world.hypervisor.attach_disk(made.id, instance.id)
    made = replace(made, is_blank=False)
    assert disk == replace(made, instance_id=instance.id, device="vdb")
    assert world.hypervisor.attach_disk(made.id, instance.id) == disk
    assert world.hypervisor.instance(instance.id).disk_ids == (*instance.disk_ids, made.id)
    assert listed(world, made.id) == disk
    assert world.hypervisor.detach_disk(made.id, instance.id) == made
    assert world.hypervisor.detach_disk(made.id, instance.id) == made
    assert world.hypervisor.instance(instance.id) == instance


def test_a_disk_is_attached_once(world: World, spec: DiskSpec) -> None:
    first, second = world.make(), world.make()
    world.hypervisor.make_disk(spec)
    world.hypervisor.attach_disk(spec.id, first.id)
    with pytest.raises(WrongState, match=first.id):
        world.hypervisor.attach_disk(spec.id, second.id)
    with pytest.raises(WrongState, match=first.id):
        world.hypervisor.detach_disk(spec.id, second.id)
    with pytest.raises(WrongState, match=first.id):
        world.hypervisor.delete_disk(spec.id)


def test_a_disk_made_with_an_instance_keeps_its_labels_when_it_is_detached(world: World) -> None:
    instance = world.make(data_disks=(DataDiskSpec(8 * MIB, "made with it"),))
    disk = world.hypervisor.disk(instance.disk_ids[1])
    assert (disk.name, disk.delete_with_instance) == ("made with it", True)
    assert world.hypervisor.detach_disk(disk.id, instance.id) == replace(disk, instance_id="", device="")
    world.hypervisor.delete_disk(disk.id)


def test_the_place_of_a_detached_disk_is_free_for_another(world: World, spec: DiskSpec) -> None:
    instance = world.make(data_disks=(DataDiskSpec(8 * MIB, "first"),))
    old = world.hypervisor.detach_disk(instance.disk_ids[1], instance.id)
    world.hypervisor.make_disk(spec)
    disk = world.hypervisor.attach_disk(spec.id, instance.id)
    assert (disk.id, disk.device, disk.labels) == (spec.id, "vdb", LABELS)
    world.hypervisor.delete_disk(old.id)


def test_a_system_disk_is_not_detached(world: World) -> None:
    instance = world.make()
    with pytest.raises(WrongState, match=instance.disk_ids[0]):
        world.hypervisor.detach_disk(instance.disk_ids[0], instance.id)


def test_disks_go_with_their_instance_or_stay_as_they_are_labelled(world: World, spec: DiskSpec) -> None:
    instance = world.make(data_disks=(DataDiskSpec(8 * MIB, "stays"), DataDiskSpec(8 * MIB, "goes")))
    _, stays, goes = instance.disk_ids
    made = world.hypervisor.make_disk(spec)
    world.hypervisor.attach_disk(made.id, instance.id)
    labels = DiskLabels("stays", delete_with_instance=False)
    assert world.hypervisor.label_disk(stays, labels).labels == labels
    assert world.hypervisor.label_disk(made.id, replace(LABELS, delete_with_instance=True)).delete_with_instance
    world.hypervisor.remove_instance(instance.id)
    kept = world.hypervisor.disk(stays)
    assert (kept.instance_id, kept.device, kept.labels, kept.created) == ("", "", labels, CREATED)
    assert listed(world, goes) is None
    assert listed(world, made.id) is None
    world.hypervisor.delete_disk(stays)


@pytest.mark.parametrize("attached", [False, True])
def test_a_disk_grows_and_never_shrinks(world: World, spec: DiskSpec, attached: bool) -> None:
    made = world.hypervisor.make_disk(spec)
    if attached:
        made = world.hypervisor.attach_disk(made.id, world.make().id)
    larger = world.hypervisor.resize_disk(made.id, 24 * MIB)
    assert larger == replace(made, size_bytes=24 * MIB)
    assert world.hypervisor.resize_disk(made.id, 24 * MIB) == larger
    with pytest.raises(WrongState, match=made.id):
        world.hypervisor.resize_disk(made.id, 16 * MIB)
    assert world.hypervisor.disk(made.id) == larger


def test_what_is_absent_is_named(world: World, spec: DiskSpec) -> None:
    instance = world.make()
    hypervisor = world.hypervisor
    for ask in (
        lambda: hypervisor.attach_disk(NO_DISK, instance.id),
        lambda: hypervisor.detach_disk(NO_DISK, instance.id),
        lambda: hypervisor.resize_disk(NO_DISK, MIB),
        lambda: hypervisor.label_disk(NO_DISK, DiskLabels()),
        lambda: hypervisor.renew_disk(NO_DISK, "", fresh_token()),
    ):
        with pytest.raises(DiskAbsent, match=NO_DISK):
            ask()
    nobody, no_snapshot = "i-00000000000000000000", "s-00000000000000000000"
    with pytest.raises(SnapshotAbsent, match=no_snapshot):
        hypervisor.make_disk(replace(spec, snapshot_id=no_snapshot))
    assert listed(world, spec.id) is None
    hypervisor.make_disk(spec)
    with pytest.raises(InstanceAbsent, match=nobody):
        hypervisor.attach_disk(spec.id, nobody)
    with pytest.raises(ImageAbsent, match=NO_IMAGE):
        hypervisor.replace_system_disk(instance.id, SystemDiskSpec(fresh_id(), NO_IMAGE))
    with pytest.raises(ImageAbsent, match=NO_IMAGE):
        hypervisor.renew_disk(instance.disk_ids[0], NO_IMAGE, fresh_token())
    assert hypervisor.instance(instance.id).disk_ids == instance.disk_ids


def test_a_disk_from_a_snapshot_belongs_to_nobody_and_is_as_large(world: World, spec: DiskSpec) -> None:
    instance = world.make()
    snapshot = world.snapshot(instance.disk_ids[0])
    disk = world.hypervisor.make_disk(replace(spec, snapshot_id=snapshot.id, size_bytes=0))
    assert (disk.source_snapshot_id, disk.size_bytes) == (snapshot.id, snapshot.source_size_bytes)
    world.hypervisor.delete_snapshot(snapshot.id)
    assert world.hypervisor.disk(disk.id) == disk


def test_what_a_guest_needs_running_is_done_while_it_runs(world: World, spec: DiskSpec, guest: Instance) -> None:
    """Attached, grown, snapshot, detached under a running guest, which notices (see the real tests)."""
    made = world.hypervisor.make_disk(spec)
    disk = world.hypervisor.attach_disk(made.id, guest.id)
    assert (disk.instance_id, disk.device) == (guest.id, "vdb")
    assert world.hypervisor.resize_disk(disk.id, 24 * MIB).size_bytes == 24 * MIB
    first, second = world.snapshot(disk.id), world.snapshot(disk.id)
    assert (first.source_size_bytes, second.parent_id) == (24 * MIB, first.id)
    free = world.hypervisor.detach_disk(disk.id, guest.id)
    assert free == replace(made, size_bytes=24 * MIB, is_blank=False)
    again = world.hypervisor.attach_disk(disk.id, guest.id)
    assert again == replace(free, instance_id=guest.id, device="vdb")
    assert world.snapshot(disk.id).parent_id == ""
    assert world.hypervisor.detach_disk(disk.id, guest.id) == free
    assert world.hypervisor.instance(guest.id) == guest


def test_a_disk_is_renewed_once_for_a_token(world: World, guest: Instance) -> None:
    disk_id, token = guest.disk_ids[0], fresh_token()
    world.write(guest.id, "file", b"old")
    with pytest.raises(WrongState, match=guest.id):
        world.hypervisor.renew_disk(disk_id, world.image_id, token)
    world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
    before = world.hypervisor.disk(disk_id)
    disk = world.hypervisor.renew_disk(disk_id, world.image_id, token)
    assert (disk.id, disk.size_bytes, disk.labels) == (disk_id, before.size_bytes, before.labels)
    world.run(guest.id)
    assert not exists(world, guest, "file")
    assert world.hypervisor.renew_disk(disk_id, world.image_id, token) == disk


def exists(world: World, instance: Instance, name: str) -> bool:
    """Whether the file is on the system disk."""
    argv = ["/bin/test", "-f", f"{world.disk_folder}/{name}"]
    return world.finish(instance.id, world.hypervisor.guest_execute(instance.id, argv)).exit_code == 0


def test_a_system_disk_is_replaced_by_another_of_its_own(world: World, running: Instance) -> None:
    world.write(running.id, "file", b"old")
    old, spec = running.disk_ids[0], SystemDiskSpec(fresh_id(), world.image_id, created=CREATED)
    snapshot = world.snapshot(old)
    with pytest.raises(WrongState, match=running.id):
        world.hypervisor.replace_system_disk(running.id, spec)
    world.hypervisor.stop(running.id, StopMethod.POWER_OFF)
    larger = world.hypervisor.image(world.image_id).size_bytes + 16 * MIB
    disk = world.hypervisor.replace_system_disk(running.id, replace(spec, size_bytes=larger))
    assert (disk.id, disk.kind, disk.device) == (spec.id, DiskKind.SYSTEM, "vda")
    assert (disk.size_bytes, disk.created, disk.instance_id) == (larger, CREATED, running.id)
    assert world.hypervisor.replace_system_disk(running.id, spec) == disk
    assert listed(world, old) is None
    assert world.hypervisor.snapshot(snapshot.id) == snapshot
    assert world.hypervisor.instance(running.id).disk_ids == (disk.id,)
    world.run(running.id)
    assert not exists(world, running, "file")
    assert world.snapshot(disk.id).parent_id == ""
    world.hypervisor.stop(running.id, StopMethod.POWER_OFF)
    world.hypervisor.remove_instance(running.id)
    assert listed(world, disk.id) is None
    for each in (*world.hypervisor.snapshots(),):
        if each.instance_id == running.id:
            world.hypervisor.delete_snapshot(each.id)

"""The contract of a hypervisor: snapshots, and disks restored from them."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from oos.fleet.errors import DiskAbsent, SnapshotAbsent, WrongState
from oos.fleet.increments import LONGEST_CHAIN
from oos.fleet.instance import DataDiskSpec, Instance, Power, StopMethod
from oos.fleet.storage import Consistency, DiskKind, SnapshotStatus, Verification
from tests.fleet.world import World, fresh_token

NO_SNAPSHOT = "s-00000000000000000000"


def test_a_snapshot_of_a_running_guest_is_frozen_verified_and_listed(world: World, guest: Instance) -> None:
    disk_id = guest.disk_ids[0]
    percents: list[int] = []
    request = world.request(disk_id, name="nightly", description="a & b", tags={"k": "v"}, retention_days=7)
    snapshot = world.hypervisor.create_snapshot(request, percents.append)
    assert snapshot.status is SnapshotStatus.ACCOMPLISHED
    assert snapshot.consistency is Consistency.FROZEN
    assert snapshot.verification in (Verification.HEADER, Verification.CHECKED)
    assert (snapshot.id, snapshot.disk_id, snapshot.instance_id) == (request.id, disk_id, guest.id)
    assert (snapshot.name, snapshot.description, snapshot.tags) == ("nightly", "a & b", {"k": "v"})
    assert (snapshot.retention_days, snapshot.token, snapshot.disk_kind) == (7, request.token, DiskKind.SYSTEM)
    assert snapshot.source_size_bytes == world.hypervisor.disk(disk_id).size_bytes
    assert (snapshot.progress, snapshot.fault) == (100, "")
    assert percents[-1] == 100
    assert percents == sorted(percents)
    assert world.hypervisor.snapshot(request.id) == snapshot
    assert snapshot in world.hypervisor.snapshots()


def test_the_guest_goes_on_after_its_snapshot(world: World, guest: Instance) -> None:
    world.snapshot(guest.disk_ids[0])
    world.write(guest.id, "after", b"written")
    assert world.read(guest.id, "after") == b"written"


def test_asking_again_finds_the_snapshot(world: World, guest: Instance) -> None:
    request = world.request(guest.disk_ids[0])
    first = world.hypervisor.create_snapshot(request, lambda percent: None)
    assert world.hypervisor.create_snapshot(request, lambda percent: None) == first


def test_two_who_ask_at_once_get_one_snapshot(world: World, guest: Instance) -> None:
    request = world.request(guest.disk_ids[0])
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(world.hypervisor.create_snapshot(request, lambda percent: None)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(map(str, found))) == 1


def test_a_restored_disk_has_its_old_content(world: World, guest: Instance) -> None:
    disk_id = guest.disk_ids[0]
    world.write(guest.id, "file", b"old")
    snapshot = world.snapshot(disk_id)
    world.write(guest.id, "file", b"new")
    world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
    disk = world.hypervisor.restore_disk(disk_id, snapshot.id, fresh_token())
    assert (disk.id, disk.instance_id, disk.source_snapshot_id) == (disk_id, guest.id, snapshot.id)
    assert world.hypervisor.disk(disk_id) == disk
    world.run(guest.id)
    assert world.read(guest.id, "file") == b"old"
    assert world.hypervisor.instance(guest.id).disk_ids == guest.disk_ids


def test_each_link_of_a_chain_restores_its_own_moment(world: World, guest: Instance) -> None:
    disk_id = guest.disk_ids[0]
    snapshots = []
    for moment in range(3):
        world.write(guest.id, "file", b"moment %d" % moment)
        world.write(guest.id, f"only-{moment}", b"here")
        snapshots.append(world.snapshot(disk_id))
    assert [each.parent_id for each in snapshots] == ["", snapshots[0].id, snapshots[1].id]
    for moment in (1, 2, 0):
        world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
        world.hypervisor.restore_disk(disk_id, snapshots[moment].id, fresh_token())
        world.run(guest.id)
        assert world.read(guest.id, "file") == b"moment %d" % moment


def test_restoring_with_one_token_happens_once(world: World, guest: Instance) -> None:
    disk_id, token = guest.disk_ids[0], fresh_token()
    world.write(guest.id, "file", b"old")
    snapshot = world.snapshot(disk_id)
    world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
    first = world.hypervisor.restore_disk(disk_id, snapshot.id, token)
    world.run(guest.id)
    world.write(guest.id, "file", b"newer")
    world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
    assert world.hypervisor.restore_disk(disk_id, snapshot.id, token) == first
    world.run(guest.id)
    assert world.read(guest.id, "file") == b"newer"


def test_a_disk_of_a_running_guest_is_not_restored(world: World, guest: Instance) -> None:
    snapshot = world.snapshot(guest.disk_ids[0])
    with pytest.raises(WrongState, match=guest.id):
        world.hypervisor.restore_disk(guest.disk_ids[0], snapshot.id, fresh_token())


def test_a_snapshot_after_a_restore_is_full_and_right(world: World, guest: Instance) -> None:
    disk_id = guest.disk_ids[0]
    world.write(guest.id, "file", b"old")
    first = world.snapshot(disk_id)
    world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
    world.hypervisor.restore_disk(disk_id, first.id, fresh_token())
    world.run(guest.id)
    world.write(guest.id, "file", b"after the restore")
    second = world.snapshot(disk_id)
    assert second.parent_id == ""
    world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
    world.hypervisor.restore_disk(disk_id, second.id, fresh_token())
    world.run(guest.id)
    assert world.read(guest.id, "file") == b"after the restore"


def test_a_snapshot_of_a_stopped_instance_is_a_copy(world: World, guest: Instance) -> None:
    disk_id = guest.disk_ids[0]
    world.write(guest.id, "file", b"old")
    world.hypervisor.stop(guest.id, StopMethod.AGENT)
    world.wait_for(guest.id, Power.STOPPED)
    snapshot = world.snapshot(disk_id)
    assert (snapshot.consistency, snapshot.parent_id) == (Consistency.STOPPED, "")
    world.run(guest.id)
    world.write(guest.id, "file", b"new")
    world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
    world.hypervisor.restore_disk(disk_id, snapshot.id, fresh_token())
    world.run(guest.id)
    assert world.read(guest.id, "file") == b"old"


def test_an_increment_may_be_declined(world: World, guest: Instance) -> None:
    world.snapshot(guest.disk_ids[0])
    assert world.snapshot(guest.disk_ids[0], incremental=False).parent_id == ""


def test_freezing_may_be_declined(world: World, guest: Instance) -> None:
    assert world.snapshot(guest.disk_ids[0], freeze=False).consistency is Consistency.CRASH


def test_a_long_chain_ends_with_a_full_snapshot(world: World, guest: Instance) -> None:
    chain = [world.snapshot(guest.disk_ids[0], freeze=False) for _ in range(LONGEST_CHAIN + 1)]
    parents = [each.parent_id for each in chain]
    assert parents == ["", *(each.id for each in chain[: LONGEST_CHAIN - 1]), ""]


def test_deleting_a_parent_harms_no_child(world: World, guest: Instance) -> None:
    disk_id = guest.disk_ids[0]
    chain = []
    for moment in range(3):
        world.write(guest.id, "file", b"moment %d" % moment)
        chain.append(world.snapshot(disk_id))
    world.hypervisor.delete_snapshot(chain[0].id)
    left = {each.id: each for each in world.hypervisor.snapshots()}
    assert chain[0].id not in left
    assert left[chain[1].id].parent_id == ""
    assert left[chain[1].id].status is SnapshotStatus.ACCOMPLISHED
    assert left[chain[2].id].parent_id == chain[1].id
    for moment in (2, 1):
        world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
        world.hypervisor.restore_disk(disk_id, chain[moment].id, fresh_token())
        world.run(guest.id)
        assert world.read(guest.id, "file") == b"moment %d" % moment


def test_rotation_keeps_every_kept_snapshot_whole(world: World, guest: Instance) -> None:
    disk_id = guest.disk_ids[0]
    kept = []
    for moment in range(6):
        world.write(guest.id, "file", b"moment %d" % moment)
        kept.append((moment, world.snapshot(disk_id)))
        if len(kept) > 3:
            world.hypervisor.delete_snapshot(kept.pop(0)[1].id)
    listed = {each.id for each in world.hypervisor.snapshots() if each.disk_id == disk_id}
    assert listed == {each.id for _, each in kept}
    for moment, snapshot in kept:
        world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
        world.hypervisor.restore_disk(disk_id, snapshot.id, fresh_token())
        world.run(guest.id)
        assert world.read(guest.id, "file") == b"moment %d" % moment


def test_deleting_what_is_absent_is_done(world: World) -> None:
    world.hypervisor.delete_snapshot(NO_SNAPSHOT)


def test_a_deleted_snapshot_is_gone(world: World, guest: Instance) -> None:
    snapshot = world.snapshot(guest.disk_ids[0])
    world.hypervisor.delete_snapshot(snapshot.id)
    with pytest.raises(SnapshotAbsent, match=snapshot.id):
        world.hypervisor.snapshot(snapshot.id)
    world.hypervisor.delete_snapshot(snapshot.id)


def test_the_same_request_after_deletion_makes_it_anew(world: World, guest: Instance) -> None:
    request = world.request(guest.disk_ids[0])
    first = world.hypervisor.create_snapshot(request, lambda percent: None)
    world.hypervisor.delete_snapshot(first.id)
    again = world.hypervisor.create_snapshot(replace(request, name="again"), lambda percent: None)
    assert (again.id, again.name, again.status) == (first.id, "again", SnapshotStatus.ACCOMPLISHED)


def test_absent_disks_and_snapshots_are_named(world: World) -> None:
    instance = world.make()
    with pytest.raises(DiskAbsent, match="d-00000000000000000000"):
        world.hypervisor.disk("d-00000000000000000000")
    with pytest.raises(DiskAbsent, match="d-00000000000000000000"):
        world.snapshot("d-00000000000000000000")
    with pytest.raises(DiskAbsent, match="d-00000000000000000000"):
        world.hypervisor.restore_disk("d-00000000000000000000", NO_SNAPSHOT, fresh_token())
    with pytest.raises(SnapshotAbsent, match=NO_SNAPSHOT):
        world.hypervisor.snapshot(NO_SNAPSHOT)
    with pytest.raises(SnapshotAbsent, match=NO_SNAPSHOT):
        world.hypervisor.restore_disk(instance.disk_ids[0], NO_SNAPSHOT, fresh_token())


def test_an_increment_remembers_zeros(world: World, guest: Instance) -> None:
    disk_id, size = guest.disk_ids[0], 1 << 20
    world.write(guest.id, "file", b"\xff" * size)
    world.snapshot(disk_id)
    world.write(guest.id, "file", b"\x00" * size)
    second = world.snapshot(disk_id)
    world.write(guest.id, "file", b"\x7f" * size)
    world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
    world.hypervisor.restore_disk(disk_id, second.id, fresh_token())
    world.run(guest.id)
    assert world.read(guest.id, "file") == b"\x00" * size


def test_disks_of_one_instance_have_chains_of_their_own(world: World) -> None:
    running = world.run(world.make(data_disks=(DataDiskSpec(8 << 20),)).id)
    system, data = running.disk_ids
    first = [world.snapshot(system), world.snapshot(data)]
    world.write(running.id, "file", b"second")
    second = [world.snapshot(system), world.snapshot(data)]
    assert [each.parent_id for each in first] == ["", ""]
    assert [each.parent_id for each in second] == [each.id for each in first]
    assert [each.disk_kind for each in second] == [DiskKind.SYSTEM, DiskKind.DATA]
    world.hypervisor.delete_snapshot(first[0].id)
    world.hypervisor.delete_snapshot(first[1].id)
    world.write(running.id, "file", b"third")
    third = [world.snapshot(system), world.snapshot(data)]
    assert [each.parent_id for each in third] == [each.id for each in second]
    world.hypervisor.stop(running.id, StopMethod.POWER_OFF)
    for disk_id, snapshot in zip((system, data), second, strict=True):
        world.hypervisor.restore_disk(disk_id, snapshot.id, fresh_token())
    world.run(running.id)
    assert world.read(running.id, "file") == b"second"


def test_a_snapshot_outlives_its_instance(world: World, running: Instance) -> None:
    snapshot = world.snapshot(running.disk_ids[0])
    world.hypervisor.stop(running.id, StopMethod.POWER_OFF)
    world.hypervisor.remove_instance(running.id)
    assert world.hypervisor.snapshot(snapshot.id) == snapshot
    world.hypervisor.delete_snapshot(snapshot.id)
    assert snapshot.id not in {each.id for each in world.hypervisor.snapshots()}


def test_the_pool_of_snapshots_tells_its_room(world: World) -> None:
    room = world.hypervisor.snapshot_room()
    assert room.pool == world.hypervisor.host.pools.snapshots
    assert 0 < room.free_bytes <= room.capacity_bytes


def test_a_restored_disk_is_compared_with_its_snapshot_byte_by_byte(world: World, running: Instance) -> None:
    disk_id = running.disk_ids[0]
    world.write(running.id, "moment", b"before")
    before = world.snapshot(disk_id)
    world.write(running.id, "moment", b"after")
    after = world.snapshot(disk_id)
    assert world.hypervisor.has_content(disk_id, before.id) is None, "the guest runs"
    world.hypervisor.stop(running.id, StopMethod.POWER_OFF)
    world.hypervisor.restore_disk(disk_id, before.id, fresh_token())
    assert world.hypervisor.has_content(disk_id, before.id) is True
    assert world.hypervisor.has_content(disk_id, after.id) is False

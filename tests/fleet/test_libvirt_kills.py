"""kill -9 before each call of libvirt, and the same request again: the fleet is as if nothing had happened."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from oos.adapters.libvirt.connection import Connection, Deadlines, Handle
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.adapters.libvirt.verification import check_tables
from oos.fleet.instance import DataDiskSpec, Instance, StopMethod
from oos.fleet.storage import (
    Consistency,
    DiskSpec,
    Snapshot,
    SnapshotRequest,
    SnapshotStatus,
    SystemDiskSpec,
)
from oos.values.identifiers import resource_id
from tests.fleet.killed_at import READING, MortalConnection, T
from tests.fleet.real_world import RealWorld, lab_host
from tests.fleet.test_disks_in_guests import told
from tests.fleet.world import fresh_token

pytestmark = pytest.mark.real

MOST_CALLS = 200


class Died(BaseException):
    """The end of whoever made a snapshot; nothing answers it."""


@pytest.fixture
def real(lab_world: RealWorld) -> Iterator[RealWorld]:
    yield lab_world
    lab_world.clean_up(lab_world.made)


def run_until_killed(world: RealWorld, calls: int | str, method: str, *arguments: Any) -> str:
    """Do it in a process that dies before the n-th call, or the first of a name; before which, or empty if none."""
    given = json.dumps([msgspec.to_builtins(each) for each in arguments])
    done = subprocess.run(
        [sys.executable, "-m", "tests.fleet.killed_at", world.zone.uri, str(calls), method, given],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    assert done.stderr == ""
    return done.stdout.strip().removeprefix("killed before: ") if done.returncode else ""


def every_kill(do: Callable[[int], str], step: int = 1) -> list[str]:
    """Kill before call 0, 1, 2, … until one run finishes; before what it was killed."""
    deaths: list[str] = []
    for calls in range(0, MOST_CALLS, step):
        death = do(calls)
        if not death:
            return deaths
        deaths.append(death)
    raise AssertionError("it never finishes")


def names(world: RealWorld) -> dict[str, set[str]]:
    """All volumes, as a fleet keeps them."""
    host = world.libvirt
    return {pool.name: set(pool.names()) for pool in (host._disk_pool, host._snapshot_pool)}


def test_a_snapshot_of_a_running_guest_survives_every_kill(real: RealWorld) -> None:
    running = real.run(real.make().id)
    disk_id = running.disk_ids[0]
    real.snapshot(disk_id)
    before = names(real)

    def do(calls: int) -> str:
        real.write(running.id, "file", b"%d" % calls)
        request = real.request(disk_id)
        killed = run_until_killed(real, calls, "create_snapshot", request)
        snapshot = real.hypervisor.create_snapshot(request, lambda percent: None)
        assert snapshot.status is SnapshotStatus.ACCOMPLISHED
        # Frozen file systems would block this write, and the agent would refuse it.
        real.write(running.id, "file", b"the guest is alive")
        assert len(real.libvirt._checkpoints(running.id)) == 1
        real.hypervisor.delete_snapshot(request.id)
        assert names(real) == before
        return killed

    deaths = every_kill(do)
    assert {"guest-fsfreeze-freeze", "beginning a backup", "guest-fsfreeze-thaw", "writing it"} <= set(deaths)


def left_frozen(world: RealWorld, disk_id: str) -> SnapshotRequest:
    """A snapshot whose maker was killed between freeze and thaw."""
    for calls in range(10, 60):
        request = world.request(disk_id)
        death = run_until_killed(world, calls, "create_snapshot", request)
        if death == "guest-fsfreeze-thaw":
            return request
        world.hypervisor.delete_snapshot(request.id)
    raise AssertionError("it never thaws")


def test_a_guest_that_was_left_frozen_is_thawed_when_the_same_is_asked_again(real: RealWorld) -> None:
    running = real.run(real.make().id)
    disk_id = running.disk_ids[0]
    real.write(running.id, "file", b"at that moment")
    request = left_frozen(real, disk_id)
    assert real.libvirt._is_frozen(running.id)
    done = real.hypervisor.create_snapshot(request, lambda percent: None)
    assert done.status is SnapshotStatus.ACCOMPLISHED
    real.write(running.id, "file", b"later")
    real.hypervisor.stop(running.id, StopMethod.POWER_OFF)
    real.hypervisor.restore_disk(disk_id, request.id, fresh_token())
    real.run(running.id)
    assert real.read(running.id, "file") == b"at that moment"


def test_a_guest_that_was_left_frozen_is_thawed_by_another_snapshot_too(real: RealWorld) -> None:
    running = real.run(real.make(data_disks=(DataDiskSpec(8 << 20),)).id)
    left = left_frozen(real, running.disk_ids[0])
    done = real.snapshot(running.disk_ids[1])
    assert (done.status, done.consistency) == (SnapshotStatus.ACCOMPLISHED, Consistency.FROZEN)
    real.write(running.id, "file", b"the guest is alive")
    assert real.hypervisor.snapshot(left.id).status is SnapshotStatus.PROGRESSING


def test_a_deletion_survives_every_kill(real: RealWorld) -> None:
    running = real.run(real.make().id)
    disk_id = running.disk_ids[0]
    before = names(real)

    def do(calls: int) -> str:
        chain = []
        for moment in range(3):
            real.write(running.id, "file", b"moment %d" % moment)
            chain.append(real.snapshot(disk_id, incremental=moment > 0, freeze=False))
        assert chain[2].parent_id == chain[1].id
        killed = run_until_killed(real, calls, "delete_snapshot", chain[0].id)
        # Even before anybody asks again, what stands on it can be read.
        assert [content(real, each.id) for each in chain[1:]] == [b"moment 1", b"moment 2"]
        real.hypervisor.delete_snapshot(chain[0].id)
        assert [content(real, each.id) for each in chain[1:]] == [b"moment 1", b"moment 2"]
        for snapshot in (chain[2], chain[1]):
            real.hypervisor.delete_snapshot(snapshot.id)
        assert names(real) == before
        return killed

    assert {"writing it", "deleting it"} <= set(every_kill(do))


def content(world: RealWorld, snapshot_id: str) -> bytes:
    """The file `/root/file` as it is in a snapshot, read with debugfs(8) from a raw copy."""
    manifest = world.libvirt._snapshots.find(snapshot_id)
    assert manifest is not None
    path = world.libvirt._snapshot_pool.require(manifest.volume).path
    raw = world.zone.directory / "copy.raw"
    subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", path, raw], check=True, timeout=60)
    # A snapshot that was not frozen has to go through its journal first, as after a power cut.
    subprocess.run(["e2fsck", "-fy", raw], capture_output=True, timeout=60, check=False)
    shown = subprocess.run(["debugfs", "-R", "cat /root/file", raw], capture_output=True, timeout=60, check=True)
    raw.unlink()
    return shown.stdout


class Forsaken(MortalConnection):
    """Of a process that dies before a certain call: it makes no other any more. Quicker than a process of its own."""

    death = ""

    def call(self, target: str, what: str, function: Callable[[Handle], T], *, seconds: float | None = None) -> T:
        if not what.startswith(READING) or "back" in what:
            if self.calls_left == 0:
                self.death = self.death or what
            self.calls_left -= 1
        if self.death:
            raise Died
        return Connection.call(self, target, what, function, seconds=seconds)


def make_until_dead(world: RealWorld, calls: int, wanted: list[SnapshotRequest]) -> str:
    """Make snapshots of one moment in one who dies before the n-th call that changes something."""
    connection = Forsaken(world.zone.uri, world.zone.uri)
    connection.calls_left = calls
    doomed = LibvirtHypervisor(lab_host(world.zone), connect=lambda host, uri, deadlines: connection)
    with contextlib.suppress(Died):
        doomed.create_snapshots(wanted, lambda percent: None)
    doomed.close()
    return connection.death


def test_groups_of_increments_survive_every_death(real: RealWorld) -> None:
    """Before every fourth call that changes something (every one takes half a minute): all are made, as increments on
    those before, and what is kept reads as the disks were then, while older ones go."""
    running = real.run(real.make(data_disks=(DataDiskSpec(8 << 20),)).id)
    kept: list[tuple[bytes, tuple[Snapshot, ...]]] = []
    increments: list[bool] = []

    def do(calls: int) -> str:
        said = b"%06d" % calls
        real.write(running.id, "file", said)
        told(real, running, f"echo {said.decode()} | dd of=/dev/vdb conv=notrunc,fsync 2>/dev/null")
        wanted = [real.request(each) for each in running.disk_ids]
        death = make_until_dead(real, calls, wanted)
        made = real.hypervisor.create_snapshots(wanted, lambda percent: None)
        assert {each.status for each in made} == {SnapshotStatus.ACCOMPLISHED}
        # Frozen file systems would block this write, and the agent would refuse it.
        real.write(running.id, "file", b"the guest is alive")
        checkpoints = real.libvirt._described_checkpoints(running.id)
        assert checkpoints[wanted[0].id].devices == ("vda", "vdb")
        # Who dies when all is written leaves the checkpoint before; the next one drops it.
        assert len(checkpoints) <= 2
        increments.extend(each.parent_id != "" for each in made)
        kept.append((said, made))
        if len(kept) > 2:
            for each in kept.pop(0)[1]:
                real.hypervisor.delete_snapshot(each.id)
            then, (system, data) = kept[0]
            assert content(real, system.id) == then
            assert head(real, data.id, len(then)) == then
        return death

    deaths = every_kill(do, step=4)
    assert len(set(deaths)) > 2
    assert all(increments[2:])


def head(world: RealWorld, snapshot_id: str, count: int) -> bytes:
    """The first bytes of a disk as it is in a snapshot; its tables were walked without a fault."""
    manifest = world.libvirt._snapshots.find(snapshot_id)
    assert manifest is not None
    path = world.libvirt._snapshot_pool.require(manifest.volume).path
    assert not check_tables(path)
    raw = world.zone.directory / "head.raw"
    subprocess.run(
        ["qemu-img", "dd", "-O", "raw", f"if={path}", f"of={raw}", "bs=512", "count=1"], check=True, timeout=60
    )
    found = raw.read_bytes()[:count]
    raw.unlink()
    return found


def test_a_restore_survives_every_kill(real: RealWorld) -> None:
    running = real.run(real.make().id)
    disk_id = running.disk_ids[0]
    real.write(running.id, "file", b"old")
    snapshot = real.snapshot(disk_id)
    real.hypervisor.stop(running.id, StopMethod.POWER_OFF)

    def do(calls: int) -> str:
        token = fresh_token()
        killed = run_until_killed(real, calls, "restore_disk", disk_id, snapshot.id, token)
        disk = real.hypervisor.restore_disk(disk_id, snapshot.id, token)
        assert (disk.id, disk.source_snapshot_id) == (disk_id, snapshot.id)
        assert len([name for name in names(real)["disks"] if name.startswith(disk_id)]) == 1
        return killed

    assert "pointing its disk at the copy" in every_kill(do)
    real.run(running.id)
    assert real.read(running.id, "file") == b"old"


def test_making_and_removing_survive_every_kill(real: RealWorld) -> None:
    before = names(real)
    deaths: set[str] = set()

    def do(calls: int) -> str:
        spec = real.spec(data_disks=(DataDiskSpec(8 << 20),))
        making = run_until_killed(real, calls, "make_instance", spec)
        made: Instance = real.hypervisor.make_instance(spec)
        assert len([each for each in real.hypervisor.disks() if each.instance_id == made.id]) == 2
        removing = run_until_killed(real, calls, "remove_instance", made.id)
        real.hypervisor.remove_instance(made.id)
        assert names(real) == before
        deaths.update((making, removing))
        return making or removing

    every_kill(do)
    assert {"defining it", "deleting it", "undefining it"} <= deaths


def test_a_backup_that_runs_on_is_joined(real: RealWorld) -> None:
    instance = real.make(data_disks=(DataDiskSpec(768 << 20),))
    disk = real.hypervisor.disk(instance.disk_ids[1])
    # A full disk takes long enough to copy to be killed in the middle of it.
    write = f"write -P 0x5a 0 {disk.size_bytes}"
    path = real.zone.pool("disks") / disk.volume
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", write, path], check=True, timeout=120, capture_output=True)
    real.run(instance.id)
    request = real.request(disk.id)

    def die(percent: int) -> None:
        raise Died

    with pytest.raises(Died):
        real.hypervisor.create_snapshot(request, die)
    said: list[str] = []

    class Listening(Connection):
        def call(self, target: str, what: str, function: Callable[[Handle], T], *, seconds: float | None = None) -> T:
            said.append(what)
            return super().call(target, what, function, seconds=seconds)

    def connect(host: str, uri: str, deadlines: Deadlines) -> Connection:
        return Listening(host, uri, deadlines)

    other = LibvirtHypervisor(lab_host(real.zone), connect=connect)
    try:
        assert other.create_snapshot(request, lambda percent: None).status is SnapshotStatus.ACCOMPLISHED
    finally:
        other.close()
    assert "looking at its backup" in said
    assert "beginning a backup" not in said


def test_a_system_disk_that_is_replaced_survives_every_kill(real: RealWorld) -> None:
    """An instance always starts from one whole disk, the old one or the new one, and nothing is left over."""
    instance = real.make()
    count = len(names(real)[real.libvirt._disk_pool.name])

    def do(calls: int) -> str:
        before = real.hypervisor.instance(instance.id).disk_ids
        spec = SystemDiskSpec(resource_id("d", fresh_token()), real.image_id)
        killed = run_until_killed(real, calls, "in_turn", ["replace_system_disk", [instance.id, spec]])
        (now,) = real.hypervisor.instance(instance.id).disk_ids
        assert now in (*before, spec.id)
        assert real.hypervisor.disk(now).size_bytes > 0
        assert real.hypervisor.replace_system_disk(instance.id, spec).id == spec.id
        assert len(names(real)[real.libvirt._disk_pool.name]) == count
        return killed

    assert {"putting in a new system disk", "deleting it"} <= set(every_kill(do))


def test_a_disk_that_comes_and_goes_survives_every_kill(real: RealWorld) -> None:
    instance = real.make()
    spec = DiskSpec(resource_id("d", fresh_token()), 8 << 20)
    before = names(real)

    def do(calls: int) -> str:
        there = [spec.id, instance.id]
        turns = (["make_disk", [spec]], ["attach_disk", there], ["detach_disk", there])
        killed = run_until_killed(real, calls, "in_turn", *turns)
        real.hypervisor.make_disk(spec)
        disk = real.hypervisor.attach_disk(spec.id, instance.id)
        assert (disk.instance_id, disk.device) == (instance.id, "vdb")
        assert real.hypervisor.detach_disk(spec.id, instance.id).instance_id == ""
        assert real.hypervisor.instance(instance.id) == instance
        real.hypervisor.delete_disk(spec.id)
        assert names(real) == before
        return killed

    assert {f"attaching {spec.id}", f"taking out {spec.id}", f"making {spec.id}.qcow2"} <= set(every_kill(do))

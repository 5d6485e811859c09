"""Faults of a real host: a daemon that is stopped or killed, a pool that is full, an agent that hangs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from oos.adapters.libvirt.connection import Deadlines
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.fleet.errors import AgentUnavailable, HostUnreachable, HypervisorFailed, PoolFull
from oos.fleet.instance import DataDiskSpec, InstanceEvent, Power, StopMethod
from oos.fleet.manifest import SnapshotManifest
from oos.fleet.storage import Consistency, DiskKind, Snapshot, SnapshotStatus
from oos.lab.config import LabConfig
from oos.lab.lab import down, run_in_zone, up
from oos.lab.process import processes_in
from oos.lab.zone import require
from oos.values.identifiers import resource_id
from tests.fleet.real_world import RealWorld, lab_host, real_world
from tests.fleet.world import PATIENCE
from tests.lab_fixture import VARIABLE, lab_in

pytestmark = pytest.mark.real

LIBVIRT_LOG = re.compile(r"\d{4}-\d\d-\d\d [\d:.+]+: \d+: (info|warning) : ")
"""A line that libvirt's library writes to stderr by itself."""

IMPATIENT = Deadlines(connect=2, quick=6, agent=3, patience=1, pulse=1)


@pytest.fixture(scope="module")
def fragile(able_host: None) -> Iterator[RealWorld]:
    """A lab of our own, to be hurt."""
    shared = lab_in(Path(os.environ[VARIABLE]) / "faults")
    config = LabConfig(shared.directory, shared.cache, guests=())
    try:
        up(config, lambda message: None)
        with real_world(config, IMPATIENT) as world:
            yield world
    finally:
        down(config, lambda message: None)


def ours(said: str) -> list[str]:
    """What we say. Of lost connections libvirt's own library sometimes logs a warning (virObjectGetLockableObj)."""
    return [line for line in said.splitlines() if not LIBVIRT_LOG.match(line)]


def daemon(world: RealWorld) -> int:
    """The process of the lab's libvirtd."""
    zone = require(world.zone)
    (pid,) = (
        pid
        for pid in processes_in("pid", zone.pid_namespace)
        if Path(f"/proc/{pid}/comm").read_text().strip() == "libvirtd"
    )
    return pid


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that does nothing for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_snapshots_are_listed_while_others_write_their_manifests(fragile: RealWorld) -> None:
    manifests = fragile.libvirt._snapshots
    before = set(fragile.libvirt._snapshot_pool.names())
    ids = [resource_id("s", f"beside-{number}") for number in range(60)]

    def write(id: str) -> None:
        manifest = SnapshotManifest(
            id=id,
            volume=f"{id}.whole.qcow2",
            disk_id="d-1",
            instance_id="i-1",
            disk_kind=DiskKind.DATA,
            source_size_bytes=1 << 20,
            created="2026-01-01T00:00:00Z",
            token=id,
            status=SnapshotStatus.ACCOMPLISHED,
        )
        manifests.put(manifests.put(manifest))
        manifests.remove(id)

    with ThreadPoolExecutor(4) as writers:
        writing = [writers.submit(write, id) for id in ids]
        while not all(each.done() for each in writing):
            fragile.hypervisor.snapshots()
        for each in writing:
            each.result()
    assert set(fragile.libvirt._snapshot_pool.names()) == before


def test_a_daemon_that_is_stopped_is_unreachable_in_bounded_time(
    fragile: RealWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    hypervisor = fragile.hypervisor
    running = fragile.run(fragile.make().id)
    snapshots = hypervisor.snapshots()
    with stopped(daemon(fragile)):
        for ask in (
            lambda: hypervisor.instances(),
            lambda: hypervisor.start(running.id),
            lambda: hypervisor.guest_info(running.id),
            lambda: hypervisor.disks(),
            lambda: hypervisor.snapshots(),
            lambda: fragile.snapshot(running.disk_ids[0]),
            lambda: hypervisor.watch(lambda event: None),
        ):
            begun = time.monotonic()
            with pytest.raises(HostUnreachable, match="lab-1"):
                ask()
            assert time.monotonic() - begun < 25
    assert hypervisor.instance(running.id).power is Power.RUNNING
    assert hypervisor.snapshots() == snapshots
    said = capfd.readouterr()
    assert (said.out, ours(said.err)) == ("", [])
    fragile.clean_up(fragile.made)


def test_many_calls_to_a_stopped_daemon_do_not_pile_up_threads(fragile: RealWorld) -> None:
    hypervisor = LibvirtHypervisor(lab_host(fragile.zone), Deadlines(connect=1, quick=2, patience=0.5, pulse=0.5))
    hypervisor.instances()
    with stopped(daemon(fragile)):
        before = threading.active_count()
        for _ in range(20):
            with pytest.raises(HostUnreachable):
                hypervisor.instances()
        assert threading.active_count() < before + 5
    hypervisor.instances()
    hypervisor.close()


def test_a_process_ends_though_a_call_of_its_hangs(fragile: RealWorld) -> None:
    program = """
import os, signal, sys
from oos.adapters.libvirt.connection import Deadlines
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.fleet.errors import HostUnreachable
from oos.inventory.model import Host
hypervisor = LibvirtHypervisor(Host("h", sys.argv[1], "z", "r"), Deadlines(connect=1, quick=2, patience=0.5, pulse=0.5))
hypervisor.instances()
os.kill(int(sys.argv[2]), signal.SIGSTOP)
try:
    hypervisor.instances()
except HostUnreachable:
    print("unreachable")
hypervisor.close()
"""
    pid = daemon(fragile)
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, fragile.zone.uri, str(pid)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.kill(pid, signal.SIGCONT)
    assert (done.returncode, done.stdout, ours(done.stderr)) == (0, "unreachable\n", [])


def test_a_daemon_that_was_killed_is_unreachable_until_it_is_back(fragile: RealWorld) -> None:
    hypervisor = fragile.hypervisor
    running = fragile.run(fragile.make().id)
    events: list[InstanceEvent] = []
    watch = hypervisor.watch(events.append)
    os.kill(daemon(fragile), signal.SIGKILL)
    begun = time.monotonic()
    with pytest.raises(HostUnreachable, match="lab-1"):
        hypervisor.instances()
    assert time.monotonic() - begun < 25
    up(fragile.zone, lambda message: None)
    assert hypervisor.instance(running.id).power is Power.RUNNING
    deadline = time.monotonic() + PATIENCE
    while not any(event.instance_id == running.id for event in events):
        assert time.monotonic() < deadline, "the watch did not come back"
        hypervisor.stop(running.id, StopMethod.POWER_OFF)
        time.sleep(0.5)
        hypervisor.start(running.id)
    watch.close()
    fragile.clean_up(fragile.made)


def small_pool(world: RealWorld, name: str, mebibytes: int) -> Path:
    """A pool on a file system of that size, mounted in the zone."""
    path = world.zone.directory / name
    path.mkdir(exist_ok=True)
    in_zone(world, "mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "oos-small", str(path))
    xml = f"<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>"
    world.libvirt._connection.call("lab", "making a pool", lambda conn: conn.storagePoolDefineXML(xml).create())
    return path


def in_zone(world: RealWorld, *argv: str) -> None:
    done = run_in_zone(world.zone, argv)
    assert done.returncode == 0, done.stderr


def test_a_full_pool_is_named_and_leaves_nothing_half_done(fragile: RealWorld) -> None:
    path = small_pool(fragile, "small", 6)
    hypervisor = LibvirtHypervisor(lab_host(fragile.zone, snapshots="small"))
    running = fragile.run(fragile.make().id)
    request = fragile.request(running.disk_ids[0])
    with pytest.raises(PoolFull, match="pool small of host lab-1"):
        hypervisor.create_snapshot(request, lambda percent: None)
    failed = hypervisor.snapshot(request.id)
    assert (failed.status, failed.stored_bytes) == (SnapshotStatus.FAILED, 0)
    assert "No space left on device" in failed.fault
    assert [name for name in hypervisor._snapshot_pool.names() if name.endswith("qcow2")] == []
    fragile.write(running.id, "file", b"the guest is alive")
    in_zone(fragile, "mount", "-o", "remount,size=100m", str(path))
    done = hypervisor.create_snapshot(request, lambda percent: None)
    assert (done.status, done.consistency) == (SnapshotStatus.ACCOMPLISHED, Consistency.FROZEN)
    hypervisor.stop(running.id, StopMethod.POWER_OFF)
    in_zone(fragile, "mount", "-o", "remount,size=16m", str(path))
    with pytest.raises(PoolFull, match="pool small of host lab-1"):
        hypervisor.create_snapshot(fragile.request(running.disk_ids[0]), lambda percent: None)
    hypervisor.close()
    fragile.clean_up(fragile.made)


def test_a_full_pool_of_snapshots_does_not_stop_a_guest_that_writes(fragile: RealWorld) -> None:
    small_pool(fragile, "narrow", 6)
    hypervisor = LibvirtHypervisor(lab_host(fragile.zone, snapshots="narrow"))
    running = fragile.run(fragile.make().id)
    script = "while :; do dd if=/dev/urandom of=/root/noise bs=64k count=100 conv=fsync; done"
    hypervisor.guest_execute(running.id, ["/bin/sh", "-c", script])
    for freeze in (False, True) * 4:
        request = fragile.request(running.disk_ids[0], freeze=freeze)
        with pytest.raises(PoolFull, match="pool narrow of host lab-1"):
            hypervisor.create_snapshot(request, lambda percent: None)
        assert hypervisor.snapshot(request.id).status is SnapshotStatus.FAILED
        assert hypervisor.instance(running.id).power is Power.RUNNING
        hypervisor.guest_write(running.id, "/root/file", b"the guest is alive")
    hypervisor.close()
    fragile.clean_up(fragile.made)


def test_a_full_pool_of_disks_leaves_no_half_made_instance(fragile: RealWorld) -> None:
    small_pool(fragile, "crowded", 4)
    hypervisor = LibvirtHypervisor(lab_host(fragile.zone, disks="crowded"))
    before = hypervisor.instances()
    with pytest.raises(PoolFull, match="pool crowded of host lab-1"):
        hypervisor.make_instance(fragile.spec())
    assert hypervisor.instances() == before
    assert hypervisor._disk_pool.names() == ()
    hypervisor.close()


def test_an_agent_that_hangs_is_unavailable_and_holds_up_no_snapshot(fragile: RealWorld) -> None:
    hypervisor = fragile.hypervisor
    running = fragile.run(fragile.make().id)
    # The agent starts the program that stops it; how much it still answers is a matter of luck.
    with contextlib.suppress(AgentUnavailable):
        hypervisor.guest_execute(running.id, ["/bin/killall", "-STOP", "qemu-ga"])
        while True:
            hypervisor.guest_info(running.id)
    begun = time.monotonic()
    with pytest.raises(AgentUnavailable, match=running.id):
        hypervisor.guest_info(running.id)
    assert time.monotonic() - begun < 60
    snapshot = fragile.snapshot(running.disk_ids[0])
    assert (snapshot.status, snapshot.consistency) == (SnapshotStatus.ACCOMPLISHED, Consistency.CRASH)
    hypervisor.addresses(running.id)
    fragile.clean_up(fragile.made)


def test_a_guest_without_an_agent_is_asked_by_its_power_button(fragile: RealWorld) -> None:
    hypervisor = fragile.hypervisor
    running = fragile.run(fragile.make().id)
    # Else init would start it again.
    script = "sleep 1; mv /usr/sbin/qemu-ga /usr/sbin/gone; killall qemu-ga"
    hypervisor.guest_execute(running.id, ["/bin/sh", "-c", script])
    deadline = time.monotonic() + PATIENCE
    while hypervisor.instance(running.id).has_agent:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    with pytest.raises(AgentUnavailable, match=running.id):
        hypervisor.stop(running.id, StopMethod.AGENT)
    assert fragile.snapshot(running.disk_ids[0]).consistency is Consistency.CRASH
    hypervisor.stop(running.id, StopMethod.ACPI)
    fragile.wait_for(running.id, Power.STOPPED)
    fragile.clean_up(fragile.made)


def test_after_the_emulator_was_killed_the_next_snapshot_is_full_and_right(fragile: RealWorld) -> None:
    hypervisor = fragile.hypervisor
    running = fragile.run(fragile.make().id)
    disk_id = running.disk_ids[0]
    fragile.write(running.id, "file", b"first")
    fragile.snapshot(disk_id)
    zone = require(fragile.zone)
    (emulator,) = (
        pid
        for pid in processes_in("pid", zone.pid_namespace)
        if running.uuid in Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    )
    os.kill(emulator, signal.SIGKILL)
    fragile.wait_for(running.id, Power.STOPPED)
    fragile.run(running.id)
    fragile.write(running.id, "file", b"second")
    second = fragile.snapshot(disk_id)
    assert (second.parent_id, second.status) == ("", SnapshotStatus.ACCOMPLISHED)
    fragile.write(running.id, "file", b"third")
    third = fragile.snapshot(disk_id)
    assert third.parent_id == second.id
    hypervisor.stop(running.id, StopMethod.POWER_OFF)
    hypervisor.restore_disk(disk_id, second.id, "back")
    fragile.run(running.id)
    assert fragile.read(running.id, "file") == b"second"
    fragile.clean_up(fragile.made)


def large_disk(world: RealWorld) -> str:
    """A full data disk of a running guest, which takes a second or two to copy."""
    instance = world.make(data_disks=(DataDiskSpec(768 << 20),))
    disk = world.hypervisor.disk(instance.disk_ids[1])
    write = f"write -P 0x5a 0 {disk.size_bytes}"
    path = world.zone.pool("disks") / disk.volume
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", write, path], check=True, timeout=120, capture_output=True)
    world.run(instance.id)
    return disk.id


def test_a_daemon_that_is_killed_while_a_snapshot_is_made_finishes_it_afterwards(fragile: RealWorld) -> None:
    hypervisor = fragile.hypervisor
    request = fragile.request(large_disk(fragile))
    killed: list[int] = []

    def kill_once(percent: int) -> None:
        if not killed:
            (shown,) = (each for each in hypervisor.snapshots() if each.id == request.id)
            assert shown.status is SnapshotStatus.PROGRESSING
            assert 0 <= shown.progress < 100
            killed.append(percent)
            os.kill(daemon(fragile), signal.SIGKILL)

    with pytest.raises(HostUnreachable, match="lab-1"):
        hypervisor.create_snapshot(request, kill_once)
    up(fragile.zone, lambda message: None)
    assert hypervisor.snapshot(request.id).status is SnapshotStatus.PROGRESSING
    done = hypervisor.create_snapshot(request, lambda percent: None)
    assert done.status is SnapshotStatus.ACCOMPLISHED
    assert done.stored_bytes > 700 << 20
    fragile.clean_up(fragile.made)


def test_a_guest_that_stops_while_its_snapshot_is_made_fails_it_and_asking_again_copies(fragile: RealWorld) -> None:
    hypervisor = fragile.hypervisor
    disk_id = large_disk(fragile)
    request = fragile.request(disk_id)
    instance_id = hypervisor.disk(disk_id).instance_id
    with pytest.raises(HypervisorFailed, match=instance_id):
        hypervisor.create_snapshot(request, lambda percent: hypervisor.stop(instance_id, StopMethod.POWER_OFF))
    failed = hypervisor.snapshot(request.id)
    assert (failed.status, failed.stored_bytes) == (SnapshotStatus.FAILED, 0)
    assert "the guest stopped" in failed.fault
    done = hypervisor.create_snapshot(request, lambda percent: None)
    assert (done.status, done.consistency) == (SnapshotStatus.ACCOMPLISHED, Consistency.STOPPED)
    fragile.clean_up(fragile.made)


def test_two_who_do_not_know_of_each_other_back_up_one_guest(fragile: RealWorld) -> None:
    running = fragile.run(fragile.make(data_disks=(DataDiskSpec(64 << 20),)).id)
    hosts = [LibvirtHypervisor(lab_host(fragile.zone)) for _ in running.disk_ids]
    found: list[Snapshot] = []

    def back_up(hypervisor: LibvirtHypervisor, disk_id: str) -> None:
        for _ in range(4):
            found.append(hypervisor.create_snapshot(fragile.request(disk_id), lambda percent: None))

    threads = [threading.Thread(target=back_up, args=pair) for pair in zip(hosts, running.disk_ids, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [snapshot.status for snapshot in found] == [SnapshotStatus.ACCOMPLISHED] * 8
    fragile.write(running.id, "file", b"the guest is alive")
    for hypervisor in hosts:
        hypervisor.close()
    fragile.clean_up(fragile.made)

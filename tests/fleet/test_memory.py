"""The simulation: its faults, its clock, its counted effects, its state as a value."""

from __future__ import annotations

import json
import random
import threading
from functools import partial
from pathlib import Path

import pytest

from oos.adapters.memory.clock import SimulatedClock
from oos.adapters.memory.faults import Fault, FaultKind, FaultPlan, SimulatedCrash
from oos.adapters.memory.guest import GuestOutcome, tiny_shell
from oos.adapters.memory.host import Pace
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.adapters.memory.state import HostState, from_value, load_state, sample_image, save_state, to_value, twin_of
from oos.fleet.errors import (
    AgentUnavailable,
    DeadlineExceeded,
    HostUnreachable,
    HypervisorFailed,
    PoolFull,
    SnapshotAbsent,
)
from oos.fleet.instance import Power, StopMethod
from oos.fleet.storage import Consistency, SnapshotStatus
from oos.inventory.model import Host
from tests.fleet.world import World, fresh_token

HOST = Host("sim-9", "memory:///sim-9", "zone-a", "local")


def world_with(*faults: Fault, **settings: object) -> tuple[World, MemoryHypervisor]:
    """A simulated host with an image, these faults, and a clock that nobody has to wait for."""
    image = sample_image(HOST.name, HOST.zone, HOST.region)
    settings.setdefault("clock", SimulatedClock())
    hypervisor = MemoryHypervisor(
        HOST,
        HostState(images={image.id: image}),
        faults=FaultPlan(faults),
        **settings,  # type: ignore[arg-type]  # settings by name, chosen by the test
    )
    return World(hypervisor, image.id, "/root"), hypervisor


def test_an_unreachable_host_is_not_an_empty_one() -> None:
    world, hypervisor = world_with()
    world.make()
    hypervisor.state.unreachable = True
    for ask in (hypervisor.instances, hypervisor.disks, hypervisor.snapshots, hypervisor.images):
        with pytest.raises(HostUnreachable, match="sim-9"):
            ask()


def test_a_hang_ends_at_the_deadline_without_effect() -> None:
    clock = SimulatedClock()
    world, hypervisor = world_with(Fault("start", FaultKind.HANG), clock=clock, pace=Pace(deadline=30))
    instance = world.make()
    before = clock.now()
    with pytest.raises(DeadlineExceeded, match="30 s"):
        hypervisor.start(instance.id)
    assert (clock.now() - before).total_seconds() == 30
    assert hypervisor.instance(instance.id).power is Power.STOPPED


@pytest.mark.parametrize(
    ("kind", "error", "power"),
    [
        (FaultKind.FAIL_BEFORE, HypervisorFailed, Power.STOPPED),
        (FaultKind.FAIL_AFTER, HypervisorFailed, Power.RUNNING),
        (FaultKind.LOST_REPLY, HostUnreachable, Power.RUNNING),
    ],
)
def test_an_error_may_come_before_or_after_the_effect(kind: FaultKind, error: type[Exception], power: Power) -> None:
    world, hypervisor = world_with(Fault("start", kind))
    instance = world.make()
    with pytest.raises(error):
        hypervisor.start(instance.id)
    assert hypervisor.instance(instance.id).power is power
    hypervisor.start(instance.id)
    assert hypervisor.effects[f"start {instance.id}"] == 1


def test_a_lost_reply_does_not_make_a_second_snapshot() -> None:
    world, hypervisor = world_with(Fault("create_snapshot", FaultKind.LOST_REPLY))
    running = world.run(world.make().id)
    request = world.request(running.disk_ids[0])
    with pytest.raises(HostUnreachable):
        hypervisor.create_snapshot(request, lambda percent: None)
    assert hypervisor.create_snapshot(request, lambda percent: None).status is SnapshotStatus.ACCOMPLISHED
    assert hypervisor.effects[f"create_snapshot {request.token}"] == 1


def test_a_crash_inside_a_snapshot_is_cleared_away_and_the_guest_thawed() -> None:
    world, hypervisor = world_with(Fault("create_snapshot", FaultKind.CRASH))
    running = world.run(world.make().id)
    request = world.request(running.disk_ids[0])
    with pytest.raises(SimulatedCrash):
        hypervisor.create_snapshot(request, lambda percent: None)
    assert hypervisor.snapshot(request.id).status is SnapshotStatus.PROGRESSING
    assert hypervisor.state.guests[running.id].frozen
    done = hypervisor.create_snapshot(request, lambda percent: None)
    assert (done.status, done.consistency) == (SnapshotStatus.ACCOMPLISHED, Consistency.FROZEN)
    world.write(running.id, "file", b"the guest is alive")


def test_a_crash_inside_a_restore_leaves_the_old_content() -> None:
    world, hypervisor = world_with(Fault("restore_disk", FaultKind.CRASH))
    running = world.run(world.make().id)
    disk_id, token = running.disk_ids[0], fresh_token()
    world.write(running.id, "file", b"old")
    snapshot = world.snapshot(disk_id)
    world.write(running.id, "file", b"new")
    hypervisor.stop(running.id, StopMethod.POWER_OFF)
    with pytest.raises(SimulatedCrash):
        hypervisor.restore_disk(disk_id, snapshot.id, token)
    assert hypervisor.state.files[disk_id]["/root/file"] == b"new"
    hypervisor.restore_disk(disk_id, snapshot.id, token)
    assert hypervisor.state.files[disk_id]["/root/file"] == b"old"


def test_a_full_disk_names_pool_and_host_and_leaves_a_failed_snapshot() -> None:
    world, hypervisor = world_with()
    running = world.run(world.make().id)
    hypervisor.state.full = True
    request = world.request(running.disk_ids[0])
    with pytest.raises(PoolFull, match="pool snapshots of host sim-9"):
        hypervisor.create_snapshot(request, lambda percent: None)
    failed = hypervisor.snapshot(request.id)
    assert failed.status is SnapshotStatus.FAILED
    assert "no space" in failed.fault
    with pytest.raises(PoolFull):
        world.make()
    hypervisor.state.full = False
    assert hypervisor.create_snapshot(request, lambda percent: None).status is SnapshotStatus.ACCOMPLISHED


def test_a_dead_agent_is_unavailable_and_a_snapshot_is_crash_consistent() -> None:
    world, hypervisor = world_with()
    running = world.run(world.make().id)
    hypervisor.state.without_agent.append(running.id)
    with pytest.raises(AgentUnavailable, match=running.id):
        hypervisor.guest_execute(running.id, ["/bin/true"])
    with pytest.raises(AgentUnavailable):
        hypervisor.stop(running.id, StopMethod.AGENT)
    assert world.snapshot(running.disk_ids[0]).consistency is Consistency.CRASH


def test_a_deaf_guest_runs_on_until_its_power_is_cut() -> None:
    world, hypervisor = world_with()
    running = world.run(world.make().id)
    hypervisor.state.deaf.append(running.id)
    hypervisor.stop(running.id, StopMethod.ACPI)
    assert hypervisor.instance(running.id).power is Power.RUNNING
    hypervisor.stop(running.id, StopMethod.POWER_OFF)
    assert hypervisor.instance(running.id).power is Power.STOPPED


def test_a_guest_takes_its_time_to_boot_and_to_shut_down() -> None:
    clock = SimulatedClock()
    world, hypervisor = world_with(clock=clock, pace=Pace(boot=10, shutdown=5))
    instance = world.make()
    hypervisor.start(instance.id)
    assert not hypervisor.instance(instance.id).has_agent
    clock.sleep(10)
    assert hypervisor.instance(instance.id).has_agent
    hypervisor.stop(instance.id, StopMethod.AGENT)
    assert hypervisor.instance(instance.id).power is Power.RUNNING
    clock.sleep(5)
    assert hypervisor.instance(instance.id).power is Power.STOPPED


def test_a_snapshot_shows_its_progress_while_it_takes_time() -> None:
    class WatchedClock(SimulatedClock):
        seen: list[tuple[str, int]]

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            self.seen = [*self.seen, *((each.status, each.progress) for each in hypervisor.snapshots())]

    clock = WatchedClock()
    clock.seen = []
    world, hypervisor = world_with(clock=clock, pace=Pace(snapshot=8))
    running = world.run(world.make().id)
    percents: list[int] = []
    hypervisor.create_snapshot(world.request(running.disk_ids[0]), percents.append)
    assert percents == [25, 50, 75, 100]
    assert clock.seen == [("progressing", percent) for percent in (0, 25, 50, 75)]


def test_chance_is_repeatable() -> None:
    def outcomes() -> list[bool]:
        plan = FaultPlan([Fault("start", FaultKind.HANG, probability=0.5, times=1000)], random.Random(7))
        return [plan.next("start", "i-1") is not None for _ in range(20)]

    assert outcomes() == outcomes()
    assert set(outcomes()) == {True, False}


def test_a_fault_waits_for_its_turn_and_its_target() -> None:
    plan = FaultPlan([Fault("start", FaultKind.HANG, target="i-1", skip=1, times=2)])
    turns = [plan.next("start", "i-1") is not None for _ in range(5)]
    assert turns == [False, True, True, False, False]
    assert plan.next("start", "i-2") is None


def test_the_state_is_a_json_value_and_comes_back() -> None:
    world, hypervisor = world_with()
    running = world.run(world.make().id)
    world.write(running.id, "file", b"\x00\xff")
    world.snapshot(running.disk_ids[0])
    value = json.loads(json.dumps(to_value(hypervisor.state)))
    again = MemoryHypervisor(HOST, from_value(value), clock=SimulatedClock())
    assert again.state == hypervisor.state
    assert again.instances() == hypervisor.instances()
    assert again.guest_read(running.id, "/root/file") == b"\x00\xff"


def test_the_state_outlives_the_process_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    world, hypervisor = world_with(keep=partial(save_state, path))
    running = world.run(world.make().id)
    world.write(running.id, "file", b"kept")
    state = load_state(path)
    assert state == hypervisor.state
    again = MemoryHypervisor(HOST, state)
    assert again.guest_read(running.id, "/root/file") == b"kept"
    assert again.effects == hypervisor.effects
    assert load_state(tmp_path / "absent.json") is None


def test_a_twin_shows_what_the_original_shows() -> None:
    world, hypervisor = world_with()
    running = world.run(world.make().id)
    world.make()
    world.snapshot(running.disk_ids[0])
    twin = MemoryHypervisor(HOST, twin_of(hypervisor), clock=SimulatedClock())
    assert twin.instances() == hypervisor.instances()
    assert twin.disks() == hypervisor.disks()
    assert twin.snapshots() == hypervisor.snapshots()
    assert twin.images() == hypervisor.images()
    twin.delete_snapshot(hypervisor.snapshots()[0].id)
    assert len(hypervisor.snapshots()) == 1


def test_a_test_may_put_its_own_program_in_the_guest() -> None:
    calls = []

    def program(argv, stdin, files):  # type: ignore[no-untyped-def]  # shows how little is needed
        calls.append((argv, stdin))
        files["/seen"] = stdin
        return GuestOutcome(7, b"out", b"err")

    world, hypervisor = world_with(guest_program=program)
    running = world.run(world.make().id)
    process = world.finish(running.id, hypervisor.guest_execute(running.id, ["prog", "a"], stdin=b"in"))
    assert (process.exit_code, process.stdout, process.stderr) == (7, b"out", b"err")
    assert calls == [(("prog", "a"), b"in")]
    assert hypervisor.guest_read(running.id, "/seen") == b"in"


@pytest.mark.parametrize(
    ("script", "exit_code", "stdout"),
    [
        ("echo a b", 0, b"a b\n"),
        ("true && echo yes || echo no", 0, b"yes\n"),
        ("false && echo yes || echo no", 0, b"no\n"),
        ("false; echo on", 0, b"on\n"),
        ("echo 'a; b' > /f; cat /f", 0, b"a; b\n"),
        ("echo one > /f\necho two >> /f\ncat /f", 0, b"one\ntwo\n"),
        ("exit 4; echo never", 4, b""),
        ("cat /absent", 1, b""),
        ("nonsense", 127, b""),
        ("# only a comment", 0, b""),
        ("echo 'never closed", 2, b""),
    ],
)
def test_the_tiny_shell(script: str, exit_code: int, stdout: bytes) -> None:
    outcome = tiny_shell(["/bin/sh", "-c", script], b"", {})
    assert (outcome.exit_code, outcome.stdout) == (exit_code, stdout)


def test_many_threads_make_many_snapshots_once_each() -> None:
    world, hypervisor = world_with()
    running = [world.run(world.make().id) for _ in range(4)]
    requests = [world.request(each.disk_ids[0]) for each in running for _ in range(8)]
    threads = [
        threading.Thread(target=hypervisor.create_snapshot, args=(request, lambda percent: None))
        for request in requests * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {hypervisor.effects[f"create_snapshot {request.token}"] for request in requests} == {1}
    with pytest.raises(SnapshotAbsent):
        hypervisor.snapshot("s-00000000000000000000")

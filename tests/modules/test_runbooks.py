"""Runbooks of the repository, carried out on the simulated fleet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from oos.adapters.memory.faults import FaultKind
from oos.execution.status import Status
from oos.fleet.instance import Power
from oos.service.catalog import installed_modules
from tests.modules.executions import Runner, failed, runbooks, runner, succeeded
from tests.modules.world import World


@pytest.fixture
def oos() -> Iterator[Runner]:
    with runner(World(installed_modules())) as made:
        yield made


def snapshots(world: World, **conditions: Any) -> list[str]:
    listed = world.call("DescribeSnapshots", PageSize=100, **conditions)["Snapshots"]["Snapshot"]
    return [each["SnapshotId"] for each in sorted(listed, key=lambda each: each["CreationTime"])]


def test_a_rotation_keeps_the_newest_of_every_disk(oos: Runner) -> None:
    world = oos.world
    ids = [world.run(), world.run(DataDisk=[{"Size": 1}])]
    disks = [disk for id in ids for disk in world.instance(id).disk_ids]
    foreign = world.call("CreateSnapshot", DiskId=disks[0])["SnapshotId"]
    made: list[str] = []
    for turn in range(1, 6):
        world.clock.sleep(3600)
        outputs = succeeded(oos.runbook("snapshot-rotation.yml", keep=3, targets={"Type": "All"}))
        reports = outputs["disks"]
        assert sorted(each["diskId"] for each in reports) == sorted(disks)
        for each in reports:
            assert each["kept"] == snapshots(world, DiskId=each["diskId"], Tag=[{"Key": "oos:rotation"}])
            assert (len(each["kept"]), each["kept"][-1]) == (min(turn, 3), each["created"])
            assert len(each["deleted"]) == (1 if turn > 3 else 0)
            assert each["consistency"] == "frozen"
        made += outputs["created"]
    assert len(set(made)) == 15
    assert foreign in snapshots(world, DiskId=disks[0])
    effects = sum((home.effects for home in world.hosts.values()), start=world.hosts["h-1"].effects.__class__())
    assert not [name for name, count in effects.items() if "snapshot" in name and count > 1]


def test_two_rotations_go_on_beside_each_other(oos: Runner) -> None:
    world = oos.world
    id = world.run()
    for rotation in ("daily", "weekly", "daily", "daily"):
        world.clock.sleep(60)
        succeeded(oos.runbook("snapshot-rotation.yml", keep=1, rotation=rotation))
    disk = world.instance(id).disk_ids[0]
    for rotation in ("daily", "weekly"):
        assert len(snapshots(world, DiskId=disk, Tag=[{"Key": "oos:rotation", "Value": rotation}])) == 1


def test_a_rotation_of_nothing_fails(oos: Runner) -> None:
    oos.world.run()
    targets = {"Type": "Tags", "Tags": [{"Key": "role", "Value": "typo"}]}
    assert "no targets" in failed(oos.runbook("snapshot-rotation.yml", targets=targets))


def test_nothing_is_deleted_when_the_new_snapshot_fails(oos: Runner) -> None:
    world = oos.world
    good, bad = world.run(ZoneId="lab-a"), world.run(ZoneId="lab-b")
    succeeded(oos.runbook("snapshot-rotation.yml", keep=1))
    before = {id: snapshots(world, DiskId=world.instance(id).disk_ids[0], Status="accomplished") for id in (good, bad)}
    world.clock.sleep(60)
    world.home(bad).state.full = True
    execution = oos.runbook(
        "snapshot-rotation.yml", keep=1, rateControl={"Mode": "Concurrency", "Concurrency": 2, "MaxErrors": 1}
    )
    outputs = succeeded(execution)
    assert [each["diskId"] for each in outputs["disks"]] == [world.instance(good).disk_ids[0]]
    assert snapshots(world, DiskId=world.instance(bad).disk_ids[0], Status="accomplished") == before[bad]
    assert before[good][0] in outputs["deleted"]
    message = failed(oos.runbook("snapshot-rotation.yml", keep=1))
    assert "1" in message


def test_what_a_failed_run_left_is_cleared_away_by_the_next(oos: Runner) -> None:
    world = oos.world
    id = world.run()
    world.break_next("create_snapshot", FaultKind.DISK_FULL)
    failed(oos.runbook("snapshot-rotation.yml", keep=2))
    (broken,) = snapshots(world, Status="failed")
    world.clock.sleep(60)
    outputs = succeeded(oos.runbook("snapshot-rotation.yml", keep=2))
    assert outputs["deleted"] == [broken]
    assert outputs["kept"] == snapshots(world, DiskId=world.instance(id).disk_ids[0])


def test_a_rollback_brings_the_newest_content_back(oos: Runner) -> None:
    world = oos.world
    id = world.run()
    home = world.home(id)
    for content in (b"first", b"second"):
        home.guest_write(id, "/file", content)
        world.clock.sleep(60)
        succeeded(oos.runbook("snapshot-rotation.yml"))
    home.guest_write(id, "/file", b"spoilt")
    first, second = snapshots(world)
    outputs = succeeded(oos.runbook("disk-rollback.yml", instanceId=id))
    assert (outputs["snapshotId"], outputs["status"]) == (second, "Running")
    assert home.guest_read(id, "/file") == b"second"
    outputs = succeeded(oos.runbook("disk-rollback.yml", instanceId=id, snapshotId=first))
    assert outputs["diskId"] == world.instance(id).disk_ids[0]
    assert home.guest_read(id, "/file") == b"first"


def test_a_rollback_waits_for_the_agent_that_answered_before(oos: Runner) -> None:
    world = oos.world
    id = world.run()
    succeeded(oos.runbook("snapshot-rotation.yml"))
    execution = oos.runbook("disk-rollback.yml", instanceId=id)
    succeeded(execution)
    assert execution.tasks["untilAgentAnswers"].status is Status.SUCCESS
    world.break_next("guest_info", FaultKind.HANG, skip=1, times=3)
    assert "untilAgentAnswers" in failed(oos.runbook("disk-rollback.yml", instanceId=id, agentPatience=1))


def test_a_rollback_waits_for_no_agent_where_there_is_none(oos: Runner) -> None:
    world = oos.world
    id = world.run()
    world.home(id).state.without_agent.append(id)
    succeeded(oos.runbook("snapshot-rotation.yml"))
    execution = oos.runbook("disk-rollback.yml", instanceId=id)
    assert succeeded(execution)["status"] == "Running"
    assert execution.tasks["untilAgentAnswers"].status is Status.SKIPPED


def test_a_rollback_touches_nothing_when_it_cannot_succeed(oos: Runner) -> None:
    world = oos.world
    id, other = world.run(), world.run()
    foreign = world.call("CreateSnapshot", DiskId=world.instance(other).disk_ids[0])["SnapshotId"]
    for parameters in (
        {"instanceId": id},
        {"instanceId": id, "snapshotId": foreign},
        {"instanceId": id, "diskId": world.instance(other).disk_ids[0]},
        {"instanceId": "i-none"},
    ):
        assert failed(oos.runbook("disk-rollback.yml", **parameters))
    assert world.instance(id).power is Power.RUNNING


def test_instances_sleep_at_night_and_wake_in_the_morning(oos: Runner) -> None:
    world = oos.world
    tag = [{"Key": "office-hours", "Value": "true"}]
    office = [world.run(Tag=tag) for _ in range(3)]
    server = world.run()
    outputs = succeeded(oos.runbook("office-hours-stop.yml"))
    assert sorted(outputs["areStopped"]) == sorted(outputs["wereRunning"]) == sorted(office)
    assert world.instance(server).power is Power.RUNNING
    outputs = succeeded(oos.runbook("office-hours-start.yml"))
    assert sorted(outputs["ready"]) == sorted(office)
    assert all(world.instance(id).power is Power.RUNNING for id in office)


def test_descriptions_are_for_people() -> None:
    for path in runbooks():
        template = yaml.safe_load(path.read_text())
        assert template["Description"]["name-en"], path
        for name, parameter in template["Parameters"].items():
            assert parameter["Description"]["en"], f"{path.name}: {name}"
            assert parameter["Label"]["en"], f"{path.name}: {name}"

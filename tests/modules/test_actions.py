"""Product actions and runbooks: checked, with their samples, and carried out on the simulated fleet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from oos.adapters.memory.faults import FaultKind
from oos.execution.model import Execution
from oos.fleet.instance import Power
from oos.inventory.load import load_inventory
from oos.service.binding import parameters_of
from oos.service.call import risk_of_name
from oos.service.catalog import installed_modules
from oos.service.operation import ActionSource, Effect, Operation
from oos.template.check import check
from oos.template.parse import parse
from tests.modules.executions import RUNBOOKS, Runner, runner, sample_of, whole_catalog
from tests.modules.world import TYPE, World

CATALOG = whole_catalog()
ACTIONS = list(CATALOG.actions())
OPERATIONS = list(CATALOG.operations())


@pytest.fixture
def oos() -> Iterator[Runner]:
    with runner(World(installed_modules())) as made:
        yield made


def succeeded(execution: Execution) -> dict[str, Any]:
    assert execution.status == "Success", execution.fault
    return dict(execution.outputs)


def failed(execution: Execution) -> str:
    assert execution.status == "Failed", execution.outputs
    assert execution.fault is not None
    return execution.fault.message


# as written


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_a_product_action_is_a_sound_template(action: ActionSource) -> None:
    checked = check(parse(action.text, action.path), CATALOG)
    assert [str(each) for each in checked.diagnostics] == []


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_the_sample_of_a_product_action_uses_it(action: ActionSource) -> None:
    checked = check(parse(sample_of(action.text), action.name), CATALOG)
    assert [task.action for task in checked.template.tasks] == [action.name]


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.yml")), ids=lambda path: path.name)
def test_a_runbook_is_a_sound_template(path: Path) -> None:
    checked = check(parse(path.read_text(), str(path)), CATALOG)
    assert [str(each) for each in checked.diagnostics] == []


@pytest.mark.parametrize("name", ["lab.yml", "example.yml"])
def test_an_inventory_of_ours_can_be_read(name: str) -> None:
    path = RUNBOOKS.parent / "inventory" / name
    assert load_inventory(path, {"OOS_LAB_DIR": "/lab", "ATTIC_ADDRESS": "attic"}).regions


def test_the_example_inventory_shows_every_field() -> None:
    text = (RUNBOOKS.parent / "inventory" / "example.yml").read_text()
    from oos.inventory import load

    for struct in (load._File, load._Region, load._Zone, load._Host, load._InstanceType):
        for field in struct.__struct_fields__:
            assert re.search(rf"\b{field}:", text), field


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.service}.{each.name}")
def test_an_operation_says_what_it_does(operation: Operation) -> None:
    assert operation.summary.endswith(".")
    assert operation.risk is risk_of_name(operation.name)
    reads = operation.name.startswith(("Describe", "List"))
    assert (operation.effect is Effect.READS) is reads
    assert (operation.effect is Effect.DESTROYS) is operation.name.startswith(("Delete", "Reset"))
    for parameter in parameters_of(operation.request):
        assert parameter.description, parameter.name
        assert all(each.description for each in parameter.members), parameter.name


# carried out


def test_an_instance_is_made_stopped_started_restarted_and_deleted(oos: Runner) -> None:
    world = oos.world
    made = succeeded(
        oos.action(
            "ACS::ECS::RunInstances",
            vSwitchId="default",
            instanceType=TYPE,
            imageId=world.image_id,
            securityGroupId="",
            amount=2,
            instanceName="web",
            tags=[{"Key": "role", "Value": "web"}],
        )
    )
    first, second = made["instanceIds"]
    succeeded(oos.action("ACS::ECS::StopInstance", instanceId=first))
    succeeded(oos.action("ACS::ECS::StopInstance", instanceId=first))
    assert world.instance(first).power is Power.STOPPED
    succeeded(oos.action("ACS::ECS::StartInstance", instanceId=first))
    succeeded(oos.action("ACS::ECS::StartInstance", instanceId=first))
    succeeded(oos.action("ACS::ECS::RebootInstance", instanceId=first))
    assert world.instance(first).power is Power.RUNNING
    assert "Running" in failed(oos.action("ACS::ECS::DeleteInstance", instanceId=first))
    succeeded(oos.action("ACS::ECS::StopInstance", instanceId=first, forceStop=True))
    succeeded(oos.action("ACS::ECS::DeleteInstance", instanceId=first))
    assert [each["InstanceId"] for each in world.call("DescribeInstances")["Instances"]["Instance"]] == [second]


@pytest.mark.parametrize("name", ["StartInstance", "StopInstance", "RebootInstance", "DeleteInstance"])
def test_an_action_names_the_instance_that_is_not_there(oos: Runner, name: str) -> None:
    message = failed(oos.action(f"ACS::ECS::{name}", instanceId="i-none"))
    if name != "DeleteInstance":
        assert "i-none" in message


def test_a_command_gives_its_output(oos: Runner) -> None:
    id = oos.world.run()
    execution = oos.action(
        "ACS::ECS::RunCommand", instanceId=id, commandType="RunShellScript", commandContent="echo hello"
    )
    assert succeeded(execution)["invocationOutput"] == "hello\n"


def test_a_command_that_fails_says_why(oos: Runner) -> None:
    id = oos.world.run()
    message = failed(
        oos.action(
            "ACS::ECS::RunCommand", instanceId=id, commandType="RunShellScript", commandContent="echo no space; exit 7"
        )
    )
    assert id in message
    assert "exit code 7" in message
    assert "no space" in message
    oos.world.home(id).state.without_agent.append(id)
    message = failed(
        oos.action("ACS::ECS::RunCommand", instanceId=id, commandType="RunShellScript", commandContent="true")
    )
    assert id in message
    assert "agent" in message


def test_a_snapshot_is_made_and_a_disk_is_given_its_content(oos: Runner) -> None:
    world = oos.world
    id = world.run()
    disk, home = world.instance(id).disk_ids[0], world.home(id)
    home.guest_write(id, "/file", b"old")
    made = succeeded(oos.action("ACS::ECS::CreateSnapshot", diskId=disk, snapshotName="n", retentionDays="3"))
    home.guest_write(id, "/file", b"new")
    succeeded(oos.action("ACS::ECS::ResetDisk", diskId=disk, instanceId=id, snapshotId=made["snapshotId"]))
    assert home.guest_read(id, "/file") == b"old"
    assert succeeded(oos.action("ACS::ECS::CreateSnapshot", diskId="d-none")) == {"snapshotId": None}


# runbooks


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
    for path in RUNBOOKS.glob("*.yml"):
        template = yaml.safe_load(path.read_text())
        assert template["Description"]["name-en"], path
        for name, parameter in template["Parameters"].items():
            assert parameter["Description"]["en"], f"{path.name}: {name}"
            assert parameter["Label"]["en"], f"{path.name}: {name}"

"""Product actions and runbooks: checked, with their samples, and carried out on the simulated fleet."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from oos.fleet.instance import Power
from oos.inventory.load import load_inventory
from oos.service.binding import ParameterInfo, parameters_of
from oos.service.call import risk_of_name
from oos.service.catalog import installed_modules
from oos.service.operation import ActionSource, Effect, Operation
from oos.template.check import check
from oos.template.parse import parse
from tests.modules.executions import RUNBOOKS, Runner, failed, runbooks, runner, sample_of, succeeded, whole_catalog
from tests.modules.world import TYPE, World

CATALOG = whole_catalog()
ACTIONS = [each for each in CATALOG.actions() if "/modules/" in each.path]
OPERATIONS = [each for each in CATALOG.operations() if each.handle.__module__.startswith("oos_")]


@pytest.fixture
def oos() -> Iterator[Runner]:
    with runner(World(installed_modules())) as made:
        yield made


# as written


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_a_product_action_is_a_sound_template(action: ActionSource) -> None:
    checked = check(parse(action.text, action.path), CATALOG)
    assert [str(each) for each in checked.diagnostics] == []


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_the_sample_of_a_product_action_uses_it(action: ActionSource) -> None:
    checked = check(parse(sample_of(action.text), action.name), CATALOG)
    assert [task.action for task in checked.template.tasks] == [action.name]


@pytest.mark.parametrize("path", runbooks(), ids=lambda path: path.name)
def test_a_runbook_is_a_sound_template(path: Path) -> None:
    checked = check(parse(path.read_text(), str(path)), CATALOG)
    assert [str(each) for each in checked.diagnostics] == []


@pytest.mark.parametrize("name", ["lab.yml", "example.yml"])
def test_an_inventory_of_ours_can_be_read(name: str) -> None:
    path = RUNBOOKS.parent / "inventory" / name
    assert load_inventory(path, {"OOS_LAB_RUN": "/lab/run", "ATTIC_ADDRESS": "attic"}).regions


def test_the_example_inventory_shows_every_field() -> None:
    text = (RUNBOOKS.parent / "inventory" / "example.yml").read_text()
    text += (RUNBOOKS.parent / "inventory" / "prices.yml").read_text()
    from oos.inventory import load, prices

    files = (load._File, load._Region, load._Zone, load._Host, load._InstanceType)
    for struct in (*files, prices._File, prices._Type, prices._Spot, prices._Rate):
        for field in struct.__struct_fields__:
            assert re.search(rf"\b{field}:", text), field


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.service}.{each.name}")
def test_an_operation_says_what_it_does(operation: Operation) -> None:
    assert operation.summary.endswith(".")
    assert operation.risk is risk_of_name(operation.name)
    reads = operation.name.startswith(("Describe", "Get", "List", "Validate", "Generate", "Search"))
    assert (operation.effect is Effect.READS) is reads
    destroys = operation.name.startswith(("Delete", "Reset", "ReInit", "Replace"))
    assert (operation.effect is Effect.DESTROYS) is destroys
    assert list(undescribed("", parameters_of(operation.request))) == []


def undescribed(prefix: str, parameters: Iterable[ParameterInfo]) -> Iterator[str]:
    for parameter in parameters:
        if not parameter.description:
            yield f"{prefix}{parameter.name}"
        yield from undescribed(f"{prefix}{parameter.name}.", parameter.members)


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


SECRETIVE = """
FormatVersion: OOS-2019-06-01
Parameters:
  password: {Type: String, NoEcho: true}
  instanceId: {Type: String}
Tasks:
  - Name: tell
    Action: ACS::ECS::RunCommand
    Properties:
      instanceId: '{{ instanceId }}'
      commandType: RunShellScript
      commandContent: echo {{ password }}
"""


def test_what_a_command_prints_of_a_secret_is_never_kept(oos: Runner) -> None:
    id = oos.world.run()
    execution = oos.run(SECRETIVE, instanceId=id, password="opensesame")
    succeeded(execution)
    assert "opensesame" not in str(execution.tasks["tell"])
    kept = [document for _, document in oos.world.registry.items("invocation-result")]
    assert [base64.b64decode(document["output"]) for document in kept] == [b"***\n"]


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


# found, tagged, named


def test_instances_are_found_by_name_status_and_tag(oos: Runner) -> None:
    world = oos.world
    web = world.run(InstanceName="web-1", Tag=[{"Key": "role", "Value": "web"}])
    db = world.run(InstanceName="db-1")
    world.call("StopInstance", InstanceId=db)
    for name, parameters, wanted in (
        ("Name", {"instanceName": "web-*"}, web),
        ("Status", {"status": "Stopped"}, db),
        ("Tag", {"tagKey": "role", "tagValue": "web"}, web),
    ):
        assert succeeded(oos.action(f"ACS::ECS::DescribeInstancesBy{name}", **parameters)) == {"instanceIds": [wanted]}


def test_an_instance_is_protected_named_and_told_of(oos: Runner) -> None:
    world = oos.world
    id = world.run()
    for wanted in (True, True, False):
        succeeded(oos.action("ACS::ECS::EnableInstanceDeletionProtection", instanceId=id, deletionProtection=wanted))
        assert world.instance(id).labels.deletion_protection is wanted
    succeeded(
        oos.action(
            "ACS::ECS::GetIpAddressAndModifyInstanceName", instanceId=id, instanceNameFormat="web-{PrivateIpAddress}"
        )
    )
    assert world.instance(id).labels.name == f"web-{world.home(id).addresses(id)[0].address}"
    for attributes in ({"InstanceName": "x"}, {id: {"InstanceName": "y"}, "i-other": {"InstanceName": "z"}}):
        succeeded(oos.action("ACS::ECS::ModifyInstanceAttribute", instanceId=id, instanceAttributes=attributes))
    assert world.instance(id).labels.name == "y"
    world.call("CreateSnapshot", DiskId=world.instance(id).disk_ids[0])
    info = succeeded(oos.action("ACS::ECS::QueryInstanceAttributes", instanceId=id))["instanceInfo"]
    assert info["instance"]["InstanceId"] == id
    assert [len(info[part]) for part in ("disks", "snapshots", "networkInterfaces")] == [1, 1, 1]


def test_a_kept_command_gives_its_output(oos: Runner) -> None:
    world = oos.world
    id = world.run()
    given: dict[str, Any] = {
        "Name": "n",
        "Type": "RunShellScript",
        "ContentEncoding": "PlainText",
        "CommandContent": "echo {{ word }}",
        "EnableParameter": True,
    }
    command = world.call("CreateCommand", **given)["CommandId"]
    execution = oos.action("ACS::ECS::InvokeCommand", instanceId=id, commandId=command, parameters={"word": "hello"})
    assert succeeded(execution) == {"invocationOutput": "hello\n"}
    long = oos.action(
        "ACS::ECS::RunCommandForLongTime", instanceId=id, commandType="RunShellScript", commandContent="echo out"
    )
    assert succeeded(long) == {"invocationOutput": "out\n"}


def test_instances_are_tagged_with_what_is_found_out(oos: Runner) -> None:
    world = oos.world
    id = world.run()
    succeeded(oos.action("ACS::ECS::TagInstanceByOSType", instanceId=id))
    command = {"tagKey": "rack", "commandContent": "echo a-17"}
    assert succeeded(oos.action("ACS::ECS::TagInstanceByRunCommandResult", instanceId=id, **command)) == {
        "tagValue": "a-17"
    }
    assert dict(world.instance(id).labels.tags) == {"OSType": "linux", "rack": "a-17"}


def test_tags_are_copied_from_an_instance_to_what_it_has(oos: Runner) -> None:
    world = oos.world
    id = world.run(Tag=[{"Key": "role", "Value": "web"}, {"Key": "owner", "Value": "ops"}])
    disk, card = world.instance(id).disk_ids[0], world.instance(id).interfaces[0].id
    snapshot = world.call("CreateSnapshot", DiskId=disk)["SnapshotId"]
    resources = {"Disk": ("disk", disk), "Snapshot": ("snapshot", snapshot), "Eni": ("eni", card)}
    for kind, (resource_type, resource) in resources.items():
        own: dict[str, Any] = {"ResourceType": resource_type, "ResourceId": [resource]}
        world.call("TagResources", Tag=[{"Key": "role", "Value": "old"}], **own)
        for update, wanted in ((False, {"role": "old", "owner": "ops"}), (True, {"role": "web", "owner": "ops"})):
            succeeded(
                oos.action(
                    f"ACS::ECS::Update{kind}TagsByEcsInstanceTags",
                    regionId="lab",
                    instanceId=id,
                    tagKeys=["role", "owner", "never"],
                    isUpdate=update,
                )
            )
            rows = world.call("ListTagResources", **own)["TagResources"]["TagResource"]
            assert {row["TagKey"]: row["TagValue"] for row in rows} == wanted


def test_the_tag_service_tells_what_it_could_not_tag(oos: Runner) -> None:
    id = oos.world.run()
    names = [f"arn:acs:ecs:lab:*:instance/{each}" for each in (id, "i-none")]
    outputs = succeeded(oos.action("ACS::TAG::TagResources", resources=names, tags={"role": "web"}))
    assert (outputs["errorNumber"], outputs["allNumber"]) == (1, 2)
    assert "i-none" in outputs["errorMessage"][0]
    assert dict(oos.world.instance(id).labels.tags) == {"role": "web"}


def test_all_snapshots_are_deleted_when_that_is_asked(oos: Runner) -> None:
    world = oos.world
    disk = world.instance(world.run()).disk_ids[0]
    for _ in range(3):
        world.call("CreateSnapshot", DiskId=disk)
    succeeded(oos.action("ACS::ECS::DeleteSnapshotsExceptSharedFromOthers", regionId="lab"))
    assert world.call("DescribeSnapshots")["TotalCount"] == 0

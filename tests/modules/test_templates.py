"""Templates as a service: registered with versions, found, checked, looked into."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from oos.service.catalog import installed_modules
from tests.modules.executions import Runner, runner, succeeded
from tests.modules.test_executions import GREET, start, until
from tests.modules.world import TYPE, World

RISKY = """
FormatVersion: OOS-2019-06-01
Parameters:
  instanceId:
    AssociationProperty: ALIYUN::ECS::Instance::InstanceId
    AssociationPropertyMetadata: {RegionId: region}
  region: {AssociationProperty: RegionId, Default: lab}
  type: {AssociationProperty: 'ALIYUN::ECS::Instance::InstanceType', Default: ''}
  size: {Type: Number, AllowedValues: [1, 2], Default: 1}
Tasks:
  - Name: delete
    Action: ACS::ECS::DeleteInstance
    Properties: {instanceId: '{{ instanceId }}'}
  - Name: snapshots
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DeleteSnapshot, Risk: Normal, Parameters: {SnapshotId: '{{ instanceId }}'}}
"""

STATE = """
FormatVersion: OOS-2019-06-01-State
Description: A file
States: [{ResourceType: 'ACS:File', Properties: {Ensure: Present}}]
"""


@pytest.fixture
def oos() -> Iterator[Runner]:
    with runner(World(installed_modules())) as made:
        yield made


def test_a_template_has_versions_and_the_newest_is_run(oos: Runner) -> None:
    world = oos.world
    made = world.call(
        "OOS.CreateTemplate", TemplateName="greet", Content=GREET, Tags={"team": "ops"}, VersionName="one"
    )
    assert (made["Template"]["TemplateVersion"], made["TemplateType"]) == ("v1", "Automation")
    assert (made["Template"]["Description"], made["Template"]["HasTrigger"]) == ("Greets.", False)
    changed = GREET.replace("hello", "good day")
    assert (
        world.call("OOS.UpdateTemplate", TemplateName="greet", Content=changed)["Template"]["TemplateVersion"] == "v2"
    )
    for version, wanted in (("", changed), ("v1", GREET), ("1", GREET), ("one", GREET), ("v2", changed)):
        shown = world.call("OOS.GetTemplate", TemplateName="greet", TemplateVersion=version)
        assert shown["Content"] == wanted
        assert shown["Template"]["Tags"] == {"team": "ops"}
    versions = world.call("OOS.ListTemplateVersions", TemplateName="greet")["TemplateVersions"]
    assert [(each["TemplateVersion"], each["VersionName"]) for each in versions] == [("v2", ""), ("v1", "one")]
    for version, wanted in (("", "good day world"), ("v1", "hello world")):
        id = start(world, TemplateName="greet", TemplateVersion=version)
        ended = until(world, id, "Success")
        assert json.loads(ended["Outputs"])["greeting"] == wanted
        assert ended["TemplateVersion"] == (version or "v2")


def test_the_same_request_stores_a_version_once(oos: Runner) -> None:
    world = oos.world
    for _ in range(2):
        made = world.call("OOS.CreateTemplate", "token-a", TemplateName="greet", Content=GREET)
        assert made["Template"]["TemplateVersion"] == "v1"
    for _ in range(2):
        made = world.call("OOS.UpdateTemplate", "token-b", TemplateName="greet", Content=GREET)
        assert made["Template"]["TemplateVersion"] == "v2"
    taken = world.refusal("OOS.CreateTemplate", TemplateName="greet", Content=GREET)
    assert (taken.code, taken.status) == ("EntityAlreadyExists.Template", 409)
    shadowed = world.refusal("OOS.CreateTemplate", TemplateName="disk-rollback", Content=GREET)
    assert shadowed.code == "EntityAlreadyExists.Template"


@pytest.mark.parametrize("name", ["ACS-mine", "aliyun", "with space", "a/b", "x" * 201, ""])
def test_a_name_that_is_not_allowed_is_refused(oos: Runner, name: str) -> None:
    assert oos.world.refusal("OOS.CreateTemplate", TemplateName=name, Content=GREET).status == 400


def test_a_template_with_faults_is_not_stored(oos: Runner) -> None:
    world = oos.world
    for content, code in (
        ("FormatVersion: OOS-1999\nTasks: []", "InvalidFormatVersion"),
        ("{", "InvalidTemplate"),
        (GREET.replace("DescribeRegions", "DescribeRegionz"), "InvalidAction"),
        (GREET.replace("look.regions", "look.regionz"), "InvalidReference"),
    ):
        for operation in ("CreateTemplate", "ValidateTemplateContent"):
            given = {"TemplateName": "x"} if operation == "CreateTemplate" else {}
            refused = world.refusal(f"OOS.{operation}", Content=content, **given)
            assert (refused.code, refused.status) == (code, 400), refused.message
    assert world.refusal("OOS.GetTemplate", TemplateName="x").code == "EntityNotExists.Template"


def test_a_state_template_is_kept_and_not_run(oos: Runner) -> None:
    world = oos.world
    assert world.call("OOS.CreateTemplate", TemplateName="file", Content=STATE)["TemplateType"] == "State"
    assert world.refusal("OOS.StartExecution", TemplateName="file").status == 400


def test_templates_are_listed_with_the_runbooks(oos: Runner) -> None:
    world = oos.world
    world.call("OOS.CreateTemplate", TemplateName="greet", Content=GREET, Tags={"team": "ops"})

    def names(**conditions: Any) -> list[str]:
        return [each["TemplateName"] for each in world.call("OOS.ListTemplates", **conditions)["Templates"]]

    assert names(ShareType="Private") == names(Tags={"team": "ops"}) == names(CreatedBy="root") == ["greet"]
    assert "disk-rollback" in names(ShareType="Public")
    assert "greet" not in names(ShareType="Public")
    assert names() == sorted(names())
    assert names(TemplateName="ROLLBACK") == ["disk-rollback"]
    assert names(Category="backup", ShareType="Public")[0] == "disk-rollback"
    assert set(names(HasTrigger=True)) < set(names(ShareType="Public"))
    until(world, start(world, TemplateName="greet"), "Success")
    counted = world.call("OOS.ListTemplates", SortField="TotalExecutionCount")["Templates"]
    assert (counted[0]["TemplateName"], counted[0]["TotalExecutionCount"]) == ("greet", 1)
    world.call("OOS.UpdateTemplateAttributes", TemplateName="greet", IsFavorite=True)
    assert names(IsFavorite=True) == ["greet"]
    shared = world.refusal("OOS.UpdateTemplateAttributes", TemplateName="greet", AccountIds="1")
    assert shared.code == "OperationDenied.NotSupported"


def test_a_deleted_template_is_gone_and_its_executions_are_not(oos: Runner) -> None:
    world = oos.world
    world.call("OOS.CreateTemplate", TemplateName="greet", Content=GREET)
    id = start(world, TemplateName="greet")
    until(world, id, "Success")
    for _ in range(2):
        world.call("OOS.DeleteTemplate", "token-d", TemplateName="greet")
    assert world.refusal("OOS.DeleteTemplate", TemplateName="greet").code == "EntityNotExists.Template"
    assert world.call("OOS.GetExecutionTemplate", ExecutionId=id)["Content"] == GREET
    world.call("OOS.CreateTemplate", TemplateName="greet", Content=GREET)
    world.call("OOS.DeleteTemplates", TemplateNames='["greet"]', AutoDeleteExecutions=True)
    assert world.call("OOS.ListExecutions")["Executions"] == []


def test_the_parts_of_a_sound_template_are_told(oos: Runner) -> None:
    told = oos.world.call("OOS.ValidateTemplateContent", Content=GREET)
    assert json.loads(told["Parameters"])["password"] == {"Type": "String", "Default": "", "NoEcho": True}
    assert [(each["Name"], each["Type"]) for each in told["Tasks"]] == [("look", "ACS::ExecuteAPI")]
    assert json.loads(told["Outputs"])["greeting"]["Value"] == "hello {{ name }}"


def test_high_risks_are_told_down_to_the_product_actions(oos: Runner) -> None:
    world = oos.world
    world.call("OOS.CreateTemplate", TemplateName="risky", Content=RISKY)
    (risk,) = world.call("OOS.ListExecutionRiskyTasks", TemplateName="risky")["RiskyTasks"]
    assert (risk["Service"], risk["API"], risk["Template"]) == ("ECS", "DeleteInstance", ["ACS::ECS::DeleteInstance"])
    policy = world.call("OOS.GenerateExecutionPolicy", TemplateName="risky")
    actions = json.loads(policy["Policy"])["Statement"][0]["Action"]
    assert actions == ["ecs:DeleteInstance", "ecs:DeleteSnapshot", "ecs:DescribeInstances"]


def test_a_form_is_offered_what_there_is(oos: Runner) -> None:
    world = oos.world
    id = world.run()
    told = world.call("OOS.GetTemplateParameterConstraints", TemplateContent=RISKY)["ParameterConstraints"]
    assert told["instanceId"]["AllowedValues"] == [id]
    assert TYPE in told["type"]["AllowedValues"]
    assert told["size"]["AllowedValues"] == [1, 2]
    elsewhere = world.call(
        "OOS.GetTemplateParameterConstraints", TemplateContent=RISKY, Parameters={"region": "empty"}
    )["ParameterConstraints"]
    assert elsewhere["instanceId"]["AllowedValues"] == []


def test_every_action_is_listed(oos: Runner) -> None:
    world = oos.world
    actions: list[dict[str, Any]] = []
    token = ""
    while True:
        page = world.call("OOS.ListActions", MaxResults=20, NextToken=token)
        actions += page["Actions"]
        token = page["NextToken"]
        if not token:
            break
    kinds = {each["OOSActionName"]: each["ActionType"] for each in actions}
    assert kinds["ACS::ExecuteAPI"] == "Atomic.API"
    assert kinds["ACS::ECS::RunCommand"] == "Product"
    assert set(kinds) >= {each.name for each in world.catalog.actions()}
    (one,) = world.call("OOS.ListActions", OOSActionName="ACS::Sleep")["Actions"]
    assert "Duration" in json.loads(one["Properties"])


def test_a_registered_template_is_a_part_of_others(oos: Runner) -> None:
    world = oos.world
    world.call("OOS.CreateTemplate", TemplateName="greet", Content=GREET)
    text = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: greet
    Action: ACS::Template
    Properties: {TemplateName: greet, TemplateVersion: v1, Parameters: {name: you}}
    Outputs: {greeting: {Type: String, ValueSelector: .greeting}}
Outputs:
  greeting: {Type: String, Value: '{{ greet.greeting }}'}
"""
    assert succeeded(oos.run(text)) == {"greeting": "hello you"}
    assert [each["RegionId"] for each in world.call("OOS.DescribeRegions")["Regions"]] == ["lab", "empty"]

"""The tags and resource groups of templates and parameters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oos.service.catalog import installed_modules
from tests.modules.executions import Runner, runner
from tests.modules.world import World

TEMPLATE = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: look
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeRegions}
"""


@pytest.fixture
def oos() -> Iterator[Runner]:
    with runner(World(installed_modules())) as made:
        yield made


@pytest.fixture
def world(oos: Runner) -> World:
    world = oos.world
    world.call("OOS.CreateTemplate", TemplateName="app", Content=TEMPLATE, Tags={"role": "web"})
    world.call("OOS.CreateParameter", Name="port", Type="String", Value="80", Tags={"role": "db"})
    world.call("OOS.CreateSecretParameter", Name="password", Value="secret")
    return world


def rows(world: World, kind: str, **conditions: object) -> list[tuple[str, str, str]]:
    listed = world.call("OOS.ListTagResources", ResourceType=kind, **conditions)
    return [(each["ResourceId"], each["TagKey"], each["TagValue"]) for each in listed["TagResources"]["TagResource"]]


@pytest.mark.parametrize(
    ("kind", "name"), [("template", "app"), ("parameter", "port"), ("secretparameter", "password")]
)
def test_what_is_stored_is_tagged_and_untagged(world: World, kind: str, name: str) -> None:
    world.call("OOS.TagResources", ResourceType=kind, ResourceIds=[name], Tags={"role": "x", "owner": "ops"})
    assert rows(world, kind) == [(name, "owner", "ops"), (name, "role", "x")]
    assert rows(world, kind, Tags={"owner": "ops"}) == [(name, "owner", "ops")]
    assert rows(world, kind, Tags={"owner": "dev"}) == []
    world.call("OOS.UntagResources", ResourceType=kind, ResourceIds=f'["{name}"]', TagKeys='["role"]')
    assert rows(world, kind) == [(name, "owner", "ops")]
    world.call("OOS.UntagResources", ResourceType=kind, ResourceIds=[name], All=True)
    assert rows(world, kind, ResourceIds=[name]) == []


def test_an_id_will_do_for_a_name(world: World) -> None:
    id = world.call("OOS.GetTemplate", TemplateName="app")["Template"]["TemplateId"]
    world.call("OOS.TagResources", ResourceType="template", ResourceIds=[id], Tags={"owner": "ops"})
    assert world.call("OOS.ListTemplates", Tags={"owner": "ops"})["Templates"][0]["TemplateName"] == "app"


def test_keys_and_values_in_use_are_listed(world: World) -> None:
    assert world.call("OOS.ListTagKeys")["Keys"] == ["role"]
    assert world.call("OOS.ListTagValues", Key="role")["Values"] == ["db", "web"]
    assert world.call("OOS.ListTagValues", Key="role", ResourceType="parameter")["Values"] == ["db"]
    assert world.call("OOS.ListTagKeys", ResourceType="secretparameter")["Keys"] == []


def test_a_resource_group_is_changed(world: World) -> None:
    given = {"ResourceType": "template", "ResourceId": "app", "NewResourceGroupId": "rg-1"}
    world.call("OOS.ChangeResourceGroup", **given)
    assert world.call("OOS.GetTemplate", TemplateName="app")["Template"]["ResourceGroupId"] == "rg-1"


def test_what_cannot_be_tagged_is_named(world: World) -> None:
    given = {"ResourceType": "template", "Tags": {"a": "b"}}
    refused = world.refusal("OOS.TagResources", ResourceIds=["app", "none"], **given)
    assert refused.code == "EntityNotExists.Template"
    assert rows(world, "template") == [("app", "role", "web")]
    many = {f"key{number}": "x" for number in range(20)}
    given = {"ResourceType": "template", "ResourceIds": ["app"]}
    assert world.refusal("OOS.TagResources", Tags=many, **given).code == "QuotaExceed.TagsPerResource"
    assert world.refusal("OOS.TagResources", Tags={"acs:x": "y"}, **given).code == "InvalidTagKey.Malformed"
    assert world.refusal("OOS.UntagResources", **given).code == "MissingParameter"


def test_one_task_is_tried_out_alone(oos: Runner) -> None:
    properties = {"Service": "ECS", "API": "DescribeRegions"}
    given = {"TaskType": "ACS::ExecuteAPI", "Properties": properties}
    id = oos.world.call("OOS.StartDebugExecution", "t", **given)["ExecutionId"]
    assert oos.world.call("OOS.StartDebugExecution", "t", **given)["ExecutionId"] == id
    from tests.engine.world import finished

    assert finished(oos.engine, id).status == "Success"
    refused = oos.world.refusal("OOS.StartDebugExecution", TaskType="ACS::None", Properties={})
    assert "ACS::None" in refused.message
    assert oos.world.call("OOS.GetServiceSettings")["ServiceSettings"][0]["DeliveryOssEnabled"] is False

"""The parameter store: common and secret parameters with their versions, and templates that read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oos.adapters.sealing import FileSealer
from oos.adapters.sql import SqlRegistry
from oos.service.call import invoke
from oos.service.catalog import installed_modules
from oos.values.secret import Secret
from tests.modules.executions import Runner, runner, succeeded
from tests.modules.world import World

READING = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: look
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeRegions}
Outputs:
  port: {Type: String, Value: '{{ oos:app/port }}'}
  address: {Type: String, Value: 'db://user:{{ oos-secret:app/password }}@host'}
"""

GETTING = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: get
    Action: ACS::ExecuteAPI
    Properties:
      Service: OOS
      API: GetSecretParameter
      Parameters: {Name: app/password, WithDecryption: true}
    Outputs: {value: {Type: String, ValueSelector: Parameter.Value}}
Outputs:
  value: {Type: String, Value: '{{ get.value }}'}
"""


@pytest.fixture
def oos() -> Iterator[Runner]:
    with runner(World(installed_modules())) as made:
        yield made


@pytest.fixture
def world(oos: Runner) -> World:
    return oos.world


def test_a_parameter_has_versions_and_the_newest_counts(world: World) -> None:
    made = world.call("OOS.CreateParameter", Name="app/port", Type="String", Value="80", Tags='{"team": "ops"}')
    assert (made["Parameter"]["ParameterVersion"], made["Parameter"]["Id"][:2]) == (1, "p-")
    updated = world.call("OOS.UpdateParameter", Name="app/port", Value="8080", Description="of the web")["Parameter"]
    assert (updated["ParameterVersion"], updated["Tags"]) == (2, '{"team":"ops"}')
    shown = world.call("OOS.GetParameter", Name="app/port")["Parameter"]
    assert (shown["Value"], shown["Description"], shown["Tags"]) == ("8080", "of the web", {"team": "ops"})
    assert world.call("OOS.GetParameter", Name="app/port", ParameterVersion=1)["Parameter"]["Value"] == "80"
    missing = world.refusal("OOS.GetParameter", Name="app/port", ParameterVersion=3)
    assert missing.code == "EntityNotExists.ParameterVersion"
    versions = world.call("OOS.ListParameterVersions", Name="app/port")
    assert [each["Value"] for each in versions["ParameterVersions"]] == ["8080", "80"]
    assert versions["TotalCount"] == 2


def test_the_same_request_stores_a_parameter_once(world: World) -> None:
    for _ in range(2):
        world.call("OOS.CreateParameter", "token-a", Name="x", Type="String", Value="1")
        assert world.call("OOS.UpdateParameter", "token-b", Name="x", Value="2")["Parameter"]["ParameterVersion"] == 2
    taken = world.refusal("OOS.CreateParameter", Name="x", Type="String", Value="1")
    assert taken.code == "EntityAlreadyExists.Parameter"
    for _ in range(2):
        world.call("OOS.DeleteParameter", "token-c", Name="x")
    assert world.refusal("OOS.GetParameter", Name="x").code == "EntityNotExists.Parameter"
    assert world.refusal("OOS.DeleteParameter", Name="x").code == "EntityNotExists.Parameter"


@pytest.mark.parametrize(
    ("constraints", "good", "bad"),
    [
        ({"AllowedValues": ["a", "b"]}, "a", "c"),
        ({"AllowedPattern": "[0-9]+"}, "80", "8o"),
        ({"MinLength": 2, "MaxLength": 3}, "ab", "abcd"),
    ],
)
def test_a_value_keeps_to_its_constraints(world: World, constraints: dict[str, Any], good: str, bad: str) -> None:
    given: dict[str, Any] = {"Name": "x", "Type": "StringList", "Constraints": constraints}
    refused = world.refusal("OOS.CreateParameter", Value=f"{good},{bad}", **given)
    assert refused.code == "InvalidParameter.Value"
    world.call("OOS.CreateParameter", Value=f"{good}, {good}", **given)
    assert world.refusal("OOS.UpdateParameter", Name="x", Value=bad).code == "InvalidParameter.Value"
    secret: dict[str, Any] = {"Name": "s", "Constraints": {"MinLength": 20}}
    assert "hunter2" not in world.refusal("OOS.CreateSecretParameter", Value="hunter2", **secret).message


@pytest.mark.parametrize("constraints", [{"Odd": 1}, {"MinLength": "x"}, {"AllowedPattern": "["}])
def test_constraints_that_cannot_be_read_are_refused(world: World, constraints: dict[str, Any]) -> None:
    refused = world.refusal("OOS.CreateParameter", Name="x", Type="String", Value="1", Constraints=constraints)
    assert refused.code == "InvalidParameter.Constraints"


@pytest.mark.parametrize("name", ["oos/x", "ACS", "a b", ""])
def test_a_name_that_is_not_allowed_is_refused(world: World, name: str) -> None:
    assert world.refusal("OOS.CreateParameter", Name=name, Type="String", Value="1").status == 400


def test_parameters_are_found_by_name_and_path(world: World) -> None:
    for name in ("app/web/port", "app/port", "app", "other"):
        world.call("OOS.CreateParameter", Name=name, Type="String", Value=name)
        world.clock.sleep(60)

    def below(**given: Any) -> list[str]:
        return [each["Name"] for each in world.call("OOS.GetParametersByPath", **given)["Parameters"]]

    assert below(Path="/app") == ["app/port"]
    assert below(Path="/app/", Recursive=True) == ["app/port", "app/web/port"]
    assert below(Path="/") == ["app", "other"]
    several = world.call("OOS.GetParameters", Names='["app", "none", "other"]')
    assert [each["Value"] for each in several["Parameters"]] == ["app", "other"]
    assert several["InvalidParameters"] == ["none"]
    listed = world.call("OOS.ListParameters", MaxResults=2)
    assert [each["Name"] for each in listed["Parameters"]] == ["other", "app"]
    rest = world.call("OOS.ListParameters", MaxResults=2, NextToken=listed["NextToken"])
    assert [each["Name"] for each in rest["Parameters"]] == ["app/port", "app/web/port"]
    by_name = world.call("OOS.ListParameters", Name="port", SortField="Name", SortOrder="Ascending")
    assert [each["Name"] for each in by_name["Parameters"]] == ["app/port", "app/web/port"]


def call(world: World, name: str, **parameters: Any) -> dict[str, Any]:
    """Call an operation whose response may hold a Secret."""
    operation = world.catalog.operation("OOS", name)
    assert operation is not None
    world.calls += 1
    return invoke(operation, parameters, world.context(f"token-{world.calls}"))


def test_a_secret_is_told_only_when_it_is_asked_for(world: World) -> None:
    world.call("OOS.CreateSecretParameter", Name="app/password", Value="hunter2", Description="of the database")
    assert world.call("OOS.GetSecretParameter", Name="app/password")["Parameter"]["Value"] == ""
    opened = call(world, "GetSecretParameter", Name="app/password", WithDecryption=True)
    assert opened["Parameter"]["Value"] == Secret("hunter2")
    for name, given in (
        ("GetSecretParameters", {"Names": ["app/password"]}),
        ("GetSecretParametersByPath", {"Path": "/app"}),
    ):
        assert world.call(f"OOS.{name}", **given)["Parameters"][0]["Value"] == ""
        assert call(world, name, WithDecryption=True, **given)["Parameters"][0]["Value"] == Secret("hunter2")
    world.call("OOS.UpdateSecretParameter", Name="app/password", Value="hunter3")
    versions = call(world, "ListSecretParameterVersions", Name="app/password", WithDecryption=True)
    assert [each["Value"] for each in versions["ParameterVersions"]] == [Secret("hunter3"), Secret("hunter2")]
    assert "Value" not in world.call("OOS.ListSecretParameters")["Parameters"][0]
    denied = world.refusal("OOS.CreateSecretParameter", Name="k", Value="x", KeyId="key-1")
    assert denied.code == "OperationDenied.NotSupported"
    world.call("OOS.DeleteSecretParameter", Name="app/password")
    assert world.call("OOS.ListSecretParameters")["Parameters"] == []


def test_a_secret_is_sealed_at_rest(world: World, tmp_path: Path) -> None:
    path = tmp_path / "oos.db"
    sealer = FileSealer(tmp_path / "key")
    registry = SqlRegistry(path, lambda: sealer)
    world.registry = registry  # type: ignore[assignment]  # the real one in place of that in memory
    world.call("OOS.CreateSecretParameter", Name="app/password", Value="opensesame")
    opened = call(world, "GetSecretParameter", Name="app/password", WithDecryption=True)
    assert opened["Parameter"]["Value"] == Secret("opensesame")
    registry.close()
    for file in tmp_path.iterdir():
        assert b"opensesame" not in file.read_bytes(), file


def test_templates_read_the_store_and_keep_its_secrets(oos: Runner) -> None:
    world = oos.world
    world.call("OOS.CreateParameter", Name="app/port", Type="String", Value="8080")
    world.call("OOS.CreateSecretParameter", Name="app/password", Value="opensesame")
    outputs = succeeded(oos.run(READING))
    assert outputs["port"] == "8080"
    assert outputs["address"] == Secret("db://user:opensesame@host")
    assert succeeded(oos.run(GETTING)) == {"value": Secret("opensesame")}

"""What of the cloud is there: told by the page, true of the catalog, the same in every parameter."""

from __future__ import annotations

import importlib.util
import json
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest
import yaml

from oos.diagnostics import Severity
from oos.service.catalog import Catalog
from oos.template import official
from oos.template.check import check, faults_at_start
from oos.template.parse import parse
from tests.modules.executions import failed, runner, whole_catalog
from tests.modules.world import World
from tests.modules.yaml_table import load_table

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "oos" / "docs" / "compatibility.md"
NOTES = yaml.safe_load(PAGE.with_suffix(".yml").read_text(encoding="utf-8"))
CATALOG = whole_catalog()
NAMED = [(service, name) for service, names in load_table("cloud_operations.yml").items() for name in names]
CLOUD_ACTIONS = load_table("cloud_actions.yml")
THERE = [name for name in CLOUD_ACTIONS if CATALOG.action(name) is not None]


def script() -> Any:
    """The script that makes the page, as a module."""
    loader = SourceFileLoader("compatibility", str(ROOT / "scripts" / "compatibility"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def told(text: str) -> dict[str, dict[str, set[str]]]:
    """What the page says of each service: the operations that are there, and those that are not."""
    services: dict[str, dict[str, set[str]]] = {}
    service, part = "", ""
    for line in text.splitlines():
        if line.startswith("## "):
            service, part = line[3:], "there"
        elif line.startswith("### "):
            part = "not"
        elif service in ("ECS", "VPC", "TAG", "OOS"):
            names = services.setdefault(service, {"there": set(), "not": set()})[part]
            if line.startswith("|"):
                names.add(line.split("|")[1].strip())
            else:
                names.update(each for each in line.replace("·", " ").split())
    return services


# the page


def test_the_page_is_what_the_catalog_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == script().make(), "stale: run scripts/compatibility"


def test_every_operation_that_runbooks_name_is_there_or_told_not_to_be() -> None:
    page = told(PAGE.read_text(encoding="utf-8"))
    for service, name in NAMED:
        there = {each.casefold() for each in page[service]["there"]}
        lacking = {each.casefold() for each in page[service]["not"]}
        assert (name.casefold() in there) != (name.casefold() in lacking), f"{service}.{name}"
        assert (name.casefold() in there) == (CATALOG.operation(service, name) is not None), f"{service}.{name}"


def test_the_notes_are_about_what_they_say() -> None:
    for name in NOTES["partial"]:
        assert CATALOG.operation(*name.split(".")) is not None, f"{name} is not there"
    for name in (each for names in NOTES["unsupported"].values() for each in names):
        assert official.is_operation(*name.split(".")), f"the cloud has no {name}"
        assert CATALOG.operation(*name.split(".")) is None, f"{name} is there now: take its line out of the notes"
    for name in NOTES["actions"]:
        assert name in CLOUD_ACTIONS
        assert CATALOG.action(name) is None, f"{name} is there now: take its line out of the notes"


def test_an_operation_that_comes_moves_by_itself() -> None:
    made = script()
    without = Catalog(module for module in CATALOG.modules if module.name != "key_pair")
    notes = {"partial": {}, "unsupported": {}, "actions": {}}
    before, after = (told(made.Page(each, notes, CLOUD_ACTIONS).text())["ECS"] for each in (without, CATALOG))
    assert "CreateKeyPair" in before["not"] - before["there"]
    assert "CreateKeyPair" in after["there"] - after["not"]


# product actions


@pytest.mark.parametrize("name", THERE)
def test_a_product_action_takes_and_gives_what_that_of_the_cloud_does(name: str) -> None:
    action = CATALOG.action(name)
    assert action is not None
    ours, cloud = yaml.safe_load(action.text), CLOUD_ACTIONS[name]
    parameters, wanted = ours.get("Parameters", {}), cloud.get("inputs", {})
    assert sorted(parameters) == sorted(wanted)
    for each, facts in wanted.items():
        own = parameters[each]
        assert own["Type"] == facts["type"], each
        assert ("Default" not in own) == facts.get("required", False), each
        if "Default" in own:
            assert is_same(own["Default"], facts.get("default", "")), f"{each}: {own['Default']}"
        if "allowed" in facts and not facts["allowed"][-1].endswith("…"):
            assert sorted(map(as_text, own["AllowedValues"])) == sorted(each.casefold() for each in facts["allowed"])
    outputs = {each: value["Type"] for each, value in ours.get("Outputs", {}).items()}
    assert outputs == cloud.get("outputs", {})


def as_text(value: object) -> str:
    """A value as a table shows it."""
    return (value if isinstance(value, str) else json.dumps(value)).casefold()


def is_same(default: object, wanted: str) -> bool:
    """Whether a default is the one that the table shows, which ends in an ellipsis where it is long."""
    text = as_text(default)
    if wanted.endswith("…"):
        return text.startswith(wanted.removesuffix("…").casefold())
    return text.replace(" ", "") == wanted.casefold().replace(" ", "")


# what is not supported

CALL = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: call
    Action: ACS::ExecuteAPI
    Properties: {Service: %s, API: %s, Parameters: {}}
"""


@pytest.mark.parametrize(("service", "name"), [("ECS", "CreateVsc"), ("VPC", "CreateIpsecServer"), ("RDS", "AddTags")])
def test_an_operation_that_is_not_supported_is_a_warning_and_no_start(service: str, name: str) -> None:
    checked = check(parse(CALL % (service, name), "t.yml"), CATALOG)
    assert [each.severity for each in checked.diagnostics] == [Severity.WARNING]
    (fault,) = faults_at_start(checked)
    assert fault.severity is Severity.ERROR
    assert fault.code == "OOS210"
    assert service in fault.message


COMPUTED = """
FormatVersion: OOS-2019-06-01
Parameters: {api: {Type: String}}
Tasks:
  - Name: call
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: '{{ api }}', Parameters: {}}
"""


def test_a_task_that_calls_what_is_not_supported_fails_and_names_it() -> None:
    with runner(World(CATALOG.modules)) as oos:
        execution = oos.run(COMPUTED, api="CreateVsc")
    assert "ECS.CreateVsc is not supported" in failed(execution)
    assert execution.fault is not None
    assert execution.fault.code == "UnsupportedOperation"

"""Ops items: written down once, listed by conditions, changed and forgotten."""

from __future__ import annotations

from typing import Any

import pytest

import oos_ops_item
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World((oos_ops_item.MODULE,))


def made(world: World, token: str = "", **fields: Any) -> str:
    given = {"Title": "disk full", "Category": "Availability", "Severity": "High", "Source": "alarm", **fields}
    return str(world.call("OOS.CreateOpsItem", token, **given)["OpsItem"]["OpsItemId"])


def titles(world: World, *conditions: dict[str, Any], **fields: Any) -> list[str]:
    found = world.call("OOS.ListOpsItems", Filter=list(conditions), **fields)
    return [each["Title"] for each in found["OpsItems"]]


def test_an_item_is_written_down_once_and_shown(world: World) -> None:
    given = {"Priority": 2, "Resources": '["i-1"]', "Solutions": [{"TemplateName": "grow"}], "Tags": {"team": "ops"}}
    id = made(world, "t", Description="since noon", **given)
    assert made(world, "t", **given) == id
    item = world.call("OOS.GetOpsItem", OpsItemId=id)["OpsItem"]
    assert (item["Status"], item["Priority"], item["Resources"]) == ("Open", 2, ["i-1"])
    assert (item["Solutions"], item["Tags"]) == ([{"TemplateName": "grow"}], {"team": "ops"})
    assert world.call("OOS.ListOpsItems")["TotalCount"] == 1


def test_while_one_is_open_its_twin_is_not_made(world: World) -> None:
    first = made(world, DedupString="disk/i-1")
    assert made(world, DedupString="disk/i-1", Title="again") == first
    assert made(world, DedupString="disk/i-2") != first
    world.call("OOS.UpdateOpsItem", OpsItemId=first, Status="Resolved")
    assert made(world, DedupString="disk/i-1") != first


def test_items_are_found_by_conditions(world: World) -> None:
    made(world, Title="a", Severity="Low", Priority=5)
    made(world, Title="b", Severity="Critical", Priority=1, Tags={"team": "ops"})
    assert titles(world, {"Name": "severity", "Value": ["Critical", "High"]}) == ["b"]
    assert titles(world, {"Name": "Title", "Operator": "NotEqual", "Value": ["b"]}) == ["a"]
    assert titles(world, {"Name": "Priority", "Operator": "LessThan", "Value": ["3"]}) == ["b"]
    assert titles(world, {"Name": "CreateDate", "Operator": "GreaterThan", "Value": ["2999"]}) == []
    assert titles(world, Tags={"team": "ops"}) == ["b"]
    assert "known are" in world.refusal("OOS.ListOpsItems", Filter=[{"Name": "None", "Value": ["x"]}]).message


def test_what_is_given_is_changed_and_the_rest_stays(world: World) -> None:
    id = made(world, Description="since noon", Tags={"team": "ops"})
    changed = world.call("OOS.UpdateOpsItem", OpsItemId=id, Status="InProgress", Resources=["i-1"])["OpsItem"]
    assert (changed["Status"], changed["Resources"], changed["Description"]) == ("InProgress", ["i-1"], "since noon")
    assert changed["Tags"] == {"team": "ops"}


def test_items_are_forgotten(world: World) -> None:
    ids = [made(world), made(world)]
    assert world.refusal("OOS.DeleteOpsItems", OpsItemIds=[ids[0], "oi-none"]).code == "EntityNotExists.OpsItem"
    assert world.call("OOS.ListOpsItems")["TotalCount"] == 2
    for _ in range(2):
        world.call("OOS.DeleteOpsItems", "t", OpsItemIds=ids)
    assert titles(world) == []
    assert world.refusal("OOS.GetOpsItem", OpsItemId=ids[0]).code == "EntityNotExists.OpsItem"
    assert world.refusal("OOS.CreateOpsItem", Title="x", Category="None", Severity="High", Source="y").status == 400

"""What is in guests: inventory entries, patches and packages, kept and found."""

from __future__ import annotations

import json
from typing import Any

import pytest

import oos_instance
import oos_software
from oos.inventory.model import ManagedInstance, SshAccess
from tests.modules.world import World

PACKAGES = [
    {"Name": "openssl", "Version": "3.0.9", "Architecture": "amd64"},
    {"Name": "zlib", "Version": "1.10", "Architecture": "amd64"},
]


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_software.MODULE))


def names(world: World, id: str, *conditions: dict[str, Any]) -> list[str]:
    given: dict[str, Any] = {"InstanceId": id, "TypeName": "acs:application", "Filter": list(conditions)}
    return [each["Name"] for each in world.call("OOS.ListInventoryEntries", **given)["Entries"]]


def test_entries_are_kept_by_type_and_found_by_their_attributes(world: World) -> None:
    id = world.run()
    assert names(world, id) == []
    world.call("OOS.PutInventory", InstanceId=id, Entries=json.dumps({"ACS:Application": PACKAGES}))
    world.call("OOS.PutInventory", InstanceId=id, Entries={"ACS:Service": [{"Name": "sshd", "Status": "running"}]})
    assert names(world, id) == ["openssl", "zlib"]
    for operator, value, wanted in (
        ("Equal", ["1.10"], ["zlib"]),
        ("NotEqual", ["1.10"], ["openssl"]),
        ("BeginWith", ["3."], ["openssl"]),
        ("LessThan", ["1.11"], ["zlib"]),
        ("GreaterThan", ["1.9"], ["openssl", "zlib"]),
    ):
        assert names(world, id, {"Name": "Version", "Operator": operator, "Value": value}) == wanted
    world.call("OOS.PutInventory", InstanceId=id, Entries={"ACS:Application": PACKAGES[:1]})
    assert names(world, id) == ["openssl"]
    found = world.call("OOS.ListInventoryEntries", InstanceId=id, TypeName="ACS:Service")
    assert found["Entries"] == [{"Name": "sshd", "Status": "running"}]
    assert found["CaptureTime"]


def test_instances_are_found_by_what_is_in_them(world: World) -> None:
    web, db = world.run(), world.run()
    world.call("OOS.PutInventory", InstanceId=web, Entries={"ACS:Application": PACKAGES})
    world.call("OOS.PutInventory", InstanceId=db, Entries={"ACS:Application": PACKAGES[1:]})
    condition = {"Name": "ACS:Application.Name", "Value": ["openssl"]}
    (found,) = world.call("OOS.SearchInventory", Filter=[condition])["Entities"]
    assert found["Id"] == web
    assert [each["Name"] for each in found["Data"]["ACS:Application"]["Content"]] == ["openssl"]
    assert len(world.call("OOS.SearchInventory")["Entities"]) == 2
    refused = world.refusal("OOS.SearchInventory", Filter=[{"Name": "Name", "Value": ["x"]}])
    assert refused.code == "InvalidParameter.Filter"


@pytest.mark.parametrize("entries", ["[", "[]", {"ACS:Odd": []}, {"ACS:File": {}}, {"ACS:File": ["x"]}])
def test_entries_that_cannot_be_read_are_refused(world: World, entries: Any) -> None:
    assert world.refusal("OOS.PutInventory", InstanceId=world.run(), Entries=entries).status == 400


def test_unknown_types_attributes_and_instances_are_named(world: World) -> None:
    id = world.run()
    world.call("OOS.PutInventory", InstanceId=id, Entries={"ACS:Application": PACKAGES})
    given: dict[str, Any] = {
        "InstanceId": id,
        "TypeName": "ACS:Application",
        "Filter": [{"Name": "Colour", "Value": ["x"]}],
    }
    assert "Colour" in world.refusal("OOS.ListInventoryEntries", **given).message
    assert "ACS:Odd" in world.refusal("OOS.ListInventoryEntries", InstanceId=id, TypeName="ACS:Odd").message
    missing = world.refusal("OOS.ListInventoryEntries", InstanceId="i-none", TypeName="ACS:File")
    assert missing.code == "InvalidInstanceId.NotFound"
    schemas = world.call("OOS.GetInventorySchema")["Schemas"]
    assert len(schemas) == 8
    (one,) = world.call("OOS.GetInventorySchema", TypeName="ACS:Application")["Schemas"]
    assert {"Name": "Version", "DataType": "string"} in one["Attributes"]


def test_patches_are_counted_by_how_they_stand(world: World) -> None:
    id, never = world.run(), world.run()
    patches = [{"Title": f"p-{number}", "Status": status} for number, status in enumerate(["Installed", "Missing"] * 2)]
    world.call("OOS.PutInstancePatches", InstanceId=id, OperationType="install", Patches=json.dumps(patches))
    listed = world.call("OOS.ListInstancePatches", InstanceId=id, PatchStatuses='["Missing"]')["Patches"]
    assert [each["Title"] for each in listed] == ["p-1", "p-3"]
    (state,) = world.call("OOS.ListInstancePatchStates", InstanceIds=json.dumps([id, never]))["InstancePatchStates"]
    assert (state["InstanceId"], state["InstalledCount"], state["MissingCount"]) == (id, "2", "2")
    assert (state["FailedCount"], state["OperationType"]) == ("0", "install")
    assert world.call("OOS.ListInstancePatches", InstanceId=never)["Patches"] == []


def test_packages_come_and_go(world: World) -> None:
    id = world.run()
    given = {"InstanceId": id, "TemplateName": "nginx", "TemplateVersion": "v1"}
    world.call("OOS.UpdateInstancePackageState", ConfigureAction="install", Parameters={"port": 80}, **given)
    (state,) = world.call("OOS.ListInstancePackageStates", InstanceId=id)["PackageStates"]
    assert (state["TemplateName"], state["Parameters"]) == ("nginx", '{"port":80}')
    assert world.call("OOS.ListInstancePackageStates", InstanceId=id, TemplateNames='["x"]')["PackageStates"] == []
    world.call("OOS.UpdateInstancePackageState", ConfigureAction="uninstall", **given)
    assert world.call("OOS.ListInstancePackageStates", InstanceId=id)["PackageStates"] == []


def test_machines_that_are_commanded_over_ssh_are_known_as_instances_are() -> None:
    box = ManagedInstance("box", "lab", SshAccess("box.example.net"))
    world = World((oos_instance.MODULE, oos_software.MODULE), region_facts={"managed": (box,)})
    world.call("OOS.PutInventory", InstanceId=box.id, Entries={"ACS:Application": PACKAGES})
    assert names(world, box.id) == ["openssl", "zlib"]
    condition = {"Name": "ACS:Application.Name", "Value": ["zlib"]}
    assert [each["Id"] for each in world.call("OOS.SearchInventory", Filter=[condition])["Entities"]] == [box.id]
    world.call("OOS.PutInstancePatches", InstanceId=box.id, Patches=[{"Title": "bash", "Status": "Missing"}])
    states = world.call("OOS.ListInstancePatchStates", InstanceIds=[box.id])["InstancePatchStates"]
    assert [(each["InstanceId"], each["MissingCount"]) for each in states] == [(box.id, "1")]
    refused = world.refusal("OOS.PutInventory", InstanceId="mi-none", Entries={})
    assert refused.code == "InvalidInstanceId.NotFound"

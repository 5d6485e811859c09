"""Passwords, key pairs and user data that guests are told at the first start of their system disks."""

from __future__ import annotations

import base64
from typing import Any

import pytest

import oos_disk
import oos_instance
import oos_key_pair
from oos.adapters.memory.faults import FaultKind
from oos.adapters.memory.seeding import SHADOW, USER_DATA
from oos.adapters.memory.state import keys_path
from oos.service.errors import ApiError
from tests.modules.world import World

KEYS = {
    "one": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3tbK2sWmSJQOcYzWrBH0PdG5f1cBoJJuXoW2bBkV8y ada@home",
    "two": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBL0kYbHNmP6UVuZtyIY2FNEpUzcn1lOQlTLs6l5bdEx bob@home",
}
PASSWORD = "Correct-1-Horse"
SCRIPT = base64.b64encode(b"#!/bin/sh\nexit 0\n").decode()


@pytest.fixture
def world() -> World:
    world = World((oos_instance.MODULE, oos_key_pair.MODULE, oos_disk.MODULE))
    for name, key in KEYS.items():
        world.call("ImportKeyPair", KeyPairName=name, PublicKeyBody=key)
    return world


def files(world: World, id: str) -> dict[str, bytes]:
    return world.home(id).state.files[world.instance(id).disk_ids[0]]


def keys(world: World, id: str) -> list[str]:
    return files(world, id).get(keys_path("root"), b"").decode().splitlines()


def password(world: World, id: str) -> str:
    return files(world, id).get(SHADOW, b"root::").decode().split(":")[1]


def stopped(world: World, **parameters: Any) -> str:
    id = world.run(**parameters)
    world.call("StopInstance", InstanceId=id, ForceStop=True)
    return id


def replace_disk(world: World, id: str, token: str = "", **parameters: Any) -> None:
    world.call("ReplaceSystemDisk", token, InstanceId=id, ImageId=world.image_id, **parameters)
    world.call("StartInstance", InstanceId=id)


def renew_disk(world: World, id: str, token: str = "", **parameters: Any) -> None:
    disk = world.instance(id).disk_ids[0]
    world.call("ReInitDisk", token, DiskId=disk, AutoStartInstance=True, **parameters)


NEW_SYSTEMS = [replace_disk, renew_disk]


def test_an_instance_is_made_with_a_password_that_is_nowhere_in_the_clear(world: World) -> None:
    id = world.run(Password=PASSWORD)
    assert password(world, id).startswith("$6$")
    assert PASSWORD not in str(world.home(id).state)
    assert password(world, world.run(Password="", PasswordInherit=True)) == ""


@pytest.mark.parametrize("renewed", NEW_SYSTEMS)
def test_a_new_system_has_the_password_and_the_key_that_are_asked_for(world: World, renewed: Any) -> None:
    id = stopped(world, KeyPairName="one")
    renewed(world, id, KeyPairName="two", Password=PASSWORD)
    assert keys(world, id) == [KEYS["two"]]
    assert password(world, id).startswith("$6$")
    assert world.instance(id).key_pair == "two"


@pytest.mark.parametrize("renewed", NEW_SYSTEMS)
def test_a_new_system_keeps_who_got_in_where_nothing_is_asked_for(world: World, renewed: Any) -> None:
    id = stopped(world, KeyPairName="one", Password=PASSWORD, UserData=SCRIPT)
    before = password(world, id)
    renewed(world, id)
    assert (keys(world, id), password(world, id)) == ([KEYS["one"]], before)
    assert files(world, id)[USER_DATA] == b"#!/bin/sh\nexit 0\n"


def test_a_key_that_was_taken_away_does_not_come_back_with_a_new_system(world: World) -> None:
    id = world.run(KeyPairName="one")
    world.clock.sleep(60)
    world.call("DetachKeyPair", KeyPairName="one", InstanceIds=f'["{id}"]')
    world.call("StopInstance", InstanceId=id, ForceStop=True)
    renew_disk(world, id)
    assert keys(world, id) == []


def test_an_inherited_password_is_that_of_the_image(world: World) -> None:
    id = stopped(world, Password=PASSWORD)
    replace_disk(world, id, PasswordInherit=True)
    assert password(world, id) == ""


@pytest.mark.parametrize(
    ("renewed", "method"),
    [
        (replace_disk, "tell_guest"),
        (replace_disk, "replace_system_disk"),
        (renew_disk, "tell_guest"),
        (renew_disk, "renew_disk"),
    ],
)
def test_after_a_failure_the_same_request_ends_in_the_same_system(world: World, renewed: Any, method: str) -> None:
    id = stopped(world, KeyPairName="one")
    world.break_next(method, FaultKind.FAIL_AFTER)
    with pytest.raises(ApiError):
        renewed(world, id, "token", KeyPairName="two", Password=PASSWORD)
    renewed(world, id, "token", KeyPairName="two", Password=PASSWORD)
    assert keys(world, id) == [KEYS["two"]]
    assert password(world, id).startswith("$6$")


def test_user_data_is_changed_for_the_next_system(world: World) -> None:
    id = stopped(world, UserData=base64.b64encode(b"#!/bin/sh\nexit 1\n").decode())
    world.call("ModifyInstanceAttribute", InstanceId=id, UserData=SCRIPT)
    assert files(world, id)[USER_DATA] == b"#!/bin/sh\nexit 1\n"
    renew_disk(world, id)
    assert files(world, id)[USER_DATA] == b"#!/bin/sh\nexit 0\n"


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("ReInitDisk", {"Password": "hunter2"}, "InvalidPassword.Malformed"),
        ("ReInitDisk", {"KeyPairName": "none"}, "InvalidKeyPair.NotFound"),
        ("ReplaceSystemDisk", {"Password": "hunter2"}, "InvalidPassword.Malformed"),
        ("ReplaceSystemDisk", {"KeyPairName": "none"}, "InvalidKeyPair.NotFound"),
        ("ReplaceSystemDisk", {"Password": PASSWORD, "PasswordInherit": True}, "InvalidParameter.PasswordInherit"),
        ("ModifyInstanceAttribute", {"UserData": "no base64!"}, "InvalidParameter.UserData"),
    ],
)
def test_what_a_guest_cannot_be_told_is_refused(world: World, name: str, given: dict[str, Any], code: str) -> None:
    id = stopped(world)
    about = {"DiskId": world.instance(id).disk_ids[0]} if name == "ReInitDisk" else {"InstanceId": id}
    image = {"ImageId": world.image_id} if name == "ReplaceSystemDisk" else {}
    assert world.refusal(name, **about, **image, **given).code == code


def test_a_data_disk_has_nobody_who_logs_in(world: World) -> None:
    id = stopped(world, DataDisk=[{"Size": 1}])
    refusal = world.refusal("ReInitDisk", DiskId=world.instance(id).disk_ids[1], Password=PASSWORD)
    assert refusal.code == "InvalidParameter.DiskId"


def test_user_data_of_a_running_instance_stays(world: World) -> None:
    refusal = world.refusal("ModifyInstanceAttribute", InstanceId=world.run(), UserData=SCRIPT)
    assert refusal.code == "IncorrectInstanceStatus"

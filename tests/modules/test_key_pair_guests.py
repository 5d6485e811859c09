"""Key pairs in guests: given at the first start, given and taken while they run."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

import oos_instance
import oos_key_pair
from oos.adapters.memory.faults import FaultKind
from oos.adapters.memory.seeding import USER_DATA
from oos.adapters.memory.state import keys_path
from tests.modules.world import World

ONE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3tbK2sWmSJQOcYzWrBH0PdG5f1cBoJJuXoW2bBkV8y ada@home"
TWO = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBL0kYbHNmP6UVuZtyIY2FNEpUzcn1lOQlTLs6l5bdEx bob@home"


@pytest.fixture
def world() -> World:
    world = World((oos_instance.MODULE, oos_key_pair.MODULE))
    world.call("ImportKeyPair", KeyPairName="one", PublicKeyBody=ONE)
    world.call("ImportKeyPair", KeyPairName="two", PublicKeyBody=TWO)
    return world


def files(world: World, id: str) -> dict[str, bytes]:
    return world.home(id).state.files[world.instance(id).disk_ids[0]]


def keys(world: World, id: str) -> list[str]:
    """The keys that open root's account."""
    return files(world, id).get(keys_path("root"), b"").decode().splitlines()


def attach(world: World, name: str, *ids: str, token: str = "") -> dict[str, Any]:
    return world.call("AttachKeyPair", token, KeyPairName=name, InstanceIds=json.dumps(ids))


def detach(world: World, name: str, *ids: str) -> dict[str, Any]:
    return world.call("DetachKeyPair", KeyPairName=name, InstanceIds=json.dumps(ids))


# at the first start


def test_an_instance_is_made_with_a_key_and_with_user_data(world: World) -> None:
    script = b"#!/bin/sh\necho \xff\n"
    id = world.run(KeyPairName="one", UserData=base64.b64encode(script).decode())
    assert keys(world, id) == [ONE]
    assert files(world, id)[USER_DATA] == script
    assert world.instance(id).key_pair == "one"
    (shown,) = world.call("DescribeInstances", KeyPairName="one")["Instances"]["Instance"]
    assert shown["InstanceId"] == id


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"KeyPairName": "none"}, "InvalidKeyPair.NotFound"),
        ({"UserData": "no base64!"}, "InvalidParameter.UserData"),
        ({"UserData": base64.b64encode(bytes((32 << 10) + 1)).decode()}, "InvalidUserData.SizeExceeded"),
    ],
)
def test_what_a_guest_cannot_be_told_is_refused_before_anything_is_made(
    world: World, change: dict[str, str], code: str
) -> None:
    request = {"ImageId": world.image_id, "InstanceType": "ecs.t1.tiny", **change}
    assert world.refusal("RunInstances", **request).code == code
    assert world.fleet.instances() == ()


# while they run


def test_a_key_pair_takes_the_place_of_the_one_before(world: World) -> None:
    id = world.run()
    attach(world, "one", id)
    assert (keys(world, id), world.instance(id).key_pair) == ([ONE], "one")
    attach(world, "two", id)
    assert (keys(world, id), world.instance(id).key_pair) == ([TWO], "two")
    detach(world, "two", id)
    assert (keys(world, id), world.instance(id).key_pair) == ([], "")


def test_keys_that_others_put_there_stay(world: World) -> None:
    id = world.run()
    files(world, id)[keys_path("root")] = b"# mine\nssh-rsa AAAA somebody\n"
    attach(world, "one", id)
    detach(world, "one", id)
    assert keys(world, id) == ["ssh-rsa AAAA somebody"]


def test_each_instance_has_its_own_outcome(world: World) -> None:
    good, mute, off = world.run(), world.run(), world.run()
    world.home(mute).state.without_agent.append(mute)
    world.call("StopInstance", InstanceId=off)
    answer = attach(world, "one", good, mute, off, "i-none")
    codes = {each["InstanceId"]: (each["Success"], each["Code"]) for each in answer["Results"]["Result"]}
    assert codes == {
        good: ("true", "200"),
        mute: ("false", "InvalidInstance.CloudAssistantNotRunning"),
        off: ("false", "IncorrectInstanceStatus"),
        "i-none": ("false", "InvalidInstanceId.NotFound"),
    }
    assert (answer["TotalCount"], answer["FailCount"]) == ("4", "3")


def test_when_none_got_it_the_call_fails(world: World) -> None:
    id = world.run()
    world.call("StopInstance", InstanceId=id)
    request = {"InstanceIds": json.dumps([id])}
    assert world.refusal("AttachKeyPair", KeyPairName="one", **request).code == "IncorrectInstanceStatus"
    assert world.refusal("AttachKeyPair", KeyPairName="none", **request).code == "InvalidKeyPair.NotFound"


def test_only_the_key_pair_that_is_there_is_taken(world: World) -> None:
    id = world.run()
    attach(world, "one", id)
    refusal = world.refusal("DetachKeyPair", KeyPairName="two", InstanceIds=json.dumps([id]))
    assert refusal.code == "InvalidKeyPair.NotAttached"
    assert keys(world, id) == [ONE]


@pytest.mark.parametrize("method", ["authorize_guest_key", "revoke_guest_key", "remember"])
@pytest.mark.parametrize("kind", [FaultKind.FAIL_BEFORE, FaultKind.LOST_REPLY])
def test_a_change_that_broke_off_ends_right_when_it_is_asked_again(world: World, method: str, kind: FaultKind) -> None:
    id = world.run()
    attach(world, "one", id)
    world.break_next(method, kind)
    world.refusal("AttachKeyPair", "again", KeyPairName="two", InstanceIds=json.dumps([id]))
    attach(world, "two", id, token="again")
    assert (keys(world, id), world.instance(id).key_pair) == ([TWO], "two")


def test_a_key_pair_that_is_on_an_instance_is_not_deleted(world: World) -> None:
    id = world.run(KeyPairName="one")
    refusal = world.refusal("DeleteKeyPairs", KeyPairNames='["one"]')
    assert refusal.code == "InvalidParameter.KeypairAlreadyAttachedInstance"
    detach(world, "one", id)
    world.call("DeleteKeyPairs", KeyPairNames='["one"]')

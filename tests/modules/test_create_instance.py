"""Instances made and left off, of the newest image of a family, with names and a first card of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import oos_instance
import oos_security_group
from oos.fleet.instance import Power
from tests.modules.world import World

TYPE = "ecs.t1.tiny"


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_security_group.MODULE))


def of_family(world: World, family: str, ages: dict[str, int]) -> None:
    """Images of a family on the first host, each so many seconds old."""
    home = world.hosts["h-1"]
    for id, age in ages.items():
        created = world.clock.now().replace(year=2020 - age)
        home.state.images[id] = replace(home.state.images[world.image_id], id=id, family=family, created=created)


def test_an_instance_is_made_once_and_left_off(world: World) -> None:
    wanted = {"ImageId": world.image_id, "InstanceType": TYPE, "InstanceName": "web", "HostName": "web"}
    made = world.call("CreateInstance", "token", **wanted)["InstanceId"]
    assert world.call("CreateInstance", "token", **wanted)["InstanceId"] == made
    instance = world.instance(made)
    assert (instance.power, instance.name, instance.host_name) == (Power.STOPPED, "web", "web")
    world.call("StartInstance", InstanceId=made)
    assert world.instance(made).power is not Power.STOPPED


def test_what_it_may_carry_is_that_of_its_card_until_it_has_a_public_address(world: World) -> None:
    wanted = {"ImageId": world.image_id, "InstanceType": TYPE, "InternetMaxBandwidthOut": 8}
    made = world.call("CreateInstance", **wanted)["InstanceId"]
    assert world.instance(made).interfaces[0].bandwidth.outbound == 8 * 125


def test_instances_are_made_of_the_newest_image_of_a_family(world: World) -> None:
    of_family(world, "web", {"m-old": 3, "m-new": 1, "m-older": 5})
    asked = {"ImageFamily": "web", "InstanceType": TYPE}
    made = world.call("CreateInstance", **asked)["InstanceId"]
    assert world.instance(made).image_id == "m-new"
    (run,) = world.call("RunInstances", **asked)["InstanceIdSets"]["InstanceIdSet"]
    assert world.instance(run).image_id == "m-new"


def test_each_instance_has_the_host_name_of_its_place(world: World) -> None:
    asked = {"ImageId": world.image_id, "InstanceType": TYPE, "Amount": 3, "HostNames": ["a1", "b2"]}
    made = world.call("RunInstances", **asked)["InstanceIdSets"]["InstanceIdSet"]
    assert [world.instance(each).host_name for each in made] == ["a1", "b2", ""]


def test_the_first_card_says_network_and_groups(world: World) -> None:
    group = world.call("CreateSecurityGroup", SecurityGroupName="web")["SecurityGroupId"]
    card = {"InstanceType": "Primary", "VSwitchId": "default", "SecurityGroupIds": [group]}
    made = world.run(NetworkInterface=[card])
    assert world.instance(made).interfaces[0].security_group_ids == (group,)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ImageId": "", "ImageFamily": "none"}, "InvalidImageFamily.NotFound"),
        ({"HostNames": ["a1", "b2"]}, "InvalidParameter.HostNames"),
        ({"HostNames": ["a1"], "HostName": "b2"}, "InvalidParameter.HostNames"),
        ({"NetworkInterface": [{"VSwitchId": "default"}], "VSwitchId": "default"}, "InvalidParameter.Conflict"),
        ({"NetworkInterface": [{"InstanceType": "Secondary"}]}, "InvalidParameter.NetworkInterface"),
        ({"NetworkInterface": [{}, {"InstanceType": "Secondary"}]}, "OperationDenied.NotSupported"),
        ({"NetworkInterface": [{"Ipv6AddressCount": 1}]}, "OperationDenied.NotSupported"),
    ],
)
def test_what_cannot_be_made_is_refused(world: World, given: dict[str, Any], code: str) -> None:
    assert world.refusal("RunInstances", **{"ImageId": world.image_id, "InstanceType": TYPE, **given}).code == code
    assert world.fleet.instances() == ()


def test_an_instance_needs_an_image_and_a_type(world: World) -> None:
    assert world.refusal("CreateInstance", InstanceType=TYPE).code == "MissingParameter"
    assert world.refusal("CreateInstance", ImageId=world.image_id).code == "MissingParameter"
    refused = world.refusal("CreateInstance", ImageId=world.image_id, InstanceType=TYPE, VlanId="1")
    assert refused.code == "OperationDenied.NotSupported"

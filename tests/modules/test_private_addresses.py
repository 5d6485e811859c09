"""Private addresses: further ones of a card, and the one that a new instance is made with."""

from __future__ import annotations

import pytest

from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.service.errors import ApiError
from tests.modules.networks import cards, instance, v_switch, vpc, world
from tests.modules.world import TYPE, World

__all__ = ["instance", "v_switch", "vpc", "world"]


# secondary addresses


def further_of(world: World, card: str) -> list[str]:
    (shape,) = cards(world, NetworkInterfaceId=[card])
    return [each["PrivateIpAddress"] for each in shape["PrivateIpSets"]["PrivateIpSet"] if not each["Primary"]]


def test_a_card_gets_further_addresses_and_gives_them_back(world: World, instance: str, v_switch: str) -> None:
    (shape,) = cards(world, InstanceId=instance)
    card, first = shape["NetworkInterfaceId"], shape["PrivateIpAddress"]
    given = {"NetworkInterfaceId": card, "PrivateIpAddress": ["192.168.7.201", "192.168.7.202"]}
    assigned = world.call("AssignPrivateIpAddresses", "once", **given)["AssignedPrivateIpAddressesSet"]
    assert assigned["PrivateIpSet"]["PrivateIpAddress"] == given["PrivateIpAddress"]
    assert world.call("AssignPrivateIpAddresses", "once", **given)["AssignedPrivateIpAddressesSet"] == assigned
    assert world.refusal("AssignPrivateIpAddresses", **given).code == "InvalidIp.IpAssigned"
    counted = {"NetworkInterfaceId": card, "SecondaryPrivateIpAddressCount": 3}
    found = world.call("AssignPrivateIpAddresses", "some", **counted)["AssignedPrivateIpAddressesSet"]
    assert world.call("AssignPrivateIpAddresses", "some", **counted)["AssignedPrivateIpAddressesSet"] == found
    more = found["PrivateIpSet"]["PrivateIpAddress"]
    assert len({*more, *given["PrivateIpAddress"], first}) == 6
    assert further_of(world, card) == [*given["PrivateIpAddress"], *more]
    assert cards(world, PrivateIpAddress=[more[0]])[0]["PrivateIpAddress"] == first
    # DHCP gives them to nobody else.
    host = world.home(instance)
    assert {*more, *given["PrivateIpAddress"]} <= set(host.network(v_switch).reservations.values())
    world.call("UnassignPrivateIpAddresses", "back", **given)
    world.call("UnassignPrivateIpAddresses", "back", **given)
    assert world.refusal("UnassignPrivateIpAddresses", **given).code == "InvalidIp.IpUnassigned"
    assert further_of(world, card) == more
    world.call("DeleteInstance", InstanceId=instance, Force=True)
    assert host.network(v_switch).reservations == {}


@pytest.mark.parametrize("kind", [FaultKind.FAIL_BEFORE, FaultKind.LOST_REPLY, FaultKind.CRASH])
@pytest.mark.parametrize("skip", [0, 1])
def test_a_broken_assignment_is_ended_by_asking_again(
    world: World, instance: str, v_switch: str, kind: FaultKind, skip: int
) -> None:
    (shape,) = cards(world, InstanceId=instance)
    wanted = {"NetworkInterfaceId": shape["NetworkInterfaceId"], "SecondaryPrivateIpAddressCount": 2}
    world.break_next("reserve_address", kind, skip=skip)
    with pytest.raises((ApiError, SimulatedCrash)):
        world.call("AssignPrivateIpAddresses", "once", **wanted)
    assigned = world.call("AssignPrivateIpAddresses", "once", **wanted)["AssignedPrivateIpAddressesSet"]
    got = assigned["PrivateIpSet"]["PrivateIpAddress"]
    assert sorted(world.home(instance).network(v_switch).reservations.values()) == sorted(got)
    back = {"NetworkInterfaceId": shape["NetworkInterfaceId"], "PrivateIpAddress": got}
    world.break_next("reserve_address", kind, skip=skip)
    with pytest.raises((ApiError, SimulatedCrash)):
        world.call("UnassignPrivateIpAddresses", "back", **back)
    world.call("UnassignPrivateIpAddresses", "back", **back)
    assert world.home(instance).network(v_switch).reservations == {}


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        (["192.168.8.9"], "InvalidIp.Address"),
        (["192.168.7.0"], "InvalidIp.Address"),
        (["x"], "InvalidIp.Address"),
        (["192.168.7.1"], "InvalidIp.IpAssigned"),
        ([], "InvalidParameter.SecondaryPrivateIpAddressCount"),
    ],
)
def test_addresses_that_a_card_cannot_have_are_refused(
    world: World, v_switch: str, addresses: list[str], code: str
) -> None:
    card = world.call("CreateNetworkInterface", VSwitchId=v_switch)["NetworkInterfaceId"]
    refused = world.refusal("AssignPrivateIpAddresses", NetworkInterfaceId=card, PrivateIpAddress=addresses)
    assert refused.code == code


def test_a_card_is_made_with_further_addresses_and_moves_with_them(world: World, instance: str, v_switch: str) -> None:
    wanted = {"VSwitchId": v_switch, "PrimaryIpAddress": "192.168.7.20", "PrivateIpAddress": ["192.168.7.21"]}
    made = world.call("CreateNetworkInterface", "once", **wanted)
    assert made["PrivateIpSets"]["PrivateIpSet"] == [
        {"PrivateIpAddress": "192.168.7.20", "Primary": True},
        {"PrivateIpAddress": "192.168.7.21", "Primary": False},
    ]
    assert world.call("CreateNetworkInterface", "once", **wanted)["PrivateIpSets"] == made["PrivateIpSets"]
    card = made["NetworkInterfaceId"]
    world.call("AttachNetworkInterface", InstanceId=instance, NetworkInterfaceId=card)
    assert further_of(world, card) == ["192.168.7.21"]
    world.call("DetachNetworkInterface", InstanceId=instance, NetworkInterfaceId=card)
    assert further_of(world, card) == ["192.168.7.21"]
    taken = world.refusal("CreateNetworkInterface", VSwitchId=v_switch, PrimaryIpAddress="192.168.7.21")
    assert taken.code == "InvalidIPAddress.AlreadyUsed"
    world.call("DeleteNetworkInterface", NetworkInterfaceId=card)
    assert world.home(instance).network(v_switch).reservations == {}


def test_rules_that_name_a_group_know_further_addresses_of_its_members(world: World, v_switch: str) -> None:
    group = world.call("CreateSecurityGroup")["SecurityGroupId"]
    instance = world.run(VSwitchId=v_switch, SecurityGroupId=group)
    (shape,) = cards(world, InstanceId=instance)
    given = {"NetworkInterfaceId": shape["NetworkInterfaceId"], "PrivateIpAddress": ["192.168.7.201"]}

    def known() -> set[str]:
        (carried_out,) = world.home(instance).group_filters()
        return {step.cidr for step in carried_out.rules if step.mac == shape["MacAddress"]}

    world.call("AssignPrivateIpAddresses", **given)
    assert "192.168.7.201/32" in known()
    refused = world.refusal("ModifyInstanceVpcAttribute", InstanceId=instance, VSwitchId="default")
    assert refused.code == "InvalidOperation.SecondaryPrivateIpAssigned"
    world.call("UnassignPrivateIpAddresses", **given)
    assert "192.168.7.201/32" not in known()


# the address of a new instance


@pytest.mark.parametrize("method", ["reserve_address", "start"])
@pytest.mark.parametrize("kind", [FaultKind.FAIL_BEFORE, FaultKind.LOST_REPLY, FaultKind.CRASH])
def test_an_instance_is_made_with_the_address_that_is_asked_for(
    world: World, v_switch: str, method: str, kind: FaultKind
) -> None:
    group = world.call("CreateSecurityGroup")["SecurityGroupId"]
    wanted = {"ImageId": world.image_id, "InstanceType": TYPE, "VSwitchId": v_switch, "SecurityGroupId": group}
    wanted["PrivateIpAddress"] = "192.168.7.77"
    world.break_next(method, kind)
    with pytest.raises((ApiError, SimulatedCrash)):
        world.call("RunInstances", "once", **wanted)
    for _ in range(2):
        (made,) = world.call("RunInstances", "once", **wanted)["InstanceIdSets"]["InstanceIdSet"]
    assert [each["PrivateIpAddress"] for each in cards(world, InstanceId=made)] == ["192.168.7.77"]
    assert world.refusal("RunInstances", **wanted).code == "InvalidIp.IpAssigned"
    host = world.home(made)
    world.call("DeleteInstance", InstanceId=made, Force=True)
    assert host.network(v_switch).reservations == {}
    world.run(VSwitchId=v_switch, PrivateIpAddress="192.168.7.77")


def test_an_address_that_an_instance_cannot_have_is_refused_before_it_is_made(
    world: World, v_switch: str, instance: str
) -> None:
    (shape,) = cards(world, InstanceId=instance)
    wanted = {"ImageId": world.image_id, "InstanceType": TYPE, "VSwitchId": v_switch}
    for given, code in (
        ({"PrivateIpAddress": "192.168.8.9"}, "InvalidIp.Address"),
        # DHCP gave it to another, although it keeps it for nobody.
        ({"PrivateIpAddress": shape["PrivateIpAddress"]}, "InvalidIp.IpAssigned"),
        ({"PrivateIpAddress": "192.168.7.9", "Amount": 2}, "OperationDenied.NotSupported"),
        ({"PrivateIpAddress": "192.168.7.9", "VSwitchId": ""}, "MissingParameter"),
    ):
        refused = world.refusal("RunInstances", **{key: value for key, value in {**wanted, **given}.items() if value})
        assert refused.code == code
    assert world.call("DescribeInstances")["TotalCount"] == 1


def test_further_addresses_are_none_that_dhcp_gave_away(world: World, v_switch: str, instance: str) -> None:
    leased = {each["PrivateIpAddress"] for each in cards(world, InstanceId=instance)}
    (own,) = cards(world, InstanceId=instance)
    other = world.call("CreateNetworkInterface", VSwitchId=v_switch)
    for card in (own["NetworkInterfaceId"], other["NetworkInterfaceId"]):
        given = {"NetworkInterfaceId": card, "PrivateIpAddress": list(leased)}
        assert world.refusal("AssignPrivateIpAddresses", **given).code == "InvalidIp.IpAssigned"


def test_an_address_chosen_for_a_card_is_free_again_when_its_instance_is_deleted(
    world: World, v_switch: str, instance: str
) -> None:
    card = world.call("CreateNetworkInterface", VSwitchId=v_switch, PrimaryIpAddress="192.168.7.20")
    world.call("AttachNetworkInterface", InstanceId=instance, NetworkInterfaceId=card["NetworkInterfaceId"])
    host = world.home(instance)
    world.call("DeleteInstance", InstanceId=instance, Force=True)
    assert host.network(v_switch).reservations == {}

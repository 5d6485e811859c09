"""Prefix lists, called by their names: rules that name one follow it, on simulated hosts."""

from __future__ import annotations

from typing import Any

import pytest

import oos_instance
import oos_security_group
from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.fleet.firewall import Direction, Flow, Protocol
from oos.service.errors import ApiError
from tests.modules.world import World

ENTRIES = [{"Cidr": "10.9.0.0/16", "Description": "office"}, {"Cidr": "192.0.2.7"}]


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_security_group.MODULE))


@pytest.fixture
def group(world: World) -> str:
    return str(world.call("CreateSecurityGroup", SecurityGroupName="web")["SecurityGroupId"])


@pytest.fixture
def instance(world: World, group: str) -> str:
    return world.run(SecurityGroupId=group)


def make(world: World, token: str = "", **parameters: Any) -> str:
    given = {"PrefixListName": "offices", "AddressFamily": "IPv4", "MaxEntries": 10, "Entry": ENTRIES, **parameters}
    return str(world.call("CreatePrefixList", token, **given)["PrefixListId"])


def ranges(world: World, id: str) -> list[str]:
    return [each["Cidr"] for each in world.call("DescribePrefixListAttributes", PrefixListId=id)["Entries"]["Entry"]]


def allow(world: World, group: str, id: str, verb: str = "Authorize", **parameters: Any) -> None:
    rule = {"IpProtocol": "TCP", "PortRange": "22/22", "SourcePrefixListId": id, **parameters}
    world.call(f"{verb}SecurityGroup", SecurityGroupId=group, **rule)


def gets_in(world: World, instance: str, address: str) -> bool:
    flow = Flow(Direction.INGRESS, Protocol.TCP, address, 22, 40000)
    return world.home(instance).lets_through(instance, flow)


def test_a_list_is_made_found_changed_and_deleted(world: World) -> None:
    tag = [{"Key": "team", "Value": "net"}]
    id = make(world, "once", Tag=tag, Description="where we sit")
    assert make(world, "once") == id
    other = make(world, PrefixListName="six", AddressFamily="IPv6", Entry=[])
    assert ranges(world, id) == ["10.9.0.0/16", "192.0.2.7/32"]
    (shape,) = world.call("DescribePrefixLists", Tag=tag)["PrefixLists"]["PrefixList"]
    assert (shape["PrefixListName"], shape["AddressFamily"], shape["MaxEntries"]) == ("offices", "IPv4", 10)
    found = world.call("DescribePrefixLists", AddressFamily="IPv6", PrefixListName="s*")["PrefixLists"]["PrefixList"]
    assert [each["PrefixListId"] for each in found] == [other]
    change = {
        "PrefixListId": id,
        "PrefixListName": "sites",
        "AddEntry": [{"Cidr": "10.8.0.0/16"}, {"Cidr": "10.9.0.0/16", "Description": "head office"}],
        "RemoveEntry": [{"Cidr": "192.0.2.7/32"}],
    }
    world.call("ModifyPrefixList", "change", **change)
    world.call("ModifyPrefixList", "change", **change)
    assert ranges(world, id) == ["10.9.0.0/16", "10.8.0.0/16"]
    assert world.call("DescribePrefixListAttributes", PrefixListId=id)["PrefixListName"] == "sites"
    world.call("DeletePrefixList", "gone", PrefixListId=id)
    world.call("DeletePrefixList", "gone", PrefixListId=id)
    assert world.refusal("DeletePrefixList", PrefixListId=id).code == "InvalidPrefixListId.NotFound"


def test_rules_follow_the_list_that_they_name(world: World, group: str, instance: str) -> None:
    id = make(world)
    assert not gets_in(world, instance, "10.9.1.1")
    allow(world, group, id)
    assert gets_in(world, instance, "10.9.1.1")
    assert not gets_in(world, instance, "10.8.1.1")
    change = {"PrefixListId": id, "AddEntry": [{"Cidr": "10.8.0.0/16"}], "RemoveEntry": [{"Cidr": "10.9.0.0/16"}]}
    world.call("ModifyPrefixList", **change)
    assert gets_in(world, instance, "10.8.1.1")
    assert not gets_in(world, instance, "10.9.1.1")
    (named,) = world.call("DescribePrefixListAssociations", PrefixListId=id)["PrefixListAssociations"][
        "PrefixListAssociation"
    ]
    assert named == {"ResourceId": group, "ResourceType": "securitygroup"}
    (rule,) = world.call("DescribeSecurityGroupAttribute", SecurityGroupId=group)["Permissions"]["Permission"]
    assert (rule["SourcePrefixListId"], rule["SourcePrefixListName"], rule["SourceCidrIp"]) == (id, "offices", "")
    assert world.refusal("DeletePrefixList", PrefixListId=id).code == "DependencyViolation.SecurityGroup"
    # An empty list is nobody.
    world.call("ModifyPrefixList", PrefixListId=id, RemoveEntry=[{"Cidr": "10.8.0.0/16"}, {"Cidr": "192.0.2.7"}])
    assert not gets_in(world, instance, "10.8.1.1")
    allow(world, group, id, "Revoke")
    world.call("DeletePrefixList", PrefixListId=id)


def test_a_list_can_keep_out_and_hold_back(world: World, group: str, instance: str) -> None:
    id = make(world)
    allow(world, group, id, Policy="drop")
    world.call(
        "AuthorizeSecurityGroup", SecurityGroupId=group, IpProtocol="TCP", PortRange="22/22", SourceCidrIp="0.0.0.0/0"
    )
    assert not gets_in(world, instance, "10.9.1.1")
    assert gets_in(world, instance, "10.8.1.1")
    everything = {"IpProtocol": "ALL", "PortRange": "-1/-1", "DestPrefixListId": id, "Policy": "drop"}
    world.call("AuthorizeSecurityGroupEgress", SecurityGroupId=group, Permissions=[everything])
    out = Flow(Direction.EGRESS, Protocol.TCP, "10.9.1.1", 443, 40000)
    assert not world.home(instance).lets_through(instance, out)


@pytest.mark.parametrize("kind", [FaultKind.FAIL_BEFORE, FaultKind.LOST_REPLY, FaultKind.CRASH])
def test_a_broken_change_is_ended_by_asking_again(world: World, group: str, instance: str, kind: FaultKind) -> None:
    id = make(world)
    allow(world, group, id)
    change = {"PrefixListId": id, "RemoveEntry": [{"Cidr": "10.9.0.0/16"}]}
    world.break_next("put_group_filter", kind)
    with pytest.raises((ApiError, SimulatedCrash)):
        world.call("ModifyPrefixList", "once", **change)
    world.call("ModifyPrefixList", "once", **change)
    assert not gets_in(world, instance, "10.9.1.1")


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ([{"Cidr": "10.9.0.0/33"}], "InvalidEntryCidr.Malformed"),
        ([{"Cidr": "fd00::/8"}], "InvalidEntryCidr.AddressFamilyMismatch"),
        ([{"Cidr": f"10.{each}.0.0/16"} for each in range(3)], "LimitExceed.Entry"),
    ],
)
def test_ranges_that_a_list_cannot_hold_are_refused(world: World, entry: list[dict[str, str]], code: str) -> None:
    given = {"PrefixListName": "offices", "AddressFamily": "IPv4", "MaxEntries": 2}
    assert world.refusal("CreatePrefixList", **given, Entry=entry).code == code
    id = make(world, MaxEntries=2)
    assert world.refusal("ModifyPrefixList", PrefixListId=id, AddEntry=entry).code == code
    absent = [{"Cidr": "10.77.0.0/16"}]
    assert world.refusal("ModifyPrefixList", PrefixListId=id, RemoveEntry=absent).code == "InvalidEntryCidr.NotFound"


def test_a_rule_names_one_peer_of_its_own_version_and_counts_for_the_whole_list(world: World, group: str) -> None:
    big, six = make(world, MaxEntries=150), make(world, AddressFamily="IPv6", Entry=[])
    rule = {"SecurityGroupId": group, "IpProtocol": "TCP", "PortRange": "22/22"}
    both = world.refusal("AuthorizeSecurityGroup", **rule, SourcePrefixListId=big, SourceCidrIp="10.0.0.0/8")
    assert both.code == "InvalidParameter.SourceGroupId"
    ping = {**rule, "IpProtocol": "ICMP", "PortRange": "-1/-1"}
    refused = world.refusal("AuthorizeSecurityGroup", **ping, SourcePrefixListId=six)
    assert refused.code == "InvalidParam.PrefixListAddressFamilyMismatch"
    allow(world, group, big)
    more = world.refusal("AuthorizeSecurityGroup", **{**rule, "PortRange": "80/80"}, SourcePrefixListId=big)
    assert more.code == "AuthorizationLimitExceed"


@pytest.mark.parametrize(("earlier", "is_redundant"), [("10.9.0.0/16", False), ("10.0.0.0/8", True)])
def test_a_rule_adds_nothing_when_none_of_its_ranges_does(
    world: World, group: str, earlier: str, is_redundant: bool
) -> None:
    id = make(world, Entry=[{"Cidr": "10.7.0.0/16"}, {"Cidr": "10.9.1.0/24"}, {"Cidr": "10.9.0.0/16"}])
    allow(world, group, id, Priority="2")
    rule = {"IpProtocol": "TCP", "PortRange": "1/99", "SourceCidrIp": earlier, "Priority": "1"}
    world.call("AuthorizeSecurityGroup", SecurityGroupId=group, **rule)
    found = world.call("OOS.DescribeSecurityFindings", SecurityGroupIds=[group])["Findings"]
    assert ("SG-REDUNDANT" in [each["Check"] for each in found]) is is_redundant

"""Security groups: rules as requests say them, members, what hosts carry out."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

import oos_instance
import oos_security_group
import oos_tag
from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.fleet.firewall import Direction, Flow, Protocol
from oos.service.errors import ApiError
from oos.service.security_groups import load_rules
from tests.modules.world import World

ANYWHERE = "0.0.0.0/0"


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_security_group.MODULE, oos_tag.MODULE))


def make(world: World, name: str = "web", **parameters: Any) -> str:
    return str(world.call("CreateSecurityGroup", SecurityGroupName=name, **parameters)["SecurityGroupId"])


def authorize(world: World, group: str, ports: str = "22/22", **parameters: Any) -> None:
    given = {"IpProtocol": "tcp", "PortRange": ports, "SourceCidrIp": ANYWHERE, **parameters}
    world.call("AuthorizeSecurityGroup", SecurityGroupId=group, **{k: v for k, v in given.items() if v is not None})


def rules(world: World, group: str, **parameters: Any) -> list[dict[str, Any]]:
    shown = world.call("DescribeSecurityGroupAttribute", SecurityGroupId=group, **parameters)
    found: list[dict[str, Any]] = shown["Permissions"]["Permission"]
    return found


def comes_in(world: World, target: str, port: int = 22, source: str = "") -> bool:
    """Whether a TCP connection can be made to an instance: from another one, or from anywhere else."""
    peer, mac = "192.0.2.1", ""
    if source:
        instance = world.instance(source)
        mac = instance.interfaces[0].mac
        (peer,) = (each.address for each in world.home(source).addresses(source))
    flow = Flow(Direction.INGRESS, Protocol.TCP, peer, port, 40000, mac)
    return world.home(target).lets_through(target, flow)


def goes_out(world: World, source: str, address: str = "192.0.2.1", port: int = 443) -> bool:
    flow = Flow(Direction.EGRESS, Protocol.TCP, address, port, 40000)
    return world.home(source).lets_through(source, flow)


def until_done(world: World, name: str, **parameters: Any) -> None:
    """Make one and the same call until it succeeds: its host, or the process, fails on the way."""
    for _ in range(5):
        with contextlib.suppress(SimulatedCrash, ApiError):
            world.call(name, f"once-{parameters['SecurityGroupId']}", **parameters)
            return
    raise AssertionError(f"{name} does not succeed")


def test_a_group_is_made_once_and_described(world: World) -> None:
    for _ in range(2):
        made = world.call(
            "CreateSecurityGroup",
            "t",
            SecurityGroupName="web",
            Description="of the shop",
            VpcId="vpc-1",
            Tag=[{"Key": "env", "Value": "prod"}],
        )
    (group,) = world.call("DescribeSecurityGroups")["SecurityGroups"]["SecurityGroup"]
    assert (group["SecurityGroupId"], group["SecurityGroupName"]) == (made["SecurityGroupId"], "web")
    assert (group["VpcId"], group["RuleCount"], group["EcsCount"]) == ("vpc-1", 0, 0)
    assert group["Tags"] == {"Tag": [{"TagKey": "env", "TagValue": "prod"}]}
    shown = world.call("DescribeSecurityGroupAttribute", SecurityGroupId=group["SecurityGroupId"])
    assert (shown["InnerAccessPolicy"], shown["Permissions"]) == ("Accept", {"Permission": []})


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({}, 2),
        ({"SecurityGroupName": "web"}, 1),
        ({"SecurityGroupName": "w*"}, 1),
        ({"SecurityGroupName": "e", "FuzzyQuery": True}, 1),
        ({"SecurityGroupIds": "[]"}, 0),
        ({"VpcId": "vpc-1"}, 1),
        ({"Tag": [{"Key": "env"}]}, 1),
        ({"SecurityGroupType": "enterprise"}, 0),
        ({"NetworkType": "classic"}, 0),
        ({"RegionId": "empty"}, 0),
    ],
)
def test_groups_are_listed_by_conditions(world: World, parameters: dict[str, Any], count: int) -> None:
    make(world, "web", VpcId="vpc-1")
    make(world, "db", Tag=[{"Key": "env", "Value": "prod"}])
    assert world.call("DescribeSecurityGroups", **parameters)["TotalCount"] == count


def test_instances_are_made_in_groups_that_filter_at_once(world: World) -> None:
    group = make(world)
    authorize(world, group)
    id = world.run(SecurityGroupId=group)
    (shown,) = world.call("DescribeInstances")["Instances"]["Instance"]
    assert shown["SecurityGroupIds"] == {"SecurityGroupId": [group]}
    assert comes_in(world, id, 22)
    assert not comes_in(world, id, 80)
    assert goes_out(world, id)
    assert world.call("DescribeSecurityGroups")["SecurityGroups"]["SecurityGroup"][0]["EcsCount"] == 1
    missing = world.refusal("RunInstances", ImageId=world.image_id, InstanceType="ecs.t1.tiny", SecurityGroupId="sg-x")
    assert missing.code == "InvalidSecurityGroupId.NotFound"


def test_a_rule_filters_from_when_it_is_authorized_until_it_is_revoked(world: World) -> None:
    group = make(world)
    id = world.run(SecurityGroupIds=[group])
    assert not comes_in(world, id, 80)
    authorize(world, group, "80/90", Description="shop")
    authorize(world, group, "80/90")
    (rule,) = rules(world, group)
    assert (rule["IpProtocol"], rule["PortRange"], rule["Policy"], rule["Priority"]) == ("TCP", "80/90", "Accept", "1")
    assert (rule["SourceCidrIp"], rule["Description"], rule["Direction"]) == (ANYWHERE, "shop", "ingress")
    assert comes_in(world, id, 80)
    authorize(world, group, "85/85", Policy="drop", Priority="1")
    assert comes_in(world, id, 80)
    assert not comes_in(world, id, 85)
    world.call("RevokeSecurityGroup", SecurityGroupId=group, IpProtocol="tcp", PortRange="80/90", SourceCidrIp=ANYWHERE)
    assert not comes_in(world, id, 80)
    world.call("RevokeSecurityGroup", SecurityGroupId=group, IpProtocol="tcp", PortRange="1/2", SourceCidrIp=ANYWHERE)
    (left,) = rules(world, group, Direction="ingress")
    for _ in range(2):
        world.call("RevokeSecurityGroup", "r", SecurityGroupId=group, SecurityGroupRuleId=[left["SecurityGroupRuleId"]])
    assert rules(world, group) == []
    absent = world.refusal("RevokeSecurityGroup", SecurityGroupId=group, SecurityGroupRuleId=["sgr-none"])
    assert absent.code == "InvalidSecurityGroupRuleId.NotFound"


def test_several_rules_at_once_and_of_both_directions(world: World) -> None:
    group = make(world)
    id = world.run(SecurityGroupId=group)
    permissions = [
        {"IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "192.0.2.0/24"},
        {"IpProtocol": "ICMP", "PortRange": "-1/-1", "SourceCidrIp": ANYWHERE},
        {"IpProtocol": "ALL", "PortRange": "-1/-1", "Ipv6SourceCidrIp": "fd00::/8", "Policy": "drop"},
    ]
    world.call("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=permissions)
    closed = {"IpProtocol": "ALL", "DestCidrIp": "192.0.2.0/24", "Policy": "Drop", "Priority": "100"}
    world.call("AuthorizeSecurityGroupEgress", SecurityGroupId=group, Permissions=[closed])
    assert len(rules(world, group)) == 4
    (out,) = rules(world, group, Direction="egress")
    assert (out["DestCidrIp"], out["Policy"], out["PortRange"]) == ("192.0.2.0/24", "Drop", "-1/-1")
    assert comes_in(world, id, 22)
    assert not goes_out(world, id)
    assert goes_out(world, id, "198.51.100.1")
    world.call("RevokeSecurityGroupEgress", SecurityGroupId=group, Permissions=[closed])
    assert goes_out(world, id)
    world.call("RevokeSecurityGroup", SecurityGroupId=group, Permissions=permissions)
    assert rules(world, group) == []


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"IpProtocol": None}, "MissingParameter"),
        ({"IpProtocol": "GRE", "PortRange": "-1/-1"}, "OperationDenied.NotSupported"),
        ({"PortRange": None}, "MissingParameter"),
        ({"PortRange": "22"}, "InvalidPortRange.Malformed"),
        ({"PortRange": "-1/-1"}, "InvalidPortRange.Malformed"),
        ({"PortRange": "9/8"}, "InvalidPortRange.Malformed"),
        ({"PortRange": "0/70000"}, "InvalidPortRange.Malformed"),
        ({"IpProtocol": "icmp", "PortRange": "1/2"}, "InvalidPortRange.Malformed"),
        ({"Priority": "0"}, "InvalidPriority"),
        ({"SourceCidrIp": None}, "MissingParameter"),
        ({"SourceCidrIp": "10.0.0.0/33"}, "InvalidParam.SourceIp"),
        ({"SourceCidrIp": "fd00::/8"}, "InvalidParam.SourceIp"),
        ({"IpProtocol": "ICMPv6", "PortRange": "-1/-1"}, "InvalidParam.SourceIp"),
        ({"SourceGroupId": "sg-x"}, "InvalidParameter.SourceGroupId"),
        ({"SourceCidrIp": None, "SourceGroupId": "sg-x"}, "InvalidSecurityGroupId.NotFound"),
        ({"SecurityGroupId": "sg-x"}, "InvalidSecurityGroupId.NotFound"),
        ({"SourcePrefixListId": "pl-1"}, "InvalidParameter.SourceGroupId"),
        ({"SourceCidrIp": None, "SourcePrefixListId": "pl-1"}, "InvalidPrefixListId.NotFound"),
    ],
)
def test_rules_that_say_nothing_sensible_are_refused(world: World, parameters: dict[str, Any], code: str) -> None:
    group = make(world)
    given = {
        "SecurityGroupId": group,
        "IpProtocol": "tcp",
        "PortRange": "1/2",
        "SourceCidrIp": ANYWHERE,
        **parameters,
    }
    refused = world.refusal("AuthorizeSecurityGroup", **{key: value for key, value in given.items() if value})
    assert refused.code == code
    assert rules(world, group) == []


def test_rules_about_groups_follow_membership(world: World) -> None:
    web, db = make(world, "web"), make(world, "db")
    server = world.run(SecurityGroupId=db)
    authorize(world, db, "5432/5432", SourceCidrIp=None, SourceGroupId=web)
    world.call("ModifySecurityGroupPolicy", SecurityGroupId=web, InnerAccessPolicy="Drop")
    client, stranger = world.run(SecurityGroupId=web), world.run(SecurityGroupId=make(world, "other"))
    assert comes_in(world, server, 5432, client)
    assert not comes_in(world, server, 5432, stranger)
    world.call("JoinSecurityGroup", SecurityGroupId=web, InstanceId=stranger)
    world.call("JoinSecurityGroup", SecurityGroupId=web, InstanceId=stranger)
    assert comes_in(world, server, 5432, stranger)
    assert not comes_in(world, server, 22, stranger)
    for _ in range(2):
        world.call("LeaveSecurityGroup", "leave", SecurityGroupId=web, InstanceId=stranger)
    assert not comes_in(world, server, 5432, stranger)
    world.call("AuthorizeSecurityGroupEgress", SecurityGroupId=db, IpProtocol="all", DestGroupId=web, Policy="drop")
    (address,) = (each.address for each in world.home(client).addresses(client))
    assert not goes_out(world, server, address)
    assert goes_out(world, server)
    world.call("DeleteInstance", InstanceId=client, Force=True)
    assert goes_out(world, server, address)
    references = world.call("DescribeSecurityGroupReferences", SecurityGroupId=[web, db])
    (reference,) = references["SecurityGroupReferences"]["SecurityGroupReference"]
    assert reference["SecurityGroupId"] == web
    assert [each["SecurityGroupId"] for each in reference["ReferencingSecurityGroups"]["ReferencingSecurityGroup"]] == [
        db
    ]


def test_members_connect_to_one_another_unless_they_are_kept_apart(world: World) -> None:
    group = make(world)
    one, two = world.run(SecurityGroupId=group), world.run(SecurityGroupId=group)
    assert comes_in(world, one, 22, two)
    world.call("ModifySecurityGroupPolicy", SecurityGroupId=group, InnerAccessPolicy="Drop")
    assert not comes_in(world, one, 22, two)
    world.call("ModifySecurityGroupPolicy", SecurityGroupId=group, InnerAccessPolicy="accept")
    assert comes_in(world, one, 22, two)


def test_a_member_keeps_its_address(world: World) -> None:
    id = world.run(SecurityGroupId=make(world))
    (card,) = world.instance(id).interfaces
    (address,) = (each.address for each in world.home(id).addresses(id))
    (network,) = (each for each in world.home(id).networks() if each.name == card.network)
    assert network.reservations == {card.mac: address}
    home = world.home(id)
    world.call("DeleteInstance", InstanceId=id, Force=True)
    assert home.network(card.network).reservations == {}


def test_the_last_group_is_not_left(world: World) -> None:
    one, two = make(world), make(world)
    id = world.run(SecurityGroupId=one)
    assert world.refusal("LeaveSecurityGroup", SecurityGroupId=one, InstanceId=id).code == "InstanceLastSecurityGroup"
    assert world.refusal("LeaveSecurityGroup", SecurityGroupId=two, InstanceId=id).code == "InstanceNotInSecurityGroup"
    card = world.instance(id).interfaces[0]
    world.call("JoinSecurityGroup", SecurityGroupId=two, NetworkInterfaceId=card.id)
    world.call("LeaveSecurityGroup", SecurityGroupId=one, NetworkInterfaceId=card.id)
    assert world.instance(id).interfaces[0].security_group_ids == (two,)
    refused = world.refusal("JoinSecurityGroup", SecurityGroupId=one, NetworkInterfaceId="eni-none")
    assert refused.code == "InvalidNetworkInterfaceId.NotFound"


def test_a_group_in_use_is_not_deleted(world: World) -> None:
    web, db = make(world, "web"), make(world, "db")
    authorize(world, db, SourceCidrIp=None, SourceGroupId=web)
    id = world.run(SecurityGroupId=db)
    for group, who in ((db, id), (web, db)):
        refused = world.refusal("DeleteSecurityGroup", SecurityGroupId=group)
        assert refused.code == "DependencyViolation"
        assert who in refused.message
    world.call("DeleteInstance", InstanceId=id, Force=True)
    for group in (db, web):
        for _ in range(2):
            world.call("DeleteSecurityGroup", f"delete-{group}", SecurityGroupId=group)
    assert world.call("DescribeSecurityGroups")["TotalCount"] == 0
    assert [host.group_filters() for host in world.hosts.values()] == [(), (), ()]
    assert list(load_rules(world.registry)) == []
    assert world.refusal("DeleteSecurityGroup", SecurityGroupId=web).code == "InvalidSecurityGroupId.NotFound"


def test_a_rule_that_is_changed_keeps_its_id(world: World) -> None:
    group = make(world)
    id = world.run(SecurityGroupId=group)
    authorize(world, group, "22/22")
    (rule,) = rules(world, group)
    named = {"SecurityGroupId": group, "SecurityGroupRuleId": rule["SecurityGroupRuleId"]}
    world.call("ModifySecurityGroupRule", **named, PortRange="80/80", Description="web now")
    (changed,) = rules(world, group)
    assert changed == {**rule, "PortRange": "80/80", "Description": "web now"}
    assert comes_in(world, id, 80)
    assert not comes_in(world, id, 22)
    authorize(world, group, "22/22")
    assert len({each["SecurityGroupRuleId"] for each in rules(world, group)}) == 2
    twice = world.refusal("ModifySecurityGroupRule", **named, PortRange="22/22")
    assert twice.code == "SecurityGroupRuleConflict.Duplicated"
    words = {"IpProtocol": "tcp", "PortRange": "22/22", "SourceCidrIp": ANYWHERE}
    world.call("ModifySecurityGroupRule", SecurityGroupId=group, **words, Description="by its words")
    assert sorted(each["Description"] for each in rules(world, group)) == ["by its words", "web now"]
    world.call("AuthorizeSecurityGroupEgress", SecurityGroupId=group, IpProtocol="all", DestCidrIp=ANYWHERE)
    (out,) = rules(world, group, Direction="egress")
    world.call(
        "ModifySecurityGroupEgressRule",
        SecurityGroupId=group,
        SecurityGroupRuleId=out["SecurityGroupRuleId"],
        Policy="drop",
    )
    assert not goes_out(world, id)
    for wrong in ({"SecurityGroupRuleId": out["SecurityGroupRuleId"]}, {"IpProtocol": "tcp", "PortRange": "1/1"}):
        given = {"SourceCidrIp": ANYWHERE, **wrong}
        refused = world.refusal("ModifySecurityGroupRule", SecurityGroupId=group, **given)
        assert refused.code == "InvalidSecurityGroupRuleId.NotFound"


def test_names_and_tags_are_changed(world: World) -> None:
    group = make(world, "old", Description="stays")
    world.call("ModifySecurityGroupAttribute", SecurityGroupId=group, SecurityGroupName="new")
    world.call("TagResources", "TagResources", ResourceType="securitygroup", ResourceId=[group], Tag=[{"Key": "a"}])
    (shown,) = world.call("DescribeSecurityGroups", Tag=[{"Key": "a"}])["SecurityGroups"]["SecurityGroup"]
    assert (shown["SecurityGroupName"], shown["Description"]) == ("new", "stays")
    assert world.refusal("CreateSecurityGroup", SecurityGroupType="enterprise").code == "OperationDenied.NotSupported"


@pytest.mark.parametrize("method", ["put_group_filter", "set_security_groups", "reserve_address"])
@pytest.mark.parametrize("kind", [FaultKind.CRASH, FaultKind.FAIL_BEFORE, FaultKind.LOST_REPLY])
def test_a_join_that_was_interrupted_ends_right_when_it_is_asked_again(
    world: World, method: str, kind: FaultKind
) -> None:
    web, db = make(world, "web"), make(world, "db")
    authorize(world, db, SourceCidrIp=None, SourceGroupId=web)
    server, client = world.run(SecurityGroupId=db), world.run()
    world.break_next(method, kind)
    until_done(world, "JoinSecurityGroup", SecurityGroupId=web, InstanceId=client)
    assert world.instance(client).interfaces[0].security_group_ids == (web,)
    assert comes_in(world, server, 22, client)


def test_a_join_whose_group_was_not_told_is_told_when_it_is_asked_again(world: World) -> None:
    """The card is in the group already, but the groups whose rules name it do not know of it yet."""
    web, db = make(world, "web"), make(world, "db")
    authorize(world, db, SourceCidrIp=None, SourceGroupId=web)
    server, client = world.run(SecurityGroupId=db), world.run()
    world.break_next("put_group_filter", FaultKind.FAIL_BEFORE, skip=1)
    until_done(world, "JoinSecurityGroup", SecurityGroupId=web, InstanceId=client)
    assert comes_in(world, server, 22, client)
    until_done(world, "JoinSecurityGroup", SecurityGroupId=make(world, "other"), InstanceId=client)
    world.break_next("put_group_filter", FaultKind.CRASH)
    until_done(world, "LeaveSecurityGroup", SecurityGroupId=web, InstanceId=client)
    assert not comes_in(world, server, 22, client)


def test_the_groups_of_an_instance_are_replaced(world: World) -> None:
    one, two = make(world, "one"), make(world, "two")
    id = world.run(SecurityGroupId=one)
    authorize(world, two, "80/80")
    for _ in range(2):
        world.call("ModifyInstanceAttribute", "m", InstanceId=id, SecurityGroupIds=[two])
    assert world.instance(id).interfaces[0].security_group_ids == (two,)
    assert comes_in(world, id, 80)
    none = world.refusal("ModifyInstanceAttribute", InstanceId=id, SecurityGroupIds=[])
    assert none.code == "InstanceLastSecurityGroup"
    missing = world.refusal("ModifyInstanceAttribute", InstanceId=id, SecurityGroupIds=["sg-x"], InstanceName="new")
    assert missing.code == "InvalidSecurityGroupId.NotFound"
    assert world.instance(id).name != "new"

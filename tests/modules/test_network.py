"""VPCs, vSwitches and network interfaces, called by their names on simulated hosts."""

from __future__ import annotations

from typing import Any

import pytest

from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.fleet.network import Bandwidth
from oos.service.errors import ApiError
from tests.modules.networks import cards, home_of, instance, v_switch, v_switches, vpc, world
from tests.modules.world import World

__all__ = ["instance", "v_switch", "vpc", "world"]


# VPCs and vSwitches


def test_a_vpc_is_made_found_renamed_and_deleted(world: World) -> None:
    tag = [{"Key": "team", "Value": "net"}]
    made = world.call("VPC.CreateVpc", "once", CidrBlock="10.0.0.0/8", VpcName="main", Tag=tag)
    assert world.call("VPC.CreateVpc", "once", CidrBlock="10.0.0.0/8")["VpcId"] == made["VpcId"]
    other = world.call("ECS.CreateVpc")["VpcId"]
    (shape,) = world.call("VPC.DescribeVpcs", Tag=tag)["Vpcs"]["Vpc"]
    assert (shape["VpcId"], shape["CidrBlock"], shape["VpcName"]) == (made["VpcId"], "10.0.0.0/8", "main")
    assert world.call("VPC.DescribeVpcs", VpcName="ma*")["TotalCount"] == 1
    assert world.call("ECS.DescribeVpcs", IsDefault=True)["TotalCount"] == 0
    world.call("ECS.ModifyVpcAttribute", VpcId=other, VpcName="second", Description="why")
    known = world.call("VPC.DescribeVpcAttribute", VpcId=other)
    assert (known["VpcName"], known["Description"], known["CidrBlock"]) == ("second", "why", "172.16.0.0/12")
    world.call("VPC.DeleteVpc", "gone", VpcId=other)
    world.call("VPC.DeleteVpc", "gone", VpcId=other)
    assert world.refusal("VPC.DeleteVpc", VpcId=other).code == "InvalidVpcId.NotFound"
    assert world.call("ECS.DescribeVpcs")["TotalCount"] == 1


@pytest.mark.parametrize("cidr", ["8.8.0.0/16", "10.0.0.1/8", "10.0.0.0/30", "nonsense", "10.0.0.0/7"])
def test_addresses_that_no_vpc_may_have_are_refused(world: World, cidr: str) -> None:
    assert world.refusal("VPC.CreateVpc", CidrBlock=cidr).code == "InvalidCidrBlock.Malformed"


def test_a_v_switch_is_a_network_of_one_host_of_the_zone(world: World, vpc: str, v_switch: str) -> None:
    host = world.hosts[home_of(world, v_switch)]
    network = host.network(v_switch)
    assert (network.cidr, network.vpc_id, network.vpc_cidr) == ("192.168.7.0/24", vpc, "192.168.0.0/16")
    assert [name for name in world.hosts if v_switch in world.hosts[name].state.networks] == [host.host.name]
    (shape,) = v_switches(world, VpcId=vpc)
    assert (shape["VSwitchName"], shape["ZoneId"], shape["AvailableIpAddressCount"]) == ("web", "lab-a", 253)
    (described,) = world.call("VPC.DescribeVpcs", VpcId=vpc)["Vpcs"]["Vpc"]
    assert described["VSwitchIds"]["VSwitchId"] == [v_switch]
    assert world.call("VPC.DescribeVSwitchAttributes", VSwitchId=v_switch)["CidrBlock"] == "192.168.7.0/24"


def test_networks_made_by_others_are_v_switches_of_no_vpc(world: World) -> None:
    found = v_switches(world)
    assert [(each["VSwitchId"], each["ZoneId"], each["VpcId"]) for each in found] == [
        ("default", "lab-b", ""),
        ("default", "lab-a", ""),
    ]
    assert [each["VSwitchName"] for each in world.call("ECS.DescribeVSwitches", ZoneId="lab-a")["VSwitches"]["VSwitch"]]


def test_one_request_makes_one_v_switch_whatever_happens(world: World, vpc: str) -> None:
    wanted = {"VpcId": vpc, "ZoneId": "lab-a", "CidrBlock": "192.168.7.0/24"}
    world.break_next("make_network", FaultKind.LOST_REPLY)
    assert world.refusal("VPC.CreateVSwitch", "once", **wanted).status == 503
    made = world.call("VPC.CreateVSwitch", "once", **wanted)["VSwitchId"]
    assert [each["VSwitchId"] for each in v_switches(world, VpcId=vpc)] == [made]


def test_a_vpc_is_known_by_its_networks_when_the_registry_is_lost(world: World, vpc: str, v_switch: str) -> None:
    world.registry.remove("vpc", vpc)
    known = world.call("VPC.DescribeVpcAttribute", VpcId=vpc)
    assert (known["CidrBlock"], known["VSwitchIds"]["VSwitchId"]) == ("192.168.0.0/16", [v_switch])
    more = world.call("VPC.CreateVSwitch", VpcId=vpc, ZoneId="lab-a", CidrBlock="192.168.8.0/24")["VSwitchId"]
    assert {each["VSwitchId"] for each in v_switches(world, VpcId=vpc)} == {v_switch, more}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"CidrBlock": "192.168.7.128/25"}, "InvalidCidrBlock.Overlapped"),
        ({"CidrBlock": "10.0.0.0/24"}, "InvalidCidrBlock"),
        ({"CidrBlock": "192.168.8.0/30"}, "InvalidCidrBlock.Malformed"),
        ({"VpcId": "vpc-0"}, "InvalidVpcId.NotFound"),
        ({"ZoneId": "nowhere"}, "InvalidZoneId.NotFound"),
    ],
)
def test_a_v_switch_that_cannot_be_is_refused(
    world: World, vpc: str, v_switch: str, changes: dict[str, str], code: str
) -> None:
    wanted = {"VpcId": vpc, "ZoneId": "lab-a", "CidrBlock": "192.168.8.0/24", **changes}
    assert world.refusal("VPC.CreateVSwitch", **wanted).code == code


def test_addresses_that_each_host_of_the_zone_uses_are_refused(world: World) -> None:
    vpc = world.call("VPC.CreateVpc", CidrBlock="10.0.0.0/8")["VpcId"]
    refused = world.refusal("VPC.CreateVSwitch", VpcId=vpc, ZoneId="lab-a", CidrBlock="10.1.5.0/24")
    assert refused.code == "InvalidCidrBlock.Overlapped"


def test_a_v_switch_is_renamed_and_deleted_when_it_is_empty(world: World, vpc: str, instance: str) -> None:
    id = world.instance(instance).interfaces[0].network
    world.call("ECS.ModifyVSwitchAttribute", VSwitchId=id, VSwitchName="new", Description="why")
    (shape,) = v_switches(world, VSwitchName="new")
    assert (shape["Description"], shape["AvailableIpAddressCount"]) == ("why", 252)
    assert world.refusal("VPC.DeleteVpc", VpcId=vpc).code == "DependencyViolation.VSwitch"
    assert world.refusal("VPC.DeleteVSwitch", VSwitchId=id).code == "DependencyViolation.NetworkInterface"
    world.call("DeleteInstance", InstanceId=instance, Force=True)
    world.call("VPC.DeleteVSwitch", "gone", VSwitchId=id)
    world.call("VPC.DeleteVSwitch", "gone", VSwitchId=id)
    assert world.refusal("ECS.DeleteVSwitch", VSwitchId=id).code == "InvalidVSwitchId.NotFound"
    world.call("VPC.DeleteVpc", VpcId=vpc)


def test_the_default_network_of_a_host_is_not_deleted(world: World) -> None:
    assert world.refusal("VPC.DeleteVSwitch", VSwitchId="default").code == "OperationDenied.DefaultVSwitch"


# instances in them


def test_instances_are_made_where_their_network_is(world: World, vpc: str, v_switch: str) -> None:
    made = [world.instance(world.run(VSwitchId=v_switch)) for _ in range(3)]
    assert {each.host for each in made} == {home_of(world, v_switch)}
    (shape,) = world.call("DescribeInstances", InstanceIds=f'["{made[0].id}"]')["Instances"]["Instance"]
    assert (shape["VpcAttributes"]["VpcId"], shape["VpcAttributes"]["VSwitchId"]) == (vpc, v_switch)
    assert shape["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0].startswith("192.168.7.")
    assert world.call("DescribeInstances", VpcId=vpc)["TotalCount"] == 3
    assert world.call("DescribeInstances", VpcId="vpc-0")["TotalCount"] == 0


def test_a_network_that_no_host_has_is_told(world: World) -> None:
    refused = world.refusal("RunInstances", ImageId=world.image_id, InstanceType="ecs.t1.tiny", VSwitchId="vsw-0")
    assert refused.code == "InvalidVSwitchId.NotFound"


def test_an_instance_is_limited_and_set_free(world: World, instance: str) -> None:
    world.call("ModifyInstanceNetworkSpec", InstanceId=instance, InternetMaxBandwidthOut=10)
    assert world.instance(instance).interfaces[0].bandwidth == Bandwidth(0, 1250)
    world.call("ModifyInstanceNetworkSpec", InstanceId=instance, InternetMaxBandwidthIn=2)
    (shape,) = world.call("DescribeInstances", InstanceIds=f'["{instance}"]')["Instances"]["Instance"]
    assert (shape["InternetMaxBandwidthIn"], shape["InternetMaxBandwidthOut"]) == (2, 10)
    world.call("ModifyInstanceNetworkSpec", InstanceId=instance, InternetMaxBandwidthIn=0, InternetMaxBandwidthOut=0)
    assert world.instance(instance).interfaces[0].bandwidth == Bandwidth()


def test_a_stopped_instance_moves_to_another_network(world: World, vpc: str, v_switch: str, instance: str) -> None:
    move = {"InstanceId": instance, "VSwitchId": "default"}
    assert world.refusal("ModifyInstanceVpcAttribute", **move).code == "IncorrectInstanceStatus"
    world.call("StopInstance", InstanceId=instance, ForceStop=True)
    world.call("ModifyInstanceVpcAttribute", **move)
    assert world.instance(instance).interfaces[0].network == "default"
    back = {"InstanceId": instance, "VSwitchId": v_switch, "VpcId": vpc, "PrivateIpAddress": "192.168.7.77"}
    world.call("ModifyInstanceVpcAttribute", **back)
    world.call("StartInstance", InstanceId=instance)
    assert cards(world, InstanceId=instance)[0]["PrivateIpAddress"] == "192.168.7.77"
    refused = world.refusal("ModifyInstanceVpcAttribute", **{**move, "VpcId": vpc})
    assert refused.code == "InvalidVpcId.Mismatch"


# network interfaces


def make_card(world: World, v_switch: str, token: str = "", **parameters: Any) -> str:
    return str(world.call("CreateNetworkInterface", token, VSwitchId=v_switch, **parameters)["NetworkInterfaceId"])


def test_a_card_lives_through_its_whole_life(world: World, v_switch: str, instance: str) -> None:
    card = make_card(world, v_switch, PrimaryIpAddress="192.168.7.50", NetworkInterfaceName="second")
    (shape,) = cards(world, NetworkInterfaceId=[card])
    assert (shape["Status"], shape["Type"], shape["PrivateIpAddress"]) == ("Available", "Secondary", "192.168.7.50")
    world.call("AttachNetworkInterface", InstanceId=instance, NetworkInterfaceId=card)
    world.call("AttachNetworkInterface", InstanceId=instance, NetworkInterfaceId=card)
    first, second = cards(world, InstanceId=instance)
    assert world.call("DescribeNetworkInterfaceAttribute", NetworkInterfaceId=card)["InstanceId"] == instance
    assert (first["Type"], second["Type"], second["Status"]) == ("Primary", "Secondary", "InUse")
    assert (second["NetworkInterfaceId"], second["PrivateIpAddress"]) == (card, "192.168.7.50")
    assert (second["NetworkInterfaceName"], second["Attachment"]["DeviceIndex"]) == ("second", 1)
    assert world.refusal("DeleteNetworkInterface", NetworkInterfaceId=card).code == "InvalidOperation.InvalidEniState"
    world.call("DetachNetworkInterface", "out", InstanceId=instance, NetworkInterfaceId=card)
    world.call("DetachNetworkInterface", "out", InstanceId=instance, NetworkInterfaceId=card)
    assert [each["Status"] for each in cards(world, NetworkInterfaceId=[card])] == ["Available"]
    world.call("DeleteNetworkInterface", "gone", NetworkInterfaceId=card)
    world.call("DeleteNetworkInterface", "gone", NetworkInterfaceId=card)
    assert cards(world, NetworkInterfaceId=[card]) == []
    refused = world.refusal("DescribeNetworkInterfaceAttribute", NetworkInterfaceId=card)
    assert refused.code == "InvalidEniId.NotFound"
    assert world.hosts[home_of(world, v_switch)].network(v_switch).reservations == {}


def test_a_card_is_tagged_wherever_it_is(world: World, v_switch: str) -> None:
    card, tag = make_card(world, v_switch), [{"Key": "role", "Value": "db"}]
    world.call("TagResources", ResourceType="eni", ResourceId=[card], Tag=tag)
    assert [each["NetworkInterfaceId"] for each in cards(world, Tag=tag)] == [card]


def test_one_request_makes_one_card(world: World, v_switch: str) -> None:
    first = make_card(world, v_switch, "once")
    assert make_card(world, v_switch, "once") == first
    assert len(cards(world)) == 1
    mismatch = world.refusal("CreateNetworkInterface", "once", VSwitchId="default")
    assert mismatch.code == "IdempotentParameterMismatch"


@pytest.mark.parametrize("method", ["attach_interface", "detach_interface"])
@pytest.mark.parametrize("kind", [FaultKind.FAIL_BEFORE, FaultKind.FAIL_AFTER, FaultKind.LOST_REPLY, FaultKind.CRASH])
def test_a_card_is_moved_once_whatever_happens(
    world: World, v_switch: str, instance: str, method: str, kind: FaultKind
) -> None:
    card = make_card(world, v_switch)
    wanted = {"InstanceId": instance, "NetworkInterfaceId": card}
    name = "AttachNetworkInterface"
    if method == "detach_interface":
        world.call(name, **wanted)
        name = "DetachNetworkInterface"
    world.break_next(method, kind)
    with pytest.raises((ApiError, SimulatedCrash)):
        world.call(name, "once", **wanted)
    world.call(name, "once", **wanted)
    (shape,) = cards(world, NetworkInterfaceId=[card])
    assert shape["Status"] == ("InUse" if name == "AttachNetworkInterface" else "Available")
    world.call("DeleteInstance", InstanceId=instance, Force=True)
    assert len(cards(world, NetworkInterfaceId=[card])) == (name == "DetachNetworkInterface")
    effects = world.hosts[home_of(world, v_switch)].effects
    assert effects[f"{method} {shape['MacAddress']}"] == 1


def test_a_card_goes_with_its_instance_unless_it_is_to_stay(world: World, v_switch: str, instance: str) -> None:
    goes = make_card(world, v_switch)
    stays = make_card(world, v_switch, DeleteOnRelease=False)
    for card in (goes, stays):
        world.call("AttachNetworkInterface", InstanceId=instance, NetworkInterfaceId=card)
    world.call("DeleteInstance", InstanceId=instance, Force=True)
    assert [each["NetworkInterfaceId"] for each in cards(world)] == [stays]


def test_a_card_that_cannot_be_attached_is_refused(world: World, v_switch: str, instance: str) -> None:
    card = make_card(world, v_switch)
    elsewhere = world.run(ZoneId="lab-b")
    refused = world.refusal("AttachNetworkInterface", InstanceId=elsewhere, NetworkInterfaceId=card)
    assert refused.code == "InvalidOperation.AvailabilityZoneMismatch"
    beside = next(
        each
        for each in (world.run(VSwitchId="default") for _ in range(4))
        if world.instance(each).host != home_of(world, v_switch)
    )
    refused = world.refusal("AttachNetworkInterface", InstanceId=beside, NetworkInterfaceId=card)
    assert refused.code == "OperationDenied.NotSupported"
    world.call("AttachNetworkInterface", InstanceId=instance, NetworkInterfaceId=card)
    refused = world.refusal("AttachNetworkInterface", InstanceId=beside, NetworkInterfaceId=card)
    assert refused.code == "InvalidOperation.InvalidEniState"
    refused = world.refusal("AttachNetworkInterface", InstanceId=instance, NetworkInterfaceId="eni-0")
    assert refused.code == "InvalidEniId.NotFound"


def test_the_first_card_of_an_instance_stays(world: World, instance: str) -> None:
    (first,) = cards(world, InstanceId=instance)
    wanted = {"InstanceId": instance, "NetworkInterfaceId": first["NetworkInterfaceId"]}
    assert world.refusal("DetachNetworkInterface", **wanted).code == "InvalidOperation.InvalidEniType"
    world.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=wanted["NetworkInterfaceId"], Description="first")
    assert cards(world, InstanceId=instance)[0]["Description"] == "first"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("192.168.7.1", "InvalidIp.Address"),
        ("192.168.7.255", "InvalidIp.Address"),
        ("10.0.0.1", "InvalidIp.Address"),
        ("no", "InvalidIp.Address"),
        ("192.168.7.50", "InvalidIPAddress.AlreadyUsed"),
    ],
)
def test_an_address_that_cannot_be_kept_is_refused(world: World, v_switch: str, address: str, code: str) -> None:
    make_card(world, v_switch, PrimaryIpAddress="192.168.7.50")
    assert world.refusal("CreateNetworkInterface", VSwitchId=v_switch, PrimaryIpAddress=address).code == code


def test_cards_are_found_by_what_they_are(world: World, vpc: str, v_switch: str, instance: str) -> None:
    tag = [{"Key": "role", "Value": "db"}]
    card = make_card(world, v_switch, NetworkInterfaceName="db-1", Tag=tag)
    for conditions in (
        {"Status": "Available"},
        {"Type": "Secondary"},
        {"NetworkInterfaceName": "db-*"},
        {"Tag": tag},
    ):
        assert [each["NetworkInterfaceId"] for each in cards(world, **conditions)] == [card]
    assert len(cards(world, VpcId=vpc)) == 2
    assert len(cards(world, VSwitchId="default")) == 0


def test_a_card_is_in_its_groups_while_it_is_plugged_in(world: World, v_switch: str, instance: str) -> None:
    first, second = (world.call("CreateSecurityGroup")["SecurityGroupId"] for _ in range(2))
    assert world.refusal("CreateNetworkInterface", VSwitchId=v_switch, SecurityGroupId="sg-0").status == 404
    card = make_card(world, v_switch, SecurityGroupId=first)
    wanted = {"InstanceId": instance, "NetworkInterfaceId": card}
    world.call("AttachNetworkInterface", **wanted)
    assert world.instance(instance).interfaces[1].security_group_ids == (first,)
    assert [each["NetworkInterfaceId"] for each in cards(world, SecurityGroupId=first)] == [card]
    world.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=card, SecurityGroupId=[second])
    assert world.instance(instance).interfaces[1].security_group_ids == (second,)
    world.call("DetachNetworkInterface", **wanted)
    assert cards(world, NetworkInterfaceId=[card])[0]["SecurityGroupIds"]["SecurityGroupId"] == [second]
    world.call("AttachNetworkInterface", **wanted)
    assert world.instance(instance).interfaces[1].security_group_ids == (second,)
    world.call("StopInstance", InstanceId=instance, ForceStop=True)
    move = {"InstanceId": instance, "VSwitchId": v_switch, "SecurityGroupId": [first]}
    world.call("ModifyInstanceVpcAttribute", **move)
    assert world.instance(instance).interfaces[0].security_group_ids == (first,)


def test_what_vpc_knows_is_tagged(world: World, vpc: str, v_switch: str) -> None:
    tag = [{"Key": "team", "Value": "net"}]
    for kind, id in (("VPC", vpc), ("VSWITCH", v_switch)):
        world.call("VPC.TagResources", ResourceType=kind, ResourceId=[id], Tag=tag)
        listed = world.call("VPC.ListTagResources", ResourceType=kind, Tag=tag)["TagResources"]["TagResource"]
        assert [(each["ResourceId"], each["TagKey"], each["TagValue"]) for each in listed] == [(id, "team", "net")]
    assert [each["VSwitchId"] for each in v_switches(world, Tag=tag)] == [v_switch]
    world.call("VPC.UnTagResources", ResourceType="VPC", ResourceId=[vpc], TagKey=["team"])
    assert world.call("VPC.DescribeVpcs", Tag=tag)["TotalCount"] == 0
    missing = world.refusal("VPC.TagResources", ResourceType="EIP", ResourceId=["eip-0"], Tag=tag)
    assert missing.code == "InvalidResourceId.NotFound"


# conditions that nothing meets, and a VPC with other addresses


def test_a_vpc_gets_more_or_fewer_addresses_around_its_v_switches(world: World, vpc: str, v_switch: str) -> None:
    before = {"VpcId": vpc, "ZoneId": "lab-a", "CidrBlock": "192.168.128.0/24"}
    world.break_next("label_network", FaultKind.FAIL_BEFORE)
    assert world.refusal("VPC.ModifyVpcAttribute", VpcId=vpc, CidrBlock="192.168.0.0/17").status == 500
    world.call("VPC.ModifyVpcAttribute", VpcId=vpc, CidrBlock="192.168.0.0/17")
    assert world.call("VPC.DescribeVpcAttribute", VpcId=vpc)["CidrBlock"] == "192.168.0.0/17"
    assert world.hosts[home_of(world, v_switch)].network(v_switch).vpc_cidr == "192.168.0.0/17"
    assert world.refusal("VPC.CreateVSwitch", **before).code == "InvalidCidrBlock"
    world.call("ECS.ModifyVpcAttribute", VpcId=vpc, CidrBlock="192.168.0.0/16", VpcName="wider")
    world.call("VPC.CreateVSwitch", **before)
    for cidr, code in (
        ("192.168.8.0/21", "InvalidCidrBlock.InUse"),
        ("10.0.0.0/8", "InvalidCidrBlock"),
        ("8.8.8.0/24", "InvalidCidrBlock.Malformed"),
    ):
        assert world.refusal("VPC.ModifyVpcAttribute", VpcId=vpc, CidrBlock=cidr).code == code
    assert world.call("VPC.DescribeVpcAttribute", VpcId=vpc)["VpcName"] == "wider"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"VpcOwnerId": 1000000000000000}, 1),
        ({"VpcOwnerId": 7}, 0),
        ({"EnableIpv6": False}, 1),
        ({"EnableIpv6": True}, 0),
        ({"DhcpOptionsSetId": "dopt-1"}, 0),
    ],
)
def test_vpcs_are_found_by_what_they_have_not(world: World, vpc: str, condition: dict[str, Any], found: int) -> None:
    assert vpc
    assert world.call("VPC.DescribeVpcs", **condition)["TotalCount"] == found


def test_v_switches_and_cards_are_found_by_what_they_have_not(world: World, v_switch: str, instance: str) -> None:
    assert v_switch in [each["VSwitchId"] for each in v_switches(world, VSwitchOwnerId=1000000000000000)]
    for none in ({"VSwitchOwnerId": 7}, {"EnableIpv6": True}, {"RouteTableId": "vtb-1"}):
        assert v_switches(world, **none) == []
    assert v_switch in [each["VSwitchId"] for each in v_switches(world, EnableIpv6=False)]
    assert cards(world, InstanceId=instance, ServiceManaged=True) == []
    assert len(cards(world, InstanceId=instance, ServiceManaged=False)) == 1
    assert cards(world, InstanceId=instance, Ipv6Address=["fd00::1"]) == []


def test_a_vpc_without_gateways_is_deleted_by_force_as_well(world: World, vpc: str) -> None:
    world.call("VPC.DeleteVpc", VpcId=vpc, ForceDelete=True)
    assert world.call("VPC.DescribeVpcs")["TotalCount"] == 0

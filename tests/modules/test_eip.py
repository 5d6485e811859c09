"""Elastic addresses, bandwidth packages and forward entries, called by their names on simulated hosts."""

from __future__ import annotations

from typing import Any

import pytest

import oos_eip
import oos_instance
import oos_network
from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.fleet.translation import Elastic, Limit, PortForward, Translations
from oos.service.errors import ApiError
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_network.MODULE, oos_eip.MODULE))


@pytest.fixture
def v_switch(world: World) -> str:
    vpc = world.call("VPC.CreateVpc", CidrBlock="192.168.0.0/16")["VpcId"]
    made = world.call("VPC.CreateVSwitch", VpcId=vpc, ZoneId="lab-a", CidrBlock="192.168.7.0/24")
    return str(made["VSwitchId"])


@pytest.fixture
def instance(world: World, v_switch: str) -> str:
    return world.run(VSwitchId=v_switch)


@pytest.fixture
def host(world: World, instance: str) -> MemoryHypervisor:
    return world.home(instance)


def allocate(world: World, token: str = "", **parameters: Any) -> dict[str, Any]:
    return world.call("VPC.AllocateEipAddress", token, **parameters)


def eips(world: World, **conditions: Any) -> list[dict[str, Any]]:
    return list(world.call("VPC.DescribeEipAddresses", **conditions)["EipAddresses"]["EipAddress"])


def private_of(world: World, instance: str) -> str:
    (card,) = world.call("DescribeNetworkInterfaces", InstanceId=instance)["NetworkInterfaceSets"][
        "NetworkInterfaceSet"
    ]
    return str(card["PrivateIpAddress"])


def test_an_address_leads_to_an_instance_until_it_is_taken_away(
    world: World, instance: str, host: MemoryHypervisor
) -> None:
    made = allocate(world, "once", Bandwidth=10, Name="web")
    assert allocate(world, "once", Bandwidth=10) == made
    id, address, private = made["AllocationId"], made["EipAddress"], private_of(world, instance)
    assert [(each["Status"], each["Bandwidth"], each["Name"]) for each in eips(world)] == [("Available", "10", "web")]
    world.call("ECS.AssociateEipAddress", AllocationId=id, InstanceId=instance)
    assert host.translations() == Translations((Elastic(address, private, id),), (), (Limit(id, 1250),))
    (shape,) = eips(world, AssociatedInstanceId=instance)
    assert (shape["Status"], shape["InstanceType"], shape["PrivateIpAddress"]) == ("InUse", "EcsInstance", private)
    (seen,) = world.call("DescribeInstances", EipAddresses=f'["{address}"]')["Instances"]["Instance"]
    assert (seen["InstanceId"], seen["EipAddress"]["AllocationId"]) == (instance, id)
    # The guest keeps the address that the translation leads to.
    card = world.instance(instance).interfaces[0]
    assert host.network(card.network).reservations == {card.mac: private}
    assert world.refusal("VPC.ReleaseEipAddress", AllocationId=id).code == "IncorrectEipStatus"
    world.call("ECS.UnassociateEipAddress", "out", AllocationId=id, InstanceId=instance)
    world.call("ECS.UnassociateEipAddress", "out", AllocationId=id, InstanceId=instance)
    assert host.translations() == Translations()
    assert host.network(card.network).reservations == {}
    world.call("ECS.ReleaseEipAddress", "gone", AllocationId=id)
    world.call("ECS.ReleaseEipAddress", "gone", AllocationId=id)
    assert eips(world) == []
    assert world.refusal("ECS.ReleaseEipAddress", AllocationId=id).code == "InvalidAllocationId.NotFound"


def test_each_address_is_given_out_once_until_none_is_left(world: World) -> None:
    given = [allocate(world)["EipAddress"] for _ in range(7)]
    last = allocate(world, IpAddress="203.0.113.7")["EipAddress"]
    assert sorted([*given, last]) == [f"203.0.113.{number}" for number in range(8)]
    assert world.refusal("VPC.AllocateEipAddress").code == "QuotaExceeded.Eip"
    assert world.refusal("VPC.AllocateEipAddress", IpAddress=last).code == "InvalidIpAddress.AlreadyUsed"
    assert world.refusal("VPC.AllocateEipAddress", IpAddress="8.8.8.8").code == "InvalidIpAddress.NotInPool"
    refused = world.refusal("VPC.AllocateEipAddress", RegionId="empty")
    assert refused.code == "OperationDenied.NotSupported"


@pytest.mark.parametrize("kind", [FaultKind.FAIL_BEFORE, FaultKind.FAIL_AFTER, FaultKind.LOST_REPLY, FaultKind.CRASH])
@pytest.mark.parametrize("name", ["AssociateEipAddress", "UnassociateEipAddress"])
def test_an_address_is_moved_whatever_happens(
    world: World, instance: str, host: MemoryHypervisor, name: str, kind: FaultKind
) -> None:
    id = allocate(world)["AllocationId"]
    wanted = {"AllocationId": id, "InstanceId": instance}
    if name == "UnassociateEipAddress":
        world.call("VPC.AssociateEipAddress", **wanted)
    world.break_next("translate", kind)
    with pytest.raises((ApiError, SimulatedCrash)):
        world.call(f"VPC.{name}", "once", **wanted)
    world.call(f"VPC.{name}", "once", **wanted)
    (shape,) = eips(world)
    assert shape["Status"] == ("InUse" if name == "AssociateEipAddress" else "Available")
    assert bool(host.translations()) is (name == "AssociateEipAddress")


def test_what_a_host_lost_is_seen_and_put_back(world: World, instance: str, host: MemoryHypervisor) -> None:
    first = allocate(world)["AllocationId"]
    world.call("VPC.AssociateEipAddress", AllocationId=first, InstanceId=instance)
    before, host.state.translations = host.state.translations, Translations()
    assert [each["Status"] for each in eips(world)] == ["Associating"]
    assert eips(world, Status="InUse") == []
    world.call("VPC.AssociateEipAddress", AllocationId=first, InstanceId=instance)
    assert host.translations() == before
    host.state.translations = Translations()
    # Whatever else is done there puts it back, too.
    world.call("VPC.ModifyEipAddressAttribute", AllocationId=first, Bandwidth=20, Description="why")
    assert [each.kilobytes for each in host.translations().limits] == [2500]
    assert [each["Status"] for each in eips(world)] == ["InUse"]


def test_an_address_leads_to_a_network_interface(world: World, v_switch: str, instance: str) -> None:
    card = world.call("CreateNetworkInterface", VSwitchId=v_switch, PrimaryIpAddress="192.168.7.60")
    wanted = {
        "AllocationId": allocate(world)["AllocationId"],
        "InstanceId": card["NetworkInterfaceId"],
        "InstanceType": "NetworkInterface",
    }
    assert world.refusal("VPC.AssociateEipAddress", **wanted).code == "InvalidOperation.InvalidEniState"
    world.call("AttachNetworkInterface", InstanceId=instance, NetworkInterfaceId=card["NetworkInterfaceId"])
    world.call("VPC.AssociateEipAddress", **wanted)
    assert [each["PrivateIpAddress"] for each in eips(world)] == ["192.168.7.60"]
    world.call("DetachNetworkInterface", InstanceId=instance, NetworkInterfaceId=card["NetworkInterfaceId"])
    refused = world.refusal("DeleteNetworkInterface", NetworkInterfaceId=card["NetworkInterfaceId"])
    assert refused.code == "InvalidOperation.EipAssociated"
    world.call("VPC.UnassociateEipAddress", AllocationId=wanted["AllocationId"])
    world.call("DeleteNetworkInterface", NetworkInterfaceId=card["NetworkInterfaceId"])


def test_what_cannot_have_an_address_is_refused(world: World, v_switch: str, instance: str) -> None:
    first, second = (allocate(world)["AllocationId"] for _ in range(2))
    elsewhere = world.run(ZoneId="lab-b")
    refused = world.refusal("VPC.AssociateEipAddress", AllocationId=first, InstanceId=elsewhere)
    assert refused.code == "OperationDenied.NotSupported"
    refused = world.refusal(
        "VPC.AssociateEipAddress", AllocationId=first, InstanceId=instance, PrivateIpAddress="1.2.3.4"
    )
    assert refused.code == "InvalidPrivateIpAddress.NotFound"
    refused = world.refusal(
        "VPC.AssociateEipAddress", AllocationId=first, InstanceId="lb-1", InstanceType="SlbInstance"
    )
    assert refused.code == "OperationDenied.NotSupported"
    world.call("VPC.AssociateEipAddress", AllocationId=first, InstanceId=instance)
    refused = world.refusal("VPC.AssociateEipAddress", AllocationId=second, InstanceId=instance)
    assert refused.code == "InvalidAssociation.Duplicated"
    other = world.run(VSwitchId=v_switch)
    refused = world.refusal("VPC.AssociateEipAddress", AllocationId=first, InstanceId=other)
    assert refused.code == "IncorrectEipStatus"
    refused = world.refusal("VPC.UnassociateEipAddress", AllocationId=first, InstanceId=other)
    assert refused.code == "IncorrectEipStatus"
    off = world.run(VSwitchId=v_switch)
    world.call("StopInstance", InstanceId=off, ForceStop=True)
    refused = world.refusal("VPC.AssociateEipAddress", AllocationId=second, InstanceId=off)
    assert refused.code == "IncorrectInstanceStatus"


def test_an_address_is_free_again_when_its_instance_is_deleted(
    world: World, instance: str, host: MemoryHypervisor
) -> None:
    id = allocate(world)["AllocationId"]
    world.call("VPC.AssociateEipAddress", AllocationId=id, InstanceId=instance)
    world.call("DeleteInstance", InstanceId=instance, Force=True)
    assert [each["Status"] for each in eips(world)] == ["Available"]
    assert host.translations() == Translations()


def test_a_public_address_goes_with_its_instance_unless_it_is_made_elastic(
    world: World, v_switch: str, instance: str, host: MemoryHypervisor
) -> None:
    address = world.call("AllocatePublicIpAddress", "once", InstanceId=instance)["IpAddress"]
    assert world.call("AllocatePublicIpAddress", "once", InstanceId=instance)["IpAddress"] == address
    (seen,) = world.call("DescribeInstances", PublicIpAddresses=f'["{address}"]')["Instances"]["Instance"]
    assert (seen["PublicIpAddress"]["IpAddress"], seen["EipAddress"]["IpAddress"]) == ([address], "")
    assert eips(world) == []
    assert [each.address for each in host.translations().addresses] == [address]
    other = world.run(VSwitchId=v_switch)
    world.call("AllocatePublicIpAddress", InstanceId=other)
    world.call("DeleteInstance", InstanceId=other, Force=True)
    assert [each.address for each in host.translations().addresses] == [address]
    world.call("ConvertNatPublicIpToEip", "convert", InstanceId=instance)
    world.call("ConvertNatPublicIpToEip", "convert", InstanceId=instance)
    assert [(each["IpAddress"], each["Status"]) for each in eips(world)] == [(address, "InUse")]
    assert world.refusal("ConvertNatPublicIpToEip", InstanceId=instance).code == "OperationDenied.NoPublicIp"


def test_what_is_protected_is_not_given_back(world: World) -> None:
    id = allocate(world)["AllocationId"]
    package = world.call("VPC.CreateCommonBandwidthPackage", Bandwidth=10)["BandwidthPackageId"]
    for what, name, key, kind in (
        (id, "ReleaseEipAddress", "AllocationId", "EIP"),
        (package, "DeleteCommonBandwidthPackage", "BandwidthPackageId", "CBWP"),
    ):
        world.call("VPC.DeletionProtection", InstanceId=what, Type=kind, ProtectionEnable=True)
        assert world.refusal(f"VPC.{name}", **{key: what}).code == "OperationDenied.DeletionProtected"
        world.call("VPC.DeletionProtection", InstanceId=what, Type=kind, ProtectionEnable=False)
        world.call(f"VPC.{name}", **{key: what})


def test_addresses_of_a_package_share_its_limit(
    world: World, v_switch: str, instance: str, host: MemoryHypervisor
) -> None:
    package = world.call("VPC.CreateCommonBandwidthPackage", "p", Bandwidth=100, Name="all")["BandwidthPackageId"]
    assert world.call("VPC.CreateCommonBandwidthPackage", "p", Bandwidth=100)["BandwidthPackageId"] == package
    ids = []
    for each in (instance, world.run(VSwitchId=v_switch)):
        ids.append(allocate(world)["AllocationId"])
        world.call("VPC.AssociateEipAddress", AllocationId=ids[-1], InstanceId=each)
    world.call("VPC.AddCommonBandwidthPackageIp", BandwidthPackageId=package, IpInstanceId=ids[0])
    world.call("VPC.AddCommonBandwidthPackageIps", BandwidthPackageId=package, IpInstanceIds=ids)
    assert {each.limit for each in host.translations().addresses} == {package}
    assert host.translations().limits == (Limit(package, 12_500),)
    world.call("VPC.ModifyCommonBandwidthPackageSpec", BandwidthPackageId=package, Bandwidth="200")
    assert host.translations().limits == (Limit(package, 25_000),)
    world.call("VPC.ModifyCommonBandwidthPackageAttribute", BandwidthPackageId=package, Name="some")
    (shape,) = world.call("VPC.DescribeCommonBandwidthPackages", Name="some")["CommonBandwidthPackages"][
        "CommonBandwidthPackage"
    ]
    assert {each["AllocationId"] for each in shape["PublicIpAddresses"]["PublicIpAddresse"]} == set(ids)
    assert {each["BandwidthPackageBandwidth"] for each in eips(world)} == {"200"}
    other = world.call("VPC.CreateCommonBandwidthPackage", Bandwidth=1)["BandwidthPackageId"]
    refused = world.refusal("VPC.AddCommonBandwidthPackageIp", BandwidthPackageId=other, IpInstanceId=ids[0])
    assert refused.code == "OperationDenied.EipInBandwidthPackage"
    out = {"BandwidthPackageId": package, "IpInstanceId": ids[0]}
    world.call("VPC.RemoveCommonBandwidthPackageIp", "out", **out)
    world.call("VPC.RemoveCommonBandwidthPackageIp", "out", **out)
    assert {each.limit for each in host.translations().addresses} == {package, ids[0]}
    refused = world.refusal("VPC.DeleteCommonBandwidthPackage", BandwidthPackageId=package)
    assert refused.code == "OperationDenied.BandwidthPackageInUse"
    world.call("VPC.DeleteCommonBandwidthPackage", BandwidthPackageId=package, Force=True)
    assert {each.limit for each in host.translations().addresses} == set(ids)


def test_single_ports_of_an_address_lead_into_a_vpc(world: World, instance: str, host: MemoryHypervisor) -> None:
    vpc = host.network(world.instance(instance).interfaces[0].network).vpc_id
    spare = world.call("ECS.CreateNatGateway", VpcId=vpc)["NatGatewayId"]
    assert world.call("ECS.DescribeNatGateways", VpcId=vpc)["TotalCount"] == 1
    world.call("ECS.DeleteNatGateway", NatGatewayId=spare)
    gateway = world.call("VPC.CreateNatGateway", VpcId=vpc, Name="out")
    (table,) = gateway["ForwardTableIds"]["ForwardTableId"]
    made = allocate(world)
    address, private = made["EipAddress"], private_of(world, instance)
    entry = {
        "ForwardTableId": table,
        "ExternalIp": address,
        "ExternalPort": "80",
        "InternalIp": private,
        "InternalPort": "8080",
        "IpProtocol": "TCP",
    }
    assert world.refusal("VPC.CreateForwardEntry", **entry).code == "InvalidExternalIp.NotFound"
    world.call(
        "VPC.AssociateEipAddress",
        AllocationId=made["AllocationId"],
        InstanceId=gateway["NatGatewayId"],
        InstanceType="Nat",
    )
    assert host.translations() == Translations()
    web = world.call("VPC.CreateForwardEntry", "web", **entry)["ForwardEntryId"]
    assert world.call("VPC.CreateForwardEntry", "web", **entry)["ForwardEntryId"] == web
    assert host.translations().addresses == (Elastic(address, "", made["AllocationId"]),)
    assert host.translations().ports == (PortForward(address, "tcp", 80, private, 8080),)
    assert world.refusal("VPC.CreateForwardEntry", **entry).code == "Forbidden.DuplicatedForwardEntry"
    nowhere = {**entry, "InternalIp": "192.168.99.9", "ExternalPort": "81"}
    assert world.refusal("VPC.CreateForwardEntry", **nowhere).code == "InvalidInternalIp.NotInVpc"
    everything = {**entry, "ExternalPort": "Any", "InternalPort": "Any", "IpProtocol": "Any"}
    assert world.refusal("VPC.CreateForwardEntry", **everything).code == "Forbidden.DuplicatedForwardEntry"
    world.call("ECS.ModifyForwardEntry", ForwardTableId=table, ForwardEntryId=web, ExternalPort="8000")
    assert host.translations().ports == (PortForward(address, "tcp", 8000, private, 8080),)
    (shape,) = world.call("VPC.DescribeForwardTableEntries", NatGatewayId=gateway["NatGatewayId"])[
        "ForwardTableEntries"
    ]["ForwardTableEntry"]
    assert (shape["ExternalPort"], shape["InternalPort"], shape["IpProtocol"]) == ("8000", "8080", "TCP")
    refused = world.refusal("VPC.UnassociateEipAddress", AllocationId=made["AllocationId"])
    assert refused.code == "IncorrectStatus.ForwardEntry"
    world.call("ECS.DeleteForwardEntry", "gone", ForwardTableId=table, ForwardEntryId=web)
    world.call("ECS.DeleteForwardEntry", "gone", ForwardTableId=table, ForwardEntryId=web)
    assert host.translations() == Translations()
    whole = world.call("VPC.CreateForwardEntry", **everything)["ForwardEntryId"]
    assert host.translations().addresses == (Elastic(address, private, made["AllocationId"]),)
    assert whole
    assert world.refusal("VPC.DeleteVpc", VpcId=vpc).code.startswith("DependencyViolation")
    refused = world.refusal("VPC.DeleteNatGateway", NatGatewayId=gateway["NatGatewayId"])
    assert refused.code == "DependencyViolation.EIPS"
    world.call("VPC.DeleteNatGateway", NatGatewayId=gateway["NatGatewayId"], Force=True)
    assert host.translations() == Translations()
    assert [each["Status"] for each in eips(world)] == ["Available"]
    assert world.call("VPC.DescribeNatGateways")["TotalCount"] == 0


def test_ports_in_a_row_lead_to_as_many(world: World, instance: str, host: MemoryHypervisor) -> None:
    made, private = allocate(world), private_of(world, instance)
    address = made["EipAddress"]
    gateway = world.call(
        "VPC.CreateNatGateway", VpcId=host.network(world.instance(instance).interfaces[0].network).vpc_id
    )
    (table,) = gateway["ForwardTableIds"]["ForwardTableId"]
    associated = {"InstanceId": gateway["NatGatewayId"], "InstanceType": "Nat"}
    world.call("VPC.AssociateEipAddress", AllocationId=made["AllocationId"], **associated)
    entry = {"ForwardTableId": table, "ExternalIp": address, "InternalIp": private, "IpProtocol": "TCP"}
    same = world.call("VPC.CreateForwardEntry", **entry, ExternalPort="10/20", InternalPort="10/20")["ForwardEntryId"]
    assert host.translations().ports == (PortForward(address, "tcp", 10, private, 10, 20),)
    overlapping = {"ExternalPort": "20/22", "InternalPort": "20/22"}
    refused = world.refusal("VPC.CreateForwardEntry", **entry, **overlapping)
    assert refused.code == "Forbidden.DuplicatedForwardEntry"
    world.call("VPC.CreateForwardEntry", **entry, ExternalPort="80/81", InternalPort="8080/8081")
    assert host.translations().ports[1:] == (
        PortForward(address, "tcp", 80, private, 8080),
        PortForward(address, "tcp", 81, private, 8081),
    )
    (shape,) = world.call("VPC.DescribeForwardTableEntries", ExternalPort="80/81")["ForwardTableEntries"][
        "ForwardTableEntry"
    ]
    assert shape["InternalPort"] == "8080/8081"
    world.call(
        "VPC.ModifyForwardEntry", ForwardTableId=table, ForwardEntryId=same, ExternalPort="22", InternalPort="22"
    )
    assert host.translations().ports[0] == PortForward(address, "tcp", 22, private, 22)
    for outside, inside, code in (
        ("30/40", "30/41", "InvalidInternalPort.Mismatch"),
        ("40/30", "40/30", "InvalidExternalPort.Malformed"),
        ("1000/3000", "2000/4000", "InvalidExternalPort.TooMany"),
        ("1/70000", "1/70000", "InvalidExternalPort.Malformed"),
    ):
        assert world.refusal("VPC.CreateForwardEntry", **entry, ExternalPort=outside, InternalPort=inside).code == code


def test_what_died_on_its_way_to_the_host_is_ended_when_it_is_asked_again(
    world: World, instance: str, host: MemoryHypervisor
) -> None:
    package = world.call("VPC.CreateCommonBandwidthPackage", Bandwidth=100)["BandwidthPackageId"]
    made = allocate(world)
    id, address = made["AllocationId"], made["EipAddress"]
    vpc = host.network(world.instance(instance).interfaces[0].network).vpc_id
    gateway = world.call("VPC.CreateNatGateway", VpcId=vpc)
    (table,) = gateway["ForwardTableIds"]["ForwardTableId"]
    world.call("VPC.AssociateEipAddress", AllocationId=id, InstanceId=gateway["NatGatewayId"], InstanceType="Nat")
    entry = {
        "ForwardTableId": table,
        "ExternalIp": address,
        "ExternalPort": "80",
        "InternalIp": private_of(world, instance),
        "InternalPort": "8080",
        "IpProtocol": "TCP",
    }

    def dies(name: str, **parameters: Any) -> dict[str, Any]:
        world.break_next("translate", FaultKind.FAIL_BEFORE)
        with pytest.raises(ApiError):
            world.call(f"VPC.{name}", name, **parameters)
        return world.call(f"VPC.{name}", name, **parameters)

    made = dies("CreateForwardEntry", **entry)
    assert len(host.translations().ports) == 1
    dies("AddCommonBandwidthPackageIp", BandwidthPackageId=package, IpInstanceId=id)
    assert [each.limit for each in host.translations().addresses] == [package]
    dies("RemoveCommonBandwidthPackageIp", BandwidthPackageId=package, IpInstanceId=id)
    assert [each.limit for each in host.translations().addresses] == [id]
    world.call("VPC.AddCommonBandwidthPackageIp", BandwidthPackageId=package, IpInstanceId=id)
    dies("DeleteCommonBandwidthPackage", BandwidthPackageId=package, Force=True)
    assert [each.limit for each in host.translations().addresses] == [id]
    dies("DeleteForwardEntry", ForwardTableId=table, ForwardEntryId=made["ForwardEntryId"])
    assert host.translations() == Translations()
    world.call("AllocatePublicIpAddress", InstanceId=instance)
    world.break_next("translate", FaultKind.FAIL_AFTER)
    gone = {"InstanceId": instance, "Force": True}
    assert world.refusal("DeleteInstance", "gone", **gone).status == 500
    world.call("DeleteInstance", "gone", **gone)
    assert host.translations() == Translations()
    assert len([allocate(world) for _ in range(7)]) == 7


def test_an_address_is_associated_as_the_cloud_is_asked_to(world: World, v_switch: str, instance: str) -> None:
    id = allocate(world)["AllocationId"]
    vpc = world.home(instance).network(v_switch).vpc_id
    wanted = {"AllocationId": id, "InstanceId": instance}
    for given, code in (
        ({"Mode": "BINDED"}, "OperationDenied.NotSupported"),
        ({"InstanceRegionId": "elsewhere"}, "InvalidParameter.InstanceRegionId"),
        ({"VpcId": "vpc-1"}, "InvalidVpcId.Mismatch"),
    ):
        assert world.refusal("VPC.AssociateEipAddress", **wanted, **given).code == code
    world.call("VPC.AssociateEipAddress", **wanted, Mode="NAT", InstanceRegionId="lab", VpcId=vpc)
    assert [each["Status"] for each in eips(world, ServiceManaged=False)] == ["InUse"]
    for none in ({"LockReason": "financial"}, {"ServiceManaged": True}, {"SegmentInstanceId": "eipsg-1"}):
        assert eips(world, **none) == []


def test_gateways_are_found_by_tag_and_status(world: World, v_switch: str) -> None:
    tag = [{"Key": "team", "Value": "net"}]
    vpc = next(host for host in world.hosts.values() if v_switch in host.state.networks).network(v_switch).vpc_id
    made = world.call("VPC.CreateNatGateway", VpcId=vpc, Tag=tag, NetworkType="internet")["NatGatewayId"]
    world.call("ECS.CreateNatGateway", VpcId=vpc)
    (found,) = world.call("VPC.DescribeNatGateways", Tag=tag, Status="Available")["NatGateways"]["NatGateway"]
    assert (found["NatGatewayId"], found["Tags"]["Tag"]) == (made, [{"TagKey": "team", "TagValue": "net"}])
    assert world.call("VPC.DescribeNatGateways", Status="Creating")["TotalCount"] == 0
    refused = world.refusal("VPC.CreateNatGateway", VpcId=vpc, NetworkType="intranet")
    assert refused.code == "OperationDenied.NotSupported"

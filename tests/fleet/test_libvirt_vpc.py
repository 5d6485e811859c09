"""VPCs on real guests: who reaches whom, by which addresses, and what groups and lists of addresses let through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from oos.lab.config import LabConfig
from tests.fleet.lab_fleet import KILOBYTES, LEAST_SECONDS, TINY, TRIES, LabFleet, lab_fleet

pytestmark = pytest.mark.real

PORT = 8080
"""Every guest of the lab has a web server there."""


@dataclass
class Pair:
    """Two running guests in two vSwitches of one VPC, each in a group of its own."""

    zone: LabFleet
    vpc: str
    client: str
    server: str
    clients: str
    """The group of the client."""
    servers: str
    address: str
    """Of the server."""

    def reaches(self, address: str = "", port: int = PORT) -> bool:
        """Whether the client can begin a connection."""
        call = f"nc -w 1 {address or self.address} {port} -e /bin/busybox true"
        return self.zone.in_guest(self.client, call).exit_code == 0

    def permit(self, verb: str, **peer: object) -> None:
        """Let a peer in at the server's port, or no longer."""
        rule = {"IpProtocol": "TCP", "PortRange": f"{PORT}/{PORT}", **peer}
        self.zone.call(f"{verb}SecurityGroup", SecurityGroupId=self.servers, **rule)


@pytest.fixture(scope="module")
def pair(lab: LabConfig) -> Iterator[Pair]:
    with lab_fleet(lab) as zone:
        vpc = str(zone.call("VPC.CreateVpc", CidrBlock="192.168.0.0/16")["VpcId"])
        switches, groups, made = [], [], []
        for number in (81, 82):
            placed = {"VpcId": vpc, "ZoneId": "lab-a", "CidrBlock": f"192.168.{number}.0/24"}
            switches.append(zone.call("VPC.CreateVSwitch", **placed)["VSwitchId"])
            groups.append(str(zone.call("CreateSecurityGroup", VpcId=vpc)["SecurityGroupId"]))
            asked = {"ImageId": zone.world.image_id, "InstanceType": TINY.id, "SecurityGroupId": groups[-1]}
            asked["PrivateIpAddress"] = f"192.168.{number}.50"
            # The server gets a public address, of 1 Mbit/s.
            run = zone.call("RunInstances", VSwitchId=switches[-1], InternetMaxBandwidthOut=number - 81, **asked)
            made.append(run["InstanceIdSets"]["InstanceIdSet"][0])  # type: ignore[index]  # JSON
        client, server = (zone.world.run(each) for each in made)
        yield Pair(zone, vpc, client.id, server.id, groups[0], groups[1], zone.world.address(server))
        for each in made:
            zone.call("DeleteInstance", InstanceId=each, Force=True)
        for group in groups:
            zone.call("DeleteSecurityGroup", SecurityGroupId=group)
        for switch in switches:
            zone.call("VPC.DeleteVSwitch", VSwitchId=switch)
        zone.call("VPC.DeleteVpc", VpcId=vpc)


def test_v_switches_of_one_vpc_reach_each_other_as_their_groups_say(pair: Pair) -> None:
    assert pair.address == "192.168.82.50"
    assert not pair.reaches()
    pair.permit("Authorize", SourceGroupId=pair.clients)
    pair.zone.world.until(pair.reaches)
    assert pair.zone.in_guest(pair.server, f"ping -c 1 -W 1 {client_address(pair)}").exit_code != 0
    pair.permit("Revoke", SourceGroupId=pair.clients)
    pair.zone.world.until(lambda: not pair.reaches())


def test_another_vpc_has_no_way_in(pair: Pair) -> None:
    zone = pair.zone
    pair.permit("Authorize", SourceCidrIp="0.0.0.0/0")
    other = zone.call("VPC.CreateVpc", CidrBlock="192.168.0.0/16")["VpcId"]
    switch = zone.call("VPC.CreateVSwitch", VpcId=other, ZoneId="lab-a", CidrBlock="192.168.83.0/24")["VSwitchId"]
    card = zone.call("CreateNetworkInterface", VSwitchId=switch, SecurityGroupId=pair.clients)["NetworkInterfaceId"]
    plugged = {"InstanceId": pair.client, "NetworkInterfaceId": card}
    zone.call("AttachNetworkInterface", **plugged)
    try:
        zone.world.until(pair.reaches)
        # By the card in the other VPC, as soon as it has an address: the host says no.
        route = f"{pair.address} via 192.168.83.1 dev eth1"
        zone.world.until(lambda: zone.in_guest(pair.client, f"ip route add {route}").exit_code == 0)
        said = zone.in_guest(pair.client, f"nc -w 10 {pair.address} {PORT} -e /bin/busybox true")
        assert said.exit_code != 0
        assert zone.in_guest(pair.client, f"ip route del {route}").exit_code == 0
        assert pair.reaches()
    finally:
        zone.call("DetachNetworkInterface", **plugged)
        zone.call("DeleteNetworkInterface", NetworkInterfaceId=card)
        zone.call("VPC.DeleteVSwitch", VSwitchId=switch)
        zone.call("VPC.DeleteVpc", VpcId=other)
        pair.permit("Revoke", SourceCidrIp="0.0.0.0/0")


def test_rules_follow_the_list_that_they_name(pair: Pair) -> None:
    zone, entry = pair.zone, [{"Cidr": f"{client_address(pair)}/32"}]
    made = {"PrefixListName": "clients", "AddressFamily": "IPv4", "MaxEntries": 5}
    named = zone.call("CreatePrefixList", **made)["PrefixListId"]
    pair.permit("Authorize", SourcePrefixListId=named)
    assert not pair.reaches()
    zone.call("ModifyPrefixList", PrefixListId=named, AddEntry=entry)
    zone.world.until(pair.reaches)
    zone.call("ModifyPrefixList", PrefixListId=named, RemoveEntry=entry)
    zone.world.until(lambda: not pair.reaches())
    pair.permit("Revoke", SourcePrefixListId=named)
    zone.call("DeletePrefixList", PrefixListId=named)


def test_ports_in_a_row_lead_to_a_guest(pair: Pair) -> None:
    zone = pair.zone
    made = zone.call("VPC.AllocateEipAddress")
    gateway = zone.call("VPC.CreateNatGateway", VpcId=pair.vpc)
    (table,) = gateway["ForwardTableIds"]["ForwardTableId"]  # type: ignore[index]  # JSON
    associated = {"InstanceId": gateway["NatGatewayId"], "InstanceType": "Nat"}
    zone.call("VPC.AssociateEipAddress", AllocationId=made["AllocationId"], **associated)
    pair.permit("Authorize", SourceCidrIp="0.0.0.0/0")
    entry = {"ForwardTableId": table, "ExternalIp": made["EipAddress"], "InternalIp": pair.address, "IpProtocol": "TCP"}
    for outside, inside, port in (("8070/8090", "8070/8090", PORT), ("9079/9081", "8079/8081", 9080)):
        zone.call("VPC.CreateForwardEntry", **entry, ExternalPort=outside, InternalPort=inside)
        assert zone.fetch(f"http://{made['EipAddress']}:{port}/")[0]
    zone.call("VPC.DeleteNatGateway", NatGatewayId=gateway["NatGatewayId"], Force=True)
    zone.call("VPC.ReleaseEipAddress", AllocationId=made["AllocationId"])
    pair.permit("Revoke", SourceCidrIp="0.0.0.0/0")


def test_a_further_address_leads_to_the_guest_that_configured_it(pair: Pair) -> None:
    zone, address = pair.zone, "192.168.82.200"
    (card,) = zone.world.hypervisor.instance(pair.server).interfaces
    given = {"NetworkInterfaceId": card.id, "PrivateIpAddress": [address]}
    zone.call("AssignPrivateIpAddresses", **given)
    zone.in_guest(pair.server, f"ip address add {address}/24 dev eth0")
    assert not pair.reaches(address)
    pair.permit("Authorize", SourceGroupId=pair.clients)
    zone.world.until(lambda: pair.reaches(address))
    zone.in_guest(pair.server, f"ip address del {address}/24 dev eth0")
    zone.call("UnassignPrivateIpAddresses", **given)
    pair.permit("Revoke", SourceGroupId=pair.clients)


def test_the_public_address_of_a_new_instance_leads_to_it_within_its_bandwidth(pair: Pair) -> None:
    zone = pair.zone
    told = zone.call("DescribeInstances", InstanceIds=f'["{pair.server}"]')
    (seen,) = told["Instances"]["Instance"]  # type: ignore[index]  # JSON
    (address,) = seen["PublicIpAddress"]["IpAddress"]
    pair.permit("Authorize", SourceCidrIp="0.0.0.0/0")
    zone.in_guest(pair.server, f"dd if=/dev/zero of=/www/large bs=1000 count={KILOBYTES}")
    url = f"http://{address}:{PORT}/large"
    content, seconds = zone.fetch(url)
    assert len(content) == KILOBYTES * 1000
    assert seconds > LEAST_SECONDS
    zone.call("ModifyInstanceNetworkSpec", InstanceId=pair.server, InternetMaxBandwidthOut=1000)
    assert any(zone.fetch(url)[1] < LEAST_SECONDS for _ in range(TRIES))
    # Within the VPC it is still who it is.
    assert pair.reaches()
    zone.call("ModifyInstanceNetworkSpec", InstanceId=pair.server, InternetMaxBandwidthOut=0)
    assert zone.fetch(url, patience=0) == (b"", 0.0)
    pair.permit("Revoke", SourceCidrIp="0.0.0.0/0")


def client_address(pair: Pair) -> str:
    """The address of the client."""
    return pair.zone.world.address(pair.zone.world.hypervisor.instance(pair.client))

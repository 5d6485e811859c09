"""Networks on real guests: a second card with an address and traffic, a limit that limits, an elastic address."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from oos.adapters.libvirt.connection import Connection, Deadlines, Handle
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.fleet.identity import made_network_name
from oos.fleet.instance import Instance
from oos.fleet.network import NetworkSpec
from oos.fleet.translation import Elastic, Limit, translations
from oos.lab.config import LabConfig
from oos.lab.lab import up
from oos.lab.process import end
from oos.lab.zone import require
from tests.fleet.killed_at import T
from tests.fleet.lab_fleet import KILOBYTES, LEAST_SECONDS, TRIES, LabFleet, lab_fleet
from tests.fleet.real_world import lab_host
from tests.fleet.test_networks import address_of
from tests.fleet.world import fresh_token

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def zone(lab: LabConfig) -> Iterator[LabFleet]:
    with lab_fleet(lab) as made:
        yield made


@pytest.fixture(scope="module")
def guest(zone: LabFleet) -> Instance:
    """A running guest whose web server has a large file."""
    guest = zone.world.guest()
    fill = f"dd if=/dev/zero of=/www/large bs=1000 count={KILOBYTES}"
    zone.world.finish(guest.id, zone.world.hypervisor.guest_execute(guest.id, ["/bin/sh", "-c", fill]))
    return guest


def test_a_second_card_gets_an_address_carries_traffic_and_goes(zone: LabFleet, guest: Instance) -> None:
    vpc = zone.call("VPC.CreateVpc", CidrBlock="192.168.0.0/16")["VpcId"]
    made = {"VpcId": vpc, "ZoneId": "lab-a", "CidrBlock": "192.168.88.0/24"}
    switch = zone.call("VPC.CreateVSwitch", **made)["VSwitchId"]
    card = zone.call("CreateNetworkInterface", VSwitchId=switch, PrimaryIpAddress="192.168.88.20")
    wanted = {"InstanceId": guest.id, "NetworkInterfaceId": card["NetworkInterfaceId"]}
    zone.call("AttachNetworkInterface", **wanted)
    try:
        assert zone.fetch("http://192.168.88.20:8080/")[0]
    finally:
        zone.call("DetachNetworkInterface", **wanted)
        zone.call("DeleteNetworkInterface", NetworkInterfaceId=card["NetworkInterfaceId"])
        zone.call("VPC.DeleteVSwitch", VSwitchId=switch)
        zone.call("VPC.DeleteVpc", VpcId=vpc)
    assert switch not in [each.name for each in zone.world.hypervisor.networks()]


def test_what_an_instance_carries_is_really_limited(zone: LabFleet, guest: Instance) -> None:
    mac = guest.interfaces[0].mac
    url = f"http://{address_of(zone.world, guest.id, mac).address}:8080/large"
    zone.call("ModifyInstanceNetworkSpec", InstanceId=guest.id, InternetMaxBandwidthOut=1)
    content, seconds = zone.fetch(url)
    assert len(content) == KILOBYTES * 1000
    assert seconds > LEAST_SECONDS
    zone.call("ModifyInstanceNetworkSpec", InstanceId=guest.id, InternetMaxBandwidthOut=0)
    assert any(zone.fetch(url)[1] < LEAST_SECONDS for _ in range(TRIES))


def test_an_elastic_address_reaches_the_guest_within_its_limit_until_it_is_taken_away(
    zone: LabFleet, guest: Instance
) -> None:
    made = zone.call("VPC.AllocateEipAddress", Bandwidth=1)
    id, url = made["AllocationId"], f"http://{made['EipAddress']}:8080"
    zone.call("ECS.AssociateEipAddress", AllocationId=id, InstanceId=guest.id)
    try:
        content, seconds = zone.fetch(f"{url}/large")
        assert len(content) == KILOBYTES * 1000
        assert seconds > LEAST_SECONDS
        zone.call("VPC.ModifyEipAddressAttribute", AllocationId=id, Bandwidth=1000)
        assert any(zone.fetch(f"{url}/large")[1] < LEAST_SECONDS for _ in range(TRIES))
        # From outside, through the zone as its router: libvirt alone would reject it.
        assert zone.from_outside(f"{url}/") != b""
    finally:
        zone.call("ECS.UnassociateEipAddress", AllocationId=id)
        zone.call("ECS.ReleaseEipAddress", AllocationId=id)
    assert zone.fetch(f"{url}/", patience=0) == (b"", 0.0)


class Died(BaseException):
    """The end of whoever made a network; nothing answers it."""


def dying_before(calls: int) -> Callable[[str, str, Deadlines], Connection]:
    """Makes connections whose owner dies before it asks libvirt for the next change."""

    class Dying(Connection):
        left = calls

        def call(self, target: str, what: str, function: Callable[[Handle], T], *, seconds: float | None = None) -> T:
            if what != "looking" and not what.startswith("listing"):
                if self.left == 0:
                    raise Died(what)
                self.left -= 1
            return super().call(target, what, function, seconds=seconds)

    return Dying


def test_a_network_survives_every_death_of_its_maker(lab: LabConfig, zone: LabFleet) -> None:
    deaths: list[str] = []
    while True:
        spec = NetworkSpec(fresh_token(), "192.168.89.0/24", "vpc-1", "192.168.0.0/16")
        mortal = LibvirtHypervisor(lab_host(lab), connect=dying_before(len(deaths)))
        try:
            made = mortal.make_network(spec)
        except Died as death:
            deaths.append(str(death))
            made = zone.world.hypervisor.make_network(spec)
            assert zone.world.has_way(made, made)
        else:
            assert len(deaths) == 3, deaths
            return
        finally:
            mortal.close()
            zone.world.hypervisor.remove_network(made_network_name(spec.token))
        assert made.is_active


def test_libvirt_puts_elastic_addresses_and_ways_back_when_its_networks_start(
    own_lab: Callable[..., LabConfig],
) -> None:
    config = own_lab()
    up(config, lambda told: None)
    enter = require(config).enter()
    hypervisor = LibvirtHypervisor(lab_host(config))
    wanted = translations((Elastic("198.51.100.9", "10.0.0.9", "eip-1"),), (), (Limit("eip-1", 125),))
    assert hypervisor.translate(wanted) == wanted
    for number in (1, 2):
        hypervisor.make_network(NetworkSpec(fresh_token(), f"192.168.{number}.0/24", "vpc-1", "192.168.0.0/16"))
    look = [*enter, "nft", "list", "set", "ip", "oos-vpc", "ways"]
    ways = subprocess.run(look, capture_output=True, check=True).stdout
    # As after a start of the host: the rules are gone, libvirt starts, and then its networks.
    forget = "nft flush ruleset; ip address flush dev lo label lo:eip; virsh net-destroy default"
    subprocess.run([*enter, "sh", "-c", forget], capture_output=True, check=True)
    for daemon in require(config).named("libvirtd"):
        end(daemon)
    up(config, lambda told: None)
    assert hypervisor.translations() == wanted
    held = subprocess.run([*enter, "ip", "-4", "address", "show", "dev", "lo"], capture_output=True, check=True)
    assert b"198.51.100.9/32" in held.stdout
    assert sorted(subprocess.run(look, capture_output=True, check=True).stdout.split()) == sorted(ways.split())
    hypervisor.close()

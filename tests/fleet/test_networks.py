"""The contract of a hypervisor: networks, and the cards in them."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from oos.fleet.errors import (
    HypervisorFailed,
    InstanceAbsent,
    InterfaceAbsent,
    NetworkAbsent,
    SecurityGroupAbsent,
    WrongState,
)
from oos.fleet.firewall import GroupFilter
from oos.fleet.identity import made_mac, made_network_name
from oos.fleet.instance import GuestAddress, StopMethod
from oos.fleet.network import Bandwidth, InterfaceSpec, Network, NetworkLabels, NetworkSpec
from oos.values.identifiers import resource_id
from tests.fleet.world import PATIENCE, World, fresh_token

NOBODY = "i-00000000000000000000"
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def spec(**changes: object) -> NetworkSpec:
    """A network to be made."""
    made = NetworkSpec(fresh_token(), "192.168.77.0/24", "vpc-1", "192.168.0.0/16", NetworkLabels("web"), CREATED)
    return replace(made, **changes)  # type: ignore[arg-type]  # names of fields, chosen by the test


@pytest.fixture
def network(world: World) -> Iterator[Network]:
    """A network that ends with the test, after the instances in it."""
    made = world.hypervisor.make_network(spec())
    yield made
    world.clean_up(world.made)
    world.hypervisor.remove_network(made.name)


def card(network: Network, **changes: object) -> InterfaceSpec:
    """A card to be plugged in."""
    return replace(InterfaceSpec(made_mac(fresh_token()), network.name), **changes)  # type: ignore[arg-type]


def address_of(world: World, instance_id: str, mac: str) -> GuestAddress:
    """The address that a card in the guest gets."""
    deadline = time.monotonic() + PATIENCE
    while True:
        for each in world.hypervisor.addresses(instance_id):
            if each.mac.lower() == mac.lower() and ipaddress.ip_address(each.address).version == 4:
                return each
        assert time.monotonic() < deadline, f"{mac} gets no address"
        time.sleep(0.2)


def test_a_made_network_is_up_and_is_what_was_asked_for(world: World) -> None:
    labels = NetworkLabels('Web & "Co"', "line one\nline <two>")
    wanted = spec(labels=labels)
    made = world.hypervisor.make_network(wanted)
    try:
        host = world.hypervisor.host
        assert made.name == made_network_name(wanted.token)
        assert (made.host, made.zone, made.region) == (host.name, host.zone, host.region)
        assert (made.cidr, made.gateway) == ("192.168.77.0/24", "192.168.77.1")
        assert made.has_dhcp
        assert made.is_active
        assert (made.labels, made.vpc_id, made.vpc_cidr) == (labels, "vpc-1", "192.168.0.0/16")
        assert (made.token, made.created) == (wanted.token, CREATED)
        assert world.hypervisor.make_network(replace(wanted, labels=NetworkLabels("other"))) == made
        assert [each for each in world.hypervisor.networks() if each.name == made.name] == [made]
        assert world.hypervisor.network(made.name) == made
    finally:
        world.hypervisor.remove_network(made.name)
    assert made not in world.hypervisor.networks()
    world.hypervisor.remove_network(made.name)


def test_networks_made_by_others_are_there(world: World) -> None:
    found = world.hypervisor.network(world.hypervisor.host.network)
    assert found in world.hypervisor.networks()
    assert ipaddress.ip_address(found.gateway) in ipaddress.ip_network(found.cidr)
    assert (found.vpc_id, found.token) == ("", "")


def test_an_absent_network_is_named_in_every_call(world: World) -> None:
    instance = world.make()
    absent = InterfaceSpec(made_mac(fresh_token()), "nowhere")
    for ask in (
        lambda: world.hypervisor.network("nowhere"),
        lambda: world.hypervisor.label_network("nowhere", NetworkLabels()),
        lambda: world.hypervisor.reserve_address("nowhere", absent.mac, "192.168.77.9"),
        lambda: world.hypervisor.attach_interface(instance.id, absent),
        lambda: world.hypervisor.move_interface(instance.id, instance.interfaces[0].mac, "nowhere"),
    ):
        with pytest.raises(NetworkAbsent, match="nowhere"):
            ask()


def test_addresses_in_use_make_no_second_network(world: World, network: Network) -> None:
    wanted = spec()
    with pytest.raises(HypervisorFailed):
        world.hypervisor.make_network(wanted)
    with pytest.raises(NetworkAbsent):
        world.hypervisor.network(made_network_name(wanted.token))


def test_networks_of_one_vpc_have_ways_to_each_other_and_to_no_others(world: World, network: Network) -> None:
    beside = world.hypervisor.make_network(spec(cidr="192.168.78.0/24"))
    other = world.hypervisor.make_network(spec(cidr="192.168.79.0/24", vpc_id="vpc-2"))
    try:
        assert world.has_way(network, beside)
        assert world.has_way(beside, network)
        default = world.hypervisor.network(world.hypervisor.host.network)
        assert not any(world.has_way(network, each) or world.has_way(each, network) for each in (other, default))
        world.hypervisor.remove_network(beside.name)
        again = world.hypervisor.make_network(spec(cidr="192.168.78.0/24", vpc_id="vpc-2"))
        assert world.has_way(other, again)
        assert not world.has_way(network, again)
        world.hypervisor.remove_network(again.name)
    finally:
        world.hypervisor.remove_network(beside.name)
        world.hypervisor.remove_network(other.name)


def test_labels_of_a_network_are_replaced(world: World, network: Network) -> None:
    labels = NetworkLabels("new", "why & how")
    labelled = world.hypervisor.label_network(network.name, labels)
    assert labelled == replace(network, labels=labels)
    assert world.hypervisor.network(network.name) == labelled
    moved = world.hypervisor.label_network(network.name, labels, "192.168.64.0/18")
    assert moved == replace(labelled, vpc_cidr="192.168.64.0/18")
    assert world.hypervisor.label_network(network.name, labels) == moved


def test_a_network_with_cards_in_it_stays(world: World, network: Network) -> None:
    instance = world.make(network=network.name)
    with pytest.raises(WrongState, match=instance.id):
        world.hypervisor.remove_network(network.name)
    assert world.hypervisor.network(network.name) == network


def test_reservations_are_one_for_each_card_and_address(world: World, network: Network) -> None:
    first, second = made_mac(fresh_token()), made_mac(fresh_token())

    def reservations() -> dict[str, str]:
        return dict(world.hypervisor.network(network.name).reservations)

    world.hypervisor.reserve_address(network.name, first, "192.168.77.9")
    world.hypervisor.reserve_address(network.name, first.upper(), "192.168.77.9")
    assert reservations() == {first: "192.168.77.9"}
    world.hypervisor.reserve_address(network.name, first, "192.168.77.10")
    world.hypervisor.reserve_address(network.name, second, "192.168.77.9")
    assert reservations() == {first: "192.168.77.10", second: "192.168.77.9"}
    world.hypervisor.reserve_address(network.name, second, "192.168.77.10")
    assert reservations() == {second: "192.168.77.10"}
    world.hypervisor.reserve_address(network.name, second, "")
    world.hypervisor.reserve_address(network.name, second, "")
    assert reservations() == {}


def test_a_card_is_plugged_into_a_stopped_instance_and_out_again(world: World, network: Network) -> None:
    instance = world.make()
    group = resource_id("sg", fresh_token())
    world.hypervisor.put_group_filter(GroupFilter(group, ()))
    wanted = card(network, bandwidth=Bandwidth(250, 125), security_group_ids=(group,))
    attached = world.hypervisor.attach_interface(instance.id, wanted)
    assert world.hypervisor.attach_interface(instance.id, wanted) == attached
    assert attached.interfaces[:-1] == instance.interfaces
    added = attached.interfaces[-1]
    assert (added.mac, added.network, added.bandwidth) == (wanted.mac, network.name, Bandwidth(250, 125))
    assert added.security_group_ids == (group,)
    assert world.hypervisor.detach_interface(instance.id, wanted.mac) == instance
    assert world.hypervisor.detach_interface(instance.id, wanted.mac) == instance
    world.hypervisor.remove_group_filter(group)
    nowhere = card(network, security_group_ids=(group,))
    with pytest.raises(SecurityGroupAbsent, match=group):
        world.hypervisor.attach_interface(instance.id, nowhere)


def test_a_card_is_plugged_into_a_running_guest_and_out_again(world: World, network: Network) -> None:
    guest = world.guest()
    wanted = card(network)
    world.hypervisor.reserve_address(network.name, wanted.mac, "192.168.77.99")
    attached = world.hypervisor.attach_interface(guest.id, wanted)
    try:
        assert [each.mac for each in attached.interfaces] == [guest.interfaces[0].mac, wanted.mac]
        assert address_of(world, guest.id, wanted.mac).address == "192.168.77.99"
    finally:
        detached = world.hypervisor.detach_interface(guest.id, wanted.mac)
    assert detached.interfaces == guest.interfaces


def test_what_a_card_may_carry_is_limited_and_set_free(world: World) -> None:
    for instance in (world.guest(), world.make()):
        mac = instance.interfaces[0].mac
        limited = world.hypervisor.limit_interface(instance.id, mac, Bandwidth(1250, 625))
        assert limited.interfaces[0].bandwidth == Bandwidth(1250, 625)
        again = world.hypervisor.limit_interface(instance.id, mac, Bandwidth(0, 625))
        assert again.interfaces[0].bandwidth == Bandwidth(0, 625)
        freed = world.hypervisor.limit_interface(instance.id, mac, Bandwidth())
        assert freed.interfaces == instance.interfaces


def test_a_card_of_a_stopped_instance_moves_to_another_network(world: World, network: Network) -> None:
    instance = world.make()
    mac = instance.interfaces[0].mac
    moved = world.hypervisor.move_interface(instance.id, mac, network.name)
    assert [(each.mac, each.network) for each in moved.interfaces] == [(mac, network.name)]
    assert world.hypervisor.move_interface(instance.id, mac, network.name) == moved
    world.hypervisor.start(instance.id)
    with pytest.raises(WrongState, match=instance.id):
        world.hypervisor.move_interface(instance.id, mac, world.hypervisor.host.network)
    world.hypervisor.stop(instance.id, StopMethod.POWER_OFF)


def test_absent_instances_and_cards_are_named(world: World) -> None:
    default, mac = world.hypervisor.host.network, made_mac(fresh_token())
    for ask in (
        lambda: world.hypervisor.attach_interface(NOBODY, InterfaceSpec(mac, default)),
        lambda: world.hypervisor.detach_interface(NOBODY, mac),
        lambda: world.hypervisor.limit_interface(NOBODY, mac, Bandwidth()),
        lambda: world.hypervisor.move_interface(NOBODY, mac, default),
    ):
        with pytest.raises(InstanceAbsent, match=NOBODY):
            ask()
    instance = world.make()
    for ask in (
        lambda: world.hypervisor.limit_interface(instance.id, mac, Bandwidth()),
        lambda: world.hypervisor.move_interface(instance.id, mac, default),
    ):
        with pytest.raises(InterfaceAbsent, match=mac.replace(":", "")):
            ask()

"""The contract of a hypervisor: security groups, and the cards in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from oos.fleet.errors import HypervisorFailed, InstanceAbsent, InterfaceAbsent, SecurityGroupAbsent, WrongState
from oos.fleet.firewall import (
    Direction,
    FilterRule,
    Flow,
    GroupFilter,
    Member,
    Peer,
    Policy,
    Protocol,
    SecurityGroup,
    SecurityRule,
    compile_group,
)
from oos.fleet.identity import made_mac
from oos.fleet.instance import Instance, StopMethod
from oos.fleet.network import InterfaceSpec
from oos.values.identifiers import resource_id
from tests.fleet.world import World, fresh_token

ANYWHERE = Peer("0.0.0.0/0")
NOBODY = "i-00000000000000000000"


def rule(port: int = 22, **changes: object) -> SecurityRule:
    """A rule that lets anybody in at a port."""
    made = SecurityRule(f"sgr-{port:020d}", Direction.INGRESS, Policy.ACCEPT, 1, Protocol.TCP, ANYWHERE, (port, port))
    return replace(made, **changes)  # type: ignore[arg-type]  # names of fields, chosen by the test


@pytest.fixture
def groups(world: World) -> Iterator[list[str]]:
    """Ids of groups that end with the test, after the instances in them."""
    ids = [resource_id("sg", fresh_token()) for _ in range(3)]
    yield ids
    world.clean_up(world.made)
    for group_id in ids:
        world.hypervisor.remove_group_filter(group_id)


def put(world: World, group_id: str, *rules: SecurityRule, inner: bool = True, **members: list[Member]) -> GroupFilter:
    """Have a group carried out."""
    group = SecurityGroup(group_id, rules, Policy.ACCEPT if inner else Policy.DROP)
    compiled = compile_group(group, {group_id: members.get("members", []), **members})
    world.hypervisor.put_group_filter(compiled)
    return compiled


def mac_of(instance: Instance) -> str:
    return instance.interfaces[0].mac


def member(world: World, instance: Instance) -> Member:
    return Member(mac_of(instance), (world.address(instance),))


def test_what_a_host_carries_out_is_what_it_was_given(world: World, groups: list[str]) -> None:
    every = [
        rule(1, direction=direction, policy=policy, protocol=protocol, peer=peer, ports=ports, source_ports=ports)
        for direction in Direction
        for policy in Policy
        for protocol, ports in ((Protocol.TCP, (80, 443)), (Protocol.UDP, None), (Protocol.ALL, None))
        for peer in (ANYWHERE, Peer("10.1.2.3/16"), Peer("::/0"), Peer("fd00::/64"))
    ]
    every += [
        rule(1, protocol=Protocol.ICMP, ports=None),
        rule(1, protocol=Protocol.ICMPV6, ports=None, peer=Peer("fd00::1/128"), local_cidr="fd00::/64"),
        rule(1, peer=Peer(group_id=groups[0])),
        rule(1, peer=Peer(group_id=groups[0]), policy=Policy.DROP, priority=100),
    ]
    compiled = put(
        world,
        groups[0],
        *every,
        members=[Member("52:00:00:00:00:0a", ("10.1.0.7", "fd00::7")), Member("52:00:00:00:00:0b")],
    )
    assert compiled in world.hypervisor.group_filters()
    changed = put(world, groups[0], rule(22))
    assert changed in world.hypervisor.group_filters()
    assert compiled not in world.hypervisor.group_filters()
    world.hypervisor.put_group_filter(changed)
    world.hypervisor.remove_group_filter(groups[0])
    world.hypervisor.remove_group_filter(groups[0])
    assert groups[0] not in [each.id for each in world.hypervisor.group_filters()]


def test_a_host_says_so_when_it_cannot_filter_by_something(world: World, groups: list[str]) -> None:
    step = FilterRule(Direction.EGRESS, Policy.ACCEPT, 2, Protocol.TCP, 4, mac="52:00:00:00:00:0a")
    with pytest.raises(HypervisorFailed, match=groups[0]):
        world.hypervisor.put_group_filter(GroupFilter(groups[0], (step,)))


def test_an_instance_is_made_in_its_groups(world: World, groups: list[str]) -> None:
    put(world, groups[0])
    put(world, groups[1], rule(22))
    instance = world.make(security_group_ids=(groups[0], groups[1]))
    assert set(instance.interfaces[0].security_group_ids) == {groups[0], groups[1]}
    assert world.hypervisor.instance(instance.id) == instance
    with pytest.raises(WrongState, match=groups[0]):
        world.hypervisor.remove_group_filter(groups[0])
    world.hypervisor.remove_instance(instance.id)
    world.hypervisor.remove_group_filter(groups[0])


def test_a_group_that_is_not_there_is_named(world: World, groups: list[str]) -> None:
    with pytest.raises(SecurityGroupAbsent, match=groups[0]):
        world.make(security_group_ids=(groups[0],))
    instance = world.make()
    with pytest.raises(SecurityGroupAbsent, match=groups[0]):
        world.hypervisor.set_security_groups(instance.id, mac_of(instance), [groups[0]])
    with pytest.raises(InterfaceAbsent):
        world.hypervisor.set_security_groups(instance.id, "52:00:00:00:00:0c", [])
    with pytest.raises(InstanceAbsent):
        world.hypervisor.set_security_groups(NOBODY, mac_of(instance), [])


def test_joining_and_leaving_change_nothing_else(world: World, groups: list[str]) -> None:
    instance = world.make()
    for group_id in groups:
        put(world, group_id)
    for wanted in ([groups[0]], [groups[1], groups[0]], [groups[2]], [groups[2]], []):
        joined = world.hypervisor.set_security_groups(instance.id, mac_of(instance), wanted)
        (card,) = joined.interfaces
        assert sorted(card.security_group_ids) == sorted(wanted)
        assert replace(joined, interfaces=(replace(card, security_group_ids=()),)) == instance
    for group_id in groups:
        world.hypervisor.remove_group_filter(group_id)


def test_groups_are_of_a_card_and_outlast_a_start(world: World, groups: list[str]) -> None:
    for group_id in groups:
        put(world, group_id)
    instance = world.make(security_group_ids=(groups[0],))
    world.hypervisor.start(instance.id)
    second = made_mac(fresh_token())
    world.hypervisor.attach_interface(instance.id, InterfaceSpec(second, instance.interfaces[0].network))
    joined = world.hypervisor.set_security_groups(instance.id, second, groups[1:])
    assert [sorted(card.security_group_ids) for card in joined.interfaces] == [[groups[0]], sorted(groups[1:])]
    world.hypervisor.stop(instance.id, StopMethod.POWER_OFF)
    assert world.hypervisor.instance(instance.id).interfaces == joined.interfaces
    world.hypervisor.detach_interface(instance.id, second)
    world.hypervisor.remove_group_filter(groups[1])


def test_rules_filter_what_comes_from_outside_and_from_other_guests(
    world: World, guest: Instance, groups: list[str]
) -> None:
    """Through the life of a rule: authorized, dropped, by membership, revoked; each seen by a new connection."""
    web, db = groups[0], groups[1]
    # Not the shared guest's own fault if this test fails: it is in no group before and after.
    world.until(lambda: world.connects(None, guest, 8080))
    try:
        put(world, web, inner=False)
        put(world, db, inner=False)
        world.hypervisor.set_security_groups(guest.id, mac_of(guest), [web])
        world.until(lambda: not world.connects(None, guest, 8080))
        world.until(lambda: world.can_ask_outside(guest))
        put(world, web, rule(8080), inner=False)
        world.until(lambda: world.connects(None, guest, 8080))
        assert not world.connects(None, guest, 22)
        put(world, web, rule(8080), rule(8080, policy=Policy.DROP), inner=False)
        world.until(lambda: not world.connects(None, guest, 8080))
        world.until(lambda: world.can_ask_outside(guest))
        other = world.run(world.make(security_group_ids=(db,)).id)
        assert not world.connects(other, guest, 8080)
        put(world, web, rule(8080, peer=Peer(group_id=db)), inner=False, **{db: [member(world, other)]})
        world.until(lambda: world.connects(other, guest, 8080))
        assert not world.connects(None, guest, 8080)
        assert not world.connects(other, guest, 22)
        put(world, web, rule(8080, peer=Peer(group_id=db)), inner=False, **{db: []})
        world.until(lambda: not world.connects(other, guest, 8080))
        put(world, web, members=[member(world, guest), member(world, other)])
        world.hypervisor.set_security_groups(other.id, mac_of(other), [db, web])
        world.until(lambda: world.connects(other, guest, 22))
        blocked = rule(8080, direction=Direction.EGRESS, policy=Policy.DROP)
        put(world, db, blocked, inner=False)
        world.until(lambda: not world.connects(other, guest, 8080))
        world.until(lambda: world.connects(other, guest, 22))
    finally:
        world.hypervisor.set_security_groups(guest.id, mac_of(guest), [])
    world.until(lambda: world.connects(None, guest, 22))


def test_the_simulation_says_what_it_lets_through(simulation: World) -> None:
    group_id = resource_id("sg", fresh_token())
    put(simulation, group_id, rule(22))
    instance = simulation.make(security_group_ids=(group_id,))
    flow = Flow(Direction.INGRESS, Protocol.TCP, "192.0.2.1", 22)
    hypervisor = simulation.simulated
    assert hypervisor.lets_through(instance.id, flow)
    assert not hypervisor.lets_through(instance.id, replace(flow, port=23))
    simulation.clean_up(simulation.made)
    hypervisor.remove_group_filter(group_id)

"""Security groups: what decides a flow, and that the filter of a host decides it the same way."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from oos.adapters.libvirt.filter_xml import group_xml, read_group
from oos.fleet.firewall import (
    Direction,
    Flow,
    Member,
    Peer,
    Policy,
    Protocol,
    SecurityGroup,
    SecurityRule,
    compile_group,
    decide_by_filters,
    decide_flow,
)

GROUPS = ("sg-00000000000000000001", "sg-00000000000000000002", "sg-00000000000000000003")
MACS = ("52:00:00:00:00:01", "52:00:00:00:00:02", "52:00:00:00:00:03")
V4 = ("10.1.0.1", "10.1.0.2", "10.1.1.1", "192.0.2.1")
V6 = ("fd00::1", "fd00::2", "2001:db8::1")
RANGES = ("0.0.0.0/0", "10.1.0.0/24", "10.1.0.2/32", "10.1.0.9/16", "::/0", "fd00::/64", "fd00::2/128")

ports = st.sampled_from([None, (1, 65535), (22, 22), (80, 443), (22, 80)])
policies = st.sampled_from(Policy)


@st.composite
def rules(draw: st.DrawFn) -> SecurityRule:
    direction = draw(st.sampled_from(Direction))
    protocol = draw(st.sampled_from(Protocol))
    peers = [*(Peer(each) for each in RANGES), *(Peer(group_id=each) for each in GROUPS)]
    return SecurityRule(
        id=f"sgr-{draw(st.integers(1, 99)):020d}",
        direction=direction,
        policy=draw(policies),
        priority=draw(st.sampled_from([1, 2, 50, 100])),
        protocol=protocol,
        peer=draw(st.sampled_from(peers)),
        ports=draw(ports) if protocol.has_ports else None,
        source_ports=draw(ports) if protocol.has_ports else None,
        local_cidr=draw(st.sampled_from(["", "10.1.0.0/24", "fd00::2/128"])),
    )


@st.composite
def groups(draw: st.DrawFn) -> tuple[SecurityGroup, ...]:
    ids = draw(st.lists(st.sampled_from(GROUPS), unique=True, max_size=3))
    return tuple(SecurityGroup(id, tuple(draw(st.lists(rules(), max_size=5))), draw(policies)) for id in ids)


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    protocol = draw(st.sampled_from(Protocol))
    has_ports = protocol.has_ports
    family = {Protocol.ICMP: V4, Protocol.ICMPV6: V6}.get(protocol, draw(st.sampled_from([V4, V6])))
    return Flow(
        draw(st.sampled_from(Direction)),
        protocol,
        draw(st.sampled_from(family)),
        draw(st.sampled_from([22, 80, 81, 443, 5000])) if has_ports else 0,
        draw(st.sampled_from([22, 40000])) if has_ports else 0,
        draw(st.sampled_from(["", *MACS, MACS[0].upper()])),
        draw(st.sampled_from(["", *family])),
    )


cards = st.builds(
    Member, st.sampled_from(MACS), st.lists(st.sampled_from([*V4, *V6]), unique=True, max_size=2).map(tuple)
)
memberships = st.dictionaries(st.sampled_from(GROUPS), st.lists(cards, max_size=3))


@settings(max_examples=600, deadline=None)
@given(groups(), flows(), memberships)
def test_the_filter_of_a_host_decides_as_the_rules_do(
    mine: tuple[SecurityGroup, ...], flow: Flow, members: dict[str, list[Member]]
) -> None:
    filters = [compile_group(each, members) for each in mine]
    assert decide_by_filters(filters, flow) is decide_flow(mine, flow, members).policy


@settings(max_examples=300, deadline=None)
@given(groups(), memberships)
def test_a_filter_that_was_written_for_libvirt_is_read_back_as_it_was(
    mine: tuple[SecurityGroup, ...], members: dict[str, list[Member]]
) -> None:
    for each in mine:
        compiled = compile_group(each, members)
        assert read_group(group_xml(compiled)) == compiled


@settings(max_examples=300, deadline=None)
@given(groups(), flows(), memberships, rules())
def test_a_rule_that_accepts_lets_no_less_through_and_one_that_drops_no_more(
    mine: tuple[SecurityGroup, ...], flow: Flow, members: dict[str, list[Member]], rule: SecurityRule
) -> None:
    if not mine:
        return
    more = (replace(mine[0], rules=(*mine[0].rules, rule)), *mine[1:])
    before, after = (decide_flow(each, flow, members).policy for each in (mine, more))
    assert before is after or after is rule.policy


@settings(max_examples=200, deadline=None)
@given(groups(), flows(), memberships)
def test_the_order_of_groups_and_rules_does_not_matter(
    mine: tuple[SecurityGroup, ...], flow: Flow, members: dict[str, list[Member]]
) -> None:
    turned = tuple(replace(each, rules=each.rules[::-1]) for each in mine[::-1])
    assert decide_flow(mine, flow, members).policy is decide_flow(turned, flow, members).policy


def test_a_card_in_no_group_is_not_filtered() -> None:
    flow = Flow(Direction.INGRESS, Protocol.TCP, "192.0.2.1", 22)
    assert decide_flow((), flow, {}).policy is Policy.ACCEPT
    assert decide_by_filters((), flow) is Policy.ACCEPT


def test_a_new_group_lets_everything_out_and_its_members_in() -> None:
    group = SecurityGroup(GROUPS[0])
    members = {GROUPS[0]: [Member(MACS[0], (V4[0],))]}
    assert decide_flow([group], Flow(Direction.EGRESS, Protocol.TCP, V4[0], 80), members).policy is Policy.ACCEPT
    for mac, address, policy in (
        (MACS[0], V4[0], Policy.ACCEPT),
        ("", V4[0], Policy.ACCEPT),
        (MACS[1], V4[0], Policy.DROP),
        (MACS[0], V4[1], Policy.DROP),
    ):
        flow = Flow(Direction.INGRESS, Protocol.TCP, address, 80, peer_mac=mac)
        assert decide_flow([group], flow, members).policy is policy
        assert decide_flow([replace(group, inner=Policy.DROP)], flow, members).policy is Policy.DROP


def test_of_one_priority_a_drop_comes_first_and_is_named() -> None:
    accept = SecurityRule("sgr-a", Direction.INGRESS, Policy.ACCEPT, 1, Protocol.TCP, Peer("0.0.0.0/0"), (1, 100))
    drop = replace(accept, id="sgr-z", policy=Policy.DROP, ports=(22, 22))
    group = SecurityGroup(GROUPS[0], (accept, drop))
    flow = Flow(Direction.INGRESS, Protocol.TCP, V4[0], 22)
    assert decide_flow([group], flow, {}).rule == drop
    assert decide_flow([group], replace(flow, port=23), {}).rule == accept


def test_ranges_are_kept_without_host_bits() -> None:
    rule = SecurityRule("sgr-a", Direction.INGRESS, Policy.ACCEPT, 1, Protocol.ALL, Peer("10.1.0.9/16"))
    (step,) = compile_group(SecurityGroup(GROUPS[0], (rule,), Policy.DROP), {}).rules
    assert step.cidr == str(ipaddress.ip_network("10.1.0.0/16"))

"""Security groups: their rules, what a flow is decided by, and the ordered filter that a host carries them out with.

The rules are those of ECS: sorted by priority, 1 first; of one priority a Drop comes before an Accept; the first that
fits decides. Where none fits, a member of the same group may come in (unless the group keeps its members apart),
everything may go out, and nothing else may come in. A card in several groups has the rules of all of them.
https://www.alibabacloud.com/help/en/ecs/user-guide/security-group-rules
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

Ports = tuple[int, int]
"""First and last port."""

EVERY_PORT: Final[Ports] = (1, 65535)
FAMILIES: Final = (4, 6)


class Direction(StrEnum):
    """Whether a connection is begun towards an instance, or by it."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Policy(StrEnum):
    """What becomes of a connection."""

    ACCEPT = "Accept"
    DROP = "Drop"


class Protocol(StrEnum):
    """What a rule is about. ECS knows GRE too; libvirt cannot filter it."""

    TCP = "TCP"
    UDP = "UDP"
    ICMP = "ICMP"
    ICMPV6 = "ICMPv6"
    ALL = "ALL"

    @property
    def has_ports(self) -> bool:
        """Whether its packets name ports."""
        return self in (Protocol.TCP, Protocol.UDP)


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end: an address range, the members of a group, or a list of ranges."""

    cidr: str = ""
    group_id: str = ""
    prefix_list_id: str = ""
    """Hosts know no lists: whoever has a rule carried out puts one rule for each range in its place."""

    @property
    def families(self) -> tuple[int, ...]:
        """The versions of IP that it can speak."""
        return (network(self.cidr).version,) if self.cidr else FAMILIES


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One rule of a security group."""

    id: str
    direction: Direction
    policy: Policy
    priority: int
    """1 to 100; 1 is looked at first."""
    protocol: Protocol
    peer: Peer
    ports: Ports | None = None
    """Of the end that is connected to; None where the protocol has none, or for all."""
    source_ports: Ports | None = None
    """Of the end that connects."""
    local_cidr: str = ""
    """Addresses of the instance that it is about; all where empty."""

    @property
    def sort_key(self) -> tuple[int, bool, str]:
        """Rules in this order are looked at; the id only makes the order certain."""
        return self.priority, self.policy is Policy.ACCEPT, self.id

    @property
    def families(self) -> tuple[int, ...]:
        """The versions of IP that it can fit."""
        mine = {Protocol.ICMP: (4,), Protocol.ICMPV6: (6,)}.get(self.protocol, FAMILIES)
        local = (network(self.local_cidr).version,) if self.local_cidr else FAMILIES
        return tuple(each for each in self.peer.families if each in mine and each in local)


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """What a group lets through."""

    id: str
    rules: tuple[SecurityRule, ...] = ()
    inner: Policy = Policy.ACCEPT
    """Whether its members may connect to one another where no rule says otherwise."""

    @property
    def peers(self) -> frozenset[str]:
        """The groups whose members its filter names."""
        named = {each.peer.group_id for each in self.rules if each.peer.group_id}
        return frozenset(named | ({self.id} if self.inner is Policy.ACCEPT else set()))


@dataclass(frozen=True, slots=True)
class Member:
    """A card in a group: its MAC address, and the addresses that its guest has, or will be given."""

    mac: str
    addresses: tuple[str, ...] = ()


Members = Mapping[str, Sequence[Member]]
"""The cards in each group."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A connection that somebody begins."""

    direction: Direction
    protocol: Protocol
    """Never ALL, except for a protocol that is none of the others."""
    peer: str
    """Address of the other end."""
    port: int = 0
    """That is connected to."""
    source_port: int = 0
    peer_mac: str = ""
    """Of the other end; empty where it is not in the same network, or not known."""
    local: str = ""
    """Address of the instance; empty where it does not matter."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a flow, and what said so."""

    policy: Policy
    group_id: str = ""
    rule: SecurityRule | None = None
    """None where no rule fits."""


def decide_flow(groups: Sequence[SecurityGroup], flow: Flow, members: Members) -> Decision:
    """What becomes of a flow of a card in these groups; a card in none is not filtered."""
    if not groups:
        return Decision(Policy.ACCEPT)
    ranked = sorted(((rule, group.id) for group in groups for rule in group.rules), key=lambda each: each[0].sort_key)
    for rule, group_id in ranked:
        if fits(rule, flow, members):
            return Decision(rule.policy, group_id, rule)
    if flow.direction is Direction.EGRESS:
        return Decision(Policy.ACCEPT)
    for group in groups:
        if group.inner is Policy.ACCEPT and _is_among(flow, members.get(group.id, ())):
            return Decision(Policy.ACCEPT, group.id)
    return Decision(Policy.DROP)


def fits(rule: SecurityRule, flow: Flow, members: Members) -> bool:
    """Whether a rule is about a flow."""
    assert not rule.peer.prefix_list_id, "its ranges stand in its place"
    return (
        rule.direction is flow.direction
        and rule.protocol in (Protocol.ALL, flow.protocol)
        and _version(flow.peer) in rule.families
        and _holds(rule.ports, flow.port)
        and _holds(rule.source_ports, flow.source_port)
        and (not rule.peer.cidr or is_inside(flow.peer, rule.peer.cidr))
        and (not rule.peer.group_id or _is_among(flow, members.get(rule.peer.group_id, ())))
        and (not rule.local_cidr or not flow.local or is_inside(flow.local, rule.local_cidr))
    )


# the filter of a host


@dataclass(frozen=True, slots=True)
class FilterRule:
    """One step of a filter; of those of a card, the fitting one with the lowest priority decides."""

    direction: Direction
    policy: Policy
    priority: int
    protocol: Protocol
    family: int
    """4 or 6."""
    cidr: str = ""
    """Of the other end; all where empty."""
    mac: str = ""
    """Of the other end."""
    ports: Ports | None = None
    source_ports: Ports | None = None
    local_cidr: str = ""


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """What a host carries out for a security group."""

    id: str
    rules: tuple[FilterRule, ...] = ()


INNER_PRIORITY: Final = 101
"""Behind every rule."""


def compile_group(group: SecurityGroup, members: Members) -> GroupFilter:
    """The filter of a group whose peers have these members now.

    Members are told by their addresses, and by the MAC address where the host sees it; the filter of each card drops
    what does not carry the card's own MAC, so it cannot be taken by another. See decision 100.
    """
    steps = [step for rule in sorted(group.rules, key=lambda each: each.sort_key) for step in _steps(rule, members)]
    if group.inner is Policy.ACCEPT:
        inner = SecurityRule(
            "", Direction.INGRESS, Policy.ACCEPT, INNER_PRIORITY, Protocol.ALL, Peer(group_id=group.id)
        )
        steps += _steps(inner, members)
    return GroupFilter(group.id, tuple(dict.fromkeys(steps)))


def _steps(rule: SecurityRule, members: Members) -> Iterator[FilterRule]:
    assert not rule.peer.prefix_list_id, "its ranges stand in its place"
    ends = [(rule.peer.cidr, "")]
    if rule.peer.group_id:
        ends = sorted(
            (address, each.mac.lower() if rule.direction is Direction.INGRESS else "")
            for each in members.get(rule.peer.group_id, ())
            for address in each.addresses
        )
    for cidr, mac in ends:
        for family in rule.families:
            if not cidr or network(cidr).version == family:
                yield FilterRule(
                    rule.direction,
                    rule.policy,
                    2 * rule.priority + (rule.policy is Policy.ACCEPT) - 1,
                    rule.protocol,
                    family,
                    _plain(cidr),
                    mac,
                    rule.ports,
                    rule.source_ports,
                    _plain(rule.local_cidr),
                )


def _plain(cidr: str) -> str:
    """A range without host bits; empty for all addresses."""
    return str(network(cidr)) if cidr and network(cidr).prefixlen else ""


def decide_by_filters(filters: Sequence[GroupFilter], flow: Flow) -> Policy:
    """What a host makes of a flow of a card with these filters."""
    if not filters:
        return Policy.ACCEPT
    steps: Iterable[FilterRule] = (step for each in filters for step in each.rules)
    for step in sorted(steps, key=lambda each: each.priority):
        if _step_fits(step, flow):
            return step.policy
    return Policy.ACCEPT if flow.direction is Direction.EGRESS else Policy.DROP


def _step_fits(step: FilterRule, flow: Flow) -> bool:
    return (
        step.direction is flow.direction
        and step.protocol in (Protocol.ALL, flow.protocol)
        and step.family == _version(flow.peer)
        and _holds(step.ports, flow.port)
        and _holds(step.source_ports, flow.source_port)
        and (not step.cidr or is_inside(flow.peer, step.cidr))
        and _comes_from(flow, step.mac)
        and (not step.local_cidr or not flow.local or is_inside(flow.local, step.local_cidr))
    )


# addresses and ports


@lru_cache(maxsize=4096)
def network(cidr: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """An address range. Raises ValueError for what is none."""
    return ipaddress.ip_network(cidr, strict=False)


def is_inside(address: str, cidr: str) -> bool:
    """Whether an address is in a range."""
    parsed = ipaddress.ip_address(address)
    return parsed.version == network(cidr).version and parsed in network(cidr)


def _version(address: str) -> int:
    return ipaddress.ip_address(address).version


def _holds(ports: Ports | None, port: int) -> bool:
    return ports is None or ports[0] <= port <= ports[1]


def _is_among(flow: Flow, members: Sequence[Member]) -> bool:
    return any(
        flow.peer in each.addresses and _comes_from(flow, each.mac if flow.direction is Direction.INGRESS else "")
        for each in members
    )


def _comes_from(flow: Flow, mac: str) -> bool:
    """Whether the other end may be this card: what comes by way of a router tells its address alone."""
    return not mac or not flow.peer_mac or flow.peer_mac.lower() == mac.lower()

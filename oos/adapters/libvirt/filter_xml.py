"""nwfilters: what a security group and a network card in groups are to libvirt, written and read. Pure.

https://libvirt.org/formatnwfilter.html. What libvirt makes of such rules was looked at with iptables -S, and decides
how they are written here:

- libvirt sorts the rules of all filters that a card refers to by priority; so groups compose.
- An accepting rule without `state` becomes one for what begins the connection and one for the answers. It is exact,
  and it holds for what the host itself sends, or routes from elsewhere: that reaches a guest unseen, and what is
  filtered is its answers.
- The MAC address that something comes from is seen only of what passes the bridge: the address goes with it always.
- A dropping rule without `state` drops both directions, of others' connections too. With `state='NEW'` it drops what
  begins a connection. Against what the host sends or routes a second rule is needed that drops the answers; it cannot
  tell answers from requests, so all that is about requests of the guest stands before it.
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

from oos.adapters.libvirt.card_filter import PARAMETER, CardFilter, card_filter_of
from oos.adapters.libvirt.domain_xml import parse_xml
from oos.fleet.firewall import Direction, FilterRule, GroupFilter, Policy, Ports, Protocol

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

GROUP_NAME: Final = re.compile(r"sg-[0-9a-f]{20}")

_ANSWERS: Final = 400
"""Added to the priority of what is about connections from outside."""
_OUT: Final = 300
"""What goes out and no rule speaks of."""
_REST: Final = 1000
_NAMES: Final = {
    (Protocol.TCP, 4): "tcp",
    (Protocol.UDP, 4): "udp",
    (Protocol.ICMP, 4): "icmp",
    (Protocol.ALL, 4): "all",
    (Protocol.TCP, 6): "tcp-ipv6",
    (Protocol.UDP, 6): "udp-ipv6",
    (Protocol.ICMPV6, 6): "icmpv6",
    (Protocol.ALL, 6): "all-ipv6",
}
_PROTOCOLS: Final = {name: key for key, name in _NAMES.items()}
_NEIGHBOURS: Final = (133, 134, 135, 136)
"""ICMPv6 by which hosts of a link find one another; the kernel tracks no connections in it."""


def filter_uuid(name: str) -> str:
    """The UUID of a filter of ours: defining one of the same name again then changes it in place."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"oos:nwfilter:{name}"))


def _filter(name: str, inner: Sequence[Element]) -> str:
    root = ElementTree.Element("filter", name=name, chain="root")
    ElementTree.SubElement(root, "uuid").text = filter_uuid(name)
    root.extend(inner)
    return ElementTree.tostring(root, encoding="unicode")


def _rule(
    action: str, direction: str, priority: int, protocol: str, facts: Mapping[str, str] | None = None, **more: str
) -> Element:
    rule = ElementTree.Element("rule", {"action": action, "direction": direction, "priority": str(priority), **more})
    ElementTree.SubElement(rule, protocol, dict(facts or {}))
    return rule


# groups


def group_xml(group: GroupFilter) -> str:
    """The filter of a group. Raises ValueError for a step that libvirt cannot take."""
    return _filter(group.id, [rule for step in group.rules for rule in _rules(step)])


def _rules(step: FilterRule) -> Iterator[Element]:
    name = _NAMES[step.protocol, step.family]
    if step.direction is Direction.EGRESS:
        if step.mac:
            raise ValueError("libvirt cannot filter what goes out by the MAC address that it goes to")
        facts = _facts(step, peer="dst", local="src")
        if step.policy is Policy.ACCEPT:
            yield _rule("accept", "out", step.priority, name, facts)
        else:
            yield _rule("drop", "out", step.priority, name, {**facts, "state": "NEW"})
        return
    priority = _ANSWERS + step.priority
    facts = _facts(step, peer="src", local="dst")
    if step.policy is Policy.ACCEPT:
        yield _rule("accept", "in", priority, name, facts)
        return
    yield _rule("drop", "in", priority, name, {**facts, "state": "NEW"})
    answers = {_turned(key): value for key, value in facts.items() if key != "srcmacaddr"}
    yield _rule("drop", "out", priority, name, {**answers, "state": "ESTABLISHED"})


def _facts(step: FilterRule, *, peer: str, local: str) -> dict[str, str]:
    facts = {}
    if step.mac:
        facts["srcmacaddr"] = step.mac
    for end, cidr in ((peer, step.cidr), (local, step.local_cidr)):
        if cidr:
            range = ipaddress.ip_network(cidr)
            facts |= {f"{end}ipaddr": str(range.network_address), f"{end}ipmask": str(range.prefixlen)}
    for end, ports in (("dst", step.ports), ("src", step.source_ports)):
        if ports is not None:
            facts |= {f"{end}portstart": str(ports[0]), f"{end}portend": str(ports[1])}
    return facts


def _turned(key: str) -> str:
    return f"src{key[3:]}" if key.startswith("dst") else f"dst{key[3:]}"


def read_group(xml: str) -> GroupFilter:
    """What a filter of a group carries out; rules that others put there are passed over."""
    root = parse_xml(xml)
    steps = [_step(rule) for rule in root.iterfind("rule")]
    return GroupFilter(root.get("name", ""), tuple(step for step in steps if step is not None))


def _step(rule: Element) -> FilterRule | None:
    fact = next(iter(rule), None)
    if fact is None or fact.tag not in _PROTOCOLS or fact.get("state", "NEW") != "NEW":
        return None
    protocol, family = _PROTOCOLS[fact.tag]
    comes_in = rule.get("direction") == "in"
    peer, local = ("src", "dst") if comes_in else ("dst", "src")
    return FilterRule(
        Direction.INGRESS if comes_in else Direction.EGRESS,
        Policy.ACCEPT if rule.get("action") == "accept" else Policy.DROP,
        int(rule.get("priority", "0")) - (_ANSWERS if comes_in else 0),
        protocol,
        family,
        _cidr(fact, peer),
        fact.get("srcmacaddr", "").lower(),
        _ports(fact, "dst"),
        _ports(fact, "src"),
        _cidr(fact, local),
    )


def _cidr(fact: Element, end: str) -> str:
    address = fact.get(f"{end}ipaddr")
    if not address:
        return ""
    mask = fact.get(f"{end}ipmask")
    return str(ipaddress.ip_network(f"{address}/{mask}" if mask else address))


def _ports(fact: Element, end: str) -> Ports | None:
    first = fact.get(f"{end}portstart")
    return None if first is None else (int(first, 0), int(fact.get(f"{end}portend", first), 0))


# cards


def card_xml(name: str, group_ids: Sequence[str], others: Sequence[str] = ()) -> str:
    """The filter of a card in these groups; `others` are filters that it had of others' making, and keeps."""
    refs = [ElementTree.Element("filterref", filter=each) for each in (*others, *group_ids)]
    return _filter(name, [*refs, *_always(), *_defaults()])


def _always() -> Iterator[Element]:
    """What every card may and may not do, whatever its groups say."""
    # Groups know their members by their addresses; so nobody may take another's.
    yield _rule("drop", "out", -950, "mac", {"match": "no", "srcmacaddr": "$MAC"})
    for type in _NEIGHBOURS:
        yield _rule("accept", "inout", -900, "icmpv6", {"type": str(type)}, statematch="false")
    for protocol, client, server in (("udp", "68", "67"), ("udp-ipv6", "546", "547")):
        # An answer to a broadcast belongs to no connection that the kernel knows.
        for direction, source, target in (("out", client, server), ("in", server, client)):
            yield _rule("accept", direction, -890, protocol, {"srcportstart": source, "dstportstart": target})
    for protocol in ("all", "all-ipv6"):
        # Errors about a connection that is let through: without them no path MTU is found.
        yield _rule("accept", "inout", -880, protocol, {"state": "RELATED"})


def _defaults() -> Iterator[Element]:
    for protocol in ("all", "all-ipv6"):
        yield _rule("accept", "out", _OUT, protocol)
    for protocol in ("all", "all-ipv6"):
        yield _rule("drop", "inout", _REST, protocol)


def read_card(xml: str) -> CardFilter:
    """How a card refers to a filter."""
    return card_filter_of(parse_xml(xml))


def with_filter(xml: str, card: CardFilter) -> str:
    """The XML of a card that refers to this filter, or to none; every other word stays."""
    root = parse_xml(xml)
    for element in list(root.iterfind("filterref")):
        root.remove(element)
    if card.name:
        made = ElementTree.SubElement(root, "filterref", {"filter": card.name})
        for name, value in card.parameters:
            ElementTree.SubElement(made, "parameter", {"name": name, "value": value})
    return ElementTree.tostring(root, encoding="unicode")


def joined(card: CardFilter, name: str, group_ids: Sequence[str]) -> CardFilter:
    """A card's reference to its own filter (by this name), in these groups; what else it says stays."""
    others = tuple(each for each in card.parameters if not card.is_ours or each[0] != PARAMETER)
    return CardFilter(name, (*others, *((PARAMETER, each.removeprefix("sg-")) for each in group_ids)))


def left(card: CardFilter, other: str) -> CardFilter:
    """A card's reference once it is in no group: to the filter that it had before, or to none."""
    if not other:
        return CardFilter()
    return CardFilter(other, tuple(each for each in card.parameters if each[0] != PARAMETER))


def references(xml: str) -> tuple[str, ...]:
    """The filters that a filter refers to."""
    return tuple(each.get("filter", "") for each in parse_xml(xml).iterfind("filterref"))


def other_references(xml: str) -> tuple[str, ...]:
    """The filters that the filter of a card refers to and that are no groups of ours."""
    return tuple(each for each in references(xml) if not GROUP_NAME.fullmatch(each))

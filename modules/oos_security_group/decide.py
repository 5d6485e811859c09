"""Decisions about security groups: what a rule of a request says, which are meant, how they are described. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from oos.fleet.firewall import Direction, Peer, Policy, Ports, Protocol, SecurityRule, network
from oos.fleet.instance import Instance, NetworkInterface
from oos.service.errors import InvalidParameter, MissingParameter, NotFound, Refused, Unsupported
from oos.service.filtering import has_tags, is_wanted, matches_name, tag_shapes
from oos.service.prefix_lists import PrefixList
from oos.service.security_groups import GroupRecord, RuleRecord
from oos.service.shape import instant
from oos_security_group.requests import DescribeSecurityGroups, EgressRule, IngressRule
from oos_security_group.responses import GroupShape, RuleShape

_RANGE: Final = re.compile(r"(-?\d{1,5})/(-?\d{1,5})")
MOST_RULES: Final = 200
MOST_MEMBERS: Final = 2000
"""Limits of ECS on a group of the normal type."""

Tags = Mapping[str, str]


# rules


def rule_of(words: IngressRule | EgressRule, before: SecurityRule | None = None) -> SecurityRule:
    """The rule that a request says, without an id; what it leaves open is as before, else the usual.

    Raises MissingParameter, InvalidParameter, Unsupported.
    """
    direction = Direction.INGRESS if isinstance(words, IngressRule) else Direction.EGRESS
    protocol = _protocol(words.ip_protocol) if words.ip_protocol else (before.protocol if before else None)
    if protocol is None:
        raise MissingParameter("IpProtocol")
    kept = before if before is not None and before.protocol.has_ports == protocol.has_ports else None
    if not words.port_range and kept is None and protocol.has_ports:
        raise MissingParameter("PortRange")
    peer, local = _ends(words)
    if peer is None and before is None:
        raise MissingParameter("SourceCidrIp" if direction is Direction.INGRESS else "DestCidrIp")
    made = SecurityRule(
        id="",
        direction=direction,
        policy=Policy(words.policy.capitalize()) if words.policy else (before.policy if before else Policy.ACCEPT),
        priority=_priority(words.priority) if words.priority else (before.priority if before else 1),
        protocol=protocol,
        peer=peer or (before.peer if before else Peer()),
        ports=_ports("PortRange", words.port_range, protocol) if words.port_range else (kept.ports if kept else None),
        source_ports=(
            _ports("SourcePortRange", words.source_port_range, protocol)
            if words.source_port_range
            else (kept.source_ports if kept else None)
        ),
        local_cidr=local or (before.local_cidr if before else ""),
    )
    if not made.families:
        message = f"No connection is {made.protocol.value} and between those addresses: the IP versions differ."
        raise InvalidParameter("IpProtocol", message, code="InvalidParam.SourceIp")
    return made


def _protocol(text: str) -> Protocol:
    found = next((each for each in Protocol if each.value.casefold() == text.casefold()), None)
    if found is None:
        raise Unsupported(f"The protocol {text} cannot be filtered: nwfilter of libvirt does not know it.")
    return found


def _priority(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise InvalidParameter("Priority", f"The Priority {text} is not between 1 and 100.", code="InvalidPriority")
    return int(text)


def _ports(name: str, text: str, protocol: Protocol) -> Ports | None:
    matched = _RANGE.fullmatch(text.strip())
    if matched is not None:
        first, last = int(matched[1]), int(matched[2])
        if (first, last) == (-1, -1) and not protocol.has_ports:
            return None
        if protocol.has_ports and 1 <= first <= last <= 65535:
            return first, last
    wanted = "FIRST/LAST between 1 and 65535" if protocol.has_ports else "-1/-1"
    message = f"The {name} {text!r} of {protocol.value} must be {wanted}."
    raise InvalidParameter(name, message, code="InvalidPortRange.Malformed")


def _ends(words: IngressRule | EgressRule) -> tuple[Peer | None, str]:
    sources = {"SourceCidrIp": words.source_cidr_ip, "Ipv6SourceCidrIp": words.ipv6_source_cidr_ip}
    targets = {"DestCidrIp": words.dest_cidr_ip, "Ipv6DestCidrIp": words.ipv6_dest_cidr_ip}
    comes_in = isinstance(words, IngressRule)
    if isinstance(words, IngressRule):
        group_id, list_id = words.source_group_id, words.source_prefix_list_id
    else:
        group_id, list_id = words.dest_group_id, words.dest_prefix_list_id
    peer = Peer(_one(sources if comes_in else targets), group_id, list_id)
    local = _one(targets if comes_in else sources)
    if sum(map(bool, (peer.cidr, group_id, list_id))) > 1:
        message = "A rule is about addresses, about a group or about a list of ranges, not about several of them."
        raise InvalidParameter("SourceGroupId" if comes_in else "DestGroupId", message)
    return (peer if peer != Peer() else None), local


def _one(given: Mapping[str, str]) -> str:
    found = {name: cidr for name, cidr in given.items() if cidr}
    if len(found) > 1:
        message = f"A rule is about one address range; {' and '.join(found)} are given."
        raise InvalidParameter(next(iter(found)), message)
    for name, cidr in found.items():
        try:
            version = network(cidr).version
        except ValueError as error:
            raise InvalidParameter(name, f"{name}: {error}.", code="InvalidParam.SourceIp") from error
        if (version == 6) is not name.startswith("Ipv6"):
            message = f"{name}: {cidr} is an IPv{version} range."
            raise InvalidParameter(name, message, code="InvalidParam.SourceIp")
        return cidr
    return ""


def says_this(rule: SecurityRule, words: IngressRule | EgressRule) -> bool:
    """Whether a rule is the one that a request names by what it says."""
    wanted = rule_of(words)
    return replace(wanted, id=rule.id, peer=rule.peer) == rule and _same_peer(rule.peer, wanted.peer)


def _same_peer(one: Peer, other: Peer) -> bool:
    if one.cidr and other.cidr:
        return network(one.cidr) == network(other.cidr)
    return one == other


def require_room(rules: Sequence[RuleRecord], lists: Mapping[str, PrefixList]) -> None:
    """Raise Refused for more rules than a group may have; one that names a list counts for all that this may hold."""
    named = [lists.get(each.rule.peer.prefix_list_id) for each in rules]
    count = sum(1 if each is None else each.most for each in named)
    if count > MOST_RULES:
        message = f"{count} rules are too many; a security group has at most {MOST_RULES}."
        raise Refused("AuthorizationLimitExceed", message)


# members


def cards_meant(instance: Instance, interface_id: str) -> tuple[NetworkInterface, ...]:
    """The cards of the instance that are meant: the one with this id, or all. Raises NotFound."""
    found = tuple(card for card in instance.interfaces if interface_id in ("", card.id))
    if not found:
        what = f"The network interface {interface_id}" if interface_id else f"A network card of {instance.id}"
        raise NotFound("InvalidNetworkInterfaceId.NotFound", f"{what} does not exist.")
    return found


def require_another(instance: Instance, card: NetworkInterface, group_id: str) -> None:
    """Raise Refused for a card whose last group this is: leaving it would let everything through."""
    if set(card.security_group_ids) == {group_id}:
        message = (
            f"{group_id} is the last security group of {card.id} of {instance.id} ({instance.name}); without one "
            "nothing would be filtered. Let it join another first."
        )
        raise Refused("InstanceLastSecurityGroup", message)


def require_unused(group_id: str, members: Iterable[Instance], naming: Iterable[str]) -> None:
    """Raise Refused for a group that has members, or that rules of other groups name."""
    for each in members:
        message = f"The security group {group_id} has members, among them {each.id} ({each.name})."
        raise Refused("DependencyViolation", message)
    for other in naming:
        message = f"A rule of the security group {other} names {group_id}."
        raise Refused("DependencyViolation", message)


# listings


def selected(
    groups: Iterable[GroupRecord], tags: Mapping[str, Tags], request: DescribeSecurityGroups
) -> list[GroupRecord]:
    """The groups that meet every condition."""
    if request.service_managed or request.network_type == "classic" or request.security_group_type == "enterprise":
        return []
    name = f"*{request.security_group_name}*" if request.fuzzy_query else request.security_group_name
    ids = None if request.security_group_ids is None else frozenset(request.security_group_ids)
    return [
        each
        for each in groups
        if (ids is None or each.id in ids)
        and request.security_group_id in ("", each.id)
        and (not request.security_group_name or matches_name(each.name, name))
        and is_wanted(each.vpc_id, request.vpc_id)
        and is_wanted(each.resource_group, request.resource_group_id)
        and has_tags(tags.get(each.id, {}), request.tag)
    ]


def group_shape(group: GroupRecord, rules: Sequence[RuleRecord], members: int, tags: Tags) -> GroupShape:
    """One group of DescribeSecurityGroups."""
    return {
        "SecurityGroupId": group.id,
        "SecurityGroupName": group.name,
        "Description": group.description,
        "SecurityGroupType": "normal",
        "VpcId": group.vpc_id,
        "CreationTime": instant(group.created),
        "ResourceGroupId": group.resource_group,
        "EcsCount": members,
        "AvailableInstanceAmount": max(0, MOST_MEMBERS - members),
        "RuleCount": len(rules),
        "GroupToGroupRuleCount": sum(bool(each.rule.peer.group_id) for each in rules),
        "ServiceManaged": False,
        "Tags": tag_shapes(tags),
    }


def rule_shape(record: RuleRecord, names: Mapping[str, str]) -> RuleShape:
    """One rule of DescribeSecurityGroupAttribute; `names` are those of groups and lists."""
    rule = record.rule
    comes_in = rule.direction is Direction.INGRESS
    source, target = (rule.peer.cidr, rule.local_cidr) if comes_in else (rule.local_cidr, rule.peer.cidr)
    group, listed = rule.peer.group_id, rule.peer.prefix_list_id
    return {
        "SecurityGroupRuleId": rule.id,
        "Direction": rule.direction.value,
        "IpProtocol": rule.protocol.value,
        "PortRange": _range(rule.ports),
        "SourcePortRange": _range(rule.source_ports),
        "Policy": rule.policy.value,
        "Priority": str(rule.priority),
        "NicType": "intranet",
        "SourceCidrIp": _of(source, 4),
        "Ipv6SourceCidrIp": _of(source, 6),
        "SourceGroupId": group if comes_in else "",
        "SourceGroupName": names.get(group, "") if comes_in else "",
        "SourcePrefixListId": listed if comes_in else "",
        "SourcePrefixListName": names.get(listed, "") if comes_in else "",
        "DestCidrIp": _of(target, 4),
        "Ipv6DestCidrIp": _of(target, 6),
        "DestGroupId": "" if comes_in else group,
        "DestGroupName": "" if comes_in else names.get(group, ""),
        "DestPrefixListId": "" if comes_in else listed,
        "DestPrefixListName": "" if comes_in else names.get(listed, ""),
        "Description": record.description,
        "CreateTime": instant(record.created),
    }


def _range(ports: Ports | None) -> str:
    return "-1/-1" if ports is None else f"{ports[0]}/{ports[1]}"


def _of(cidr: str, version: int) -> str:
    return cidr if cidr and network(cidr).version == version else ""

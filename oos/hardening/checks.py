"""Checks: a baseline and facts in, findings out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from oos.fleet.firewall import (
    Direction,
    Flow,
    Members,
    Peer,
    Policy,
    Protocol,
    SecurityGroup,
    SecurityRule,
    decide_flow,
    network,
)
from oos.hardening.baseline import Baseline, Check, Kind
from oos.hardening.covering import covers, meet
from oos.hardening.facts import Facts, Finding, GroupChange, GroupFacts
from oos.values.identifiers import client_token

WORLD: Final = {4: ("0.0.0.0/0", "203.0.113.77"), 6: ("::/0", "2001:db8::77")}
"""By version of IP: everybody, and somebody of whom no rule should know (RFC 5737, RFC 3849)."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a check found, before it is told from others."""

    detail: str
    rule_id: str = ""
    revoke: tuple[str, ...] = ()
    authorize: tuple[SecurityRule, ...] = ()
    behind: str = ""
    instance_ids: tuple[str, ...] | None = None
    """None: the members of the group."""


def find(baseline: Baseline, facts: Facts, today: date) -> tuple[Finding, ...]:
    """Everything that the baseline finds, worst first; what an exception covers too, marked."""
    found: list[Finding] = []
    for check in baseline.checks:
        if check.kind is Kind.UNFILTERED:
            found += (_finding(baseline, check, None, each, today) for each in _unfiltered(facts))
        else:
            look = _LOOKS[check.kind]
            found += (
                _finding(baseline, check, group, each, today)
                for group in facts.groups
                for each in look(baseline, check, group, facts)
            )
    return tuple(sorted(found, key=lambda each: (-each.severity.weight, each.check, each.group_id, each.rule_id)))


def score(findings: Iterable[Finding]) -> int:
    """From 100, nothing found, down to 0; what is accepted does not count."""
    return max(0, 100 - sum(each.severity.weight for each in findings if not each.accepted))


def _finding(baseline: Baseline, check: Check, group: GroupFacts | None, found: _Found, today: date) -> Finding:
    group_id, name = (group.id, group.name) if group is not None else ("", "")
    instance_ids = found.instance_ids if found.instance_ids is not None else (group.instance_ids if group else ())
    excepted = next(
        (
            each
            for each in baseline.exceptions
            if each.covers(check.id, (group_id, name) if group_id else instance_ids, found.rule_id, today)
        ),
        None,
    )
    # A host that differs is mended by having the group carried out anew, as it is.
    mends = found.revoke or found.authorize or check.kind is Kind.DRIFT
    change = GroupChange(group_id, found.revoke, found.authorize) if mends else None
    return Finding(
        id=f"sf-{client_token(check.id, group_id, found.rule_id, found.detail)[:20]}",
        check=check.id,
        severity=check.severity,
        title=check.title,
        detail=found.detail,
        group_id=group_id,
        group_name=name,
        rule_id=found.rule_id,
        instance_ids=instance_ids,
        change=change,
        behind=found.behind,
        accepted=f"{excepted.reason} (until {excepted.until.isoformat()})" if excepted else "",
    )


# what is open


def _world_open(baseline: Baseline, check: Check, facts: GroupFacts, all: Facts) -> Iterator[_Found]:
    open_ports: dict[str, list[int]] = {}
    rules = {each.id: each for each in facts.group.rules}
    for _, somebody in WORLD.values():
        for port in check.ports:
            flow = Flow(Direction.INGRESS, Protocol.TCP, somebody, port)
            for rule in _letting_in(facts.group, flow, all.members):
                # What lets everybody in at every port is found by a check of its own.
                if not _is_any_any(rule):
                    open_ports.setdefault(rule.id, []).append(port)
    for id, ports in open_ports.items():
        rule = rules[id]
        shown = ", ".join(map(str, dict.fromkeys(ports)))
        yield _Found(
            f"{_shown(rule)} lets everybody connect to {'port' if len(set(ports)) == 1 else 'ports'} {shown}",
            id,
            (id,),
            _remains(rule, ports, baseline.management if check.management else ()),
        )


def _letting_in(group: SecurityGroup, flow: Flow, members: Members) -> Iterator[SecurityRule]:
    """The rules about everybody that let a flow in: the one that decides, and those that would without it."""
    while True:
        decision = decide_flow([group], flow, members)
        rule = decision.rule
        if decision.policy is Policy.DROP or rule is None or not _is_world(rule):
            return
        yield rule
        group = replace(group, rules=tuple(each for each in group.rules if each is not rule))


def _is_world(rule: SecurityRule) -> bool:
    return bool(rule.peer.cidr) and network(rule.peer.cidr).prefixlen == 0


def _is_any_any(rule: SecurityRule) -> bool:
    return (
        rule.direction is Direction.INGRESS
        and rule.policy is Policy.ACCEPT
        and _is_world(rule)
        and rule.protocol is Protocol.ALL
    )


def _remains(rule: SecurityRule, ports: Sequence[int], management: Sequence[str]) -> tuple[SecurityRule, ...]:
    """What a rule is replaced by: its other ports stay as they are, these are for the management ranges."""
    if rule.ports is None:
        return ()
    kept: list[SecurityRule] = []
    first = rule.ports[0]
    closed = sorted(set(ports))
    for port in closed:
        if first < port:
            kept.append(_like(rule, ports=(first, port - 1)))
        first = port + 1
    if first <= rule.ports[1]:
        kept.append(_like(rule, ports=(first, rule.ports[1])))
    version = network(rule.peer.cidr).version
    for cidr in management:
        if network(cidr).version == version:
            kept += (_like(rule, ports=(port, port), peer=Peer(cidr)) for port in closed)
    return tuple(kept)


def _like(rule: SecurityRule, ports: tuple[int, int], peer: Peer | None = None) -> SecurityRule:
    return SecurityRule(
        "",
        rule.direction,
        rule.policy,
        rule.priority,
        rule.protocol,
        peer or rule.peer,
        ports,
        rule.source_ports,
        rule.local_cidr,
    )


def _any_any(baseline: Baseline, check: Check, facts: GroupFacts, all: Facts) -> Iterator[_Found]:
    del baseline, check, all
    for rule in facts.group.rules:
        if _is_any_any(rule):
            yield _Found(f"{_shown(rule)} lets everybody connect to everything", rule.id, (rule.id,))


def _egress_open(baseline: Baseline, check: Check, facts: GroupFacts, all: Facts) -> Iterator[_Found]:
    del baseline
    ports = []
    for port in check.ports:
        flow = Flow(Direction.EGRESS, Protocol.TCP, WORLD[4][1], port)
        if decide_flow([facts.group], flow, all.members).policy is Policy.ACCEPT:
            ports.append(port)
    if ports and facts.instance_ids:
        drops = tuple(
            SecurityRule("", Direction.EGRESS, Policy.DROP, 1, Protocol.TCP, Peer(everybody), (port, port))
            for port in ports
            for everybody, _ in WORLD.values()
        )
        yield _Found(f"members can connect to {', '.join(map(str, ports))} of everybody", "", (), drops)


def _egress_any(baseline: Baseline, check: Check, facts: GroupFacts, all: Facts) -> Iterator[_Found]:
    del baseline, check
    somewhere = Flow(Direction.EGRESS, Protocol.TCP, WORLD[4][1], 40404)
    if facts.instance_ids and decide_flow([facts.group], somewhere, all.members).policy is Policy.ACCEPT:
        yield _Found("nothing limits what members connect to")


# rules among themselves


def _shadowed(baseline: Baseline, check: Check, facts: GroupFacts, all: Facts) -> Iterator[_Found]:
    del baseline, check, all
    for rule, earlier in _covered(facts):
        if earlier.policy is not rule.policy:
            yield _Found(
                f"{_shown(rule)} never decides: {_shown(earlier)} comes first", rule.id, (rule.id,), behind=earlier.id
            )


def _redundant(baseline: Baseline, check: Check, facts: GroupFacts, all: Facts) -> Iterator[_Found]:
    del baseline, check, all
    for rule, earlier in _covered(facts):
        if earlier.policy is rule.policy:
            yield _Found(f"{_shown(rule)} adds nothing to {_shown(earlier)}", rule.id, (rule.id,), behind=earlier.id)


def _covered(facts: GroupFacts) -> Iterator[tuple[SecurityRule, SecurityRule]]:
    """Each rule that never decides, with the first that covers it; of a list of ranges, when all are covered."""
    ranked = sorted(facts.group.rules, key=lambda each: each.sort_key)
    pieces: dict[str, list[tuple[SecurityRule, SecurityRule | None]]] = {}
    for place, rule in enumerate(ranked):
        earlier = next((each for each in ranked[:place] if each.id != rule.id and covers(each, rule)), None)
        pieces.setdefault(rule.id, []).append((rule, earlier))
    for several in pieces.values():
        found = [(rule, earlier) for rule, earlier in several if earlier is not None]
        if len(found) == len(several):
            yield found[0]


def _conflict(baseline: Baseline, check: Check, facts: GroupFacts, all: Facts) -> Iterator[_Found]:
    del baseline, check, all
    ranked = sorted(facts.group.rules, key=lambda each: each.sort_key)
    for place, rule in enumerate(ranked):
        for earlier in ranked[:place]:
            if earlier.policy is not rule.policy and meet(earlier, rule) and not covers(earlier, rule):
                yield _Found(f"{_shown(earlier)} takes some of {_shown(rule)}", rule.id)


def _unused_group(baseline: Baseline, check: Check, facts: GroupFacts, all: Facts) -> Iterator[_Found]:
    del baseline, check
    named = any(facts.id == rule.peer.group_id for each in all.groups for rule in each.group.rules)
    if not facts.instance_ids and not named:
        yield _Found("it has no members, and no rule names it")


def _unused_rule(baseline: Baseline, check: Check, facts: GroupFacts, all: Facts) -> Iterator[_Found]:
    del baseline, check
    for rule in facts.group.rules:
        if rule.peer.group_id and not all.members.get(rule.peer.group_id):
            yield _Found(f"{_shown(rule)} is about a group without members", rule.id)


# what holds


def _unfiltered(facts: Facts) -> Iterator[_Found]:
    for id, groups in facts.instances.items():
        if not groups:
            yield _Found(f"{facts.names.get(id, id)} ({id}) is in no security group", instance_ids=(id,))


def _drift(baseline: Baseline, check: Check, facts: GroupFacts, all: Facts) -> Iterator[_Found]:
    del baseline, check, all
    for host in facts.drifted_hosts:
        yield _Found(f"the host {host} carries out something else")


def _no_address(baseline: Baseline, check: Check, facts: GroupFacts, all: Facts) -> Iterator[_Found]:
    del baseline, check
    for member in all.members.get(facts.id, ()):
        if not member.addresses:
            yield _Found(f"the address of the card {member.mac} is not known")


_Look = Callable[[Baseline, Check, GroupFacts, Facts], Iterator[_Found]]
_LOOKS: Final[Mapping[Kind, _Look]] = {
    Kind.WORLD_OPEN: _world_open,
    Kind.ANY_ANY: _any_any,
    Kind.EGRESS_OPEN: _egress_open,
    Kind.EGRESS_ANY: _egress_any,
    Kind.SHADOWED: _shadowed,
    Kind.REDUNDANT: _redundant,
    Kind.CONFLICT: _conflict,
    Kind.UNUSED_GROUP: _unused_group,
    Kind.UNUSED_RULE: _unused_rule,
    Kind.DRIFT: _drift,
    Kind.NO_ADDRESS: _no_address,
}


def _shown(rule: SecurityRule) -> str:
    """A rule in a few words."""
    ports = (
        "" if rule.ports is None else f" {rule.ports[0]}" + (f"-{rule.ports[1]}" if len(set(rule.ports)) > 1 else "")
    )
    end = "from" if rule.direction is Direction.INGRESS else "to"
    peer = rule.peer.cidr or rule.peer.group_id
    return f"{rule.id or 'a rule'} ({rule.policy.value} {rule.protocol.value}{ports} {end} {peer}, {rule.priority})"


def merged_changes(findings: Iterable[Finding]) -> tuple[GroupChange, ...]:
    """What mends all of these, group by group; a rule that several findings replace becomes what all of them leave.

    A rule that adds nothing to another stays while that other one goes: then it does add something.
    """
    found = [each for each in findings if each.change is not None]
    going = {id for each in found if each.change and not each.behind for id in each.change.revoke}
    changes: dict[str, list[GroupChange]] = {}
    for each in found:
        if each.change is not None and each.behind not in going:
            changes.setdefault(each.group_id, []).append(each.change)
    return tuple(_merged(group_id, several) for group_id, several in sorted(changes.items()))


def _merged(group_id: str, changes: Sequence[GroupChange]) -> GroupChange:
    revoke = tuple(dict.fromkeys(id for each in changes for id in each.revoke))
    authorize: list[SecurityRule] = []
    for id in revoke:
        first, *others = [each.authorize for each in changes if id in each.revoke]
        for each in others:
            first = tuple(rule for one in first for other in each for rule in _common(one, other))
        authorize += first
    authorize += (rule for each in changes if not each.revoke for rule in each.authorize)
    return GroupChange(group_id, revoke, tuple(dict.fromkeys(authorize)))


def _common(one: SecurityRule, other: SecurityRule) -> Iterator[SecurityRule]:
    """What two replacements of one rule both leave."""
    if one.ports is None or other.ports is None or not meet(one, other):
        return
    ports = max(one.ports[0], other.ports[0]), min(one.ports[1], other.ports[1])
    first, second = _like(one, ports), _like(other, ports)
    if covers(first, second):
        yield second
    elif covers(second, first):
        yield first

"""Checks of security groups: what they find, and that what mends it mends it and opens nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings

from oos.fleet.firewall import (
    Direction,
    Flow,
    Member,
    Peer,
    Policy,
    Protocol,
    SecurityGroup,
    SecurityRule,
    decide_flow,
)
from oos.hardening.baseline import (
    Baseline,
    BaselineFault,
    Check,
    Exemption,
    Kind,
    Severity,
    read_baseline,
    standard_baseline,
)
from oos.hardening.checks import find, merged_changes, score
from oos.hardening.facts import Facts, Finding, GroupChange, GroupFacts
from tests.fleet.test_firewall import flows, groups, memberships

TODAY = date(2026, 6, 1)
WORLD = Peer("0.0.0.0/0")
ID = "sg-00000000000000000001"


def rule(ports: tuple[int, int] | None = (22, 22), **changes: object) -> SecurityRule:
    made = SecurityRule("sgr-1", Direction.INGRESS, Policy.ACCEPT, 1, Protocol.TCP, WORLD, ports)
    return replace(made, **changes)  # type: ignore[arg-type]  # names of fields, chosen by the test


def facts(*rules: SecurityRule, **changes: object) -> Facts:
    group = GroupFacts(SecurityGroup(ID, rules), "web", ("i-1",))
    members = {ID: [Member("52:00:00:00:00:01", ("10.1.0.1",))]}
    return replace(Facts((group,), members, {"i-1": (ID,)}, {"i-1": "web-1"}), **changes)  # type: ignore[arg-type]


def found(*rules: SecurityRule, baseline: Baseline | None = None) -> tuple[Finding, ...]:
    every = find(baseline or standard_baseline(), facts(*rules), TODAY)
    return tuple(each for each in every if not each.check.startswith("SG-EGRESS"))


def applied(group: SecurityGroup, changes: tuple[GroupChange, ...]) -> SecurityGroup:
    """The group after the changes."""
    mine = [each for each in changes if each.group_id == group.id]
    gone = {id for each in mine for id in each.revoke}
    more = [
        replace(each, id=f"sgr-new-{number}")
        for number, each in enumerate(each for change in mine for each in change.authorize)
    ]
    return replace(group, rules=(*(each for each in group.rules if each.id not in gone), *more))


@pytest.mark.parametrize(
    ("rules", "checks"),
    [
        ((), []),
        ((rule((80, 443)),), []),
        ((rule(),), ["SG-OPEN-SSH"]),
        ((rule(peer=Peer("::/0")),), ["SG-OPEN-SSH"]),
        ((rule(peer=Peer("10.0.0.0/8")),), []),
        ((rule((1, 65535)),), ["SG-OPEN-DATABASE", "SG-OPEN-RDP", "SG-OPEN-SSH", "SG-OPEN-ADMIN"]),
        ((rule((5432, 5432)),), ["SG-OPEN-DATABASE"]),
        ((rule(None, protocol=Protocol.ALL),), ["SG-ANY-ANY"]),
        ((rule(), rule((1, 65535), id="sgr-2", priority=2, protocol=Protocol.UDP)), ["SG-OPEN-SSH"]),
        ((rule(), rule((22, 23), id="sgr-2", priority=2)), ["SG-OPEN-SSH", "SG-OPEN-SSH", "SG-OPEN-ADMIN"]),
        ((rule(policy=Policy.DROP),), []),
        ((rule(), rule(id="sgr-2", policy=Policy.DROP)), ["SG-SHADOWED"]),
        (
            (rule(priority=5), rule((20, 30), id="sgr-2", policy=Policy.DROP, peer=Peer("10.0.0.0/8"))),
            ["SG-OPEN-SSH", "SG-CONFLICT"],
        ),
        ((rule((80, 90)), rule((85, 85), id="sgr-2", priority=2)), ["SG-REDUNDANT"]),
        ((rule((80, 90)), rule((85, 95), id="sgr-2", priority=2)), []),
        ((rule(peer=Peer(group_id="sg-none")),), ["SG-UNUSED-RULE"]),
    ],
)
def test_what_is_found(rules: tuple[SecurityRule, ...], checks: list[str]) -> None:
    assert [each.check for each in found(*rules)] == checks


def test_groups_without_members_instances_without_groups_and_hosts_that_differ_are_found() -> None:
    lonely = GroupFacts(SecurityGroup("sg-2"), "lonely", (), ("h-1",))
    told = replace(
        facts(), groups=(lonely,), instances={"i-9": ()}, names={"i-9": "old"}, members={"sg-2": [Member("m")]}
    )
    checks = {each.check: each for each in find(standard_baseline(), told, TODAY)}
    assert set(checks) == {"SG-UNUSED-GROUP", "SG-UNFILTERED", "SG-DRIFT", "SG-NO-ADDRESS"}
    assert "old (i-9)" in checks["SG-UNFILTERED"].detail
    assert "h-1" in checks["SG-DRIFT"].detail


def test_egress_is_limited_by_rules_that_drop() -> None:
    every = find(standard_baseline(), facts(), TODAY)
    assert [each.check for each in every] == ["SG-EGRESS-ABUSE", "SG-EGRESS-ANY"]
    mended = applied(facts().groups[0].group, merged_changes(every))
    for port, policy in ((25, Policy.DROP), (443, Policy.ACCEPT)):
        for peer in ("203.0.113.77", "2001:db8::77"):
            flow = Flow(Direction.EGRESS, Protocol.TCP, peer, port)
            assert decide_flow([mended], flow, {}).policy is policy


def test_what_is_open_for_people_is_narrowed_to_where_they_are() -> None:
    ssh = {"id": "A", "kind": "world-open", "severity": "high", "title": "a", "ports": [22], "management": True}
    database = {"id": "B", "kind": "world-open", "severity": "high", "title": "b", "ports": [5432]}
    management = ["10.0.0.0/8", "fd00::/8"]
    baseline = read_baseline({"name": "ours", "management": management, "checks": [ssh, database]})
    wide = rule((20, 9000))
    (change,) = merged_changes(found(wide, baseline=baseline))
    assert change.revoke == ("sgr-1",)
    mended = applied(SecurityGroup(ID, (wide,)), (change,))
    for peer, port, policy in (
        ("203.0.113.1", 22, Policy.DROP),
        ("10.1.1.1", 22, Policy.ACCEPT),
        ("10.1.1.1", 5432, Policy.DROP),
        ("203.0.113.1", 20, Policy.ACCEPT),
        ("203.0.113.1", 80, Policy.ACCEPT),
        ("203.0.113.1", 9000, Policy.ACCEPT),
        ("203.0.113.1", 9001, Policy.DROP),
    ):
        flow = Flow(Direction.INGRESS, Protocol.TCP, peer, port)
        assert decide_flow([mended], flow, {}).policy is policy, (peer, port)


def test_a_rule_behind_one_that_goes_stays() -> None:
    """Office may connect, and so may everybody: when everybody may not any more, office still may."""
    office = rule(id="sgr-2", priority=2, peer=Peer("192.0.2.0/24"))
    every = found(rule(), office)
    assert [each.check for each in every] == ["SG-OPEN-SSH", "SG-REDUNDANT"]
    (change,) = merged_changes(every)
    assert change.revoke == ("sgr-1",)
    (alone,) = merged_changes(each for each in every if each.check == "SG-REDUNDANT")
    assert alone.revoke == ("sgr-2",)


@pytest.mark.parametrize(
    ("exemption", "accepted"),
    [
        (Exemption(check="SG-OPEN-*", until=TODAY, reason="bastion"), True),
        (Exemption(check="SG-OPEN-SSH", until=date(2026, 5, 31), reason="over"), False),
        (Exemption(check="SG-OPEN-SSH", until=TODAY, reason="x", group="w*"), True),
        (Exemption(check="SG-OPEN-SSH", until=TODAY, reason="x", group=ID, rule="sgr-1"), True),
        (Exemption(check="SG-OPEN-SSH", until=TODAY, reason="x", rule="sgr-9"), False),
        (Exemption(check="SG-OPEN-RDP", until=TODAY, reason="x"), False),
    ],
)
def test_exceptions_hold_until_their_day(exemption: Exemption, accepted: bool) -> None:
    check = Check(id="SG-OPEN-SSH", kind=Kind.WORLD_OPEN, severity=Severity.CRITICAL, title="open", ports=(22,))
    baseline = Baseline(name="one", checks=(check,), exceptions=(exemption,))
    (finding,) = found(rule(), baseline=baseline)
    assert bool(finding.accepted) is accepted
    assert score([finding]) == (100 if accepted else 70)


@settings(max_examples=300, deadline=None)
@given(groups(), flows(), memberships)
def test_rules_that_never_decide_can_go(
    mine: tuple[SecurityGroup, ...], flow: Flow, members: dict[str, list[Member]]
) -> None:
    told = Facts(tuple(GroupFacts(numbered(each)) for each in mine), members)
    every = [each for each in find(standard_baseline(), told, TODAY) if each.behind]
    changes = merged_changes(every)
    before = [each.group for each in told.groups]
    after = [applied(each, changes) for each in before]
    assert decide_flow(before, flow, members).policy is decide_flow(after, flow, members).policy


@settings(max_examples=300, deadline=None)
@given(groups(), flows(), memberships)
def test_hardening_opens_nothing_and_leaves_nothing_to_mend(
    mine: tuple[SecurityGroup, ...], flow: Flow, members: dict[str, list[Member]]
) -> None:
    told = Facts(tuple(GroupFacts(numbered(each), "", ("i-1",)) for each in mine), members)
    changes = merged_changes(each for each in find(standard_baseline(), told, TODAY) if not each.behind)
    before = [each.group for each in told.groups]
    after = [applied(each, changes) for each in before]
    if decide_flow(before, flow, members).policy is Policy.DROP and changes:
        dropped_before = {each.id for group in before for each in group.rules if each.policy is Policy.DROP}
        assert dropped_before <= {each.id for group in after for each in group.rules}
        assert decide_flow(after, flow, members).policy is Policy.DROP
    left = find(
        standard_baseline(), replace(told, groups=tuple(GroupFacts(each, "", ("i-1",)) for each in after)), TODAY
    )
    assert [each for each in left if each.check.startswith("SG-OPEN") or each.check == "SG-ANY-ANY"] == []


def numbered(group: SecurityGroup) -> SecurityGroup:
    """The group with ids of its rules that differ."""
    return replace(group, rules=tuple(replace(each, id=f"{group.id}/{n}") for n, each in enumerate(group.rules)))


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        {"name": "x", "checks": [{"id": "A", "kind": "nonsense", "severity": "low", "title": "t"}]},
        {"name": "x", "checks": [{"id": "A", "kind": "world-open", "severity": "low", "title": "t"}]},
        {"name": "x", "checks": [{"id": "A", "kind": "drift", "severity": "low", "title": "t"}] * 2},
        {"name": "x", "checks": [], "management": ["300.0.0.0/8"]},
        {"name": "x", "checks": [], "more": 1},
        {"name": "x", "checks": [], "exceptions": [{"check": "A", "until": "never", "reason": "r"}]},
    ],
)
def test_what_is_no_baseline_is_said_to_be_none(document: object) -> None:
    with pytest.raises(BaselineFault):
        read_baseline(document)

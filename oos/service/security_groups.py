"""Security groups and their rules, as documents of the registry; what hosts carry out is in `group_enforcement`.

An nwfilter has no room for names, descriptions and ids of rules, and a group spans hosts. Each rule is a document of
its own, so two who authorize at once lose nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import msgspec

from oos.fleet.firewall import Policy, SecurityGroup, SecurityRule
from oos.service.errors import NotFound
from oos.service.prefix_lists import with_ranges
from oos.service.registry import Registry
from oos.values.identifiers import client_token
from oos.values.typed import convert_as

GROUP_KIND: Final = "security-group"
_RULE_KIND: Final = "security-group-rule"


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """What is known about a security group besides its rules."""

    id: str
    region: str
    created: datetime
    token: str
    """Of the request that made it."""
    name: str = ""
    description: str = ""
    vpc_id: str = ""
    resource_group: str = ""
    inner: Policy = Policy.ACCEPT
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """A rule, and what a person wrote on it."""

    group_id: str
    rule: SecurityRule
    created: datetime
    description: str = ""


def load_group(registry: Registry, region: str, group_id: str) -> GroupRecord | None:
    """The group with this id, if it is in the region."""
    document = registry.get(GROUP_KIND, group_id)
    found = None if document is None else convert_as(dict(document), GroupRecord)
    return found if found is not None and found.region == region else None


def require_group(registry: Registry, region: str, group_id: str) -> GroupRecord:
    """The group with this id. Raises NotFound."""
    found = load_group(registry, region, group_id)
    if found is None:
        message = f"The specified security group {group_id} does not exist."
        raise NotFound("InvalidSecurityGroupId.NotFound", message)
    return found


def load_groups(registry: Registry, region: str) -> tuple[GroupRecord, ...]:
    """All groups of a region, by id."""
    found = (convert_as(dict(document), GroupRecord) for _, document in registry.items(GROUP_KIND))
    return tuple(each for each in found if each.region == region)


def keep_group(registry: Registry, group: GroupRecord) -> None:
    """Write down a group."""
    registry.put(GROUP_KIND, group.id, msgspec.to_builtins(group))


def forget_group(registry: Registry, group_id: str) -> None:
    """Take a group away, its rules first."""
    for each in list(load_rules(registry, group_id)):
        forget_rule(registry, each)
    registry.remove(GROUP_KIND, group_id)


def load_rules(registry: Registry, group_id: str = "") -> Iterator[RuleRecord]:
    """The rules of a group; without one, those of all."""
    for _, document in registry.items(_RULE_KIND, f"{group_id}/" if group_id else ""):
        yield convert_as(dict(document), RuleRecord)


def rules_by_group(registry: Registry) -> Mapping[str, tuple[RuleRecord, ...]]:
    """The rules of every group that has any."""
    found: dict[str, tuple[RuleRecord, ...]] = {}
    for each in load_rules(registry):
        found[each.group_id] = (*found.get(each.group_id, ()), each)
    return found


def keep_rule(registry: Registry, record: RuleRecord) -> None:
    """Write down a rule, in place of the one with its id."""
    registry.put(_RULE_KIND, f"{record.group_id}/{record.rule.id}", msgspec.to_builtins(record))


def forget_rule(registry: Registry, record: RuleRecord) -> None:
    """Take a rule away."""
    registry.remove(_RULE_KIND, f"{record.group_id}/{record.rule.id}")


def same_rule(one: SecurityRule, other: SecurityRule) -> bool:
    """Whether two rules say the same."""
    return replace(one, id="") == replace(other, id="")


def with_id(group_id: str, rule: SecurityRule, taken: Iterable[RuleRecord]) -> SecurityRule:
    """The rule with an id: that of an equal one of the group, else one of its own."""
    known = {each.rule.id: each.rule for each in taken}
    for id, each in known.items():
        if same_rule(each, rule):
            return replace(rule, id=id)
    number = 0
    while True:
        # A rule that was changed keeps its id, so its old words may be wanted again under another.
        id = f"sgr-{client_token(group_id, repr(replace(rule, id='')), number)[:20]}"
        if id not in known:
            return replace(rule, id=id)
        number += 1


def filtered_group(registry: Registry, group: GroupRecord) -> SecurityGroup:
    """The group as what it lets through."""
    rules = tuple(rule for each in load_rules(registry, group.id) for rule in with_ranges(registry, each.rule))
    return SecurityGroup(group.id, rules, group.inner)

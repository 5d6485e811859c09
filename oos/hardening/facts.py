"""Facts: what checks look at, and what they find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from oos.fleet.firewall import Members, SecurityGroup, SecurityRule
from oos.hardening.baseline import Severity


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A security group, and who is in it."""

    group: SecurityGroup
    name: str = ""
    instance_ids: tuple[str, ...] = ()
    drifted_hosts: tuple[str, ...] = ()
    """Hosts that carry out something else."""

    @property
    def id(self) -> str:
        """The id of the group."""
        return self.group.id


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that checks look at."""

    groups: tuple[GroupFacts, ...] = ()
    members: Members = field(default_factory=dict)
    instances: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The groups of each instance."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Of instances, by id."""


@dataclass(frozen=True, slots=True)
class GroupChange:
    """What to take from the rules of a group, and what to add."""

    group_id: str
    revoke: tuple[str, ...] = ()
    """Ids of rules."""
    authorize: tuple[SecurityRule, ...] = ()
    """Rules without ids."""


def changed(group: SecurityGroup, change: GroupChange) -> SecurityGroup:
    """The group after the change."""
    kept = tuple(each for each in group.rules if each.id not in change.revoke)
    added = tuple(replace(each, id=f"new-{number}") for number, each in enumerate(change.authorize))
    return replace(group, rules=(*kept, *added))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found."""

    id: str
    """The same for the same thing, whenever it is found."""
    check: str
    severity: Severity
    title: str
    detail: str
    """What exactly, in a sentence."""
    group_id: str = ""
    group_name: str = ""
    rule_id: str = ""
    instance_ids: tuple[str, ...] = ()
    """Those that it concerns."""
    change: GroupChange | None = None
    """What mends it; None where a person must decide."""
    behind: str = ""
    """The rule that comes first, for which this one never decides."""
    accepted: str = ""
    """Why it is accepted for now, and until when; empty where it is not."""

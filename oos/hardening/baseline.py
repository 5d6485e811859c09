"""Baselines: what security groups are held against, as data: checks with severity and rationale, and exceptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from oos.fleet.firewall import network
from oos.values.typed import convert_as

WEIGHTS: Final[Mapping[str, int]] = {"critical": 30, "high": 15, "medium": 7, "low": 2}
"""What a finding takes from the score of 100."""


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def weight(self) -> int:
        """What a finding takes from the score."""
        return WEIGHTS[self.value]

    def is_at_least(self, other: Severity) -> bool:
        """Whether this is as bad, or worse."""
        return self.weight >= other.weight


class Kind(StrEnum):
    """What a check looks for."""

    WORLD_OPEN = "world-open"
    ANY_ANY = "any-any"
    EGRESS_OPEN = "egress-open"
    EGRESS_ANY = "egress-any"
    SHADOWED = "shadowed"
    REDUNDANT = "redundant"
    CONFLICT = "conflict"
    UNUSED_GROUP = "unused-group"
    UNUSED_RULE = "unused-rule"
    UNFILTERED = "unfiltered"
    DRIFT = "drift"
    NO_ADDRESS = "no-address"


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that must not be."""

    id: str
    kind: Kind
    severity: Severity
    title: str
    rationale: str = ""
    ports: tuple[int, ...] = ()
    """Of world-open and egress-open."""
    management: bool = False
    """Whether people administer by these ports: they are narrowed to the ranges of management, not closed."""


class Exemption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding that is accepted for now."""

    check: str
    """Id of the check; `*` stands for anything."""
    until: date
    """The last day on which it holds."""
    reason: str
    group: str = "*"
    """Id or name of the group, or id of the instance that is in none; `*` stands for anything."""
    rule: str = "*"

    def covers(self, check: str, names: Sequence[str], rule: str, today: date) -> bool:
        """Whether it speaks of this finding, and still holds."""
        return (
            today <= self.until
            and fnmatchcase(check, self.check)
            and any(fnmatchcase(each, self.group) for each in names)
            and fnmatchcase(rule, self.rule)
        )


class Baseline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that security groups are held against."""

    name: str
    version: str = "1"
    management: tuple[str, ...] = ()
    """Address ranges from which people administer."""
    checks: tuple[Check, ...]
    exceptions: tuple[Exemption, ...] = ()


@dataclass(frozen=True, slots=True)
class BaselineFault(ValueError):
    """What is wrong with a baseline."""

    message: str

    def __str__(self) -> str:
        return self.message


def read_baseline(content: Any) -> Baseline:
    """The baseline that a document holds. Raises BaselineFault."""
    try:
        baseline = convert_as(content, Baseline)
    except msgspec.ValidationError as error:
        raise BaselineFault(f"not a baseline: {error}") from error
    ids = [each.id for each in baseline.checks]
    for id in ids:
        if ids.count(id) > 1:
            raise BaselineFault(f"two checks are called {id}")
    for cidr in baseline.management:
        try:
            network(cidr)
        except ValueError as error:
            raise BaselineFault(f"management: {error}") from error
    for each in baseline.checks:
        if each.kind in (Kind.WORLD_OPEN, Kind.EGRESS_OPEN) and not each.ports:
            raise BaselineFault(f"the check {each.id} names no ports")
        if any(not 0 < port < 65536 for port in each.ports):
            raise BaselineFault(f"the check {each.id} names a port that there is not")
    return baseline


@cache
def standard_baseline() -> Baseline:
    """The baseline of oos itself."""
    return read_baseline(read_yaml(files("oos.hardening").joinpath("baseline.yml").read_text(encoding="utf-8")))


def read_yaml(text: str) -> Any:
    """The document in a YAML text. Raises BaselineFault."""
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (both are safe loaders)
    except yaml.YAMLError as error:
        raise BaselineFault(f"not YAML: {error}") from error

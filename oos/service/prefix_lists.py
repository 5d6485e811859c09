"""Prefix lists: address ranges under one name, as documents of the registry; rules of security groups name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from oos.fleet.firewall import Peer, SecurityRule
from oos.service.errors import NotFound
from oos.service.kept import Kept
from oos.service.registry import Registry

FAMILIES: Final = {"IPv4": 4, "IPv6": 6}


@dataclass(frozen=True, slots=True)
class PrefixList:
    """Address ranges of one version of IP, each with what a person wrote on it."""

    id: str
    region: str
    family: str
    """IPv4 or IPv6."""
    most: int
    """Ranges that it may have; so many of the rules of a group that names it are used up."""
    created: datetime
    token: str
    entries: Mapping[str, str]
    """Descriptions by range, in order."""
    name: str = ""
    description: str = ""
    resource_group: str = ""


PREFIX_LISTS: Final = Kept("prefix-list", PrefixList)


def prefix_lists_of(registry: Registry, region: str) -> dict[str, PrefixList]:
    """The lists of a region by id."""
    return {each.id: each for each in PREFIX_LISTS.of_region(registry, region)}


def require_prefix_list(registry: Registry, region: str, id: str) -> PrefixList:
    """The list with this id. Raises NotFound."""
    found = PREFIX_LISTS.load(registry, id)
    if found is None or found.region != region:
        raise NotFound("InvalidPrefixListId.NotFound", f"The specified prefix list {id} does not exist.")
    return found


def with_ranges(registry: Registry, rule: SecurityRule) -> tuple[SecurityRule, ...]:
    """A rule as hosts know it: one for each range of the list that it names; itself when it names none."""
    if not rule.peer.prefix_list_id:
        return (rule,)
    named = PREFIX_LISTS.load(registry, rule.peer.prefix_list_id)
    ranges = () if named is None else named.entries
    rules = (replace(rule, peer=Peer(cidr)) for cidr in ranges)
    return tuple(each for each in rules if each.families)

"""Changes that are taken back unless they are confirmed: what a watchman is, and what taking back means.

A change of what is let through can cut off whoever makes it. So somebody else watches: armed before the change, he
takes it back at a deadline, whatever has become of the process that made it, unless that process (or a person) has
proved in time that all is well.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from oos.fleet.errors import FleetError
from oos.fleet.firewall import GroupFilter
from oos.service.context import Context
from oos.service.group_enforcement import enforce, hypervisor_named
from oos.service.security_groups import RuleRecord, forget_rule, keep_rule, load_group, load_rules


class ChangeState(StrEnum):
    """How a watched change stands."""

    ARMED = "armed"
    CONFIRMED = "confirmed"
    TAKING_BACK = "taking back"
    TAKEN_BACK = "taken back"


@dataclass(frozen=True, slots=True)
class WatchedChange:
    """A change of security groups, and how everything was before it."""

    id: str
    region: str
    seconds: float
    """After which it is taken back, counted from when it is armed."""
    at: datetime
    by: str
    rules: Mapping[str, tuple[RuleRecord, ...]] = field(default_factory=dict)
    """The rules of each group that it changes."""
    filters: Mapping[str, tuple[GroupFilter, ...]] = field(default_factory=dict)
    """What hosts carried out for them, by the name of the host."""


class Watchman(Protocol):
    """Who takes back what is not confirmed."""

    def arm(self, change: WatchedChange) -> None:
        """From now on the change is watched, by a process other than this one. Raises WatchmanMissing."""

    def applying(self, change_id: str) -> AbstractContextManager[None]:
        """While the change is being made: the watchman does not think that he is done before that is over."""

    def state(self, change_id: str) -> ChangeState | None:
        """How a change stands; None for one that was never armed."""

    def settle(self, change_id: str, wanted: ChangeState) -> ChangeState:
        """Go on to this state, unless the watchman was faster; how it stands then."""

    def connects(self, address: str, port: int, seconds: float) -> bool:
        """Whether a new TCP connection can be made from here."""


class WatchmanMissing(Exception):
    """Nobody can be found to watch over a change; so it must not be made."""


def take_back(context: Context, change: WatchedChange) -> None:
    """Put everything back as it was before the change. Raises FleetError, once all is tried.

    The filters first, which need nothing but the hosts: access is what matters. Then what people read.
    """
    failed: FleetError | None = None
    for host, filters in change.filters.items():
        for each in filters:
            try:
                hypervisor_named(context, host).put_group_filter(each)
            except FleetError as error:
                failed = error
    for group_id, before in change.rules.items():
        if load_group(context.registry, change.region, group_id) is None:
            continue
        kept = {each.rule.id for each in before}
        for record in before:
            keep_rule(context.registry, record)
        for record in list(load_rules(context.registry, group_id)):
            if record.rule.id not in kept:
                forget_rule(context.registry, record)
    enforce(context, sorted(change.rules))
    if failed is not None:
        raise failed


def filters_now(context: Context, group_ids: Sequence[str]) -> Mapping[str, tuple[GroupFilter, ...]]:
    """What the hosts of the region carry out for these groups now."""
    found = {}
    for host in context.fleet.hosts(context.region):
        mine = tuple(each for each in context.fleet.hypervisor(host).group_filters() if each.id in group_ids)
        if mine:
            found[host.name] = mine
    return found


def can_connect(address: str, port: int, seconds: float) -> bool:
    """Whether a new TCP connection can be made from this process."""
    try:
        with socket.create_connection((address, port), timeout=seconds):
            return True
    except OSError:
        return False

"""Policies of retention, what they judge, and what they say of it: values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

PIN_TAG: Final = "oos:pin"
"""A snapshot with this tag stays: for ever, or until the instant that is its value."""


class Period(StrEnum):
    """Of what a rule keeps the newest one; `last` is each point by itself."""

    LAST = "last"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"

    @property
    def noun(self) -> str:
        """What one of them is called."""
        return _NOUNS[self]


_NOUNS = {
    Period.LAST: "snapshot",
    Period.HOURLY: "hour",
    Period.DAILY: "day",
    Period.WEEKLY: "week",
    Period.MONTHLY: "month",
    Period.YEARLY: "year",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Keep the newest point of each period: of the newest `count` periods that have any, and of all within `span`."""

    period: Period
    count: int | None = 0
    """None: of all periods."""
    span: timedelta = timedelta()
    """Back from the newest point, not from now: where no new ones are made, time alone deletes nothing."""


@dataclass(frozen=True, slots=True)
class Floor:
    """How much of a pool must stay free: bytes, and a share of the whole (0.1 is a tenth)."""

    bytes: int = 0
    share: float = 0.0

    def missing(self, room: Room) -> int:
        """How many bytes more must become free; 0 when there is room enough."""
        return max(0, max(self.bytes, int(room.capacity_bytes * self.share)) - room.free_bytes)


@dataclass(frozen=True, slots=True)
class Room:
    """The room of the pool that snapshots stand in."""

    capacity_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class Policy:
    """What is kept. The rules say what is worth keeping; the rest protects from them, or presses against them."""

    rules: tuple[Rule, ...] = ()
    """A policy without rules deletes nothing."""
    pins: frozenset[str] = frozenset()
    """Ids that stay, whatever the rules say."""
    minimum_age: timedelta = timedelta()
    """Nothing younger goes."""
    minimum_number: int = 1
    """So many usable ones stay, the newest, whatever the rules or the floor say."""
    floor: Floor | None = None
    """When less is free, kept ones go too, oldest first; never pinned, young, or the last ones."""
    zone_name: str = "UTC"
    """Where days begin."""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone in which periods are told apart."""
        return ZoneInfo(self.zone_name)


@dataclass(frozen=True, slots=True)
class Chapter:
    """The policy of whatever has these tags."""

    tags: Mapping[str, str]
    policy: Policy

    def is_about(self, tags: Mapping[str, str]) -> bool:
        """Whether it is meant for something with these tags; an empty value stands for any."""
        return all(key in tags and value in ("", tags[key]) for key, value in self.tags.items())


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Policies by tag: the first chapter that is about something holds for it, else the policy of all others."""

    default: Policy
    chapters: tuple[Chapter, ...] = ()

    def policy_of(self, tags: Mapping[str, str]) -> Policy:
        """The policy for something with these tags."""
        return next((each.policy for each in self.chapters if each.is_about(tags)), self.default)


class State(StrEnum):
    """What a point is good for."""

    USABLE = "usable"
    """Whole, and that was checked."""
    UNFINISHED = "unfinished"
    UNVERIFIED = "unverified"
    """Whole as it seems; nobody checked. It counts for nothing, and is left alone."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Point:
    """A snapshot as retention sees it."""

    id: str
    taken: datetime
    group: str = ""
    """What it is a snapshot of; each group is judged by itself."""
    state: State = State.USABLE
    tags: Mapping[str, str] = field(default_factory=dict)
    pool: str = ""
    """Which room it takes."""
    stored_bytes: int = 0
    parent_id: str = ""
    """What it is an increment on."""
    moment: str = ""
    """The snapshot group it belongs to: what was taken in one moment stays, or goes, together."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: `code` for programs (`daily`, `pin`, `floor`, …), `text` for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a point, each reason for it, and against which rules it was measured."""

    point: Point
    keeps: bool
    reasons: tuple[Reason, ...]

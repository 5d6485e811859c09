"""A year of rotations every fifteen minutes, both DST nights in it, looked at after each."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from oos.retention.forecast import Step, instants, rotations, usual_spacing
from oos.retention.model import Period, Point, Policy
from oos.retention.periods import period_of
from oos.retention.reading import read_policy_book

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
DST_NIGHTS = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
"""In Europe, at 1:00 UTC."""

KEEP = {Period.LAST: 4, Period.HOURLY: 24, Period.DAILY: 7, Period.WEEKLY: 4, Period.MONTHLY: 12}
GRANDFATHER: dict[str, Any] = {
    "keep": {str(each): number for each, number in KEEP.items()},
    "timeZone": "Europe/Berlin",
}
SIZES = {Period.HOURLY: 4, Period.DAILY: 92, Period.WEEKLY: 644, Period.MONTHLY: 2976}
"""How many quarters of an hour are needed to tell the ends of periods apart, at most."""


def the_periods(points: tuple[Point, ...], period: Period, policy: Policy) -> set[Hashable]:
    return {period_of(each, period, policy.zone) for each in points}


def expected_ends(taken: list[Point], period: Period, count: int, policy: Policy) -> list[str]:
    """The newest point of each of the newest periods, read off everything that was ever taken."""
    newest: dict[Hashable, str] = {}
    for each in reversed(taken[-(count + 1) * SIZES.get(period, 1) :]):
        newest.setdefault(period_of(each, period, policy.zone), each.id)
    return list(newest.values())[:count]


@pytest.fixture(scope="module")
def year() -> list[Step]:
    policy = read_policy_book(GRANDFATHER).default
    return list(rotations(policy, (), instants(BEGIN, QUARTER, 365)))


def test_at_every_step_all_that_the_policy_promises_is_there(year: list[Step]) -> None:
    """Held against all points ever taken: deleting early never cost what is wanted later."""
    policy = read_policy_book(GRANDFATHER).default
    taken: list[Point] = []
    for number, step in enumerate(year):
        taken.append(step.taken)
        night = any(abs(step.at - each) < timedelta(hours=4) for each in DST_NIGHTS)
        if not night and number % 97:  # every step of both nights, and one of each day at another hour
            continue
        there = {each.id for each in step.points}
        for period, count in KEEP.items():
            assert there.issuperset(expected_ends(taken, period, count, policy)), (step.at, period)


def test_nothing_more_stays_than_the_rules_count(year: list[Step]) -> None:
    assert max(len(each.points) for each in year) <= sum(KEEP.values()) + 1  # and the oldest there is
    assert len(year) == 365 * 96


def test_both_nights_keep_each_hour_once(year: list[Step]) -> None:
    policy = read_policy_book(GRANDFATHER).default
    for night in DST_NIGHTS:
        step = next(each for each in year if each.at == night + timedelta(hours=12))
        recent = tuple(each for each in step.points if step.at - each.taken < timedelta(hours=24))
        assert len(the_periods(recent, Period.HOURLY, policy)) == 24


def test_each_deletion_is_of_something_that_was_there(year: list[Step]) -> None:
    gone = [each.id for step in year for each in step.gone]
    assert len(gone) == len(set(gone)) == len(year) - len(year[-1].points)
    assert all(step.taken not in step.gone for step in year)


def test_the_spacing_of_rotations_is_told_from_what_they_left() -> None:
    assert usual_spacing([]) is None
    assert usual_spacing([Point(f"{n}", BEGIN + n * QUARTER) for n in range(9)]) == QUARTER

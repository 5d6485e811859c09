"""Points for tests of retention: written by their instants, or made by chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from oos.retention.model import Period, Point, Policy, Rule, State, Verdict
from oos.values.time import parse_instant

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def point(text: str, **more: Any) -> Point:
    """A point whose id is its instant."""
    return Point(text, parse_instant(text), **more)


def every(step: timedelta, number: int, until: datetime = NOW) -> list[Point]:
    """Points at equal distances, the newest first; their ids count from 0."""
    return [Point(f"p{each}", until - each * step) for each in range(number)]


def kept(judged: tuple[Verdict, ...]) -> list[str]:
    """The ids of what stays, newest first."""
    return [each.point.id for each in judged if each.keeps]


def codes(judged: tuple[Verdict, ...], id: str) -> list[str]:
    """Why a point stays, or goes."""
    return [reason.code for each in judged if each.point.id == id for reason in each.reasons]


@st.composite
def points(draw: st.DrawFn, most: int = 40) -> list[Point]:
    """Any points, over hours or over years."""
    span = draw(st.sampled_from([60, 24 * 60, 60 * 24 * 60, 3 * 365 * 24 * 60]))
    minutes = draw(st.lists(st.integers(0, span), max_size=most))
    states = draw(st.lists(st.sampled_from(list(State) + [State.USABLE] * 6), min_size=most, max_size=most))
    return [
        Point(f"p{number}", NOW - timedelta(minutes=each), state=states[number]) for number, each in enumerate(minutes)
    ]


@st.composite
def policies_and_longer(draw: st.DrawFn) -> tuple[Policy, Policy]:
    """A policy, and one that is longer, or the same, in each thing that it says."""
    rules, longer = [], []
    for period in Period:
        count, span = draw(st.integers(0, 5)), timedelta(hours=draw(st.sampled_from([0, 0, 1, 30, 24 * 40])))
        if count or span:
            rules.append(Rule(period, count, span))
        more = draw(st.sampled_from([0, 0, 1, 7, None]))
        wider = span + timedelta(hours=draw(st.sampled_from([0, 0, 5, 24 * 300])))
        longer_count = None if more is None else count + more
        if longer_count != 0 or wider:
            longer.append(Rule(period, longer_count, wider))
    age = timedelta(hours=draw(st.sampled_from([0, 2, 48])))
    number = draw(st.integers(0, 3))
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]))
    if not rules:  # a policy without rules keeps everything; the shortest that says something keeps the newest
        rules.append(Rule(Period.LAST, 1))
        if not any(each.period is Period.LAST for each in longer):
            longer.append(Rule(Period.LAST, 1))
        else:
            longer = [
                Rule(each.period, None if each.count is None else each.count + 1, each.span)
                if each.period is Period.LAST
                else each
                for each in longer
            ]
    short = Policy(tuple(rules), minimum_age=age, minimum_number=number, zone_name=zone)
    long = Policy(
        tuple(longer),
        frozenset(draw(st.sets(st.sampled_from([f"p{each}" for each in range(9)]), max_size=2))),
        age + timedelta(hours=draw(st.sampled_from([0, 10]))),
        number + draw(st.integers(0, 2)),
        zone_name=zone,
    )
    return short, long

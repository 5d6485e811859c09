"""What a policy keeps and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oos.retention.forecast import rotations
from oos.retention.model import PIN_TAG, Floor, Period, Point, Policy, PolicyBook, Room, Rule, State
from oos.retention.policy import all_verdicts, to_delete, verdicts
from oos.retention.reading import read_policy_book
from tests.retention.points import NOW, codes, every, kept, point, points, policies_and_longer

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def policy(**value: object) -> Policy:
    return read_policy_book(value).default


def test_the_newest_of_each_period_stands_for_it() -> None:
    judged = verdicts(policy(keep={"daily": 2}), NOW, every(6 * HOUR, 8))
    assert kept(judged) == ["p0", "p3"]  # 24 Nov 12:00, 23 Nov 18:00
    assert codes(judged, "p0") == ["daily", "minimum number"]
    assert codes(judged, "p1") == ["daily"]


def test_only_periods_that_have_any_are_counted() -> None:
    """A machine that was off for a month keeps its seven days."""
    old = every(DAY, 10, NOW - 40 * DAY)
    assert len(kept(verdicts(policy(keep={"daily": 7}), NOW, old))) == 7


def test_a_point_may_be_kept_by_several_rules_and_tells_all() -> None:
    judged = verdicts(policy(keep={"last": 1, "hourly": 1, "weekly": 1}), NOW, every(HOUR, 3))
    assert codes(judged, "p0") == ["last", "hourly", "weekly", "minimum number"]


def test_the_oldest_stays_while_a_rule_is_not_yet_filled() -> None:
    judged = verdicts(policy(keep={"daily": 2, "yearly": 5}), NOW, every(DAY, 30))
    assert kept(judged) == ["p0", "p1", "p29"]
    assert codes(judged, "p29") == ["oldest yearly"]


def test_within_is_measured_from_the_newest_so_that_time_alone_deletes_nothing() -> None:
    rules = policy(keepWithin="2d")
    for later in (NOW, NOW + 300 * DAY):
        assert kept(verdicts(rules, later, every(DAY, 5))) == ["p0", "p1"]
    assert kept(verdicts(policy(keepWithin={"daily": "3d"}), NOW, every(12 * HOUR, 9))) == ["p0", "p2", "p4"]


def test_a_policy_without_rules_deletes_nothing() -> None:
    assert len(kept(verdicts(policy(), NOW, every(DAY, 9)))) == 9


def test_pins_by_id_and_by_tag_stay_and_run_out() -> None:
    there = [
        point("2026-11-24"),
        point("2026-11-01", tags={PIN_TAG: ""}),
        point("2026-10-01", tags={PIN_TAG: "2026-12-01"}),
        point("2026-09-01", tags={PIN_TAG: "2026-11-01"}),
        point("2026-08-01", tags={PIN_TAG: "as long as we live"}),
        point("2026-07-01"),
        point("2026-06-01"),
    ]
    judged = verdicts(policy(keep=1, pins=["2026-07-01"]), NOW, there)
    assert kept(judged) == ["2026-11-24", "2026-11-01", "2026-10-01", "2026-08-01", "2026-07-01"]


def test_what_is_young_or_among_the_last_stays() -> None:
    assert kept(verdicts(policy(keep=1, minimumAge="90m"), NOW, every(HOUR, 4))) == ["p0", "p1"]
    assert kept(verdicts(policy(keep={"yearly": 1}, minimumNumber=3), NOW, every(HOUR, 4))) == ["p0", "p1", "p2"]


def test_what_cannot_be_restored_counts_for_nothing() -> None:
    """The newest is broken; the last good one must not go for it."""
    there = [
        replace(each, state=state)
        for each, state in zip(
            every(DAY, 4), [State.FAILED, State.UNVERIFIED, State.UNFINISHED, State.USABLE], strict=True
        )
    ]
    judged = verdicts(policy(keep=1), NOW, there)
    assert kept(judged) == ["p1", "p2", "p3"]
    assert codes(judged, "p0") == ["failed"]


def test_what_a_wrong_clock_dated_ahead_pushes_nothing_out() -> None:
    ahead = [Point(f"ahead{each}", NOW + each * DAY) for each in range(1, 9)]
    judged = verdicts(policy(keep=2), NOW, [*ahead, *every(DAY, 4)])
    assert {"p0", "p1"} <= set(kept(judged))
    assert codes(judged, "ahead1") == ["future"]


def test_the_hour_that_comes_twice_is_two_hours_and_the_lost_one_is_none() -> None:
    back = [point(f"2026-10-25T{hour:02}:30Z") for hour in range(4)]  # 02:30 CEST, 02:30 CET, 03:30 …
    assert len(kept(verdicts(policy(keep={"hourly": 9}, timeZone="Europe/Berlin"), NOW, back))) == 4
    forth = [point(f"2026-03-29T{hour:02}:30Z") for hour in range(4)]
    assert len(kept(verdicts(policy(keep={"hourly": 9}, timeZone="Europe/Berlin"), NOW, forth))) == 4


def test_days_begin_where_the_policy_says() -> None:
    two = [point("2026-11-23T22:30Z"), point("2026-11-23T23:30Z")]
    judged = verdicts(policy(keep={"daily": 9}), NOW, two)
    assert codes(judged, "2026-11-23T22:30Z") == ["oldest daily"]
    judged = verdicts(policy(keep={"daily": 9}, timeZone="Europe/Berlin"), NOW, two)
    assert "daily" in codes(judged, "2026-11-23T22:30Z")


def test_weeks_are_those_of_iso_over_the_turn_of_the_year() -> None:
    turn = [point("2026-12-31"), point("2027-01-01"), point("2027-01-03"), point("2027-01-04")]
    judged = verdicts(policy(keep={"weekly": 9}), NOW + 60 * DAY, turn)
    assert kept(judged) == ["2027-01-04", "2027-01-03", "2026-12-31"]  # the last as the oldest there is
    assert "oldest weekly" in codes(judged, "2026-12-31")


@given(points(), policies_and_longer())
@settings(max_examples=150)
def test_a_longer_policy_never_deletes_more(there: list[Point], pair: tuple[Policy, Policy]) -> None:
    short, long = (set(kept(verdicts(each, NOW, there))) for each in pair)
    assert short <= long


@given(policies_and_longer(), st.lists(st.integers(10, 60 * 50), min_size=2, max_size=40))
@settings(max_examples=100)
def test_nor_does_it_over_any_history_of_rotations(pair: tuple[Policy, Policy], minutes: list[int]) -> None:
    instants, at = [], NOW
    for each in minutes:
        at += timedelta(minutes=each)
        instants.append(at)
    for short, long in zip(*(rotations(each, (), instants, name="p") for each in pair), strict=True):
        assert {each.id for each in short.points} <= {each.id for each in long.points}
        assert short.taken.id in {each.id for each in short.points}


@given(points(), policies_and_longer())
@settings(max_examples=100)
def test_a_second_judgement_at_the_same_instant_changes_nothing(
    there: list[Point], pair: tuple[Policy, Policy]
) -> None:
    left = [each.point for each in verdicts(pair[0], NOW, there) if each.keeps]
    assert to_delete(verdicts(pair[0], NOW, left)) == ()


@given(points(), policies_and_longer())
@settings(max_examples=100)
def test_every_verdict_has_a_reason_and_the_newest_usable_always_stays(
    there: list[Point], pair: tuple[Policy, Policy]
) -> None:
    judged = verdicts(pair[0], NOW, there)
    assert {each.point.id for each in judged} == {each.id for each in there}
    assert all(reason.text for each in judged for reason in each.reasons)
    assert all(each.reasons for each in judged)
    usable = [each for each in there if each.state is State.USABLE]
    if usable and pair[0].minimum_number:
        assert max(usable, key=lambda each: (each.taken, each.id)).id in kept(judged)


# several groups, tags, room


def test_each_group_is_judged_by_itself_and_by_the_policy_of_its_tags() -> None:
    book = read_policy_book({"keep": 1, "byTag": [{"tags": {"role": "db"}, "keep": 3}]})
    web = [replace(each, group="web") for each in every(DAY, 4)]
    db = [Point(f"d{each.id}", each.taken, "db", tags={"role": "db"}) for each in every(DAY, 4)]
    assert kept(all_verdicts(book, NOW, [*web, *db])) == ["dp0", "dp1", "dp2", "p0"]


def test_a_chapter_inherits_what_protects() -> None:
    book = read_policy_book({"minimumNumber": 2, "pins": ["a"], "byTag": [{"tags": {"x": ""}, "keep": 1}]})
    assert book.policy_of({"x": "y"}) == Policy((Rule(Period.LAST, 1),), frozenset("a"), minimum_number=2)


def test_under_the_floor_the_oldest_of_all_groups_go_until_there_is_room() -> None:
    book = read_policy_book({"keep": {"daily": 9}, "minimumFree": "10%", "minimumNumber": 1, "pins": ["a3"]})
    there = [
        Point(f"{group}{number}", NOW - number * DAY - hours * HOUR, group, pool="h1", stored_bytes=20)
        for group, hours in (("a", 0), ("b", 1))
        for number in range(4)
    ]
    judged = all_verdicts(book, NOW, there, {"h1": Room(1000, 45)})
    assert [each.id for each in to_delete(judged)] == ["a2", "b2", "b3"]  # a3 is pinned; 55 bytes are missing
    assert codes(judged, "b3") == ["floor"]
    assert to_delete(all_verdicts(book, NOW, there, {"h1": Room(1000, 100)})) == ()


def test_the_floor_never_takes_the_last_ones() -> None:
    book = read_policy_book({"keep": {"daily": 9}, "minimumFree": "1TiB", "minimumNumber": 2})
    there = [replace(each, pool="h1", stored_bytes=1) for each in every(DAY, 5)]
    assert kept(all_verdicts(book, NOW, there, {"h1": Room(10, 1)})) == ["p0", "p1"]


def test_what_the_rules_let_go_of_anyhow_counts_as_room() -> None:
    book = read_policy_book({"keep": 2, "minimumFree": "100"})
    there = [replace(each, pool="h1", stored_bytes=60) for each in every(DAY, 4)]
    assert kept(all_verdicts(book, NOW, there, {"h1": Room(1000, 0)})) == ["p0", "p1"]


def test_increments_go_before_what_they_stand_on() -> None:
    chain = [
        replace(each, parent_id=f"p{number + 1}" if number < 3 else "") for number, each in enumerate(every(DAY, 4))
    ]
    assert [each.id for each in to_delete(verdicts(policy(keep=1), NOW, chain))] == ["p1", "p2", "p3"]


@pytest.mark.parametrize(
    ("free", "expected"), [(0, 100), (40, 60), (100, 0), (500, 0)], ids=["nothing", "some", "enough", "plenty"]
)
def test_a_floor_tells_what_is_missing(free: int, expected: int) -> None:
    assert Floor(share=0.1).missing(Room(1000, free)) == expected


# of one moment


def moments(there: list[Point]) -> list[Point]:
    """Two disks, of which each pair of snapshots is of one moment, but for some that one of them has alone."""
    firsts = [replace(each, group="a", pool="h1", stored_bytes=10, moment=f"m{each.id}") for each in there]
    seconds = [
        replace(each, id=f"b{each.id}", group="b", state=State.USABLE)
        for number, each in enumerate(firsts)
        if number % 3
    ]
    return firsts + seconds


@given(points(), policies_and_longer())
@settings(max_examples=100)
def test_what_was_taken_in_one_moment_goes_as_a_whole_or_stays(there: list[Point], pair: tuple[Policy, Policy]) -> None:
    both = moments(there)
    short, long = (all_verdicts(PolicyBook(each), NOW, both) for each in pair)
    assert set(kept(short)) <= set(kept(long)), "and a longer policy never deletes more"
    for judged in (short, long):
        stays = {each.point.moment for each in judged if each.keeps}
        assert all(each.keeps or each.point.state is State.FAILED for each in judged if each.point.moment in stays)


def test_the_floor_presses_whole_moments_and_none_of_which_one_is_protected() -> None:
    book = read_policy_book({"keep": {"last": 9}, "minimumFree": "100", "pins": ["bp4"]})
    both = [replace(each, moment=f"m{each.id}", pool="h1", stored_bytes=10, group="a") for each in every(DAY, 5)]
    both += [replace(each, id=f"b{each.id}", group="b") for each in both]
    judged = all_verdicts(book, NOW, both, {"h1": Room(1000, 75)})  # 25 bytes are missing: two moments of 20
    assert {each.id for each in to_delete(judged)} == {"p3", "bp3", "p2", "bp2"}

"""Alarms and event patterns: what fires a trigger besides time."""

from datetime import UTC, datetime, timedelta

import pytest

from oos.schedule.alarm import AlarmWatch, read_alarm
from oos.schedule.errors import ScheduleInvalid
from oos.schedule.pattern import EventPattern, Happening

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def alarm(**fields):
    return read_alarm(**{"metric": "cpu_total", "comparison": "GreaterThanThreshold", "threshold": "80", **fields})


def fed(rule, values, seconds=10):
    """At which of these measurements, one every few seconds, the alarm fires."""
    watch = AlarmWatch(rule)
    at = [NOON + timedelta(seconds=seconds * number) for number in range(len(values))]
    return [number for number, value in enumerate(values) if watch.measured(value, at[number]) is not None]


def test_it_fires_when_enough_periods_in_a_row_are_beyond_the_threshold():
    assert fed(alarm(times="3", period="60"), [90] * 30) == [18]
    assert fed(alarm(times="1", period="60"), [90] * 30) == [6]


def test_one_period_within_the_threshold_begins_the_count_anew():
    assert fed(alarm(times="2", period="60"), [90] * 6 + [10] * 6 + [90] * 14) == [24]


def test_it_is_silent_for_a_while_after_it_fired():
    rule = alarm(times="1", period="60", silence="300")
    assert fed(rule, [90] * 80) == [6, 36, 66]


@pytest.mark.parametrize(
    ("statistic", "fires"), [("Average", False), ("Maximum", True), ("Minimum", False), ("Sum", True)]
)
def test_statistics_are_taken_over_the_period(statistic, fires):
    rule = alarm(times="1", period="60", statistic=statistic)
    assert bool(fed(rule, [10, 10, 95, 10, 10, 10, 10])) is fires


def test_a_gap_in_the_measurements_is_no_evidence():
    watch = AlarmWatch(alarm(times="2", period="60"))
    assert watch.measured(90, NOON) is None
    assert watch.measured(90, NOON + timedelta(seconds=60)) is None
    assert watch.measured(90, NOON + timedelta(hours=1)) is None


@pytest.mark.parametrize(("effective", "fires"), [("08:00-20:00", True), ("13:00-20:00", False), ("22:00-13:00", True)])
def test_it_is_in_effect_in_its_hours_only(effective, fires):
    assert bool(fed(alarm(times="1", period="60", effective=effective), [90] * 8)) is fires


@pytest.mark.parametrize(
    "fields", [{"threshold": "high"}, {"comparison": "Above"}, {"times": "0"}, {"effective": "noon"}]
)
def test_a_rule_that_makes_no_sense_is_said_to(fields):
    with pytest.raises(ScheduleInvalid):
        alarm(**fields)


STOPPED = Happening(
    product="ECS",
    name="Instance:StateChange",
    region="local",
    at=NOON,
    content={"resourceId": "i-1", "state": "Stopped", "nested": {"a": 1}},
    tags={"role": "web"},
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"product": "ecs", "names": ("instance:statechange",)}, True),
        ({"product": "RDS"}, False),
        ({"names": ("Instance:Other",)}, False),
        ({"content": {"state": ["Stopped", "Stopping"]}}, True),
        ({"content": {"state": "Running"}}, False),
        ({"content": {"nested": {"a": [1, 2]}}}, True),
        ({"content": {"nested": {"b": 1}}}, False),
        ({"levels": ("CRITICAL",)}, False),
        ({"regions": ("local",)}, True),
        ({"regions": ("elsewhere",)}, False),
        ({"tags": (("role", "web"),)}, True),
        ({"tags": (("role", None),)}, True),
        ({"tags": (("role", "db"),)}, False),
    ],
)
def test_a_pattern_matches_what_it_asks_for(fields, expected):
    pattern = EventPattern(**{"product": "ECS", "names": ("Instance:StateChange",), **fields})
    assert pattern.matches(STOPPED) is expected


def test_the_message_has_the_shape_of_the_vendors_events():
    message = STOPPED.message()
    assert (message["resourceId"], message["content"]["state"], message["eventTime"]) == (
        "i-1",
        "Stopped",
        "2026-01-01T12:00:00Z",
    )

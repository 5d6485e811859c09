"""Timers: cron, at and rate between a first and a last moment."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from oos.schedule.errors import ScheduleInvalid
from oos.schedule.timer import described, read_timer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def timer(kind, expression, **fields):
    return read_timer(kind, expression, armed=NOON, **fields)


def shown(made, after=NOON, count=3):
    return [f"{instant:%d %H:%M}" for instant in islice(made.firings(after), count)]


def test_a_rate_counts_from_when_it_was_armed_or_from_its_start():
    assert shown(timer("rate", "30 minutes")) == ["01 12:30", "01 13:00", "01 13:30"]
    assert shown(timer("rate", "1 day", start="2026-01-02T08:00:00Z")) == ["02 08:00", "03 08:00", "04 08:00"]
    assert shown(timer("rate", "1 hour", start="2025-12-31T23:15:00Z")) == ["01 12:15", "01 13:15", "01 14:15"]


def test_it_fires_at_its_start_and_at_its_end_and_not_beyond():
    made = timer("cron", "0 0 * * * ?", start="2026-01-01T14:00:00Z", end="2026-01-01T16:00:00Z")
    assert shown(made, count=9) == ["01 14:00", "01 15:00", "01 16:00"]


def test_a_date_alone_as_the_end_is_its_last_moment_in_the_zone():
    made = timer("cron", "0 0 23 * * ?", end="2026-01-02", zone="America/New_York")
    assert shown(made, count=9) == ["02 04:00", "03 04:00"]


def test_a_time_without_a_zone_is_one_of_the_timers_zone():
    assert shown(timer("at", "2026-01-02T08:00:00", zone="Asia/Shanghai")) == ["02 00:00"]
    assert shown(timer("at", "2026-01-02T08:00:00Z", zone="Asia/Shanghai")) == ["02 08:00"]


@pytest.mark.parametrize(
    ("kind", "expression", "fields", "said"),
    [
        ("rate", "0 minutes", {}, "30 minutes"),
        ("at", "tomorrow", {}, "2019-06-01T08:05:09Z"),
        ("cron", "0 0 * * * ?", {"start": "2026-02-01", "end": "2026-01-01"}, "before StartDate"),
        ("cron", "0 0 * * * ?", {"zone": "Nowhere"}, "no time zone"),
        ("yearly", "1", {}, "cron, at, rate"),
    ],
)
def test_what_makes_no_sense_is_said_to(kind, expression, fields, said):
    with pytest.raises(ScheduleInvalid, match=said):
        timer(kind, expression, **fields)


def test_a_timer_can_be_told_in_a_few_words():
    assert described(timer("cron", "0  0 2 ? * *", zone="Asia/Shanghai")) == "cron 0 0 2 ? * * Asia/Shanghai"
    assert described(timer("rate", "90 minutes")) == "every 1:30:00"
    assert described(timer("at", "2026-05-05T00:00:00Z")) == "at 2026-05-05T00:00:00Z"


def test_a_year_of_every_minute_is_there_in_seconds():
    made = timer("cron", "0 * * * * ?", end="2026-12-31", zone="Europe/Berlin")
    assert sum(1 for _ in made.firings(NOON - timedelta(hours=12))) > 500_000

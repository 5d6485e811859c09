"""Clock changes: every schedule over a year with both of its nights, in zones all over the world."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oos.schedule.cron import read_cron
from oos.schedule.errors import ScheduleInvalid
from oos.schedule.zones import firings, read_zone

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "America/Santiago",  # at midnight
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "UTC",
)


def a_year(expression, zone, begin=NEW_YEAR):
    end = begin + timedelta(days=365)
    found = []
    for instant in firings(read_cron(expression), read_zone(zone), begin - timedelta(seconds=1)):
        if instant >= end:
            return found
        found.append(instant)
    return found


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", range(4))
@pytest.mark.parametrize("minute", [0, 15, 30, 59])
def test_a_daily_schedule_fires_once_a_day_of_the_wall_clock(zone, hour, minute):
    found = a_year(f"0 {minute} {hour} * * ?", zone)
    days = Counter(instant.astimezone(read_zone(zone)).date() for instant in found)
    assert set(days.values()) == {1}
    assert len(days) in (365, 366)
    for instant in found:
        local = instant.astimezone(read_zone(zone))
        if (local.hour, local.minute) != (hour, minute):
            # Its time was skipped: it fires at the end of the gap.
            before = (instant - timedelta(seconds=1)).astimezone(read_zone(zone))
            assert local.utcoffset() > before.utcoffset()


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("step", [1, 10, 15, 30])
def test_a_schedule_of_every_hour_goes_on_in_real_time(zone, step):
    found = a_year(f"0 0/{step} * * * ?", zone)
    shifts = {later - earlier for earlier, later in pairwise(found)}
    # Lord Howe moves by half an hour: steps that divide it never see it.
    assert shifts == {timedelta(minutes=step)}


def test_the_two_nights_of_berlin():
    spring = a_year("0 30 2 * * ?", "Europe/Berlin")[87]
    assert spring == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    autumn = [each for each in a_year("0 30 2 * * ?", "Europe/Berlin") if each.date().isoformat() == "2026-10-25"]
    assert autumn == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
    hourly = [each for each in a_year("0 0 * * * ?", "Europe/Berlin") if each.date().isoformat() == "2026-10-25"]
    assert len(hourly) == 24


def test_several_times_in_one_gap_fire_once_at_its_end():
    found = [each for each in a_year("0 0/10 2 * * ?", "Europe/Berlin") if each.date().isoformat() == "2026-03-29"]
    assert found == [datetime(2026, 3, 29, 1, 0, tzinfo=UTC)]


def test_there_is_no_zone_of_that_name():
    with pytest.raises(ScheduleInvalid, match="Asia/Shanghai"):
        read_zone("Mars/Olympus")


expressions = st.builds(
    lambda minute, hour, day, month: f"0 {minute} {hour} {day} {month} ?",
    st.sampled_from(["0", "30", "0/20", "*", "5,35"]),
    st.sampled_from(["*", "0", "2", "0-3", "*/2", "1,13"]),
    st.sampled_from(["*", "1", "L", "15W", "LW", "28-31"]),
    st.sampled_from(["*", "3", "10", "MAR-APR", "1/3"]),
)


@settings(max_examples=60, deadline=None)
@given(expressions, st.sampled_from(ZONES), st.integers(0, 365 * 86400), st.integers(1, 50))
def test_asking_again_from_any_firing_gives_the_same_firings(expression, zone, offset, count):
    """A schedule that is stopped and resumed anywhere loses nothing and repeats nothing."""
    cron, place = read_cron(expression), read_zone(zone)
    begin = NEW_YEAR + timedelta(seconds=offset)
    whole = list(islice(firings(cron, place, begin), count))
    step, after = [], begin
    for _ in range(count):
        following = next(firings(cron, place, after), None)
        if following is None:
            break
        step.append(following)
        after = following
    assert step == whole
    assert all(earlier < later for earlier, later in pairwise(whole))
    half = [next(firings(cron, place, each - timedelta(microseconds=1)), None) for each in whole]
    assert half == whole

"""Cron expressions of Quartz: the table in cron.yml."""

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
import yaml

from oos.schedule.cron import read_cron
from oos.schedule.errors import ScheduleInvalid
from oos.schedule.zones import firings, read_zone

CASES = yaml.safe_load((Path(__file__).parent / "cron.yml").read_text())
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["expression"])
def test_an_expression_fires_when_the_table_says(case):
    if "fault" in case:
        with pytest.raises(ScheduleInvalid) as raised:
            read_cron(case["expression"])
        assert case["fault"] in str(raised.value)
        return
    found = islice(firings(read_cron(case["expression"]), read_zone("UTC"), NOON), len(case["expected"]))
    assert [f"{instant:%Y-%m-%d %H:%M:%S}" for instant in found] == case["expected"]


def test_an_expression_ends_with_its_years():
    assert list(firings(read_cron("0 0 0 1 1 ? 2027"), read_zone("UTC"), NOON)) == [datetime(2027, 1, 1, tzinfo=UTC)]

"""Policies as data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from oos.diagnostics import DiagnosticError
from oos.retention.model import Chapter, Floor, Period, Policy, PolicyBook, Rule
from oos.retention.reading import read_policy_book


def test_every_field_is_read() -> None:
    book = read_policy_book(
        {
            "keep": {"last": "3", "Daily": 7, "yearly": "all"},
            "keepWithin": {"daily": "P30D"},
            "pins": ["s-1"],
            "minimumAge": "1h",
            "minimumNumber": 2,
            "minimumFree": "20GiB",
            "timeZone": "Europe/Berlin",
            "byTag": [{"tags": {"role": "db"}, "keep": {"hourly": 48}}],
        }
    )
    said = Policy(
        (
            Rule(Period.LAST, 3),
            Rule(Period.DAILY, 7, timedelta(days=30)),
            Rule(Period.YEARLY, None),
        ),
        frozenset({"s-1"}),
        timedelta(hours=1),
        2,
        Floor(20 << 30),
        "Europe/Berlin",
    )
    db = Policy(
        (Rule(Period.HOURLY, 48),), said.pins, said.minimum_age, said.minimum_number, said.floor, said.zone_name
    )
    assert book == PolicyBook(said, (Chapter({"role": "db"}, db),))


@pytest.mark.parametrize("value", [3, {"keep": 3}, {"keep": {"last": 3}}], ids=["number", "short", "long"])
def test_a_number_is_so_many_of_the_newest(value: Any) -> None:
    assert read_policy_book(value).default == Policy((Rule(Period.LAST, 3),))


def test_every_fault_is_told_at_once_with_what_to_write() -> None:
    with pytest.raises(DiagnosticError) as told:
        read_policy_book(
            {
                "keep": {"dayly": 7, "weekly": -1},
                "keepWithin": "soon",
                "minimumFree": "much",
                "timeZone": "Berlin",
                "pins": "s-1",
                "byTag": [{"keep": True}],
                "keeps": 1,
            },
            "p.yml",
        )
    faults = [(each.message, each.hint) for each in told.value.diagnostics]
    assert [message.split(":")[0] for message, _ in faults] == [
        "keeps",
        "keep.dayly",
        "keep.weekly",
        "keepWithin",
        "pins",
        "minimumFree",
        "timeZone",
        "byTag[1].tags",
        "byTag[1].keep",
    ]
    assert ("keep.dayly: no policy has this", "did you mean daily?") in faults


@pytest.mark.parametrize("value", ["", "daily", None, [], True], ids=repr)
def test_what_is_no_policy_is_refused(value: Any) -> None:
    with pytest.raises(DiagnosticError):
        read_policy_book(value)

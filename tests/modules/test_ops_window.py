"""The change calendar is asked by an operation, so that its answer stands in the journal."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oos.adapters.memory.clock import SimulatedClock
from oos.diagnostics import Diagnostic, DiagnosticError
from oos.service.call import invoke
from oos.service.catalog import installed_modules
from oos.service.errors import ApiError
from oos.values.time import format_instant
from tests.cli.world import World as CommandLine
from tests.modules.world import World

NOW = SimulatedClock().now()
OPENS = NOW + timedelta(minutes=90)

FREEZE = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//
BEGIN:VEVENT
UID:freeze
DTSTAMP:20260101T000000Z
DTSTART:20200101T000000Z
DTEND:29991231T000000Z
SUMMARY:freeze
END:VEVENT
END:VCALENDAR
"""


def frozen(at: datetime) -> tuple[str, datetime | None] | None:
    return ("changes are forbidden: freeze", OPENS) if at < OPENS else None


def forever(at: datetime) -> tuple[str, datetime | None] | None:
    return ("changes are forbidden", None)


def broken(at: datetime) -> tuple[str, datetime | None] | None:
    raise DiagnosticError([Diagnostic("OOS914", "no calendar", "freeze.ics")])


@pytest.fixture(scope="module")
def world() -> World:
    return World(installed_modules())


def asked(world: World, closed: Any = None, **parameters: Any) -> dict[str, Any]:
    operation = world.catalog.operation("OOS", "DescribeOpsWindow")
    assert operation is not None
    given = {} if closed is None else {"closed": closed}
    told = invoke(operation, parameters, world.context("t", now=lambda: NOW, **given))
    return {name: value for name, value in told.items() if name != "RequestId"}


def test_it_tells_whether_changes_may_start_when_and_how_long_that_is(world: World) -> None:
    told = asked(world, frozen)
    assert told == {
        "At": format_instant(NOW),
        "Open": False,
        "Reason": "changes are forbidden: freeze",
        "OpensAt": format_instant(OPENS),
        "Wait": "PT1H30M",
    }
    later = asked(world, frozen, After=format_instant(OPENS))
    assert (later["Open"], later["OpensAt"], later["Wait"]) == (True, format_instant(OPENS), "PT1H30M")
    assert asked(world)["Open"], "a site without a calendar is always open"


def test_an_end_that_the_calendar_does_not_tell_is_not_made_up(world: World) -> None:
    told = asked(world, forever)
    assert (told["Open"], told["OpensAt"], told["Wait"]) == (False, "", "")


@pytest.mark.parametrize(
    ("closed", "parameters", "code"), [(broken, {}, "freeze.ics"), (frozen, {"After": "soon"}, "After")]
)
def test_what_cannot_be_told_is_an_error(world: World, closed: Any, parameters: dict[str, str], code: str) -> None:
    with pytest.raises(ApiError, match=code):
        asked(world, closed, **parameters)


def test_the_calendar_is_that_of_the_guards(tmp_path: Path) -> None:
    site = CommandLine(tmp_path)
    site.write("freeze.ics", FREEZE)
    site.write("oos.toml", '[guards]\nforbid_calendar = "freeze.ics"\n')
    said = site.run("api", "oos", "DescribeOpsWindow", "-o", "json")
    assert said.code == 0, said
    assert not said.document["Open"]
    assert said.document["Reason"] == "changes are forbidden: freeze"

"""Clocks that step backwards and forwards: executions go on, each effect once, in any zone."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from oos.execution.status import Status
from tests.cli.world import World as CommandLine
from tests.engine.templates import LOOP, SEQUENCE
from tests.engine.world import World, finished

CHECK = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: until
    Action: ACS::CheckFor
    Properties: {Service: TEST, API: Count, Parameters: {Name: x}, PropertySelector: Value, DesiredValues: [1, 2]}
"""
SLEEP = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1S}
"""


@pytest.fixture
def engine_world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("text", [SEQUENCE, LOOP, CHECK], ids=["sequence", "loop", "check"])
def test_a_clock_that_jumps_about_changes_nothing(engine_world: World, text: str, seed: int) -> None:
    chance = random.Random(seed)
    engine_world.now = lambda: datetime.now(UTC) + timedelta(hours=chance.uniform(-48, 48))
    execution = engine_world.run(text)
    assert execution.status is Status.SUCCESS
    assert set(engine_world.service.effects.values()) <= {1}


def test_an_execution_that_began_tomorrow_goes_on_today(engine_world: World) -> None:
    ahead = timedelta(days=1)
    engine_world.now = lambda: datetime.now(UTC) + ahead
    engine_world.service.hold.clear()
    first = engine_world.engine()
    id_ = first.start(engine_world.request(LOOP))
    while not engine_world.service.calls["Make"]:
        time.sleep(0.01)
    engine_world.service.hold.set()
    first.close()
    engine_world.now = lambda: datetime.now(UTC)
    second = engine_world.engine()
    second.resume(id_, "tester")
    execution = finished(second, id_)
    assert execution.status is Status.SUCCESS
    assert list(engine_world.service.effects.values()) == [1, 1, 1]


def test_a_sleep_ends_though_the_clock_steps_back_a_little(engine_world: World) -> None:
    began = time.monotonic()
    engine_world.now = lambda: datetime.now(UTC) - timedelta(seconds=2 if time.monotonic() - began > 0.3 else 0)
    assert engine_world.run(SLEEP).status is Status.SUCCESS
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/St_Johns", "Nowhere/Nix", ""])
def test_any_zone_will_do(world: CommandLine, zone: str) -> None:
    said = world.run("run", world.write("nap.yml", SLEEP), TZ=zone)
    assert said.code == 0, said
    shown = world.run("execution", "show", TZ=zone)
    assert shown.code == 0
    assert re.search(r"Success in \d+(\.\d)? s", shown.out), shown.out
    assert world.run("audit", "verify", TZ="Pacific/Kiritimati").code == 0

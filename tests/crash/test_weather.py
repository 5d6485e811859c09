"""Under faults of the hypervisor, and deaths besides, no rehearsal of a runbook breaks a promise.

Some seeds of each here; more: `python -m tests.crash --weather 100`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from oos.rehearsal.read import ENDING
from tests.crash.rehearsed import plays, runbook_files
from tests.crash.weather import broken

SEEDS = 2


@pytest.mark.parametrize("path", runbook_files(), ids=lambda path: path.name.removesuffix(ENDING))
def test_whatever_fails_promises_are_kept(path: Path) -> None:
    for play in plays([path]):
        for seed in range(SEEDS if not play.case.faults else 0):
            told, was = broken(play, seed)
            assert not told, f"{play}: seed {seed}: {told} {was}"


def test_the_weather_is_bad_enough() -> None:
    """What never fails proves nothing."""
    path = next(each for each in runbook_files() if each.name.startswith("snapshot-rotation."))
    play = next(each for each in plays([path]) if not each.case.faults)
    weathers = [broken(play, seed)[1] for seed in range(20)]
    for word in ("deaths {}", "hang", "after the effect", "reply lost", "disk full", "crash inside", "unreachable"):
        assert any(word in line for weather in weathers for line in weather), word

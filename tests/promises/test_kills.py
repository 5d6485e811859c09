"""Promised: a run id that was printed is never lost, and each effect happens at most once, whatever kills it."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.world import EXECUTION, World

ROTATION = str(Path(__file__).parents[2] / "runbooks/snapshot-rotation.yml")
NAP = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1H}
"""
GUESTS = ("web-1", "web-2", "web-3")
KEEP = 2
SPAN = 0.6
"""Seconds from the printed id in which a rotation does all its work at the pace of these tests."""
INSTANTS = 40


def test_an_id_that_was_printed_is_never_lost(world: World) -> None:
    template = world.write("nap.yml", NAP)
    printed = []
    for _ in range(30):
        process = world.start("run", template)
        assert process.stderr is not None
        found = EXECUTION.search(process.stderr.readline())
        process.kill()
        assert found is not None
        printed.append(found[0])
        world.end(process)
    listed = {each["ExecutionId"]: each for each in world.run("execution", "list", "-n", "99", "-o", "json").document}
    assert set(printed) == set(listed)
    assert {each["Status"] for each in listed.values()} <= {"Interrupted", "Waiting"}, "killed before the nap, or in it"
    assert world.run("execution", "resume", "last", "--deadline", "1s").code == 124
    assert world.run("audit", "verify").code == 0


def _snapshots_by_disk(world: World) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in world.run("fleet", "list", "snapshots", "-o", "json").document:
        found.setdefault(each["SourceDiskId"], []).append(each["SnapshotId"])
    return found


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_instant_a_rotation_ends_as_if_nothing_had_been(world: World, seed: int) -> None:
    chance = random.Random(seed)
    world.make_instances(*GUESTS)
    world.slow(snapshot=0.1)
    before: set[str] = set()
    for number in range(1, INSTANTS // 4 + 1):
        process = world.start("run", ROTATION, "-p", f"keep={KEEP}", "--no-input")
        assert process.stderr is not None
        found = EXECUTION.search(process.stderr.readline())
        assert found is not None
        time.sleep(chance.uniform(0, SPAN))
        process.kill()
        world.end(process)
        resumed = world.run("execution", "resume", found[0], "-o", "json")
        assert resumed.code == 0, resumed
        made = resumed.document["Outputs"]["created"]
        assert len(made) == len(set(made)) == len(GUESTS)
        assert not set(made) & before, "each rotation makes its own"
        before |= set(made)
        by_disk = _snapshots_by_disk(world)
        assert [len(ids) for ids in by_disk.values()] == [min(number, KEEP)] * len(GUESTS)
        assert set(made) <= {id_ for ids in by_disk.values() for id_ in ids}, "none is lost"
    effects = world.effects()
    often = {effect: count for effect, count in effects.items() if count > 1 and not effect.startswith("start ")}
    assert not often, "an effect took place more than once"
    kinds = Counter(effect.split(" ", 1)[0] for effect in effects)
    assert kinds["create_snapshot"] == len(before)
    assert world.run("audit", "verify").code == 0

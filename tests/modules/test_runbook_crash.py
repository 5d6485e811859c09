"""The runbooks, killed at every write of the journal, end in the same fleet as if nothing had happened."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from oos.engine.errors import EngineStopped
from oos.execution.model import Execution
from oos.service.catalog import installed_modules
from tests.engine.dying import DyingJournal, Killed
from tests.engine.world import finished
from tests.modules.executions import RUNBOOKS, Runner, runner, succeeded
from tests.modules.world import World

STORIES: dict[str, dict[str, Any]] = {
    "snapshot-rotation.yml": {"keep": 1, "rotation": "nightly"},
    "disk-rollback.yml": {},
}


NEVER = 1000
"""More writes than any of them has."""
ONCE = ("make_instance", "create_snapshot", "delete_snapshot", "restore_disk", "stop")


def prepared() -> tuple[World, dict[str, Any]]:
    """A world with an instance that was rotated once, and what the rollback asks for."""
    world = World(installed_modules())
    id = world.run()
    with runner(world) as oos:
        succeeded(oos.runbook("snapshot-rotation.yml", keep=1, rotation="nightly"))
    world.clock.sleep(3600)
    return world, {"instanceId": id}


def fleet_of(world: World) -> dict[str, Any]:
    """What an operator would compare: instances and disks as they are, snapshots by what they hold."""
    disks = [(disk.id, disk.kind, disk.size_bytes, bool(disk.source_snapshot_id)) for disk in world.fleet.disks()]
    snapshots = [
        (each.disk_id, each.status, each.name, dict(each.tags), each.consistency, each.verification)
        for each in world.fleet.snapshots()
    ]
    instances = [(each.id, each.power, each.disk_ids) for each in world.fleet.instances()]
    return {"disks": sorted(disks), "snapshots": sorted(map(repr, snapshots)), "instances": sorted(instances)}


def effects_of(world: World) -> Counter[str]:
    """How often each kind of thing was done to the fleet; what is made counts by its token, so twice is never once."""
    done = Counter({key: count for home in world.hosts.values() for key, count in home.effects.items()})
    assert {count for key, count in done.items() if key.startswith(ONCE)} == {1}, done
    return Counter(key.split(" ", 1)[0] for key in done)


def run_killed(name: str, write: int, before: bool) -> tuple[World, DyingJournal, Execution]:
    """Drive to the end in two processes, the first of which dies at this write."""
    world, asked = prepared()
    journal = DyingJournal()
    journal.dies_at, journal.dies_before = write, before
    text = (RUNBOOKS / name).read_text(encoding="utf-8")
    parameters = STORIES[name] or asked
    first = Runner(world, journal)
    try:
        execution = finished(first.engine, first.engine.start(first.request(text, name, **parameters)))
    except (Killed, EngineStopped):
        execution = None
    first.engine.close()
    journal.dies_at = None
    if execution is None:
        second = Runner(world, journal)
        roots = [each for each in journal.execution_ids() if "." not in each]
        if roots:
            execution = finished(second.engine, second.engine.resume(roots[0], "tester"))
        else:
            execution = finished(second.engine, second.engine.start(second.request(text, name, **parameters)))
        second.engine.close()
    return world, journal, execution


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("name", STORIES)
def test_killed_at_any_write_a_runbook_ends_in_the_same_fleet(name: str, before: bool) -> None:
    undisturbed_world, _, undisturbed = run_killed(name, NEVER, before)
    succeeded(undisturbed)
    wanted, effects = fleet_of(undisturbed_world), effects_of(undisturbed_world)
    for write in range(1, NEVER):
        world, journal, execution = run_killed(name, write, before)
        place = f"killed {'before' if before else 'after'} write {write}"
        assert execution.status == "Success", f"{place}: {execution.fault}"
        assert fleet_of(world) == wanted, place
        assert effects_of(world) == effects, place
        if journal.writes < write:
            break
    assert write > undisturbed.sequence // 2, "it was killed in the middle, too"

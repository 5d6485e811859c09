"""`oos serve` carries out automatic snapshot policies, and lets go of what was kept long enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oos.app.app import App
from oos.app.settings import load_settings
from oos.app.snapshot_clock import CARRY_OUT, DELETE_EXPIRED, SnapshotClock
from oos.app.started_once import BY
from oos.execution.status import Status
from oos.fleet.storage import DiskSpec, Snapshot, SnapshotRequest
from oos.journal.port import ExecutionFilter
from oos.service.disk_settings import POLICY_TAG, put_policy_of_disk
from oos.service.snapshot_policies import SnapshotPolicy, keep_policy
from oos.values.identifiers import resource_id
from tests.cli.world import World, eventually
from tests.schedule.test_serve import serve, stop

HOURS = tuple(range(24))
DAYS = (1, 2, 3, 4, 5, 6, 7)
POLICY = "sp-00000000000000000001"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def app(world: World) -> Iterator[App]:
    made = App(load_settings({}, world.environment, world.folder))
    # As that of a server: what is started here is driven here.
    made.lasts = True
    yield made
    made.close()


@pytest.fixture
def region(app: App) -> str:
    return app.region


def apply(app: App, region: str) -> str:
    """A policy for every hour, made the day before, and the disk that it is applied to."""
    before = datetime.now(UTC) - timedelta(days=1)
    keep_policy(app.registry, SnapshotPolicy(POLICY, region, "hourly", HOURS, DAYS, 7, before, before))
    (host, *_) = app.fleet.hosts(region)
    disk = app.fleet.hypervisor(host).make_disk(DiskSpec(resource_id("d", "policy"), 1 << 30))
    put_policy_of_disk(app.registry, disk.id, POLICY)
    return disk.id


def snapshots(app: App, region: str) -> list[Snapshot]:
    fresh = App(app.settings)
    try:
        return list(fresh.fleet.snapshots(region))
    finally:
        fresh.close()


def started(app: App, template: str) -> list[Any]:
    found = app.journal.summaries(ExecutionFilter((), template, "", 50, ""))
    return [each for each in found if each.by == BY]


def test_a_policy_is_carried_out_once_at_its_hour_whoever_looks(app: App, region: str) -> None:
    disk = apply(app, region)
    app.new_engine(None)
    instant = datetime.now(UTC)
    first, second = SnapshotClock(app, lambda: instant), SnapshotClock(app, lambda: instant)
    first.look()
    first.look()
    second.look()
    (execution,) = started(app, CARRY_OUT)
    eventually(lambda: app.journal.summary(execution.execution_id).status is Status.SUCCESS, "it has ended")
    (made,) = [each for each in snapshots(app, region) if each.tags.get(POLICY_TAG) == POLICY]
    assert (made.disk_id, made.retention_days) == (disk, 7)


def test_the_next_hour_is_another(app: App, region: str) -> None:
    apply(app, region)
    app.new_engine(None)
    instant = datetime.now(UTC)
    for later in (0, 1, 1):
        SnapshotClock(app, lambda later=later: instant + timedelta(hours=later)).look()
    assert len(started(app, CARRY_OUT)) == 2


def test_a_policy_is_carried_out_once_a_freeze_is_over(
    app: App, region: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    apply(app, region)
    noon = datetime.now(UTC).replace(minute=20)
    freeze = world.folder / "freeze.ics"
    event = f"BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:freeze\r\nDTSTART:{noon - timedelta(days=1):%Y%m%dT%H%M%SZ}\r\n"
    event += f"DTEND:{noon + timedelta(days=1):%Y%m%dT%H%M%SZ}\r\nEND:VEVENT\r\n"
    calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{}END:VCALENDAR\r\n"
    freeze.write_text(calendar.format(event))
    (world.folder / "oos.toml").write_text('[guards]\nforbid_calendar = "freeze.ics"\n')
    guarded = App(load_settings({}, world.environment, world.folder))
    guarded.lasts = True
    clock = SnapshotClock(guarded, lambda: noon)
    clock.look()
    clock.look()
    assert not started(guarded, CARRY_OUT)
    assert len([each for each in caplog.messages if CARRY_OUT in each and "opens at" in each]) == 1
    freeze.write_text(calendar.format(""))
    clock.look()
    assert len(started(guarded, CARRY_OUT)) == 1
    guarded.close()


def test_a_policy_without_disks_starts_nothing(app: App, region: str) -> None:
    before = datetime.now(UTC) - timedelta(days=1)
    keep_policy(app.registry, SnapshotPolicy(POLICY, region, "hourly", HOURS, DAYS, 7, before, before))
    app.new_engine(None)
    assert SnapshotClock(app).look() == 0


def test_serve_makes_snapshots_and_deletes_what_was_kept_long_enough(world: World, app: App, region: str) -> None:
    disk = apply(app, region)
    hypervisor, _ = app.fleet.of_disk(disk, region)
    old = SnapshotRequest(resource_id("s", "old"), disk, "old", datetime.now(UTC) - timedelta(days=3), retention_days=2)
    kept = replace(old, id=resource_id("s", "kept"), token="kept", retention_days=30)
    for request in (old, kept):
        hypervisor.create_snapshot(request, lambda percent: None)
    process = serve(world)

    def settled() -> bool:
        there = snapshots(app, region)
        ids = {each.id for each in there}
        return old.id not in ids and kept.id in ids and any(POLICY_TAG in each.tags for each in there)

    eventually(settled, "the policy was carried out, and the old snapshot is gone")
    assert stop(process) == 0
    assert {each.template_name for each in (*started(app, CARRY_OUT), *started(app, DELETE_EXPIRED))} == {
        CARRY_OUT,
        DELETE_EXPIRED,
    }

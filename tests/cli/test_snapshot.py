"""`oos snapshot`: what a policy keeps, why, what it will keep, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from oos.adapters.hypervisors import open_hypervisor
from oos.cli.calendar import print_calendar
from oos.fleet.storage import SnapshotRequest
from oos.retention.periods import ZoneInfo
from oos.values.identifiers import resource_id
from tests.cli.world import World

NIGHT = datetime(2026, 3, 1, 2, tzinfo=UTC)


def rotated(world: World, disk: str, days: Iterable[int]) -> list[str]:
    """Snapshots of the rotation `daily`, so many days after the first night."""
    hypervisor = open_hypervisor(world.host())
    made = []
    for day in days:
        id = resource_id("s", f"night-{day}")
        at = NIGHT + timedelta(days=day)
        request = SnapshotRequest(id, disk, f"night-{day}", at, tags={"oos:rotation": "daily"})
        made.append(hypervisor.create_snapshot(request, lambda _: None).id)
    return made


def test_a_plan_names_every_snapshot_with_its_reasons_and_draws_a_calendar(world: World) -> None:
    instance = world.make_instances("web-1")[0]
    made = rotated(world, instance.disk_ids[0], range(12))
    said = world.run("snapshot", "plan", "--keep-daily", "3", "--keep-monthly", "2", "--zone", "Europe/Berlin")
    assert said.code == 0, said
    verdicts = {line.split()[0]: line.split()[2] for line in said.out.splitlines() if line.startswith("s-")}
    assert verdicts == {each: "Keep" if each in (made[0], *made[9:]) else "Delete" for each in made}
    assert f"web-1, disk {instance.disk_ids[0]}, rotation daily" in said.out
    assert "2026-03  ●××××××××●●●···················" in said.out
    assert "4 snapshots would stay, 8 would go" in said.err
    assert len(world.run("fleet", "list", "snapshots", "-o", "json").document) == 12


def test_the_plan_is_a_document_for_programs_and_the_policy_may_be_a_file(world: World) -> None:
    disk = world.make_instances("web-1")[0].disk_ids[0]
    made = rotated(world, disk, range(4))
    policy = world.write("retention.yml", f"keep: 1\npins: [{made[1]}]\n")
    document = world.run("snapshot", "plan", "--policy", policy, "-o", "json").document
    assert document["Kept"] == [made[3], made[1]]
    assert document["Deleted"] == [made[2], made[0]]
    lines = world.run("snapshot", "plan", "--policy", policy, "-o", "ndjson").out.splitlines()
    assert [json.loads(line)["Verdict"] for line in lines] == ["Keep", "Delete", "Keep", "Delete"]
    narrow = world.run("snapshot", "plan", "--policy", policy, "--instance", "db-*")
    assert (narrow.code, narrow.out) == (1, "")
    assert "no instance is meant by db-*" in narrow.err


def test_why_tells_all_that_is_said_of_one(world: World) -> None:
    disk = world.make_instances("web-1")[0].disk_ids[0]
    made = rotated(world, disk, range(4))
    said = world.run("snapshot", "why", made[1], "--keep-daily", "2", "--keep-weekly", "1")
    assert "goes" in said.out
    assert "day 2026-03-02 is not among the newest 2 days" in said.out
    assert f"{made[3]} stands for week 2026-W10" in said.out
    assert world.run("snapshot", "why", "s-none", "--keep-last", "1").code == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "what is to be kept is not said"),
        (("--keep-daily", "many"), "keep.daily: 'many' is not a whole number"),
        (("--policy", "none.yml"), "cannot read the policy"),
    ],
)
def test_a_policy_that_is_none_is_told_of(world: World, options: tuple[str, ...], message: str) -> None:
    said = world.run("snapshot", "plan", *options)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_a_forecast_tells_when_each_goes(world: World) -> None:
    disk = world.make_instances("web-1")[0].disk_ids[0]
    rotated(world, disk, range(3))
    said = world.run("snapshot", "forecast", "--days", "30", "--keep-daily", "5")
    assert "rotates every  1 d" in said.out
    assert "at most        5 snapshots" in said.out
    document = world.run("snapshot", "forecast", "--days", "9", "--keep-daily", "5", "-o", "json").document
    assert [each["Snapshots"] for each in document["Forecasts"][0]["Days"]] == [4, 5, 5, 5, 5, 5, 5, 5, 5]


def test_disks_without_a_recent_snapshot_are_an_alarm(world: World) -> None:
    disk = world.make_instances("web-1")[0].disk_ids[0]
    said = world.run("snapshot", "check")
    assert said.code == 1
    assert disk in said.out
    assert "it has no usable snapshot" in said.out
    world.run("api", "ecs", "CreateSnapshot", f"DiskId={disk}")
    covered = world.run("snapshot", "check")
    assert (covered.code, covered.out) == (0, "")
    assert "1 disk covered, none missing" in covered.err
    assert world.run("snapshot", "check", "--rotation", "daily", "-o", "json").document[0]["DiskId"] == disk


def test_a_few_days_are_drawn_by_the_hour(capsys: pytest.CaptureFixture[str]) -> None:
    moments = {NIGHT + timedelta(hours=hours): [kept] for hours, kept in ((0, True), (1, False), (25, True))}
    moments[NIGHT + timedelta(hours=1, minutes=15)] = [True]
    print_calendar(moments, ZoneInfo("UTC"))
    assert capsys.readouterr().out.splitlines() == [
        "            012345678901234567890123",
        "2026-03-01  ··●◐····················",
        "2026-03-02  ···●····················",
    ]

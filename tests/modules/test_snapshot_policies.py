"""Automatic snapshot policies: kept, applied, and when they are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import oos_disk
import oos_image
import oos_instance
import oos_snapshot
from oos.service.disk_settings import POLICY_TAG
from oos.service.snapshot_policies import LATEST, SnapshotPolicy, last_due
from tests.modules.world import World

ABSENT = "InvalidAutoSnapshotPolicyId.NotFound"


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_disk.MODULE, oos_snapshot.MODULE, oos_image.MODULE))


def made(world: World, **parameters: Any) -> str:
    given = {"timePoints": '["1","13"]', "repeatWeekdays": '["1","7"]', "retentionDays": 30, **parameters}
    return str(world.call("CreateAutoSnapshotPolicy", **given)["AutoSnapshotPolicyId"])


def listed(world: World, **conditions: Any) -> list[dict[str, Any]]:
    found = world.call("DescribeAutoSnapshotPolicyEx", **conditions)
    shapes: list[dict[str, Any]] = found["AutoSnapshotPolicies"]["AutoSnapshotPolicy"]
    return shapes


def disks(world: World, **conditions: Any) -> list[str]:
    return [each["DiskId"] for each in world.call("DescribeDisks", **conditions)["Disks"]["Disk"]]


def test_a_policy_is_made_once_and_listed(world: World) -> None:
    ids = {made(world, token="t", autoSnapshotPolicyName="nightly", Tag=[{"Key": "a", "Value": "b"}]) for _ in range(2)}
    (id,) = ids
    (found,) = listed(world, AutoSnapshotPolicyId=id, AutoSnapshotPolicyName="night*", Tag=[{"Key": "a"}])
    told = {
        "AutoSnapshotPolicyName": "nightly",
        "TimePoints": '["1","13"]',
        "RepeatWeekdays": '["1","7"]',
        "RetentionDays": 30,
        "DiskNums": 0,
        "Status": "Normal",
        "CreationTime": "2026-01-01T00:00:00Z",
    }
    assert {name: found[name] for name in told} == told
    assert listed(world, AutoSnapshotPolicyName="weekly") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"timePoints": '["24"]'},
        {"timePoints": "[]"},
        {"repeatWeekdays": '["0"]'},
        {"repeatWeekdays": '["x"]'},
        {"retentionDays": 0},
        {"retentionDays": 70000},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(world: World, wrong: dict[str, Any]) -> None:
    given = {"timePoints": '["1"]', "repeatWeekdays": '["1"]', "retentionDays": -1, **wrong}
    (name,) = wrong
    assert world.refusal("CreateAutoSnapshotPolicy", **given).code == f"InvalidParameter.{name}"


def test_a_policy_is_changed_where_it_is_said(world: World) -> None:
    id = made(world, autoSnapshotPolicyName="nightly")
    world.call("ModifyAutoSnapshotPolicyEx", autoSnapshotPolicyId=id, timePoints='["2"]', retentionDays=-1)
    (found,) = listed(world)
    assert (found["TimePoints"], found["RepeatWeekdays"], found["RetentionDays"]) == ('["2"]', '["1","7"]', -1)
    assert found["AutoSnapshotPolicyName"] == "nightly"
    assert world.refusal("ModifyAutoSnapshotPolicyEx", autoSnapshotPolicyId="sp-x").code == ABSENT


def test_a_disk_has_one_policy_at_most(world: World) -> None:
    instance = world.run(DataDisk=[{"Size": 1}])
    system, data = world.instance(instance).disk_ids
    first, second = made(world), made(world)
    world.call("ApplyAutoSnapshotPolicy", autoSnapshotPolicyId=first, diskIds=[system, data])
    world.call("ApplyAutoSnapshotPolicy", autoSnapshotPolicyId=second, diskIds=[data])
    assert disks(world, AutoSnapshotPolicyId=first) == [system]
    assert disks(world, EnableAutomatedSnapshotPolicy=False) == []
    assert {each["AutoSnapshotPolicyId"]: each["DiskNums"] for each in listed(world)} == {first: 1, second: 1}
    found = world.call("DescribeAutoSnapshotPolicyAssociations", DiskId=data)
    wanted = [{"DiskId": data, "AutoSnapshotPolicyId": second}]
    assert found["AutoSnapshotPolicyAssociations"]["AutoSnapshotPolicyAssociation"] == wanted
    world.call("CancelAutoSnapshotPolicy", autoSnapshotPolicyId=first, diskIds=[system, data])
    assert disks(world, EnableAutomatedSnapshotPolicy=True) == [data]
    world.call("CancelAutoSnapshotPolicy", diskIds=[system, data])
    assert disks(world, EnableAutomatedSnapshotPolicy=True) == []


def test_what_is_not_there_is_named(world: World) -> None:
    id = made(world)
    missing = world.refusal("ApplyAutoSnapshotPolicy", autoSnapshotPolicyId=id, diskIds=["d-x"])
    assert missing.code == "InvalidDiskId.NotFound"
    assert world.refusal("ApplyAutoSnapshotPolicy", autoSnapshotPolicyId="sp-x", diskIds=["d-x"]).code == ABSENT
    assert world.refusal("CancelAutoSnapshotPolicy", diskIds=["d-x"]).code == "InvalidDiskId.NotFound"
    assert world.refusal("DeleteAutoSnapshotPolicy", autoSnapshotPolicyId="sp-x").code == ABSENT


def test_a_deleted_policy_leaves_its_disks(world: World) -> None:
    system = world.instance(world.run()).disk_ids[0]
    id = made(world)
    world.call("ApplyAutoSnapshotPolicy", autoSnapshotPolicyId=id, diskIds=[system])
    for _ in range(2):
        world.call("DeleteAutoSnapshotPolicy", token="t", autoSnapshotPolicyId=id)
    assert listed(world) == []
    assert disks(world, EnableAutomatedSnapshotPolicy=True) == []


def test_automatic_snapshots_are_told_apart_and_go_with_their_disk_where_that_is_set(world: World) -> None:
    disk = world.call("CreateDisk", ZoneId="lab-a", Size=1)["DiskId"]
    auto = world.call("CreateSnapshot", DiskId=disk, Tag=[{"Key": POLICY_TAG, "Value": "sp-1"}])["SnapshotId"]
    by_hand = world.call("CreateSnapshot", DiskId=disk)["SnapshotId"]
    for type, ids in (("auto", [auto]), ("user", [by_hand]), ("all", [by_hand, auto])):
        found = world.call("DescribeSnapshots", SnapshotType=type)["Snapshots"]["Snapshot"]
        assert sorted(each["SnapshotId"] for each in found) == sorted(ids)
    world.call("ModifyDiskAttribute", DiskId=disk, DeleteAutoSnapshot=True)
    world.call("DeleteDisk", DiskId=disk)
    left = world.call("DescribeSnapshots")["Snapshots"]["Snapshot"]
    assert [each["SnapshotId"] for each in left] == [by_hand]


# when it is due: the time points are of UTC+8


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-01-05T05:00:00", "2026-01-05T05:00:00"),  # Monday 13:00 there
        ("2026-01-05T05:59:59", "2026-01-05T05:00:00"),
        ("2026-01-05T04:59:59", "2026-01-04T17:00:00"),  # Monday 01:00 there is still Sunday in UTC
        ("2026-01-06T04:30:00", "2026-01-05T05:00:00"),  # on Tuesday, the last of Monday: nobody was there
        ("2026-01-06T05:00:00", None),  # too long ago
        ("2026-01-08T05:00:00", None),  # Thursday
    ],
)
def test_a_policy_is_due_at_its_hours(now: str, due: str | None) -> None:
    long_ago = datetime(2025, 1, 1, tzinfo=UTC)
    policy = SnapshotPolicy("sp-1", "lab", "", (1, 13), (1, 7), 7, long_ago, long_ago)
    found = last_due(policy, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == (None if due is None else datetime.fromisoformat(due).replace(tzinfo=UTC))


def test_an_hour_before_the_policy_was_made_is_not_made_up_for() -> None:
    made = datetime(2026, 1, 5, 5, 30, tzinfo=UTC)
    policy = SnapshotPolicy("sp-1", "lab", "", (13,), (1, 2, 3, 4, 5, 6, 7), 7, made, made)
    assert last_due(policy, made + timedelta(minutes=1)) is None
    following = datetime(2026, 1, 6, 5, tzinfo=UTC)
    assert last_due(policy, following) == following
    assert last_due(policy, following + LATEST - timedelta(seconds=1)) == following

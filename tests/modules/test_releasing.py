"""Instances that are deleted by themselves: when that may be, what is told of it, and that `oos serve` does it once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import oos_instance
from oos.app.app import App
from oos.app.release_clock import RELEASE, ReleaseClock
from oos.app.settings import load_settings
from oos.execution.status import Status
from oos.fleet.errors import InstanceAbsent
from oos.journal.port import ExecutionFilter
from oos.service.release_times import Release, keep_release, load_releases
from tests.cli.world import World as Commands
from tests.cli.world import eventually
from tests.modules.world import World

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE,))


def told(world: World, id: str) -> str:
    (found,) = world.call("DescribeInstances", InstanceIds=[id])["Instances"]["Instance"]
    return str(found["AutoReleaseTime"])


def test_a_time_is_said_changed_and_taken_back(world: World) -> None:
    id = world.run(AutoReleaseTime="2026-01-01T00:30:59Z")
    assert told(world, id) == "2026-01-01T00:30Z"
    world.call("ModifyInstanceAutoReleaseTime", InstanceId=id, AutoReleaseTime="2027-01-01T01:00:00Z")
    assert told(world, id) == "2027-01-01T01:00Z"
    world.call("ModifyInstanceAutoReleaseTime", InstanceId=id)
    assert told(world, id) == ""
    world.call("ModifyInstanceAutoReleaseTime", InstanceId=id, AutoReleaseTime="2027-01-01T01:00:00Z")
    world.call("DeleteInstance", InstanceId=id, Force=True)
    assert load_releases(world.registry) == {}


@pytest.mark.parametrize("time", ["soon", "2026-01-01T00:29:00Z", "2025-01-01T00:00:00Z", "2030-01-01T00:00:00Z"])
def test_a_time_that_cannot_be_is_refused(world: World, time: str) -> None:
    given: dict[str, Any] = {"ImageId": world.image_id, "InstanceType": "ecs.t1.tiny"}
    assert world.refusal("RunInstances", AutoReleaseTime=time, **given).code == "InvalidParameter.AutoReleaseTime"
    assert world.fleet.instances("lab") == ()


def test_types_are_narrowed_and_paged(world: World) -> None:
    def types(**given: Any) -> list[str]:
        found = world.call("DescribeInstanceTypes", **given)["InstanceTypes"]["InstanceType"]
        return [each["InstanceTypeId"] for each in found]

    everything = types()
    assert types(CpuArchitectures=["X86"], InstanceFamilyLevel="EnterpriseLevel", MaximumGPUAmount=0) == everything
    assert types(CpuArchitectures=["ARM"]) == types(MinimumGPUAmount=1) == types(InstanceFamilyLevel="EntryLevel") == []
    assert types(InstanceTypeFamilies=["ecs.t1", "none"]) == [each for each in everything if each.startswith("ecs.t1.")]
    first = world.call("DescribeInstanceTypes", MaxResults=2)
    rest = types(MaxResults=100, NextToken=first["NextToken"])
    assert [each["InstanceTypeId"] for each in first["InstanceTypes"]["InstanceType"]] + rest == everything


@pytest.mark.parametrize("name", ["LockReason", "HpcClusterId", "RdmaIpAddresses"])
def test_no_instance_is_locked_or_in_a_cluster(world: World, name: str) -> None:
    world.run()
    assert world.call("DescribeInstances", **{name: "security"})["TotalCount"] == 0


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    made = Commands(tmp_path)
    yield made
    made.close()


def test_it_is_carried_out_once_and_tried_again_in_the_next_hour(commands: Commands) -> None:
    first, second = commands.make_instances("web-1", "web-2")
    app = App(load_settings({}, commands.environment, commands.folder))
    app.lasts = True
    app.new_engine(None)
    instant = datetime.now(UTC)
    keep_release(app.registry, Release(first.id, app.region, instant - timedelta(minutes=1)))
    keep_release(app.registry, Release(second.id, app.region, instant + timedelta(hours=2)))
    one, other = (ReleaseClock(app, lambda: instant) for _ in range(2))
    assert (one.look(), one.look(), other.look()) == (1, 0, 1)
    (started,) = app.journal.summaries(ExecutionFilter((), RELEASE, "", 50, ""))
    eventually(lambda: app.journal.summary(started.execution_id).status is Status.SUCCESS, "it has ended")
    with pytest.raises(InstanceAbsent):
        app.fleet.of_instance(first.id, app.region)
    assert load_releases(app.registry).keys() == {second.id}
    app.close()

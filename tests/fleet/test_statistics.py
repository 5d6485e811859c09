"""Statistics: every running instance tells what it used; metrics follow from two looks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from oos.fleet.instance import StopMethod
from oos.fleet.statistics import InstanceStatistics, measure

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_running_instance_has_statistics_and_a_stopped_one_has_none(world):
    instance = world.make()
    assert instance.id not in world.hypervisor.statistics()
    world.run(instance.id)
    found = world.hypervisor.statistics()[instance.id]
    assert found.cpus == instance.cpu
    assert 0 < found.memory_kib <= instance.memory_mib * 1024
    world.hypervisor.stop(instance.id, StopMethod.POWER_OFF)
    assert instance.id not in world.hypervisor.statistics()


BEFORE = InstanceStatistics(NOON, cpus=2, memory_kib=1000)
AFTER = replace(
    BEFORE,
    at=NOON + timedelta(seconds=10),
    cpu_nanoseconds=10_000_000_000,
    memory_used_kib=250,
    disk_read_bytes=1000,
    disk_writes=50,
    disk_bytes=200,
    disk_used_bytes=50,
    net_in_bytes=1000,
)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("cpu_total", 50.0),
        ("CPUUtilization", 50.0),
        ("memory_usedutilization", 25.0),
        ("diskusage_utilization", 25.0),
        ("DiskReadBPS", 100.0),
        ("DiskWriteIOPS", 5.0),
        ("InternetInRate", 800.0),
        ("unheard-of", None),
    ],
)
def test_metrics_follow_from_two_looks(metric, value):
    assert measure(metric, BEFORE, AFTER) == value


def test_after_a_restart_of_the_guest_nothing_can_be_said():
    assert measure("cpu_total", AFTER, replace(BEFORE, at=NOON + timedelta(seconds=20))) is None
    assert measure("cpu_total", BEFORE, BEFORE) is None

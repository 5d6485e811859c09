"""Statistics of instances: counters as the hypervisor keeps them, and the metrics that follow from two looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class InstanceStatistics:
    """What a running instance has used so far: counters that only grow while it runs, except for the memory."""

    at: datetime
    cpu_nanoseconds: int = 0
    cpus: int = 1
    memory_kib: int = 0
    """What the guest has."""
    memory_used_kib: int | None = None
    """What of that is in use; None when the guest does not tell (it has no balloon driver)."""
    disk_read_bytes: int = 0
    disk_write_bytes: int = 0
    disk_reads: int = 0
    disk_writes: int = 0
    disk_bytes: int = 0
    """What its disks may hold."""
    disk_used_bytes: int = 0
    """What they take in their pools."""
    net_in_bytes: int = 0
    net_out_bytes: int = 0


def _rate(field: str, factor: float) -> Callable[[InstanceStatistics, InstanceStatistics, float], float | None]:
    def measured(before: InstanceStatistics, after: InstanceStatistics, seconds: float) -> float | None:
        grown = int(getattr(after, field)) - int(getattr(before, field))
        return None if grown < 0 else grown * factor / seconds

    return measured


def _cpu(before: InstanceStatistics, after: InstanceStatistics, seconds: float) -> float | None:
    used = after.cpu_nanoseconds - before.cpu_nanoseconds
    return None if used < 0 else min(100.0, used / 1e9 / seconds / max(1, after.cpus) * 100)


def _memory(_before: InstanceStatistics, after: InstanceStatistics, _seconds: float) -> float | None:
    if after.memory_used_kib is None or not after.memory_kib:
        return None
    return after.memory_used_kib / after.memory_kib * 100


def _disk(_before: InstanceStatistics, after: InstanceStatistics, _seconds: float) -> float | None:
    return after.disk_used_bytes / after.disk_bytes * 100 if after.disk_bytes else None


METRICS: Final[Mapping[str, Callable[[InstanceStatistics, InstanceStatistics, float], float | None]]] = {
    name.casefold(): measure
    for names, measure in (
        ("CPUUtilization cpu_total", _cpu),
        ("memory_usedutilization vm.MemoryUtilization", _memory),
        ("diskusage_utilization vm.DiskUtilization", _disk),
        ("DiskReadBPS disk_readbytes", _rate("disk_read_bytes", 1)),
        ("DiskWriteBPS disk_writebytes", _rate("disk_write_bytes", 1)),
        ("DiskReadIOPS disk_readiops", _rate("disk_reads", 1)),
        ("DiskWriteIOPS disk_writeiops", _rate("disk_writes", 1)),
        ("InternetInRate IntranetInRate networkin_rate VPC_PublicIP_InternetInRate", _rate("net_in_bytes", 8)),
        ("InternetOutRate IntranetOutRate networkout_rate VPC_PublicIP_InternetOutRate", _rate("net_out_bytes", 8)),
    )
    for name in names.split()
}
"""By name in lower case, as the cloud's monitoring calls them: percents, and bytes, requests or bits a second."""


def measure(metric: str, before: InstanceStatistics, after: InstanceStatistics) -> float | None:
    """A metric over the time between two looks; None when nothing can be said, as after a restart of the guest."""
    seconds = (after.at - before.at).total_seconds()
    measured = METRICS.get(metric.casefold())
    return measured(before, after, seconds) if measured is not None and seconds > 0 else None

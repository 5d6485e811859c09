"""Statistics of all running domains in one call.

https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectGetAllDomainStats
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from oos.adapters.libvirt.connection import Handle, libvirt
from oos.fleet.statistics import InstanceStatistics
from oos.values.identifiers import instance_id


def read_statistics(conn: Handle, at: datetime) -> dict[str, InstanceStatistics]:
    """By instance, what every running domain has used."""
    wanted = (
        libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
        | libvirt.VIR_DOMAIN_STATS_VCPU
        | libvirt.VIR_DOMAIN_STATS_BALLOON
        | libvirt.VIR_DOMAIN_STATS_BLOCK
        | libvirt.VIR_DOMAIN_STATS_INTERFACE
    )
    # NOWAIT: a domain that is busy with a long job tells less, and holds up nobody.
    flags = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_RUNNING | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
    return {
        instance_id(domain.UUIDString()): statistics_of(told, at)
        for domain, told in conn.getAllDomainStats(wanted, flags)
    }


def statistics_of(told: Mapping[str, Any], at: datetime) -> InstanceStatistics:
    """What libvirt's names mean; a field that it leaves out is nought."""

    def number(name: str) -> int:
        return int(told.get(name, 0))

    def total(kind: str, name: str) -> int:
        return sum(number(f"{kind}.{each}.{name}") for each in range(number(f"{kind}.count")))

    memory = number("balloon.available") or number("balloon.current")
    free = told.get("balloon.usable", told.get("balloon.unused"))
    return InstanceStatistics(
        at=at,
        cpu_nanoseconds=number("cpu.time"),
        cpus=number("vcpu.current") or 1,
        memory_kib=memory,
        memory_used_kib=None if free is None else max(0, memory - int(free)),
        disk_read_bytes=total("block", "rd.bytes"),
        disk_write_bytes=total("block", "wr.bytes"),
        disk_reads=total("block", "rd.reqs"),
        disk_writes=total("block", "wr.reqs"),
        disk_bytes=total("block", "capacity"),
        disk_used_bytes=total("block", "physical"),
        net_in_bytes=total("net", "rx.bytes"),
        net_out_bytes=total("net", "tx.bytes"),
    )

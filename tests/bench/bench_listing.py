"""DescribeInstances over 2,000 adopted domains, beside libvirt's own bulk listing in the same run (DESIGN 11).

Domains of libvirt's test driver: no emulator, so what is measured is the listing alone. Peer: states in one call and
the XML of each domain, which is what anyone has to fetch who wants to know tags. Run by `make bench`.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from oos.adapters.libvirt.connection import libvirt
from oos.adapters.libvirt.domain_template import domain_xml
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.fleet.fleet import Fleet
from oos.inventory.load import local_inventory
from oos.service.call import invoke
from oos.service.catalog import Catalog, installed_modules
from oos.service.context import Context
from oos.service.registry import MemoryRegistry
from tests.fleet.test_domain_xml import FROM_DISK

DOMAINS = 2000
ROUNDS = 9
REPEATED = 200
"""Calls between two looks at the memory."""


def define(conn: libvirt.virConnect) -> None:
    """Domains such as others make: the test driver's, every one with a disk and a card."""
    for number in range(DOMAINS):
        uuid = f"22345678-1234-1234-1234-{number:012d}"
        conn.defineXML(domain_xml(replace(FROM_DISK, type="test", name=f"many-{number}", uuid=uuid)))


def bare(conn: libvirt.virConnect) -> list[str]:
    """What libvirt itself takes."""
    listed = conn.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE, 0)
    return [domain.XMLDesc(0) for domain, _ in listed]


def median(do: Callable[[], object]) -> float:
    """The middle of some runs, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        do()
        times.append(time.perf_counter() - begun)
    return 1000 * statistics.median(times)


def main() -> None:
    """Measure and print."""
    inventory = local_inventory("test:///default")
    fleet = Fleet(inventory, LibvirtHypervisor)
    hypervisor = fleet.hypervisor(fleet.hosts()[0])
    assert isinstance(hypervisor, LibvirtHypervisor)
    connection = hypervisor._connection
    connection.call("host", "defining", define, seconds=300)
    operation = Catalog(installed_modules()).operation("ECS", "DescribeInstances")
    assert operation is not None
    context = Context(fleet, MemoryRegistry(), inventory.default_region, "bench")

    def ask() -> object:
        return invoke(operation, {"InstanceName": "many-19*", "Status": "Stopped", "PageSize": 10}, context)

    begun = time.perf_counter()
    ask()
    first = 1000 * (time.perf_counter() - begun)
    peer = median(lambda: connection.call("host", "listing", bare))
    ours = median(ask)
    print(f"{'DescribeInstances, filter, first page of ' + format(DOMAINS, ','):<52}{ours:>9,.1f} ms")
    print(f"{'the same for the first time':<52}{first:>9,.1f} ms")
    print(f"{'libvirt: states in bulk, XML of each':<52}{peer:>9,.1f} ms")
    print(f"  {ours / peer:.2f} × libvirt's own listing (bar: at most 3)")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(REPEATED):
        ask()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"  {REPEATED} more calls: peak memory {before / 1024:.1f} → {after / 1024:.1f} MB")
    fleet.close()


if __name__ == "__main__":
    main()

"""Two hosts of one zone to move instances between: simulated ones, and two of a lab."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.fleet.fleet import Fleet
from oos.fleet.instance import Instance
from oos.inventory.model import Host, Inventory, Migration, Region, Zone
from oos.lab.config import LabConfig
from oos.lab.hosts import hosts_of
from tests.fleet.world import World, simulated_world

__all__ = ["TwoHosts", "lab_hosts", "real_hosts", "simulated_hosts"]


@dataclass
class TwoHosts:
    """Instances are made on the first, and moved to the second."""

    first: World
    second: World

    def move(self, instance_id: str) -> Instance:
        """From the first to the second."""
        return self.first.hypervisor.move_instance(instance_id, self.second.hypervisor, lambda percent: None)

    def move_back(self, instance_id: str) -> Instance:
        """From the second to the first."""
        return self.second.hypervisor.move_instance(instance_id, self.first.hypervisor, lambda percent: None)

    def traces(self, world: World) -> set[str]:
        """All that a host has of instances."""
        host = world.hypervisor
        return {each.id for listed in (host.instances(), host.disks(), host.snapshots()) for each in listed}

    @property
    def fleet(self) -> Fleet:
        """Both as a fleet."""
        at = {each.hypervisor.host.name: each.hypervisor for each in (self.first, self.second)}
        hosts = tuple(each.host for each in at.values())
        zone = Zone(hosts[0].zone, hosts[0].region, hosts[0].zone, hosts)
        return Fleet(
            Inventory((Region(zone.region, zone.region, (zone,)),), {}, zone.region), lambda host: at[host.name]
        )


def simulated_hosts() -> TwoHosts:
    """Two simulated hosts; only the first has the image."""
    second = MemoryHypervisor(Host("sim-2", "memory:///sim-2", "zone-a", "local"))
    first = simulated_world()
    return TwoHosts(first, World(second, first.image_id, first.disk_folder))


def lab_hosts(config: LabConfig) -> tuple[Host, Host]:
    """The two hosts of a lab as an inventory names them."""
    (beside,) = hosts_of(config)
    way = Migration(address="tcp://127.0.0.1")
    return (
        Host("lab-1", config.uri, "lab-a", "lab", migration=way),
        Host(beside.name, beside.uri, "lab-a", "lab", migration=way),
    )


@contextmanager
def real_hosts(config: LabConfig) -> Iterator[TwoHosts]:
    """The two hosts of a lab that is up."""
    # Imported here: without libvirt the simulation is still tested.
    from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
    from tests.fleet.real_world import RealWorld

    hypervisors = [LibvirtHypervisor(host) for host in lab_hosts(config)]
    try:
        (image,) = (image for image in hypervisors[0].images() if image.family == "lab")
        first, second = (RealWorld(each, image.id, "/root", config=config) for each in hypervisors)
        yield TwoHosts(first, second)
    finally:
        for each in hypervisors:
            each.close()

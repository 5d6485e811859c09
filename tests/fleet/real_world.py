"""A real world to test the libvirt adapter in: a lab, and its image with a manifest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from oos.adapters.libvirt.connection import Deadlines
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.fleet.instance import Instance
from oos.fleet.network import Network
from oos.inventory.model import Host, Pools, Uplink
from oos.lab.config import LabConfig
from oos.lab.lab import run_in_zone
from tests.fleet.world import World

CONNECT_SECONDS: Final = 1
"""How long a connection may take to be made; one that is filtered takes it all."""


@dataclass
class RealWorld(World):
    """A world of real guests, and the zone below it."""

    config: LabConfig | None = None

    @property
    def zone(self) -> LabConfig:
        """The zone."""
        assert self.config is not None
        return self.config

    @property
    def libvirt(self) -> LibvirtHypervisor:
        """The hypervisor, as what it is."""
        assert isinstance(self.hypervisor, LibvirtHypervisor)
        return self.hypervisor

    def connects(self, source: Instance | None, target: Instance, port: int) -> bool:
        return self._connects(source, self.address(target), port)

    def has_way(self, source: Network, target: Network) -> bool:
        def bridge(network: Network) -> str:
            shown = run_in_zone(self.zone, ["virsh", "-q", "-c", "qemu:///system", "net-info", network.name])
            return shown.stdout.decode().split("Bridge:")[1].split()[0]

        element = f'{{ "{bridge(source)}" . "{bridge(target)}" }}'
        return run_in_zone(self.zone, ["nft", "get", "element", "ip", "oos-vpc", "ways", element]).returncode == 0

    def can_ask_outside(self, source: Instance) -> bool:
        (gateway,) = (each.gateway for each in self.hypervisor.networks() if each.name == source.interfaces[0].network)
        return self._connects(source, gateway, 53)

    def _connects(self, source: Instance | None, address: str, port: int) -> bool:
        # It ends once it is connected: what waited for the other end to close would hang when the rule goes meanwhile.
        argv = ["nc", "-w", str(CONNECT_SECONDS), address, str(port), "-e", "/bin/busybox", "true"]
        if source is None:
            return run_in_zone(self.zone, ["busybox", *argv], input=b"").returncode == 0
        return self.finish(source.id, self.hypervisor.guest_execute(source.id, ["/bin/busybox", *argv])).exit_code == 0


def lab_host(config: LabConfig, **pools: str) -> Host:
    """The lab as a host of an inventory."""
    return Host("lab-1", config.uri, "lab-a", "lab", Pools(**pools), uplink=Uplink(run=(str(config.entrance),)))


@contextmanager
def real_world(config: LabConfig, deadlines: Deadlines | None = None) -> Iterator[RealWorld]:
    """The world in a lab that is up."""
    hypervisor = LibvirtHypervisor(lab_host(config), deadlines)
    try:
        (image,) = (image for image in hypervisor.images() if image.family == "lab")
        yield RealWorld(hypervisor, image.id, "/root", config=config)
    finally:
        hypervisor.close()

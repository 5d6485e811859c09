"""A real world to test the libvirt adapter in: a lab, and its image with a manifest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from oos.adapters.libvirt.connection import Connection, Deadlines
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.adapters.libvirt.manifests import Manifests
from oos.adapters.libvirt.pools import Pool
from oos.fleet.manifest import ImageManifest, decode_image_manifest
from oos.fleet.storage import DirectBoot
from oos.inventory.model import Host, Pools
from oos.lab import guest
from oos.lab.config import LabConfig
from oos.values.identifiers import resource_id
from tests.fleet.world import World


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


def lab_host(config: LabConfig, **pools: str) -> Host:
    """The lab as a host of an inventory."""
    return Host("lab-1", config.uri, "lab-a", "lab", Pools(**pools))


@contextmanager
def real_world(config: LabConfig, deadlines: Deadlines | None = None) -> Iterator[RealWorld]:
    """The world in a lab that is up."""
    image_id = publish_image(config)
    hypervisor = LibvirtHypervisor(lab_host(config), deadlines)
    try:
        yield RealWorld(hypervisor, image_id, "/root", config=config)
    finally:
        hypervisor.close()


def publish_image(config: LabConfig) -> str:
    """Give the lab's image, which lies in the pool already, a manifest."""
    image = guest.build(config.cache, lambda message: None)
    id = resource_id("m", image.digest)
    prefix = f"lab-{image.digest}"
    manifest = ImageManifest(
        id=id,
        volume=f"{prefix}-disk.qcow2",
        created="2026-01-01T00:00:00Z",
        name="tiny",
        os_name="Lab Linux",
        boot=DirectBoot(f"{prefix}-vmlinuz", f"{prefix}-initrd", image.command_line),
    )
    connection = Connection("lab-1", config.uri)
    try:
        pool = Pool(connection, "images")
        pool.refresh()
        Manifests(pool, "m", decode_image_manifest).put(manifest)
    finally:
        connection.close()
    return id

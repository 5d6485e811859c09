"""Nouns of the inventory: Region → Zone → Host, and instance types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from oos.inventory.prices import Prices
from oos.values.identifiers import resource_id


@dataclass(frozen=True, slots=True)
class Pools:
    """Names of the storage pools of a host, by what they hold."""

    images: str = "images"
    disks: str = "disks"
    snapshots: str = "snapshots"


class Accelerator(StrEnum):
    """How the processors of new instances are made."""

    AUTO = "auto"
    """KVM where libvirt says that it can, else emulation. Some hosts say so and yet hang: write `tcg` there."""
    KVM = "kvm"
    TCG = "tcg"


@dataclass(frozen=True, slots=True)
class Uplink:
    """How a host holds elastic addresses for the instances on it."""

    device: str = "lo"
    """The card that has them; a host answers for its addresses on every card, so `lo` does for most."""
    run: tuple[str, ...] = ()
    """What runs a program there, such as `ssh root@host`; empty: this machine is the host."""


@dataclass(frozen=True, slots=True)
class Migration:
    """How running guests come to a host from others of its zone; what is empty is left to libvirt."""

    uri: str = ""
    """How the daemons of the other hosts reach this one's; empty: as it is reached from here."""
    address: str = ""
    """Where guests' memory and disks are sent to, such as `tcp://10.0.0.2`; empty: what the host calls itself."""


@dataclass(frozen=True, slots=True)
class Host:
    """One hypervisor: a libvirt URI, and what it is called."""

    name: str
    uri: str
    zone: str
    region: str
    pools: Pools = field(default_factory=Pools)
    network: str = "default"
    """The libvirt network that an instance joins when its request names none."""
    accelerator: Accelerator = Accelerator.AUTO
    uplink: Uplink | None = None
    """None: it translates no elastic addresses."""
    migration: Migration = field(default_factory=Migration)
    maintenance: bool = False
    """A host in maintenance is left out of every listing, on purpose and in the open."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A failure domain of a region: some hosts."""

    id: str
    region: str
    local_name: str
    hosts: tuple[Host, ...]


@dataclass(frozen=True, slots=True)
class SshAccess:
    """How a machine is reached over SSH; what is empty is left to ssh_config(5)."""

    address: str
    """A name of ssh_config, a host name or an address."""
    user: str = ""
    port: int | None = None
    config: str = ""
    """Another file than `~/.ssh/config`."""
    sudo: bool = False
    """Whether the user becomes root by `sudo -n`."""


@dataclass(frozen=True, slots=True)
class ManagedInstance:
    """A machine of somebody else's that is commanded over SSH."""

    name: str
    region: str
    access: SshAccess
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`mi-` and 20 hex digits, from region and name."""
        return resource_id("mi", f"{self.region}/{self.name}")


@dataclass(frozen=True, slots=True)
class Region:
    """A place with zones; an execution runs in one region."""

    id: str
    local_name: str
    zones: tuple[Zone, ...]
    elastic_addresses: tuple[str, ...] = ()
    """Addresses, and ranges of them (`203.0.113.16/28`), that AllocateEipAddress gives out."""
    managed: tuple[ManagedInstance, ...] = ()
    ssh: SshAccess | None = None
    """How guests are reached whose agents do not answer, at their own addresses; None: they are not."""

    def hosts(self) -> Iterator[Host]:
        """The hosts of all zones, those in maintenance left out."""
        for zone in self.zones:
            yield from (host for host in zone.hosts if not host.maintenance)


@dataclass(frozen=True, slots=True)
class InstanceType:
    """A size: virtual processors and memory."""

    id: str
    cpu: int
    memory_mib: int

    @property
    def family(self) -> str:
        """`ecs.t1` of `ecs.t1.tiny`."""
        return self.id.rsplit(".", 1)[0]


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything there is to manage, as the operator wrote it down."""

    regions: tuple[Region, ...]
    instance_types: Mapping[str, InstanceType]
    default_region: str
    prices: Prices = field(default_factory=Prices)
    """What the operator wrote down that instances cost; empty when he did not."""
    buckets: Mapping[str, Path] = field(default_factory=dict)
    """Directories, by the names of the buckets that images come from and go to."""

    def region(self, id: str) -> Region | None:
        """The region with this id, or None."""
        return next((region for region in self.regions if region.id == id), None)

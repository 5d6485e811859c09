"""Instances: what a virtual machine is, what it should become, and what one asks of its power."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from oos.fleet.network import Bandwidth


class Power(StrEnum):
    """What an instance is doing, in the words of ECS instance status."""

    RUNNING = "Running"
    STOPPED = "Stopped"
    STARTING = "Starting"
    STOPPING = "Stopping"
    PAUSED = "Paused"
    """libvirt's paused: neither runs nor is off. ECS has no word for it; it is shown as Stopping."""


class StopMethod(StrEnum):
    """How a guest is asked to stop, gentlest first."""

    AGENT = "agent"
    ACPI = "acpi"
    POWER_OFF = "power-off"


@dataclass(frozen=True, slots=True)
class NetworkInterface:
    """A network card of an instance."""

    mac: str
    network: str
    security_group_ids: tuple[str, ...] = ()
    bandwidth: Bandwidth = field(default_factory=Bandwidth)

    @property
    def id(self) -> str:
        """`eni-` and 20 hex digits, from the MAC address."""
        return interface_id(self.mac)


def interface_id(mac: str) -> str:
    """The id of the network card with this MAC address, plugged in or not."""
    return f"eni-{mac.replace(':', '').lower():0>20}"


@dataclass(frozen=True, slots=True)
class Labels:
    """What the operator wrote on an instance: kept in the domain's metadata, never in its working parts."""

    name: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    deletion_protection: bool = False
    resource_group: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """A virtual machine as it was observed."""

    id: str
    uuid: str
    domain: str
    """libvirt's name of the domain."""
    host: str
    zone: str
    region: str
    power: Power
    cpu: int
    memory_mib: int
    labels: Labels = field(default_factory=Labels)
    instance_type: str = ""
    image_id: str = ""
    host_name: str = ""
    key_pair: str = ""
    created: datetime | None = None
    """None for an adopted domain: libvirt does not remember."""
    started: datetime | None = None
    interfaces: tuple[NetworkInterface, ...] = ()
    disk_ids: tuple[str, ...] = ()
    token: str = ""
    """Client token of the request that made it; empty for an adopted domain."""
    has_agent: bool = False
    """Whether the guest agent is connected now."""
    moving_from: str = ""
    """The host that it comes from, until its move is complete; it is not started before."""

    @property
    def name(self) -> str:
        """The name a person gave it, or the domain's."""
        return self.labels.name or self.domain


@dataclass(frozen=True, slots=True)
class InstanceSize:
    """How large an instance should be, from its next start on."""

    cpu: int
    memory_mib: int
    instance_type: str = ""
    threads_per_core: int = 0
    """How the guest sees its processors: threads of cores of one socket. 0: as the hypervisor likes."""


@dataclass(frozen=True, slots=True)
class DataDiskSpec:
    """A disk to be made with an instance: empty, or with the content of a snapshot or of a disk of the image."""

    size_bytes: int
    """At least; one with content is never smaller than that."""
    name: str = ""
    snapshot_id: str = ""
    image_device: str = ""
    """The device of the image's disk."""


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """What an instance should be when it is made. Its UUID is derived from the token, so making it twice makes one."""

    token: str
    image_id: str
    instance_type: str
    cpu: int
    memory_mib: int
    labels: Labels = field(default_factory=Labels)
    host_name: str = ""
    network: str = ""
    """Empty: the host's default network."""
    security_group_ids: tuple[str, ...] = ()
    system_disk_bytes: int | None = None
    """None: as large as the image."""
    data_disks: tuple[DataDiskSpec, ...] = ()
    key_pair: str = ""
    """Name of the key pair; noted."""
    public_key: str = ""
    """Its public key, which opens root's account from the first start on."""
    password_hash: str = ""
    """Hash of root's password, as /etc/shadow has it; counts from the first start on."""
    user_data: bytes = b""
    """What the guest carries out at its first start, as cloud-init understands it."""
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class GuestAddress:
    """An address of a guest, as the agent (or the lease table) tells it."""

    mac: str
    address: str
    prefix: int
    interface: str = ""


@dataclass(frozen=True, slots=True)
class GuestProcess:
    """A program in a guest that the agent started."""

    pid: int
    exited: bool
    exit_code: int | None = None
    signal: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class GuestInfo:
    """What the agent tells about the system in the guest."""

    os_name: str = ""
    os_version: str = ""
    kernel: str = ""
    host_name: str = ""
    boot_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class InstanceEvent:
    """Something that happened to an instance, as the hypervisor told it."""

    instance_id: str
    domain: str
    kind: str
    """`Started`, `Stopped`, `Suspended`, `Resumed`, `Shutdown`, `Crashed`, `Defined`, `Undefined`, `Rebooted`,
    `Moved` (it goes on on this host, having come from another)."""
    detail: str = ""

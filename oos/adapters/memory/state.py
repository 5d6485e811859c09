"""The whole state of a simulated host, as a JSON-able value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from oos.fleet.firewall import GroupFilter
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import GuestProcess, Instance, Power
from oos.fleet.network import Network
from oos.fleet.seed import Seed
from oos.fleet.statistics import InstanceStatistics
from oos.fleet.storage import Disk, Image, Snapshot
from oos.fleet.translation import Translations
from oos.inventory.model import Host
from oos.values.identifiers import resource_id
from oos.values.typed import convert_as, decode_as

Files = dict[str, bytes]
"""What is on a disk: content by path."""


@dataclass(slots=True)
class Guest:
    """What goes on inside a running guest; gone when its power is."""

    ready_at: datetime
    """From then on its agent answers."""
    off_at: datetime | None = None
    """When it will have shut down, once asked."""
    frozen: bool = False
    processes: dict[str, GuestProcess] = field(default_factory=dict)
    ends: dict[str, datetime] = field(default_factory=dict)
    last_pid: int = 100
    boot: str = ""
    """What the guest's kernel calls this start of it."""


@dataclass(slots=True)
class HostState:
    """Everything on one simulated host."""

    networks: list[str] = field(default_factory=lambda: ["default"])
    translations: Translations = field(default_factory=Translations)
    network_details: dict[str, Network] = field(default_factory=dict)
    """What is known about a network beyond its name; one without is as `plain_network` has it."""
    group_filters: dict[str, GroupFilter] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    guests: dict[str, Guest] = field(default_factory=dict)
    """By instance; there is one while the instance has power."""
    seeds: dict[str, Seed] = field(default_factory=dict)
    """By instance: what its guest is told at the first start of its system disk."""
    consoles: dict[str, bytes] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    files: dict[str, Files] = field(default_factory=dict)
    """Content of disks, snapshots and images by id. A snapshot's is whole, whatever its parent."""
    checkpoints: dict[str, str] = field(default_factory=dict)
    """By disk: the snapshot since which changes are known."""
    restores: dict[str, str] = field(default_factory=dict)
    """By disk: the token of its last restore."""
    effects: dict[str, int] = field(default_factory=dict)
    """How often each effect took place: `method token-or-id` to count."""
    statistics: dict[str, InstanceStatistics] = field(default_factory=dict)
    """What instances have used, where a test says so."""
    unreachable: bool = False
    full: bool = False
    """Whether the disk below the pools is full."""
    cpus: int = 64
    memory_mib: int = 1 << 20
    pool_bytes: int = 1 << 40
    """Room of the pool of snapshots."""
    deaf: list[str] = field(default_factory=list)
    """Instances whose guest ignores the power button and the agent's shutdown."""
    without_agent: list[str] = field(default_factory=list)
    """Instances whose agent does not answer."""
    unfreezable: list[str] = field(default_factory=list)
    """Instances whose agent cannot freeze file systems."""
    autostarted: list[str] = field(default_factory=list)
    """Instances that start with their host."""
    in_handover: list[str] = field(default_factory=list)
    """Instances that stand still since a move of theirs died in the moment of the handover."""
    displays: dict[str, str] = field(default_factory=dict)
    """By instance that has a display: its password."""
    threads: dict[str, int] = field(default_factory=dict)
    """By instance: threads of a core, where that was asked."""


def keys_path(user: str) -> str:
    """Where the keys that open a user's account are in a simulated guest."""
    return f"{'/root' if user == 'root' else f'/home/{user}'}/.ssh/authorized_keys"


def to_value(state: HostState) -> dict[str, Any]:
    """The state as a JSON-able value."""
    value: dict[str, Any] = msgspec.to_builtins(state)
    return value


def from_value(value: Mapping[str, Any]) -> HostState:
    """The state that such a value holds. Raises msgspec.ValidationError."""
    return convert_as(value, HostState)


def load_state(path: Path) -> HostState | None:
    """The state kept in a file, or None when there is none."""
    try:
        return decode_as(path.read_bytes(), HostState)
    except FileNotFoundError:
        return None


def save_state(path: Path, state: HostState) -> None:
    """Keep the state in a file, in place of what was there, whole or not at all."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.write_bytes(msgspec.json.encode(state))
    fresh.replace(path)


def twin_of(hypervisor: Hypervisor) -> HostState:
    """A copy of what can be observed of a host; the content of its disks is not known, and is left empty."""
    instances = hypervisor.instances()
    capacity = hypervisor.capacity()
    details = {each.name: each for each in hypervisor.networks()}
    networks = {*details, *(card.network for each in instances for card in each.interfaces)}
    snapshots = {each.id: each for each in hypervisor.snapshots()}
    checkpoints: dict[str, str] = {}
    for each in sorted(snapshots.values(), key=lambda each: each.created):
        checkpoints[each.disk_id] = each.id
    return HostState(
        cpus=capacity.cpus,
        memory_mib=capacity.memory_mib,
        networks=sorted(networks),
        network_details=details,
        group_filters={each.id: each for each in hypervisor.group_filters()},
        translations=hypervisor.translations() if hypervisor.host.uplink is not None else Translations(),
        instances={each.id: each for each in instances},
        disks={each.id: each for each in hypervisor.disks()},
        snapshots=snapshots,
        images={each.id: each for each in hypervisor.images()},
        checkpoints=checkpoints,
        without_agent=[each.id for each in instances if each.power is Power.RUNNING and not each.has_agent],
    )


def plain_network(name: str, host: Host) -> Network:
    """A network about which nothing was said."""
    cidr, gateway = "10.1.0.0/16", "10.1.0.1"
    return Network(name, host.name, host.zone, host.region, cidr, gateway, has_dhcp=True)


def sample_image(host_name: str, zone: str, region: str, *, name: str = "tiny", size_bytes: int = 64 << 20) -> Image:
    """An image for a simulated host to begin with."""
    return Image(
        id=resource_id("m", name),
        host=host_name,
        zone=zone,
        region=region,
        volume=f"{resource_id('m', name)}.qcow2",
        size_bytes=size_bytes,
        name=name,
        os_name="Tiny Linux",
    )

"""Where a lab lives and what it looks like."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oos.inventory.lab import lab_runtime

SUBNET = ipaddress.IPv4Network("10.77.1.0/24")
ELASTIC = ipaddress.IPv4Network("203.0.113.0/28")
"""The elastic addresses that inventory/lab.yml gives the lab: of documentation, and so nobody's (RFC 5737)."""


@dataclass(frozen=True, slots=True)
class LabConfig:
    """A lab: everything of it stands in one directory."""

    directory: Path
    cache: Path
    """What outlives `oos lab down`: packages, guest images, keys, and what was found out about this host."""
    subnet: ipaddress.IPv4Network = SUBNET
    guests: tuple[str, ...] = ("web-1", "web-2")
    hosts: int = 1
    """How many hypervisors its zone should have; what `oos lab up` made once it keeps until `oos lab down`."""

    @property
    def runtime(self) -> Path:
        """Where the sockets are."""
        return lab_runtime(self.directory)

    @property
    def socket(self) -> Path:
        """The socket of the lab's libvirtd."""
        return self.runtime / "libvirt-sock"

    @property
    def entrance(self) -> Path:
        """A program that runs the rest of its line in the lab's namespaces, or fails when they are gone."""
        return self.runtime / "enter"

    @property
    def uri(self) -> str:
        """The libvirt URI of the lab, usable from outside its namespaces."""
        return f"qemu:///system?socket={self.socket}"

    @property
    def host_uuid(self) -> uuid.UUID:
        """By this libvirt tells the lab from the hypervisor it runs on, and from other labs."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"oos-lab:{self.directory}")

    def pool(self, name: str) -> Path:
        """The directory of a storage pool."""
        return self.directory / "pools" / name


POOLS = ("images", "disks", "snapshots")


def lab_config(environment: Mapping[str, str], directory: Path | None = None) -> LabConfig:
    """The lab that a person means: the directory named, else `OOS_LAB_DIR`, else one in the XDG state directory.

    `OOS_LAB_CACHE` moves the cache, so that several labs share one.
    """
    if directory is None:
        named = environment.get("OOS_LAB_DIR")
        home = environment.get("HOME") or "/root"
        state = environment.get("XDG_STATE_HOME") or f"{home}/.local/state"
        directory = Path(named) if named else Path(state) / "oos" / "lab"
    directory = directory.expanduser().resolve()
    cache = environment.get("OOS_LAB_CACHE")
    return LabConfig(directory, Path(cache).expanduser().resolve() if cache else directory / "cache")

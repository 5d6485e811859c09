"""Networks: what instances are plugged into, and the cards they are plugged in with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """How much a network card may carry, in kilobytes (1000 bytes) a second as libvirt counts; 0 is no limit."""

    inbound: int = 0
    """Towards the guest."""
    outbound: int = 0


@dataclass(frozen=True, slots=True)
class NetworkLabels:
    """What a person wrote on a network."""

    name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """A network of a host as it was observed; its name on the host is the id of the vSwitch."""

    name: str
    host: str
    zone: str
    region: str
    cidr: str = ""
    """Empty where the host has no address in it (a bridge to the outside, say)."""
    gateway: str = ""
    """The host's own address in it."""
    has_dhcp: bool = False
    is_active: bool = True
    labels: NetworkLabels = field(default_factory=NetworkLabels)
    vpc_id: str = ""
    """Empty: made by others, and so in no VPC."""
    vpc_cidr: str = ""
    """Addresses of the VPC, kept with each of its networks: so the VPC outlives the registry."""
    reservations: Mapping[str, str] = field(default_factory=dict)
    """Addresses that DHCP keeps for cards, by MAC address."""
    created: datetime | None = None
    token: str = ""


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """What a network should be when it is made. Its name is derived from the token, so making it twice makes one."""

    token: str
    cidr: str
    vpc_id: str = ""
    vpc_cidr: str = ""
    labels: NetworkLabels = field(default_factory=NetworkLabels)
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class InterfaceSpec:
    """A network card to be plugged into an instance; its MAC address is derived from a token."""

    mac: str
    network: str
    bandwidth: Bandwidth = field(default_factory=Bandwidth)
    security_group_ids: tuple[str, ...] = ()
    """Groups that filter it from its first packet on."""

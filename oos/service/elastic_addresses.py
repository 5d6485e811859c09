"""Elastic addresses: who has which address of the region, what shares a limit, which ports lead where, in the registry.

Hosts carry out what stands here; whatever is done, first it is written here, then carried out, then looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from oos.service.registry import Registry
from oos.values.typed import convert_as

_ADDRESS: Final = "elastic-address"
_PACKAGE: Final = "bandwidth-package"
_GATEWAY: Final = "nat-gateway"
_ENTRY: Final = "forward-entry"

T = TypeVar("T")


class EipStatus(StrEnum):
    """In the words of VPC."""

    AVAILABLE = "Available"
    ASSOCIATING = "Associating"
    IN_USE = "InUse"
    UNASSOCIATING = "Unassociating"


class HolderType(StrEnum):
    """What an elastic address can be associated with, in the words of VPC."""

    INSTANCE = "EcsInstance"
    INTERFACE = "NetworkInterface"
    GATEWAY = "Nat"


@dataclass(frozen=True, slots=True)
class Holder:
    """What an elastic address is associated with, and where that is."""

    id: str
    type: HolderType
    host: str = ""
    """Empty for a NAT gateway no port of which leads anywhere yet."""
    address: str = ""
    """The guest's own; empty for a NAT gateway."""
    network: str = ""
    mac: str = ""
    is_pinned: bool = False
    """Whether DHCP keeps the guest's address for it because of this."""


@dataclass(frozen=True, slots=True)
class ElasticAddress:
    """An address that was given out."""

    id: str
    region: str
    address: str
    created: datetime
    token: str
    bandwidth: int = 5
    """Mbit/s, in each direction."""
    charge_type: str = "PayByTraffic"
    isp: str = "BGP"
    name: str = ""
    description: str = ""
    resource_group: str = ""
    package_id: str = ""
    is_protected: bool = False
    is_public: bool = False
    """Whether it is the instance's public address, and so goes with it, rather than an elastic one."""
    status: EipStatus = EipStatus.AVAILABLE
    holder: Holder | None = None


@dataclass(frozen=True, slots=True)
class BandwidthPackage:
    """A limit that several elastic addresses share."""

    id: str
    region: str
    bandwidth: int
    created: datetime
    token: str
    name: str = ""
    description: str = ""
    charge_type: str = "PayByBandwidth"
    isp: str = "BGP"
    ratio: int = 100
    resource_group: str = ""
    is_protected: bool = False


@dataclass(frozen=True, slots=True)
class NatGateway:
    """What holds addresses of which single ports lead into a VPC."""

    id: str
    region: str
    vpc_id: str
    created: datetime
    token: str
    name: str = ""
    description: str = ""
    is_protected: bool = False

    @property
    def forward_table_id(self) -> str:
        """The id of its table of forward entries."""
        return f"ftb-{self.id.removeprefix('ngw-')}"


@dataclass(frozen=True, slots=True)
class ForwardEntry:
    """A port of an elastic address, and where it leads; without a protocol, all of it leads there."""

    id: str
    region: str
    gateway_id: str
    address: str
    protocol: str
    port: int
    target: str
    target_port: int
    host: str
    token: str
    name: str = ""


def _all(registry: Registry, kind: str, region: str, type: type[T]) -> Iterator[T]:
    for _, document in registry.items(kind, f"{region}/"):
        yield convert_as(dict(document), type)


def load_addresses(registry: Registry, region: str) -> list[ElasticAddress]:
    """Every address that was given out."""
    return list(_all(registry, _ADDRESS, region, ElasticAddress))


def add_address(registry: Registry, address: ElasticAddress) -> bool:
    """Give out an address, unless somebody has it; whether it was given."""
    return registry.add(_ADDRESS, f"{address.region}/{address.address}", msgspec.to_builtins(address))


def keep_address(registry: Registry, address: ElasticAddress) -> ElasticAddress:
    """Write down what is known of an address now."""
    registry.put(_ADDRESS, f"{address.region}/{address.address}", msgspec.to_builtins(address))
    return address


def forget_address(registry: Registry, address: ElasticAddress) -> None:
    """An address can be given to others."""
    registry.remove(_ADDRESS, f"{address.region}/{address.address}")


def load_packages(registry: Registry, region: str) -> list[BandwidthPackage]:
    """Every bandwidth package."""
    return list(_all(registry, _PACKAGE, region, BandwidthPackage))


def keep_package(registry: Registry, package: BandwidthPackage) -> None:
    """Write down what is known of a package now."""
    registry.put(_PACKAGE, f"{package.region}/{package.id}", msgspec.to_builtins(package))


def forget_package(registry: Registry, package: BandwidthPackage) -> None:
    """A package is gone."""
    registry.remove(_PACKAGE, f"{package.region}/{package.id}")


def load_gateways(registry: Registry, region: str) -> list[NatGateway]:
    """Every NAT gateway."""
    return list(_all(registry, _GATEWAY, region, NatGateway))


def keep_gateway(registry: Registry, gateway: NatGateway) -> None:
    """Write down what is known of a gateway now."""
    registry.put(_GATEWAY, f"{gateway.region}/{gateway.id}", msgspec.to_builtins(gateway))


def forget_gateway(registry: Registry, gateway: NatGateway) -> None:
    """A gateway is gone."""
    registry.remove(_GATEWAY, f"{gateway.region}/{gateway.id}")


def load_entries(registry: Registry, region: str) -> list[ForwardEntry]:
    """Every forward entry."""
    return list(_all(registry, _ENTRY, region, ForwardEntry))


def keep_entry(registry: Registry, entry: ForwardEntry) -> None:
    """Write down what is known of an entry now."""
    registry.put(_ENTRY, f"{entry.region}/{entry.id}", msgspec.to_builtins(entry))


def forget_entry(registry: Registry, entry: ForwardEntry) -> None:
    """An entry is gone."""
    registry.remove(_ENTRY, f"{entry.region}/{entry.id}")

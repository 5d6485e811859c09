"""Elastic addresses: who has which address of the region, what shares a limit, which ports lead where, in the registry.

Hosts carry out what stands here; whatever is done, first it is written here, then carried out, then looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from oos.service.kept import KeptByRegion

MOST_MEGABITS: Final = 100_000
"""What an address may carry that is not limited."""


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
    inbound: int = 0
    """Mbit/s towards the guest, where that is another limit; 0: the same."""
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
    """Ports of an elastic address, and where they lead; without a protocol, all of it leads there."""

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
    last: int = 0
    """Of a range of ports the last, which leads as far behind the target's port; 0: it is one port."""

    @property
    def ports(self) -> range:
        """The ports that lead on."""
        return range(self.port, (self.last or self.port) + 1)


ELASTIC_ADDRESSES: Final = KeptByRegion("elastic-address", ElasticAddress, lambda each: each.address)
"""Every address that was given out."""
BANDWIDTH_PACKAGES: Final = KeptByRegion("bandwidth-package", BandwidthPackage, lambda each: each.id)
NAT_GATEWAYS: Final = KeptByRegion("nat-gateway", NatGateway, lambda each: each.id)
FORWARD_ENTRIES: Final = KeptByRegion("forward-entry", ForwardEntry, lambda each: each.id)

"""VPCs: groups of networks with one range of addresses, as documents of the registry, and as their networks tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from oos.fleet.network import Network
from oos.service.registry import Registry
from oos.values.typed import convert_as

_KIND: Final = "vpc"


@dataclass(frozen=True, slots=True)
class Vpc:
    """A group of networks."""

    id: str
    region: str
    cidr: str
    name: str = ""
    description: str = ""
    created: datetime | None = None
    resource_group: str = ""
    token: str = ""


def load_vpcs(registry: Registry, region: str, networks: Iterable[Network]) -> dict[str, Vpc]:
    """All VPCs of a region by id; those that only their networks still tell of, too."""
    found = {
        each.vpc_id: Vpc(each.vpc_id, region, each.vpc_cidr)
        for each in networks
        if each.vpc_id and each.region == region
    }
    for id, document in registry.items(_KIND):
        vpc = convert_as(dict(document), Vpc)
        if vpc.region == region:
            found[id] = vpc
    return found


def keep_vpc(registry: Registry, vpc: Vpc) -> None:
    """Write down a VPC."""
    registry.put(_KIND, vpc.id, msgspec.to_builtins(vpc))


def forget_vpc(registry: Registry, id: str) -> None:
    """Take a VPC away."""
    registry.remove(_KIND, id)

"""What a host runs so that networks of one VPC reach each other and no others, and what its rules say. Pure.

https://wiki.nftables.org · https://libvirt.org/hooks.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import msgspec

from oos.adapters.libvirt.script_template import script_of

TEMPLATE: Final = "routing.sh.j2"
HOOK: Final = "oos-vpc"
LOOK: Final = "nft -j list set ip oos-vpc ways 2>/dev/null || true"
_BRIDGE: Final = re.compile(r"[A-Za-z0-9._-]{1,15}")

Way = tuple[str, str]
"""The bridge that something comes from, and the one that it goes to."""


@dataclass(frozen=True, slots=True)
class Bridged:
    """A network of a host, as its kernel knows it."""

    bridge: str
    cidr: str
    vpc_id: str = ""
    """Empty: in no VPC."""

    @property
    def quoted(self) -> str:
        """The bridge in the words of nft."""
        return f'"{self.bridge}"'


def ways_between(networks: Iterable[Bridged]) -> frozenset[Way]:
    """From where to where connections may be begun: within each VPC."""
    return frozenset((each.bridge, other.bridge) for vpc in _by_vpc(networks) for each, other in product(vpc, repeat=2))


def routing_script(networks: Sequence[Bridged]) -> str:
    """The program that gives a host's networks exactly these ways. Raises ValueError for values it could misread."""
    for each in networks:
        if not _BRIDGE.fullmatch(each.bridge):
            raise ValueError(f"{each.bridge!r} is no name of a bridge")
    inside = [each for vpc in _by_vpc(networks) for each in vpc]
    cidrs = {each.bridge: str(ipaddress.IPv4Network(each.cidr)) for each in inside}
    ways = sorted(ways_between(networks))
    beyond = [(source, target) for source, target in ways if source != target]
    pairs = ", ".join(f'"{source}" . "{target}"' for source, target in beyond)
    return script_of(
        TEMPLATE,
        networks=inside,
        others=[each.quoted for each in networks if not each.vpc_id],
        ways=[f'"{source}" . "{target}"' for source, target in ways],
        together=[[cidrs[each.bridge] for each in vpc] for vpc in _by_vpc(networks)],
        matches=[f"-i {source} -o {target} -s {cidrs[source]} -d {cidrs[target]}" for source, target in beyond],
        nft_matches=[f"iifname . oifname {{ {pairs} }}"] if beyond else [],
    )


def _by_vpc(networks: Iterable[Bridged]) -> Iterator[list[Bridged]]:
    found: dict[str, list[Bridged]] = {}
    for each in networks:
        if each.vpc_id:
            found.setdefault(each.vpc_id, []).append(each)
    for vpc_id in sorted(found):
        yield sorted(found[vpc_id], key=lambda each: each.bridge)


def read_ways(listing: bytes) -> frozenset[Way]:
    """The ways that a host's rules give, from `nft -j list set`; none where there is no such table."""
    parts: list[dict[str, Any]] = msgspec.json.decode(listing)["nftables"] if listing.strip() else []
    return frozenset(
        (str(source), str(target))
        for part in parts
        for source, target in (each["concat"] for each in part.get("set", {}).get("elem", ()))
    )

"""Connections in use: read from a guest's own tables or a host's, and which of them a change would cut. Pure.

A guest tells its sockets in /proc/net/tcp and its like (proc(5)), a host what it tracks in /proc/net/nf_conntrack.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from oos.fleet.firewall import Direction, Flow, Members, Policy, Protocol, SecurityGroup, decide_flow

GUEST_TABLES: Final = {
    "/proc/net/tcp": Protocol.TCP,
    "/proc/net/tcp6": Protocol.TCP,
    "/proc/net/udp": Protocol.UDP,
    "/proc/net/udp6": Protocol.UDP,
}
_ESTABLISHED: Final = "01"
_LISTENING: Final = {Protocol.TCP: "0A", Protocol.UDP: "07"}
_TRACKED: Final = re.compile(
    r"(?P<protocol>tcp|udp)\s.*?src=(?P<source>\S+) dst=(?P<target>\S+) sport=(?P<sport>\d+) dport=(?P<dport>\d+)"
)


@dataclass(frozen=True, slots=True)
class Socket:
    """One line of a guest's table."""

    protocol: Protocol
    local: str
    local_port: int
    peer: str
    peer_port: int
    state: str


@dataclass(frozen=True, slots=True)
class FlowInUse:
    """A connection of an instance that is in use now."""

    instance_id: str
    flow: Flow
    seen_by: str
    """`guest` or `host`."""


def read_sockets(text: str, protocol: Protocol) -> Iterator[Socket]:
    """The sockets in a table of a guest; a line that is none is passed over."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 4 or ":" not in fields[1] or ":" not in fields[2]:
            continue
        try:
            local, local_port = _end(fields[1])
            peer, peer_port = _end(fields[2])
        except ValueError:
            continue
        yield Socket(protocol, local, local_port, peer, peer_port, fields[3])


def _end(text: str) -> tuple[str, int]:
    """`0100007F:0016`: the address as words in the order of the machine, and the port."""
    digits, _, port = text.partition(":")
    content = bytes.fromhex(digits)
    if len(content) not in (4, 16):
        raise ValueError(f"{digits} is no address")
    # Little endian, as on every machine that oos knows.
    turned = b"".join(content[place : place + 4][::-1] for place in range(0, len(content), 4))
    address = ipaddress.ip_address(turned)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address), int(port, 16)


def flows_of_guest(instance_id: str, sockets: Sequence[Socket]) -> tuple[FlowInUse, ...]:
    """The connections in these sockets; loopback left out. Where the guest listens, the other end began."""
    listening = {(each.protocol, each.local_port) for each in sockets if each.state == _LISTENING[each.protocol]}
    found = []
    for each in sockets:
        if each.state != _ESTABLISHED or not each.peer_port or ipaddress.ip_address(each.peer).is_loopback:
            continue
        comes_in = (each.protocol, each.local_port) in listening
        found.append(
            FlowInUse(
                instance_id,
                Flow(
                    Direction.INGRESS if comes_in else Direction.EGRESS,
                    each.protocol,
                    each.peer,
                    each.local_port if comes_in else each.peer_port,
                    each.peer_port if comes_in else each.local_port,
                    local=each.local,
                ),
                "guest",
            )
        )
    return tuple(found)


def flows_of_host(table: str, owners: Mapping[str, str]) -> tuple[FlowInUse, ...]:
    """The connections that a host tracks, of these addresses: the instance of each by address."""
    found = []
    for line in table.splitlines():
        matched = _TRACKED.search(line)
        if matched is None:
            continue
        source, target = matched["source"], matched["target"]
        flow = Flow(
            Direction.INGRESS,
            Protocol.TCP if matched["protocol"] == "tcp" else Protocol.UDP,
            source,
            int(matched["dport"]),
            int(matched["sport"]),
            local=target,
        )
        if target in owners:
            found.append(FlowInUse(owners[target], flow, "host"))
        if source in owners:
            outwards = replace(flow, direction=Direction.EGRESS, peer=target, local=source)
            found.append(FlowInUse(owners[source], outwards, "host"))
    return tuple(found)


def cut_by(
    flows: Iterable[FlowInUse],
    before: Mapping[str, Sequence[SecurityGroup]],
    after: Mapping[str, Sequence[SecurityGroup]],
    members: Members,
) -> tuple[FlowInUse, ...]:
    """The connections in use that get through by the groups before, and would not by those after; by instance."""
    return tuple(
        dict.fromkeys(
            each
            for each in flows
            if decide_flow(before.get(each.instance_id, ()), each.flow, members).policy is Policy.ACCEPT
            and decide_flow(after.get(each.instance_id, ()), each.flow, members).policy is Policy.DROP
        )
    )

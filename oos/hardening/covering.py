"""Which rules cover one another: what an earlier one says already, and where two meet. Pure."""

from __future__ import annotations

from oos.fleet.firewall import EVERY_PORT, Peer, Ports, Protocol, SecurityRule, network


def covers(one: SecurityRule, other: SecurityRule) -> bool:
    """Whether every connection that the other rule is about is one that this rule is about."""
    return (
        one.direction is other.direction
        and one.protocol in (Protocol.ALL, other.protocol)
        and set(other.families) <= set(one.families)
        and _ports_cover(one.ports, other.ports)
        and _ports_cover(one.source_ports, other.source_ports)
        and _peer_covers(one.peer, other.peer)
        and _range_covers(one.local_cidr, other.local_cidr)
    )


def meet(one: SecurityRule, other: SecurityRule) -> bool:
    """Whether some connection may be one that both rules are about."""
    return (
        one.direction is other.direction
        and (one.protocol is other.protocol or Protocol.ALL in (one.protocol, other.protocol))
        and not set(one.families).isdisjoint(other.families)
        and _ports_meet(one.ports, other.ports)
        and _ports_meet(one.source_ports, other.source_ports)
        and (bool(one.peer.group_id or other.peer.group_id) or _ranges_meet(one.peer.cidr, other.peer.cidr))
        and (not one.local_cidr or not other.local_cidr or _ranges_meet(one.local_cidr, other.local_cidr))
    )


def _ports_cover(one: Ports | None, other: Ports | None) -> bool:
    # A protocol without ports names port 0, which a range does not hold.
    return one is None or (other is not None and one[0] <= other[0] and other[1] <= one[1])


def _ports_meet(one: Ports | None, other: Ports | None) -> bool:
    first, second = one or EVERY_PORT, other or EVERY_PORT
    return first[0] <= second[1] and second[0] <= first[1]


def _peer_covers(one: Peer, other: Peer) -> bool:
    if other.group_id:
        return one == other or (bool(one.cidr) and network(one.cidr).prefixlen == 0)
    return bool(one.cidr) and _range_covers(one.cidr, other.cidr)


def _range_covers(one: str, other: str) -> bool:
    if not one:
        return True
    if not other:
        return False
    outer, inner = network(one), network(other)
    return outer.version == inner.version and outer.prefixlen <= inner.prefixlen and inner.network_address in outer


def _ranges_meet(one: str, other: str) -> bool:
    first, second = network(one), network(other)
    return first.version == second.version and first.overlaps(second)

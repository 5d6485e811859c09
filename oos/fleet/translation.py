"""Translations: elastic addresses that a host holds, and where in its networks they lead."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Elastic:
    """An address that a host holds for others."""

    address: str
    target: str = ""
    """The guest's own address, which it stands for in both directions; empty: only ports of it lead on."""
    limit: str = ""
    """Name of what it may carry; empty: as much as there is."""


@dataclass(frozen=True, slots=True)
class PortForward:
    """A port of an elastic address, or several in a row, and where they lead."""

    address: str
    protocol: str
    """`tcp` or `udp`."""
    port: int
    target: str
    target_port: int
    last: int = 0
    """Of a range of ports, each of which leads to the same one of the target: the last; 0: it is one port."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How much the addresses that share it may carry together."""

    name: str
    kilobytes: int
    """A second, of 1000 bytes: from guests, and towards them too unless that is said apart."""
    inbound: int = 0
    """Towards guests, where that is another limit."""


@dataclass(frozen=True, slots=True)
class Translations:
    """Everything that a host translates, in order, so that two can be compared."""

    addresses: tuple[Elastic, ...] = ()
    ports: tuple[PortForward, ...] = ()
    limits: tuple[Limit, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.addresses)


def translations(
    addresses: tuple[Elastic, ...], ports: tuple[PortForward, ...] = (), limits: tuple[Limit, ...] = ()
) -> Translations:
    """These translations in order; limits that no address has are left out."""
    used = {each.limit for each in addresses}
    limits = tuple(replace(each, inbound=0) if each.inbound == each.kilobytes else each for each in limits)
    return Translations(
        tuple(sorted(addresses, key=lambda each: each.address)),
        tuple(sorted(ports, key=lambda each: (each.address, each.protocol, each.port))),
        tuple(sorted((each for each in limits if each.name in used), key=lambda each: each.name)),
    )

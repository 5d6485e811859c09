"""What a host runs to translate addresses, and what its rules say they translate. Pure.

https://wiki.nftables.org · https://libvirt.org/hooks.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from oos.adapters.libvirt.script_template import script_of
from oos.fleet.translation import Elastic, Limit, PortForward, Translations, translations

TEMPLATE: Final = "translation.sh.j2"
HOOK: Final = "oos-eip"
LOOK: Final = "nft -j list table ip oos-eip 2>/dev/null || true"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
_DEVICE: Final = re.compile(r"[A-Za-z0-9._-]{1,11}")
"""With `:eip` behind it, the label of an address has 15 letters at most."""
LEAST_BURST: Final = 64
"""Kilobytes: less than one full buffer of a card would throttle far below the limit."""


def translation_script(wanted: Translations, device: str) -> str:
    """The program that makes a host translate exactly this. Raises ValueError for values that it could misread."""
    for address in _addresses_in(wanted):
        ipaddress.IPv4Address(address)
    for name in (*(each.name for each in wanted.limits), *(each.limit for each in wanted.addresses if each.limit)):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a limit")
    if not _DEVICE.fullmatch(device):
        raise ValueError(f"{device!r} is no device of 1 to 11 letters")
    if any(each.protocol not in ("tcp", "udp") for each in wanted.ports):
        raise ValueError("only ports of tcp and udp are translated")
    limits = [
        {"name": f"{each.name}-{way}", "kilobytes": kilobytes, "burst": max(LEAST_BURST, kilobytes // 4)}
        for each in wanted.limits
        for way, kilobytes in (("in", each.inbound or each.kilobytes), ("out", each.kilobytes))
    ]
    led = [each.address for each in wanted.addresses]
    return script_of(
        TEMPLATE,
        device=device,
        addresses=wanted.addresses,
        maps=_maps(wanted),
        limits=limits,
        matches=[f"-m conntrack --ctstate DNAT --ctorigdst {each} --ctdir ORIGINAL" for each in led],
        nft_matches=[f"ct direction original ct status dnat ct original ip daddr {each}" for each in led],
    )


def _maps(wanted: Translations) -> list[tuple[str, str, list[str]]]:
    """Name, type and elements of each map of the rules."""
    address, port = "ipv4_addr", "ipv4_addr . inet_proto . inet_service"
    whole = [each for each in wanted.addresses if each.target]
    limited = [each for each in wanted.addresses if each.limit]
    ports = [
        f"{each.address} . {each.protocol} . {each.port} : {each.target} . {each.target_port}"
        for each in wanted.ports
        if not each.last
    ]
    ranges = [
        f"{each.address} . {each.protocol} . {each.port}-{each.last} : {each.target}"
        for each in wanted.ports
        if each.last
    ]
    return [
        ("whole", f"{address} : {address}", [f"{each.address} : {each.target}" for each in whole]),
        ("sources", f"{address} : {address}", [f"{each.target} : {each.address}" for each in whole]),
        ("ports", f"{port} : {address} . inet_service", ports),
        ("ranges", f"{port} : {address}; flags interval", ranges),
        ("limits-in", f"{address} : limit", [f'{each.address} : "{each.limit}-in"' for each in limited]),
        ("limits-out", f"{address} : limit", [f'{each.address} : "{each.limit}-out"' for each in limited]),
    ]


def read_translations(listing: bytes) -> Translations:
    """What a host translates, from `nft -j list table`; nothing where there is no such table."""
    parts: list[dict[str, Any]] = msgspec.json.decode(listing)["nftables"] if listing.strip() else []
    sets = {each["set"]["name"]: each["set"].get("elem", []) for each in parts if "set" in each}
    maps = {each["map"]["name"]: each["map"].get("elem", []) for each in parts if "map" in each}
    whole, limits = dict(maps.get("whole", ())), dict(maps.get("limits-in", ()))
    return translations(
        tuple(
            Elastic(address, whole.get(address, ""), limits.get(address, "").removesuffix("-in"))
            for address in sets.get("addresses", ())
        ),
        (
            *(_port(key["concat"], value["concat"]) for key, value in maps.get("ports", ())),
            *(_range(key["concat"], value) for key, value in maps.get("ranges", ())),
        ),
        tuple(_limits({each["limit"]["name"]: _kilobytes(each["limit"]) for each in parts if "limit" in each})),
    )


def _limits(rates: Mapping[str, int]) -> Iterator[Limit]:
    for name, kilobytes in rates.items():
        if name.endswith("-out"):
            inbound = rates.get(f"{name.removesuffix('-out')}-in", kilobytes)
            yield Limit(name.removesuffix("-out"), kilobytes, 0 if inbound == kilobytes else inbound)


def _port(key: list[Any], value: list[Any]) -> PortForward:
    address, protocol, port = key
    target, target_port = value
    return PortForward(str(address), str(protocol), int(port), str(target), int(target_port))


def _range(key: list[Any], target: Any) -> PortForward:
    address, protocol, ports = key
    first, last = map(int, ports["range"])
    return PortForward(str(address), str(protocol), first, str(target), first, last)


def _kilobytes(limit: dict[str, Any]) -> int:
    # nft counts kbytes of 1024 and shows the largest unit that fits.
    return int(limit["rate"]) * {"bytes": 0, "kbytes": 1, "mbytes": 1024}[limit.get("rate_unit", "kbytes")]


def _addresses_in(wanted: Translations) -> Iterable[str]:
    for elastic in wanted.addresses:
        yield elastic.address
        if elastic.target:
            yield elastic.target
    for port in wanted.ports:
        yield port.address
        yield port.target

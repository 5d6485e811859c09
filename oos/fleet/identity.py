"""Identity: what is made gets ids, names and addresses from its request's token, so making it twice makes one."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from oos.fleet.instance import InstanceSpec
from oos.values.identifiers import HEX_DIGITS, client_token, instance_id, resource_id

_UNUSABLE: Final = re.compile(r"[^a-z0-9]+")


def made_uuid(token: str) -> str:
    """The UUID of the domain that a request with this token makes.

    It carries no version bits: its first 20 digits are those of `resource_id("i", token)`, so whoever knows the
    token knows the instance id before there is an instance.
    """
    digits = client_token("i", token)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


def made_instance_id(token: str) -> str:
    """The id of the instance that a request with this token makes."""
    return instance_id(made_uuid(token))


def made_disk_id(token: str, number: int) -> str:
    """The id of a disk made with an instance: number 0 is the system disk, data disks count from 1."""
    return resource_id("d", f"{token}/{number}")


def made_mac(token: str, number: int = 0) -> str:
    """The MAC address of a network card made with an instance.

    Forty bits of the token, below `52` (locally administered): the 24 bits below QEMU's `52:54:00` would let two of
    a few thousand instances share an address.
    """
    digits = client_token("mac", token, number)
    return ":".join(("52", *(digits[place : place + 2] for place in range(0, 10, 2))))


def made_network_name(token: str) -> str:
    """The name on its host, and the id, of the network that a request with this token makes."""
    return resource_id("vsw", token)


def made_domain_name(spec: InstanceSpec) -> str:
    """The domain's name on its host, which must be unique there: the given name made plain, and part of the id."""
    id = made_instance_id(spec.token)
    plain = _UNUSABLE.sub("-", (spec.labels.name or spec.host_name).lower()).strip("-")[:40].strip("-")
    return f"{plain}-{id[2:10]}" if plain else id


def adopted_disk_id(domain_uuid: str, source: str) -> str:
    """The id of a disk that was not made here, from what stays the same wherever it is asked."""
    facts = f"{domain_uuid.lower()}\x1f{source}"
    return f"d-{hashlib.sha256(facts.encode()).hexdigest()[:HEX_DIGITS]}"

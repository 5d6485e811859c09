"""Network interfaces: what is known of a card while it is in no instance, and what people wrote on it, in the registry.

A card that is plugged in is seen in the domain; without its document only its name is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from oos.service.registry import Registry
from oos.values.typed import convert_as

_KIND: Final = "network-interface"


@dataclass(frozen=True, slots=True)
class InterfaceRecord:
    """What is written down about a network card."""

    id: str
    mac: str
    region: str
    zone: str
    network: str
    name: str = ""
    description: str = ""
    created: datetime | None = None
    address: str = ""
    """The address that DHCP keeps for it; empty: any."""
    security_group_ids: tuple[str, ...] = ()
    delete_on_release: bool = True
    """Whether it goes with the instance that it is in."""
    instance_id: str = ""
    """The instance that it was last plugged into by us; the domain tells whether it is there."""
    resource_group: str = ""
    token: str = ""


def load_interface(registry: Registry, id: str) -> InterfaceRecord | None:
    """What is written down about a card."""
    document = registry.get(_KIND, id)
    return None if document is None else convert_as(dict(document), InterfaceRecord)


def load_interfaces(registry: Registry, region: str) -> Iterator[InterfaceRecord]:
    """What is written down about the cards of a region."""
    for _, document in registry.items(_KIND):
        record = convert_as(dict(document), InterfaceRecord)
        if record.region == region:
            yield record


def keep_interface(registry: Registry, record: InterfaceRecord) -> None:
    """Write down what is known about a card."""
    registry.put(_KIND, record.id, msgspec.to_builtins(record))


def forget_interface(registry: Registry, id: str) -> None:
    """Take away what is written down about a card."""
    registry.remove(_KIND, id)

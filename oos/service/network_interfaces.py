"""Network interfaces: what is known of a card while it is in no instance, and what people wrote on it, in the registry.

A card that is plugged in is seen in the domain; without its document only its name is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from oos.service.kept import Kept


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
    secondary: Mapping[str, str] = field(default_factory=dict)
    """Further addresses that are kept for it, each with the token of the request that assigned it."""
    security_group_ids: tuple[str, ...] = ()
    delete_on_release: bool = True
    """Whether it goes with the instance that it is in."""
    instance_id: str = ""
    """The instance that it was last plugged into by us; the domain tells whether it is there."""
    resource_group: str = ""
    token: str = ""


INTERFACES: Final = Kept("network-interface", InterfaceRecord)
"""What is written down about cards."""

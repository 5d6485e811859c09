"""Event patterns: which happenings fire an ACS::EventTrigger (spec 4.5). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from oos.values.json import Value, equals
from oos.values.time import format_instant


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a resource."""

    product: str
    """`ECS`, `Tag`, `OOS`."""
    name: str
    """`Instance:StateChange`."""
    region: str
    at: datetime
    content: Mapping[str, Value]
    """`resourceId`, `resourceType`, `state` …"""
    level: str = "INFO"
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the resource."""
    id: str = ""

    def message(self) -> dict[str, Value]:
        """As the trigger's outputs see it, in the shape of the vendor's system events."""
        return {
            "ver": "1.0",
            "id": self.id,
            "product": self.product,
            "name": self.name,
            "level": self.level,
            "regionId": self.region,
            "resourceId": self.content.get("resourceId", ""),
            "eventTime": format_instant(self.at),
            "content": dict(self.content),
        }


@dataclass(frozen=True, slots=True)
class EventPattern:
    """What the properties of an event trigger ask for; what they leave out may be anything."""

    product: str
    names: tuple[str, ...]
    levels: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    content: Mapping[str, Value] = field(default_factory=dict)
    tags: tuple[tuple[str, str | None], ...] = ()
    """Keys with the value they must have; None: any."""

    def matches(self, happening: Happening) -> bool:
        """Whether a happening is what was asked for."""
        return (
            self.product.casefold() == happening.product.casefold()
            and _among(happening.name, self.names)
            and (not self.levels or _among(happening.level, self.levels))
            and (not self.regions or happening.region in self.regions)
            and _holds(dict(self.content), dict(happening.content))
            and all(_tagged(happening.tags, key, value) for key, value in self.tags)
        )


def _among(text: str, wanted: tuple[str, ...]) -> bool:
    return any(text.casefold() == each.casefold() for each in wanted)


def _tagged(tags: Mapping[str, str], key: str, value: str | None) -> bool:
    return key in tags and (value is None or tags[key] == value)


def _holds(wanted: Value, found: Value) -> bool:
    """A map holds all that is wanted of it; a list means any of; anything else is equal."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_holds(each, found.get(key)) for key, each in wanted.items())
    if isinstance(wanted, list):
        found_items = found if isinstance(found, list) else [found]
        return any(_holds(each, item) for each in wanted for item in found_items)
    if isinstance(wanted, str) and isinstance(found, str):
        return wanted.casefold() == found.casefold()
    return equals(wanted, found)

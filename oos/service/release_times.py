"""When instances are to be deleted by themselves: kept here, carried out by whoever serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from oos.service.registry import Registry
from oos.values.time import format_instant, parse_instant

_KIND: Final = "instance-release"


@dataclass(frozen=True, slots=True)
class Release:
    """An instance that is to be deleted."""

    instance_id: str
    region: str
    at: datetime


def load_releases(registry: Registry) -> dict[str, Release]:
    """All instances that are to be deleted, by their ids."""
    return {id: _read(id, document) for id, document in registry.items(_KIND)}


def keep_release(registry: Registry, release: Release) -> None:
    """Have an instance deleted at its time, in place of another time that was said."""
    registry.put(_KIND, release.instance_id, {"Region": release.region, "At": format_instant(release.at)})


def forget_release(registry: Registry, instance_id: str) -> None:
    """The instance is not deleted by itself."""
    registry.remove(_KIND, instance_id)


def _read(id: str, document: Mapping[str, Any]) -> Release:
    return Release(id, str(document["Region"]), parse_instant(document["At"]))

"""Launch templates: parameters of RunInstances that were kept, with their versions, as documents of the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from oos.service.registry import Registry
from oos.values.typed import convert_as

_HEAD: Final = "launch-template"
_VERSION: Final = "launch-template-version"
MOST_VERSIONS: Final = 30


@dataclass(frozen=True, slots=True)
class LaunchTemplate:
    """What holds for all versions of a launch template."""

    id: str
    name: str
    region: str
    created: datetime
    created_by: str
    modified: datetime
    default_version: int = 1
    resource_group: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LaunchTemplateVersion:
    """One version of a launch template."""

    number: int
    data: dict[str, Any]
    """Parameters of RunInstances, in its own names."""
    created: datetime
    by: str
    token: str
    """Of the request that made it: the same request makes it once."""
    description: str = ""


def find_launch_template(registry: Registry, region: str, *, id: str = "", name: str = "") -> LaunchTemplate | None:
    """The launch template with this id, or of this name in the region."""
    if id:
        document = registry.get(_HEAD, id)
        found = None if document is None else convert_as(dict(document), LaunchTemplate)
        return found if found is not None and name in ("", found.name) else None
    return next((each for each in load_launch_templates(registry, region) if each.name == name), None)


def load_launch_templates(registry: Registry, region: str) -> Iterator[LaunchTemplate]:
    """All launch templates of a region."""
    for _, document in registry.items(_HEAD):
        found = convert_as(dict(document), LaunchTemplate)
        if found.region == region:
            yield found


def keep_launch_template(registry: Registry, template: LaunchTemplate) -> None:
    """Write down what holds for all versions."""
    registry.put(_HEAD, template.id, msgspec.to_builtins(template))


def load_versions(registry: Registry, id: str) -> list[LaunchTemplateVersion]:
    """The versions of a launch template, oldest first."""
    return [convert_as(dict(document), LaunchTemplateVersion) for _, document in registry.items(_VERSION, f"{id}/")]


def find_version(registry: Registry, template: LaunchTemplate, number: int | None) -> LaunchTemplateVersion | None:
    """A version by its number; the default one when none is named."""
    wanted = template.default_version if number is None else number
    return next((each for each in load_versions(registry, template.id) if each.number == wanted), None)


def add_version(registry: Registry, id: str, version: LaunchTemplateVersion, last: int) -> LaunchTemplateVersion:
    """Write a further version, numbered above `last`; the one that the same request wrote before is found."""
    while True:
        versions = load_versions(registry, id)
        known = next((each for each in versions if each.token == version.token), None)
        if known is not None:
            return known
        numbered = replace(version, number=max([last, *(each.number for each in versions)]) + 1)
        if registry.add(_VERSION, f"{id}/{numbered.number:06d}", msgspec.to_builtins(numbered)):
            return numbered


def forget_version(registry: Registry, id: str, number: int) -> None:
    """Take a version away."""
    registry.remove(_VERSION, f"{id}/{number:06d}")


def forget_launch_template(registry: Registry, id: str) -> None:
    """Take a launch template away, with all its versions."""
    registry.remove(_HEAD, id)
    for key, _ in list(registry.items(_VERSION, f"{id}/")):
        registry.remove(_VERSION, key)

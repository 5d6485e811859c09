"""Stored templates: those that were registered, each with its versions, as documents of the registry.

The head says whose template it is; each version is a document of its own, written once and never changed. The newest
version is the one with the highest number, so a crash between two documents loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import msgspec

from oos.service.registry import Registry
from oos.values.typed import convert_as

_HEAD: Final = "template"
_VERSION: Final = "template-version"
MOST_VERSIONS: Final = 200


@dataclass(frozen=True, slots=True)
class TemplateHead:
    """What holds for all versions of a template."""

    name: str
    id: str
    created: datetime
    created_by: str
    resource_group: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    is_favorite: bool = False


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """One version of a template."""

    number: int
    text: str
    hash: str
    created: datetime
    by: str
    token: str
    """Of the request that made it: the same request makes it once."""
    label: str = ""
    """A name that somebody gave to the version."""
    description: str = ""
    format: str = "YAML"
    type: str = "Automation"
    has_trigger: bool = False

    @property
    def name(self) -> str:
        """`v3`."""
        return f"v{self.number}"


def load_head(registry: Registry, name: str) -> TemplateHead | None:
    """The head of a template."""
    document = registry.get(_HEAD, name)
    return None if document is None else convert_as(dict(document), TemplateHead)


def load_heads(registry: Registry) -> Iterator[TemplateHead]:
    """The heads of all templates, by name."""
    for _, document in registry.items(_HEAD):
        yield convert_as(dict(document), TemplateHead)


def keep_head(registry: Registry, head: TemplateHead) -> None:
    """Write the head of a template."""
    registry.put(_HEAD, head.name, msgspec.to_builtins(head))


def load_versions(registry: Registry, name: str) -> list[TemplateVersion]:
    """The versions of a template, oldest first."""
    documents = registry.items(_VERSION, f"{name}/")
    return [convert_as(dict(document), TemplateVersion) for _, document in documents]


def find_version(registry: Registry, name: str, version: str) -> TemplateVersion | None:
    """A version by its name (`v3`), its number or its label; the newest for an empty one."""
    versions = load_versions(registry, name)
    if not version:
        return versions[-1] if versions else None
    wanted = [each for each in versions if version in (each.name, str(each.number))]
    labelled = [each for each in versions if each.label == version]
    return next(iter([*wanted, *reversed(labelled)]), None)


def add_version(registry: Registry, name: str, version: TemplateVersion) -> TemplateVersion:
    """Write a further version, and give it its number; the one that the same request wrote before is found."""
    while True:
        versions = load_versions(registry, name)
        known = next((each for each in versions if each.token == version.token), None)
        if known is not None:
            return known
        numbered = replace(version, number=versions[-1].number + 1 if versions else 1)
        if registry.add(_VERSION, f"{name}/{numbered.number:06d}", msgspec.to_builtins(numbered)):
            return numbered


def forget_template(registry: Registry, name: str) -> None:
    """Take a template away, with all its versions."""
    registry.remove(_HEAD, name)
    for key, _ in list(registry.items(_VERSION, f"{name}/")):
        registry.remove(_VERSION, key)

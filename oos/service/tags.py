"""Tags: those of instances are in their labels; those of everything else are kept here, in the registry.

A resource may be made with tags (a snapshot's are in its manifest); what is set or removed later lies over them. Each
tag is a document of its own, so two who tag the same resource at once lose nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from oos.service.errors import InvalidParameter
from oos.service.filtering import Tag
from oos.service.registry import Registry

_KIND: Final = "tag"
_FORBIDDEN: Final = re.compile(r"(aliyun|acs:)", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
MOST_TAGS: Final = 20

Changes = Mapping[str, str | None]
"""What was set (a value) or removed (None) since a resource was made, by key of the tag."""


def tags_from(tags: Iterable[Tag]) -> dict[str, str]:
    """The tags of a request as a map. Raises InvalidParameter for keys and values that the service forbids."""
    found: dict[str, str] = {}
    for number, tag in enumerate(tags, 1):
        if _FORBIDDEN.match(tag.key) or _ADDRESS.search(tag.key):
            message = f"The tag key {tag.key!r} is reserved: it starts with aliyun or acs:, or holds an address."
            raise InvalidParameter(f"Tag.{number}.Key", message, code="InvalidTagKey.Malformed")
        if _ADDRESS.search(tag.value):
            message = f"The value of the tag {tag.key!r} holds an address."
            raise InvalidParameter(f"Tag.{number}.Value", message, code="InvalidTagValue.Malformed")
        if tag.key in found:
            message = f"The tag key {tag.key!r} is given more than once."
            raise InvalidParameter(f"Tag.{number}.Key", message, code="Duplicate.TagKey")
        found[tag.key] = tag.value
    if len(found) > MOST_TAGS:
        message = f"{len(found)} tags are too many; at most {MOST_TAGS} are allowed."
        raise InvalidParameter("Tag", message, code="InvalidTagCount")
    return found


def changes_of(registry: Registry, resource_id: str) -> Changes:
    """What was changed about the tags of one resource."""
    prefix = f"{resource_id}/"
    return {key[len(prefix) :]: document["Value"] for key, document in registry.items(_KIND, prefix)}


def changes_of_all(registry: Registry) -> Mapping[str, Changes]:
    """What was changed about tags, by resource; for listings, which would otherwise ask once for each."""
    found: dict[str, dict[str, str | None]] = {}
    for key, document in registry.items(_KIND):
        resource_id, _, tag = key.partition("/")
        found.setdefault(resource_id, {})[tag] = document["Value"]
    return found


def tags_after(made_with: Mapping[str, str], changes: Changes) -> dict[str, str]:
    """The tags there are: those a resource was made with, and what was changed since."""
    merged: dict[str, str | None] = {**made_with, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def set_tags(registry: Registry, resource_id: str, tags: Mapping[str, str]) -> None:
    """Give a resource these tags; others stay."""
    for key, value in tags.items():
        registry.put(_KIND, f"{resource_id}/{key}", {"Value": value})


def remove_tags(registry: Registry, resource_id: str, keys: Iterable[str]) -> None:
    """Take these tags from a resource, those it was made with too."""
    for key in keys:
        registry.put(_KIND, f"{resource_id}/{key}", {"Value": None})


def forget_tags(registry: Registry, resource_id: str) -> None:
    """The resource is gone; so is what was changed about its tags."""
    for key, _ in list(registry.items(_KIND, f"{resource_id}/")):
        registry.remove(_KIND, key)

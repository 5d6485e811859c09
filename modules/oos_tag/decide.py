"""Decisions about tags: which are listed, and what a resource name means. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from oos.service.errors import InvalidParameter
from oos.service.filtering import TagCondition, has_tags
from oos.service.tag_shapes import TagResourceShape
from oos_tag.requests import RESOURCE_TYPES

_ARN: Final = re.compile(r"(?:arn:)?acs:ecs:(?P<region>[^:]*):(?P<account>[^:]*):(?P<type>[^/]+)/(?P<id>.+)", re.I)

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Arn:
    """A resource, named in full."""

    region: str
    resource_type: str
    id: str


def read_arn(text: str) -> Arn:
    """The resource that a name such as `acs:ecs:lab:1234:instance/i-1` means. Raises InvalidParameter."""
    found = _ARN.fullmatch(text.strip())
    if found is None or found["type"].casefold() not in RESOURCE_TYPES:
        kinds = ", ".join(RESOURCE_TYPES)
        message = f"{text!r} names no resource; write acs:ecs:REGION:ACCOUNT:TYPE/ID, where TYPE is one of {kinds}."
        raise InvalidParameter("ResourceARN", message)
    return Arn("" if found["region"] == "*" else found["region"], found["type"].casefold(), found["id"])


def write_arn(region: str, account: str, resource_type: str, id: str) -> str:
    """The full name of a resource."""
    return f"arn:acs:ecs:{region}:{account}:{resource_type}/{id}"


def rows(
    tags: Mapping[str, Tags], resource_type: str, ids: Sequence[str] | None, wanted: Sequence[TagCondition]
) -> list[TagResourceShape]:
    """A row for each tag of each resource; with wanted tags, only those, on resources that have them all."""
    keys = {each.key for each in wanted}
    return [
        {"ResourceId": id, "ResourceType": resource_type, "TagKey": key, "TagValue": value}
        for id, own in sorted(tags.items())
        if (ids is None or id in ids) and has_tags(own, wanted)
        for key, value in sorted(own.items())
        if not keys or key in keys
    ]


def counted(
    tags: Iterable[tuple[str, str, Tags]], wanted: Sequence[TagCondition]
) -> dict[tuple[str, str], Counter[str]]:
    """How many resources of each kind (its title) have each tag. `tags` gives kind, id and tags."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for title, _, own in tags:
        for key, value in own.items():
            if not wanted or any(has_tags({key: value}, [each]) for each in wanted):
                found.setdefault((key, value), Counter())[title] += 1
    return found


def is_like(text: str, wanted: str, how: str) -> bool:
    """Whether a key or value begins with what is wanted, or is it."""
    return text == wanted if how == "EQUAL" and wanted else text.startswith(wanted)

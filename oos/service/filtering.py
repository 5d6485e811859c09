"""Filtering: tags, names with wildcards, and `Filter.N`, as the listings of the service understand them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypedDict

from oos.service.errors import InvalidParameter
from oos.service.parameter import Param
from oos.values.time import parse_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag of a request."""

    key: Annotated[str, Param("Key of the tag.", most=128)]
    value: Annotated[str, Param("Value of the tag.", most=128)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCondition:
    """A tag that a resource must have; without a value, any value will do."""

    key: Annotated[str, Param("Key of the tag.")]
    value: Annotated[str | None, Param("Value of the tag; any when not given.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A condition by name, of the kind `CreationStartTime`."""

    key: Annotated[str, Param("Name of the condition.")]
    value: Annotated[str, Param("What it compares with.")] = ""


class TagShape(TypedDict):
    """A tag of a response."""

    TagKey: str
    TagValue: str


class TagShapes(TypedDict):
    """The tags of a response."""

    Tag: list[TagShape]


def tag_shapes(tags: Mapping[str, str]) -> TagShapes:
    """Tags as a response lists them, by key."""
    return {"Tag": [{"TagKey": key, "TagValue": tags[key]} for key in sorted(tags)]}


def has_tags(tags: Mapping[str, str], wanted: Sequence[TagCondition]) -> bool:
    """Whether all the wanted tags are there."""
    return all(each.key in tags and each.value in (None, "", tags[each.key]) for each in wanted)


def matches_name(name: str, wanted: str) -> bool:
    """Whether a name is the wanted one, in which `*` stands for anything; no wanted name is always met."""
    if not wanted:
        return True
    if "*" not in wanted:
        return name == wanted
    pattern = ".*".join(map(re.escape, wanted.split("*")))
    return re.fullmatch(pattern, name, re.DOTALL) is not None


def is_wanted(value: str, wanted: str) -> bool:
    """Whether a value is the wanted one, without regard to case; nothing wanted is always met."""
    return not wanted or value.casefold() == wanted.casefold()


@dataclass(frozen=True, slots=True)
class Period:
    """When something was made: not before, not after."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, instant: datetime | None) -> bool:
        """Whether the instant lies in it; an unknown instant lies in no bounded one."""
        if instant is None:
            return self.start is None and self.end is None
        return (self.start is None or instant >= self.start) and (self.end is None or instant <= self.end)


def creation_period(filters: Sequence[Filter]) -> Period:
    """The period that `CreationStartTime` and `CreationEndTime` among the filters bound.

    Raises InvalidParameter for any other filter: one that is not understood must not let everything through.
    """
    return periods_of(filters, ("Creation",))["Creation"]


def periods_of(filters: Sequence[Filter], moments: Sequence[str]) -> dict[str, Period]:
    """The period that the filters bound for each of these moments: `Expired` has ExpiredStartTime and ExpiredEndTime.

    Raises InvalidParameter for any other filter.
    """
    known = {f"{moment}{end}": (moment, end) for moment in moments for end in ("StartTime", "EndTime")}
    folded = {name.casefold(): parts for name, parts in known.items()}
    found: dict[tuple[str, str], datetime] = {}
    for number, each in enumerate(filters, 1):
        parts = folded.get(each.key.casefold())
        if parts is None:
            *others, last = known
            message = f"The filter {each.key} is not known; known are {', '.join(others)} and {last}."
            raise InvalidParameter(f"Filter.{number}.Key", message)
        try:
            found[parts] = parse_instant(each.value)
        except ValueError as error:
            raise InvalidParameter(f"Filter.{number}.Value", f"The filter {each.key}: {error}.") from error
    return {moment: Period(found.get((moment, "StartTime")), found.get((moment, "EndTime"))) for moment in moments}

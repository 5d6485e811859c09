"""Requests about tags: parameters as ECS 2014-05-26 and Tag 2018-08-28 name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Tag, TagCondition
from oos.service.paging import Paged, Tokened
from oos.service.parameter import Form, Param
from oos.values.json import Value

RESOURCE_TYPES = ("instance", "disk", "snapshot", "image", "eni", "command", "invocation", "securitygroup")

ResourceType = Annotated[str, Param("Kind of the resources.", allowed=RESOURCE_TYPES)]
Arns = Annotated[tuple[str, ...], Param("Resources, as acs:ecs:REGION:ACCOUNT:TYPE/ID.", name="ResourceARN", most=50)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagResources:
    """Which resources of one kind to give which tags."""

    resource_type: ResourceType
    resource_id: Annotated[tuple[str, ...], Param("The resources.", most=50)]
    tag: Annotated[tuple[Tag, ...], Param("The tags.", most=20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UntagResources:
    """From which resources of one kind to take which tags."""

    resource_type: ResourceType
    resource_id: Annotated[tuple[str, ...], Param("The resources.", most=50)]
    tag_key: Annotated[tuple[str, ...], Param("Keys of the tags.", most=20)] = ()
    all: Annotated[bool, Param("All tags, when no key is given.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTagResources(Paged):
    """Of which resources of one kind to list the tags."""

    page_size: Annotated[int, Param("Most items of a page.", minimum=1)] = 50
    resource_type: ResourceType
    resource_id: Annotated[tuple[str, ...] | None, Param("Only these.", most=50)] = None
    tag: Annotated[tuple[TagCondition, ...], Param("Only those with all of these tags.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeTags(Paged):
    """Which tags to count."""

    page_size: Annotated[int, Param("Most items of a page.", minimum=1)] = 50
    resource_type: Annotated[str, Param("Only on this kind of resource.", allowed=RESOURCE_TYPES)] = ""
    resource_id: Annotated[str, Param("Only on this resource.")] = ""
    tag: Annotated[tuple[TagCondition, ...], Param("Only these.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagArns:
    """Which resources of any kind to give which tags."""

    resource_arn: Arns
    tags: Annotated[Mapping[str, Value], Param("The tags, as a map.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class UntagArns:
    """From which resources of any kind to take which tags."""

    resource_arn: Arns
    tag_key: Annotated[tuple[str, ...], Param("Keys of the tags.", most=20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListArns(Paged):
    """Of which resources of any kind to list the tags."""

    page_size: Annotated[int, Param("Most items of a page.", minimum=1)] = 50
    resource_arn: Annotated[
        tuple[str, ...] | None, Param("Only these: acs:ecs:REGION:ACCOUNT:TYPE/ID.", name="ResourceARN", most=50)
    ] = None
    tags: Annotated[Mapping[str, Value] | None, Param("Only those with all of these tags, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPattern:
    """Part of a key."""

    key: Annotated[str, Param("Part of the key.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuePattern:
    """Part of a value."""

    value: Annotated[str, Param("Part of the value.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTagKeys(Paged):
    """Which keys in use to list."""

    page_size: Annotated[int, Param("Most items of a page.", minimum=1)] = 50
    tag_filter: Annotated[KeyPattern, Param("Only keys like this.")] = KeyPattern()
    fuzzy_type: Annotated[str, Param("How like.", allowed=("PREFIX", "EQUAL"))] = "PREFIX"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTagValues(Paged):
    """Which values in use of one key to list."""

    page_size: Annotated[int, Param("Most items of a page.", minimum=1)] = 50
    key: Annotated[str, Param("The key.")]
    tag_filter: Annotated[ValuePattern, Param("Only values like this.")] = ValuePattern()
    fuzzy_type: Annotated[str, Param("How like.", allowed=("PREFIX", "EQUAL"))] = "PREFIX"


STORED_TYPES = ("template", "parameter", "secretparameter")

StoredType = Annotated[str, Param("Kind of what is stored.", allowed=STORED_TYPES)]
Stored = Annotated[tuple[str, ...], Param("Their names, or their ids.", form=Form.JSON, most=50)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagStored:
    """Which templates or parameters to give which tags."""

    resource_type: StoredType
    resource_ids: Stored
    tags: Annotated[Mapping[str, Value], Param("The tags, as a map.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class UntagStored:
    """From which templates or parameters to take which tags."""

    resource_type: StoredType
    resource_ids: Stored
    tag_keys: Annotated[tuple[str, ...], Param("Keys of the tags.", form=Form.JSON, most=20)] = ()
    all: Annotated[bool, Param("All tags, when no key is given.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTagStored(Tokened):
    """Of which templates or parameters to list the tags."""

    resource_type: StoredType
    resource_ids: Annotated[tuple[str, ...], Param("Only these, by name or id.", form=Form.JSON, most=50)] = ()
    tags: Annotated[Mapping[str, Value] | None, Param("Only those with all of these tags, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStoredTagKeys(Tokened):
    """Of which kind to list the keys in use."""

    resource_type: Annotated[str, Param("Kind; all when not given.", allowed=STORED_TYPES)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStoredTagValues(ListStoredTagKeys):
    """Of which key to list the values in use."""

    key: Annotated[str, Param("The key.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResourceGroup:
    """What to put into which resource group."""

    resource_type: StoredType
    resource_id: Annotated[str, Param("Its name, or its id.")]
    new_resource_group_id: Annotated[str, Param("The resource group.")]

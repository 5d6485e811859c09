"""Tags of what VPC knows: VPCs, vSwitches, elastic addresses, bandwidth packages, NAT gateways."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from oos.service.context import Context
from oos.service.elastic_addresses import BANDWIDTH_PACKAGES, ELASTIC_ADDRESSES, NAT_GATEWAYS
from oos.service.errors import NotFound, Refused
from oos.service.filtering import Tag, TagCondition, has_tags
from oos.service.paging import Paged, page_of
from oos.service.parameter import Param
from oos.service.tag_shapes import TagResourceShape, TagResourcesListed
from oos.service.tags import MOST_TAGS, changes_of_all, remove_tags, set_tags, tags_after, tags_from
from oos.service.vpcs import load_vpcs
from oos_network.vpc_responses import Nothing


def _vpcs(context: Context) -> Collection[str]:
    return load_vpcs(context.registry, context.region, context.fleet.networks(context.region))


KINDS: Final[Mapping[str, Callable[[Context], Collection[str]]]] = {
    "VPC": _vpcs,
    "VSWITCH": lambda context: {each.name for each in context.fleet.networks(context.region)},
    "EIP": lambda context: {each.id for each in ELASTIC_ADDRESSES.of_region(context.registry, context.region)},
    "COMMONBANDWIDTHPACKAGE": lambda context: {
        each.id for each in BANDWIDTH_PACKAGES.of_region(context.registry, context.region)
    },
    "NATGATEWAY": lambda context: {each.id for each in NAT_GATEWAYS.of_region(context.registry, context.region)},
}
"""For each kind of resource, the ids of all there are."""

_Type = Annotated[str, Param("Kind of the resources.", allowed=tuple(KINDS))]
_Ids = Annotated[tuple[str, ...], Param("The resources.", most=50)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagResources:
    """Which resources of one kind to give which tags."""

    resource_type: _Type
    resource_id: _Ids
    tag: Annotated[tuple[Tag, ...], Param("The tags.", most=20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnTagResources:
    """From which resources of one kind to take which tags."""

    resource_type: _Type
    resource_id: _Ids
    tag_key: Annotated[tuple[str, ...], Param("Keys of the tags.", most=20)] = ()
    all: Annotated[bool, Param("All tags, when no key is given.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTagResources(Paged):
    """Of which resources of one kind to list the tags."""

    resource_type: _Type
    resource_id: Annotated[tuple[str, ...] | None, Param("Only these.", most=50)] = None
    tag: Annotated[tuple[TagCondition, ...], Param("Only those with all of these tags.", most=20)] = ()


def tag_resources(context: Context, request: TagResources) -> Nothing:
    """Give tags to resources of one kind; others that they have stay."""
    tags = tags_from(request.tag)
    before = _required(context, request.resource_type, request.resource_id)
    for id, own in before.items():
        if len({**own, **tags}) > MOST_TAGS:
            message = f"{id} would have more than the {MOST_TAGS} tags that are allowed."
            raise Refused("QuotaExceed.TagsPerResource", message)
    for id in before:
        set_tags(context.registry, id, tags)
    return {}


def untag_resources(context: Context, request: UnTagResources) -> Nothing:
    """Take tags from resources of one kind."""
    for id, own in _required(context, request.resource_type, request.resource_id).items():
        gone = request.tag_key or (tuple(own) if request.all else ())
        remove_tags(context.registry, id, [key for key in own if key in gone])
    return {}


def list_tag_resources(context: Context, request: ListTagResources) -> TagResourcesListed:
    """List the tags of resources of one kind."""
    changes = changes_of_all(context.registry)
    found = [
        (id, key, value)
        for id in KINDS[request.resource_type](context)
        if request.resource_id is None or id in request.resource_id
        for tags in [tags_after({}, changes.get(id, {}))]
        if has_tags(tags, request.tag)
        for key, value in tags.items()
    ]
    page = page_of(found, request, lambda each: each)
    shapes: list[TagResourceShape] = [
        {"ResourceId": id, "ResourceType": request.resource_type, "TagKey": key, "TagValue": value}
        for id, key, value in page.items
    ]
    return {"TagResources": {"TagResource": shapes}, "NextToken": page.fields["NextToken"]}


def _required(context: Context, kind: str, ids: Collection[str]) -> Mapping[str, Mapping[str, str]]:
    """The tags of each of these resources. Raises NotFound for the first that is not there."""
    there, changes = KINDS[kind](context), changes_of_all(context.registry)
    for id in ids:
        if id not in there:
            raise NotFound("InvalidResourceId.NotFound", f"The specified {kind} {id} does not exist.")
    return {id: tags_after({}, changes.get(id, {})) for id in ids}

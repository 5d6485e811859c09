"""Operations on tags, of both services that offer them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from oos.fleet.errors import FleetError
from oos.service.call import service_error
from oos.service.context import Context
from oos.service.errors import ApiError, MissingParameter
from oos.service.filtering import Tag, TagCondition, has_tags
from oos.service.paging import page_of
from oos.service.tag_shapes import TagResourcesListed
from oos.service.tags import tags_from
from oos_tag import decide, requests, responses
from oos_tag.resources import KINDS, Resource, Tags, all_tags, found, give, take


def tag_resources(context: Context, request: requests.TagResources) -> responses.Nothing:
    """Give tags to resources of one kind; a tag with the same key is replaced."""
    tags = tags_from(request.tag)
    _require_some("ResourceId", request.resource_id)
    _require_some("Tag", request.tag)
    for resource in found(context, request.resource_type, request.resource_id):
        give(context, resource, tags)
    return {}


def untag_resources(context: Context, request: requests.UntagResources) -> responses.Nothing:
    """Take tags from resources of one kind."""
    _require_some("ResourceId", request.resource_id)
    if not request.all:
        _require_some("TagKey", request.tag_key)
    for resource in found(context, request.resource_type, request.resource_id):
        take(context, resource, request.tag_key or None)
    return {}


def list_tag_resources(context: Context, request: requests.ListTagResources) -> TagResourcesListed:
    """List the tags of resources of one kind."""
    if request.resource_id is None and not request.tag:
        raise MissingParameter("ResourceId")
    tags = all_tags(context, request.resource_type)
    rows = decide.rows(tags, request.resource_type, request.resource_id, request.tag)
    page = page_of(rows, request, lambda row: (row["ResourceId"], row["TagKey"]))
    return {"TagResources": {"TagResource": list(page.items)}, "NextToken": page.fields["NextToken"]}


def describe_tags(context: Context, request: requests.DescribeTags) -> responses.TagsCounted:
    """List tags in use, with how many resources of each kind have them."""
    kinds = [request.resource_type] if request.resource_type else ["instance", "disk", "snapshot", "image", "eni"]
    tally = decide.counted(
        (
            ("Instance" if kind == "instance" else KINDS[kind].title, id, own)
            for kind in kinds
            for id, own in all_tags(context, kind).items()
            if request.resource_id in ("", id)
        ),
        request.tag,
    )
    page = page_of(tally, request, lambda tag: tag)
    shapes: list[responses.CountedTag] = [
        {"TagKey": key, "TagValue": value, "ResourceTypeCount": _counts(tally[key, value])} for key, value in page.items
    ]
    return {
        "Tags": {"Tag": shapes},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def _counts(tally: Mapping[str, int]) -> responses.ResourceTypeCount:
    counts: responses.ResourceTypeCount = {}
    counts.update(tally)  # type: ignore[typeddict-item]  # the titles of the kinds are its keys
    return counts


def tag_arns(context: Context, request: requests.TagArns) -> responses.ArnsTagged:
    """Give tags to resources of any kind; those that cannot be tagged are listed, the others are."""
    tags = tags_from(Tag(key=key, value=str(value)) for key, value in request.tags.items())
    return _each_arn(context, request.resource_arn, lambda there, resource: give(there, resource, tags))


def untag_arns(context: Context, request: requests.UntagArns) -> responses.ArnsTagged:
    """Take tags from resources of any kind; those that cannot be untagged are listed."""
    keys = request.tag_key
    return _each_arn(context, request.resource_arn, lambda there, resource: take(there, resource, keys))


def _each_arn(
    context: Context, names: tuple[str, ...], work: Callable[[Context, Resource], None]
) -> responses.ArnsTagged:
    failed: list[responses.FailedResource] = []
    for name in names:
        try:
            arn = decide.read_arn(name)
            there = context.in_region(arn.region or context.region)
            work(there, *found(there, arn.resource_type, [arn.id]))
        except (ApiError, FleetError) as error:
            told = service_error(error) if isinstance(error, FleetError) else error
            failed.append({"ResourceARN": name, "Result": {"Code": told.code, "Message": told.message}})
    return {"FailedResources": {"FailedResource": failed}}


def list_arns(context: Context, request: requests.ListArns) -> responses.ArnsListed:
    """List the tags of resources of any kind."""
    wanted = [TagCondition(key=key, value=str(value)) for key, value in (request.tags or {}).items()]
    named = None if request.resource_arn is None else {decide.read_arn(name) for name in request.resource_arn}
    listed = {
        decide.write_arn(context.region, context.account, kind, id): own
        for kind, id, own in _all(context)
        if own
        and (named is None or any((each.resource_type, each.id) == (kind, id) for each in named))
        and has_tags(own, wanted)
    }
    page = page_of(listed, request, lambda name: (name,))
    shapes: list[responses.ArnShape] = [
        {
            "ResourceARN": name,
            "Tags": [{"Category": "Custom", "Key": key, "Value": value} for key, value in sorted(listed[name].items())],
        }
        for name in page.items
    ]
    return {"TagResources": shapes, "NextToken": page.fields["NextToken"]}


def list_tag_keys(context: Context, request: requests.ListTagKeys) -> responses.KeysListed:
    """List the keys of tags in use."""
    keys = {key for _, _, own in _all(context) for key in own}
    like = [key for key in keys if decide.is_like(key, request.tag_filter.key, request.fuzzy_type)]
    page = page_of(like, request, lambda key: (key,))
    return {
        "Keys": {"Key": [{"Key": key, "Category": "custom"} for key in page.items]},
        "NextToken": page.fields["NextToken"],
    }


def list_tag_values(context: Context, request: requests.ListTagValues) -> responses.ValuesListed:
    """List the values in use of one key."""
    values = {own[request.key] for _, _, own in _all(context) if request.key in own}
    like = [value for value in values if decide.is_like(value, request.tag_filter.value, request.fuzzy_type)]
    page = page_of(like, request, lambda value: (value,))
    return {"Values": {"Value": list(page.items)}, "NextToken": page.fields["NextToken"]}


def _all(context: Context) -> Iterator[tuple[str, str, Tags]]:
    for kind in requests.RESOURCE_TYPES:
        for id, own in all_tags(context, kind).items():
            yield kind, id, own


def _require_some(name: str, given: tuple[object, ...]) -> None:
    if not given:
        raise MissingParameter(name)

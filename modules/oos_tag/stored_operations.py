"""Operations on the tags and resource groups of templates and parameters, as OOS 2019-06-01 offers them."""

from __future__ import annotations

from oos.service.context import Context
from oos.service.errors import MissingParameter
from oos.service.filtering import Tag
from oos.service.paging import slice_of
from oos.service.tag_shapes import TagResourceShape, TagResourcesListed
from oos.service.tags import tags_from
from oos_tag import requests, responses
from oos_tag.stored import find, keep_group, keep_tags, tagged


def tag_stored(context: Context, request: requests.TagStored) -> responses.Nothing:
    """Give tags to templates or parameters; a tag with the same key is replaced."""
    tags = tags_from(Tag(key=key, value=str(value)) for key, value in request.tags.items())
    heads = [find(context.registry, request.resource_type, id) for id in request.resource_ids]
    for head in heads:
        keep_tags(context.registry, request.resource_type, head, {**head.tags, **tags})
    return {}


def untag_stored(context: Context, request: requests.UntagStored) -> responses.Nothing:
    """Take tags from templates or parameters."""
    if not request.all and not request.tag_keys:
        raise MissingParameter("TagKeys")
    heads = [find(context.registry, request.resource_type, id) for id in request.resource_ids]
    for head in heads:
        left = {} if not request.tag_keys else {k: v for k, v in head.tags.items() if k not in request.tag_keys}
        keep_tags(context.registry, request.resource_type, head, left)
    return {}


def list_tag_stored(context: Context, request: requests.ListTagStored) -> TagResourcesListed:
    """List the tags of templates or parameters."""
    wanted = {key: str(value) for key, value in (request.tags or {}).items()}
    rows: list[TagResourceShape] = [
        {"ResourceId": head.name, "ResourceType": kind, "TagKey": key, "TagValue": value}
        for kind, head in tagged(context.registry, request.resource_type)
        if not request.resource_ids or head.name in request.resource_ids or head.id in request.resource_ids
        if wanted.items() <= head.tags.items()
        for key, value in sorted(head.tags.items())
        if not wanted or key in wanted
    ]
    page = slice_of(rows, request, lambda row: (row["ResourceType"], row["ResourceId"], row["TagKey"]))
    return {"TagResources": {"TagResource": list(page.items)}, "NextToken": page.fields["NextToken"]}


def list_stored_tag_keys(context: Context, request: requests.ListStoredTagKeys) -> responses.StoredKeys:
    """List the keys of tags that templates and parameters have."""
    keys = {key for _, head in tagged(context.registry, request.resource_type) for key in head.tags}
    page = slice_of(keys, request, lambda key: (key,))
    return {"Keys": list(page.items), **page.fields}


def list_stored_tag_values(context: Context, request: requests.ListStoredTagValues) -> responses.StoredValues:
    """List the values that templates and parameters have of one key."""
    heads = tagged(context.registry, request.resource_type)
    values = {head.tags[request.key] for _, head in heads if request.key in head.tags}
    page = slice_of(values, request, lambda value: (value,))
    return {"Values": list(page.items), **page.fields}


def change_resource_group(context: Context, request: requests.ChangeResourceGroup) -> responses.Nothing:
    """Put a template or parameter into another resource group."""
    head = find(context.registry, request.resource_type, request.resource_id)
    keep_group(context.registry, request.resource_type, head, request.new_resource_group_id)
    return {}

"""Operations on ops items: written down, shown, listed, changed, forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import NotFound
from oos.service.filtering import Tag
from oos.service.paging import slice_of
from oos.service.shape import instant, newest_first
from oos.service.tags import tags_from
from oos.values.identifiers import resource_id
from oos.values.json import Value, json_text
from oos_ops_item import requests, responses
from oos_ops_item.model import OPS_ITEMS, OpsItem, meets


def create_ops_item(context: Context, request: requests.CreateOpsItem) -> responses.Written:
    """Write down what has to be looked into; an open item with the same DedupString is found instead."""
    id = resource_id("oi", context.token)
    known = OPS_ITEMS.load(context.registry, id) or _open_twin(context, request.dedup_string or "")
    if known is None:
        now = context.now()
        known = OpsItem(
            id=id,
            region=context.region,
            title=context.redact(request.title),
            category=request.category,
            severity=request.severity,
            source=request.source,
            created=now,
            updated=now,
            created_by=context.caller,
            updated_by=context.caller,
            priority=request.priority or 0,
            description=context.redact(request.description),
            resources=request.resources or (),
            solutions=_plain(request.solutions),
            dedup=request.dedup_string or "",
            resource_group=request.resource_group_id,
            tags=_tags(request.tags),
        )
        OPS_ITEMS.keep(context.registry, known)
    return {
        "OpsItem": {
            **_head(known),
            "Description": known.description,
            "ResourceGroupId": known.resource_group,
            "CreatedBy": known.created_by,
            "LastModifiedBy": known.updated_by,
            "Resources": json_text(list(known.resources)),
            "Solutions": json_text(list(known.solutions)),
        }
    }


def _open_twin(context: Context, dedup: str) -> OpsItem | None:
    """The item of the same DedupString that nobody has resolved."""
    items = OPS_ITEMS.of_region(context.registry, context.region)
    return next((each for each in items if dedup and each.dedup == dedup and each.status != "Resolved"), None)


def get_ops_item(context: Context, request: requests.GetOpsItem) -> responses.Whole:
    """Show an ops item."""
    item = _item(context, request.ops_item_id)
    return {
        "OpsItem": {
            **_head(item),
            "Description": item.description,
            "ResourceGroupId": item.resource_group,
            "CreateBy": item.created_by,
            "LastModifiedBy": item.updated_by,
            "Resources": list(item.resources),
            "Solutions": list(item.solutions),
        }
    }


def list_ops_items(context: Context, request: requests.ListOpsItems) -> responses.Listed:
    """List ops items, newest first."""
    wanted = {key: str(value) for key, value in (request.tags or {}).items()}
    found = [
        each
        for each in OPS_ITEMS.of_region(context.registry, context.region)
        if wanted.items() <= each.tags.items() and all(meets(each, condition) for condition in request.filter)
    ]
    page = slice_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    shapes: list[responses.ListedShape] = [{**_head(each), "Resources": list(each.resources)} for each in page.items]
    return {"OpsItems": shapes, "TotalCount": len(found), **page.fields}


def update_ops_item(context: Context, request: requests.UpdateOpsItem) -> responses.Changed:
    """Change an ops item, such as how far it has come."""
    given: dict[str, Any] = {
        "title": request.title,
        "status": request.status,
        "category": request.category,
        "severity": request.severity,
        "source": request.source,
        "priority": request.priority,
        "description": request.description,
        "resources": request.resources,
        "solutions": None if request.solutions is None else _plain(request.solutions),
        "dedup": request.dedup_string,
        "resource_group": request.resource_group_id,
        "tags": None if request.tags is None else _tags(request.tags),
    }
    for text in ("title", "description"):
        given[text] = None if given[text] is None else context.redact(given[text])
    changes = {name: value for name, value in given.items() if value is not None}
    item = _item(context, request.ops_item_id)
    item = replace(item, **changes, updated=context.now(), updated_by=context.caller)
    OPS_ITEMS.keep(context.registry, item)
    return {
        "OpsItem": {
            **_head(item),
            "Description": item.description,
            "ResourceGroupId": item.resource_group,
            "CreatedBy": item.created_by,
            "LastModifiedBy": item.updated_by,
            "Resources": list(item.resources),
            "Solutions": [json_text(each) for each in item.solutions],
        }
    }


def delete_ops_items(context: Context, request: requests.DeleteOpsItems) -> responses.Nothing:
    """Forget ops items."""
    for id in request.ops_item_ids:
        if not was_deletion_intended(context, id):
            _item(context, id)
    for id in request.ops_item_ids:
        intend_deletion(context, id)
        OPS_ITEMS.forget(context.registry, id)
    return {}


def _item(context: Context, id: str) -> OpsItem:
    item = OPS_ITEMS.load(context.registry, id)
    if item is None or item.region != context.region:
        raise NotFound("EntityNotExists.OpsItem", f"The specified ops item {id} does not exist.")
    return item


def _tags(tags: Mapping[str, Value] | None) -> dict[str, str]:
    return tags_from(Tag(key=key, value=str(value)) for key, value in (tags or {}).items())


def _plain(solutions: tuple[Mapping[str, Value], ...] | None) -> tuple[dict[str, Any], ...]:
    return tuple(dict(each) for each in solutions or ())


def _head(item: OpsItem) -> responses.Head:
    return {
        "OpsItemId": item.id,
        "Title": item.title,
        "Category": item.category,
        "Severity": item.severity,
        "Priority": item.priority,
        "Source": item.source,
        "Status": item.status,
        "CreateDate": instant(item.created),
        "UpdateDate": instant(item.updated),
        "Tags": dict(item.tags),
    }

"""Targets: which resources an execution works on (spec 1.3, 4.4 SelectTargets). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oos.values.json import Value, structured


class TargetsInvalid(ValueError):
    """A Targets value that names nothing."""


def describe_parameters(filter_: Value, region: str) -> dict[str, Value]:
    """The parameters of the Describe call that finds the targets of one filter. Raises TargetsInvalid."""
    filter_ = structured(filter_)
    if not isinstance(filter_, Mapping):
        raise TargetsInvalid(
            f"Filters holds Targets maps such as {{Type: ResourceIds, ResourceIds: […]}}, not {filter_!r}"
        )
    parameters: dict[str, Any] = {"RegionId": filter_.get("RegionId") or region}
    extra = filter_.get("Parameters")
    if isinstance(extra, Mapping):
        parameters.update(extra)
    match str(filter_.get("Type", "")).casefold():
        case "resourceids":
            ids = filter_.get("ResourceIds")
            if not isinstance(ids, list) or not ids:
                raise TargetsInvalid("Targets of Type ResourceIds need a non-empty list ResourceIds")
            parameters["InstanceIds"] = ids
        case "tags":
            tags = filter_.get("Tags")
            if not isinstance(tags, list) or not tags:
                raise TargetsInvalid("Targets of Type Tags need a non-empty list Tags of {Key, Value}")
            parameters["Tags"] = tags
        case "resourcegroup" | "resourcegroupid":
            parameters["ResourceGroupId"] = filter_.get("ResourceGroupId")
        case "all":
            pass
        case other:
            raise TargetsInvalid(f"Targets.Type is ResourceIds, Tags, ResourceGroup or All, not {other!r}")
    return parameters


def merge_responses(responses: list[dict[str, Value]], list_field: str, id_field: str) -> dict[str, Value]:
    """Several listings as one: the union, each resource once, in order of first appearance."""
    seen: dict[Value, Value] = {}
    for response in responses:
        for item in items_of(response, list_field):
            seen.setdefault(item.get(id_field), item)
    outer, _, inner = list_field.partition(".")
    items = list(seen.values())
    return {**(responses[0] if responses else {}), outer: {inner: items} if inner else items, "TotalCount": len(seen)}


def items_of(response: Mapping[str, Value], list_field: str) -> list[Any]:
    """What a listing lists: `Instances.Instance`, or `Instances` alone."""
    outer, _, inner = list_field.partition(".")
    if not inner:
        return list(response.get(outer, []))
    return list(response.get(outer, {}).get(inner, []))

"""Reading all pages of a listing (spec 4.1 AutoPaging)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from oos.service.operation import Operation
from oos.values.json import Value

PAGE_SIZE: Final = 100
PAGES_AT_MOST: Final = 10_000
"""A listing that has more pages than this never ends; it is given up with what it has shown to be a fault."""


class EndlessListing(Exception):
    """A listing that goes on for ever."""


def all_pages(
    operation: Operation, parameters: Mapping[str, Value], call: Callable[[Mapping[str, Value]], dict[str, Value]]
) -> dict[str, Value]:
    """The response of an operation, its pages merged into one where it has pages."""
    names = {field.name for field in fields(operation.request)}
    if operation.list_field is None:
        return call(parameters)
    if "next_token" in names:
        return _by_token(operation.list_field, parameters, call)
    if "page_number" in names:
        return _by_number(operation.list_field, parameters, call)
    return call(parameters)


def _by_token(
    path: str, parameters: Mapping[str, Value], call: Callable[[Mapping[str, Value]], dict[str, Value]]
) -> dict[str, Value]:
    asked = {**_without(parameters, "PageNumber", "PageSize"), "MaxResults": PAGE_SIZE}
    first = response = call(asked)
    items = list(_items(response, path))
    for _ in range(PAGES_AT_MOST):
        token = response.get("NextToken")
        if not token:
            return _merged(first, path, items, NextToken="")
        response = call({**asked, "NextToken": token})
        items.extend(_items(response, path))
    raise EndlessListing(f"the listing has more than {PAGES_AT_MOST} pages")


def _by_number(
    path: str, parameters: Mapping[str, Value], call: Callable[[Mapping[str, Value]], dict[str, Value]]
) -> dict[str, Value]:
    asked = {**parameters, "PageSize": PAGE_SIZE}
    first = response = call({**asked, "PageNumber": 1})
    items = list(_items(response, path))
    for number in range(2, PAGES_AT_MOST):
        if len(items) >= int(first.get("TotalCount") or 0) or not _items(response, path):
            return _merged(first, path, items, PageNumber=1, PageSize=max(PAGE_SIZE, len(items)))
        response = call({**asked, "PageNumber": number})
        items.extend(_items(response, path))
    raise EndlessListing(f"the listing has more than {PAGES_AT_MOST} pages")


def _without(parameters: Mapping[str, Value], *names: str) -> dict[str, Value]:
    return {name: value for name, value in parameters.items() if name not in names}


def _items(response: Mapping[str, Any], path: str) -> list[Value]:
    value: Any = response
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, list) else []


def _merged(first: dict[str, Value], path: str, items: list[Value], **fields_: Value) -> dict[str, Value]:
    merged = {**first, **{name: value for name, value in fields_.items() if name in first}}
    *outer, last = path.split(".")
    place = merged
    for key in outer:
        place[key] = dict(place.get(key) or {})
        place = place[key]
    place[last] = items
    return merged

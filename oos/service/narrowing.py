"""Narrowing: one handler for an operation that two services have, one of them with fewer parameters and fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import wraps
from typing import Any

from oos.service.context import Context
from oos.service.schema import Schema, response_schema


def narrowed(
    handle: Callable[[Context, Any], Mapping[str, Any]], whole_request: type, response: type
) -> Callable[[Context, Any], Mapping[str, Any]]:
    """The handler for the service with less: its request is made whole with defaults, of the answer its fields stay."""

    @wraps(handle)
    def answer(context: Context, request: Any) -> Mapping[str, Any]:
        given = {each.name: getattr(request, each.name) for each in fields(request)}
        kept: Mapping[str, Any] = _kept(handle(context, whole_request(**given)), response_schema(response))
        return kept

    return answer


def _kept(value: Any, schema: Schema) -> Any:
    if schema.item is not None and isinstance(value, list):
        return [_kept(each, schema.item) for each in value]
    if schema.members and isinstance(value, dict):
        return {name: _kept(each, schema.members[name]) for name, each in value.items() if name in schema.members}
    return value

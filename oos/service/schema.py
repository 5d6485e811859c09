"""Schemas: the shape of a response, read from its TypedDict, for the template checker and the documentation."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Schema:
    """The shape of a value: one of the language's type names, and what is inside."""

    type_name: str
    """`String`, `Number`, `Boolean`, `List`, `Json`, or `Any`."""
    members: Mapping[str, Schema] = field(default_factory=dict)
    """Of a map with known keys: what each holds. Empty for a map with any keys."""
    item: Schema | None = None
    """Of a list: what each item is."""

    def at(self, *path: str) -> Schema | None:
        """The shape at a path of keys; lists on the way are entered. None where there is no such key."""
        here: Schema | None = self
        for key in path:
            while here is not None and here.item is not None:
                here = here.item
            here = here.members.get(key) if here is not None else None
        return here


ANY = Schema("Any")

_NAMES = {str: "String", int: "Number", float: "Number", bool: "Boolean"}


@cache
def response_schema(response_type: type) -> Schema:
    """The shape of a response, with the `RequestId` that every response carries."""
    schema = _schema(response_type)
    return Schema("Json", {**schema.members, "RequestId": Schema("String")})


def _schema(hint: Any) -> Schema:
    origin = typing.get_origin(hint)
    if origin in (typing.Required, typing.NotRequired, typing.Annotated):
        return _schema(typing.get_args(hint)[0])
    if isinstance(hint, types.UnionType):
        return _schema(next(each for each in typing.get_args(hint) if each is not type(None)))
    if origin is list:
        return Schema("List", item=_schema(typing.get_args(hint)[0]))
    if typing.is_typeddict(hint):
        hints = typing.get_type_hints(hint, include_extras=True)
        return Schema("Json", {key: _schema(each) for key, each in hints.items()})
    if origin in (Mapping, dict):
        return Schema("Json")
    return Schema(_NAMES[hint]) if hint in _NAMES else ANY

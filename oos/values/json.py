"""JSON values: the only data that templates, operations and journals exchange."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from oos.values.secret import MASK, Secret

Value: TypeAlias = Any
"""None, bool, int, float, str, Secret, list of Value, or dict from str to Value."""

TYPE_NAMES = ("String", "Number", "Boolean", "List", "Json")
"""The five type names of the language (spec 1.2). `Object` is an older name of `Json`."""


def type_name(value: Value) -> str:
    """The language's name for the type of a value; `Null` for None, `Secret` counts as what it holds."""
    match value:
        case None:
            return "Null"
        case bool():
            return "Boolean"
        case int() | float():
            return "Number"
        case str():
            return "String"
        case list() | tuple():
            return "List"
        case dict() | Mapping():
            return "Json"
        case Secret():
            return type_name(value.reveal())
        case _:
            return type(value).__name__


def structured(value: Value) -> Value:
    """The list or map that a text is the JSON of, where one of the two is wanted; any other value as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


def to_text(value: Value) -> str:
    """How a value prints inside other text (spec 1.4): text as it is, the rest as JSON.

    A Secret inside prints masked; to keep a secret secret *and* usable, interpolate with
    `oos.template.expression`, which gives a Secret back.
    """
    if isinstance(value, str):
        return value
    return json_text(value)


def json_text(value: Value) -> str:
    """JSON text of a value, keys in their order, secrets masked."""
    return msgspec.json.encode(value, enc_hook=_mask).decode()


def canonical_bytes(value: Value) -> bytes:
    """JSON with sorted keys and no blanks: equal values give equal bytes. Secrets are masked."""
    return msgspec.json.encode(value, enc_hook=_mask, order="sorted")


def digest(value: Value) -> str:
    """SHA-256, in hex, of the canonical JSON of a value."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def equals(left: Value, right: Value) -> bool:
    """Deep and typed equality (spec 2, Fn::Equals): true is not 1, "1" is not 1, 1 is 1.0."""
    if isinstance(left, Secret):
        left = left.reveal()
    if isinstance(right, Secret):
        right = right.reveal()
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equals, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equals(item, right[key]) for key, item in left.items())
    return bool(left == right)


def transform(value: Value, leaf: Callable[[Value], Value]) -> Value:
    """A copy of a value in which every leaf (all but lists and maps) went through `leaf`."""
    if isinstance(value, dict):
        return {key: transform(item, leaf) for key, item in value.items()}
    if isinstance(value, list):
        return [transform(item, leaf) for item in value]
    return leaf(value)


def _mask(value: object) -> object:
    if isinstance(value, Secret):
        return MASK
    raise TypeError(f"not a JSON value: {type(value).__name__}")

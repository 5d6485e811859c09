"""Stored parameters: the parameter store (spec 1.11), common and secret ones, as documents of the registry.

The value of a secret one is a Secret, which the registry seals. A head and its versions are documents of their own,
as those of templates are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from oos.service.registry import Registry
from oos.values.json import Value
from oos.values.secret import Secret
from oos.values.typed import convert_as

MOST_VERSIONS: Final = 100


class Store(StrEnum):
    """Which parameters: everybody may read the common ones."""

    COMMON = "parameter"
    SECRET = "secret-parameter"  # noqa: S105 (the name of a kind of document)


@dataclass(frozen=True, slots=True)
class ParameterHead:
    """What holds for all versions of a parameter."""

    name: str
    id: str
    type: str
    created: datetime
    created_by: str
    description: str = ""
    constraints: str = ""
    """JSON text, as it was given."""
    resource_group: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParameterVersion:
    """One version of a parameter."""

    number: int
    value: str | Secret
    at: datetime
    by: str
    token: str
    """Of the request that made it: the same request makes it once."""


def load_head(registry: Registry, store: Store, name: str) -> ParameterHead | None:
    """The head of a parameter."""
    document = registry.get(store, name)
    return None if document is None else convert_as(dict(document), ParameterHead)


def load_heads(registry: Registry, store: Store) -> Iterator[ParameterHead]:
    """The heads of all parameters, by name."""
    for _, document in registry.items(store):
        yield convert_as(dict(document), ParameterHead)


def keep_head(registry: Registry, store: Store, head: ParameterHead) -> None:
    """Write the head of a parameter."""
    registry.put(store, head.name, msgspec.to_builtins(head))


def load_versions(registry: Registry, store: Store, name: str) -> list[ParameterVersion]:
    """The versions of a parameter, oldest first."""
    return [_version(document) for _, document in registry.items(f"{store}-version", f"{name}//")]


def add_version(registry: Registry, store: Store, name: str, version: ParameterVersion) -> ParameterVersion:
    """Write a further version, and give it its number; the one that the same request wrote before is found.

    Only the newest hundred are kept.
    """
    while True:
        versions = load_versions(registry, store, name)
        known = next((each for each in versions if each.token == version.token), None)
        if known is not None:
            return known
        numbered = replace(version, number=versions[-1].number + 1 if versions else 1)
        if registry.add(f"{store}-version", _key(name, numbered.number), _document(numbered)):
            for each in versions[: len(versions) + 1 - MOST_VERSIONS]:
                registry.remove(f"{store}-version", _key(name, each.number))
            return numbered


def forget_parameter(registry: Registry, store: Store, name: str) -> None:
    """Take a parameter away, with all its versions."""
    registry.remove(store, name)
    for key, _ in list(registry.items(f"{store}-version", f"{name}//")):
        registry.remove(f"{store}-version", key)


def stored_value(registry: Registry, reference: str) -> Value:
    """The value of `oos:name` or `oos-secret:name`, of its newest version; None when there is no such parameter."""
    kind, _, name = reference.partition(":")
    versions = load_versions(registry, Store.COMMON if kind == "oos" else Store.SECRET, name)
    return versions[-1].value if versions else None


def _key(name: str, number: int) -> str:
    return f"{name}//{number:06d}"


def _document(version: ParameterVersion) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(_Plain(version.number, version.at, version.by, version.token))
    return {**plain, "value": version.value}


def _version(document: Mapping[str, Any]) -> ParameterVersion:
    plain = convert_as({key: part for key, part in document.items() if key != "value"}, _Plain)
    return ParameterVersion(plain.number, document["value"], plain.at, plain.by, plain.token)


class _Plain(msgspec.Struct):
    """A version as it is written, without its value."""

    number: int
    at: datetime
    by: str
    token: str

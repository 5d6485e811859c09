"""Key pairs: public keys that are given to guests, as documents of the registry. Private keys are never kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from oos.service.registry import Registry
from oos.values.typed import convert_as

_KIND: Final = "key-pair"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A public key and its name, which is unique in a region."""

    name: str
    id: str
    region: str
    public_key: str
    """One line, as in `authorized_keys`."""
    finger_print: str
    created: datetime
    token: str
    """Of the request that made it."""
    resource_group: str = ""
    tags: dict[str, str] = field(default_factory=dict)


def load_key_pair(registry: Registry, region: str, name: str) -> KeyPair | None:
    """The key pair of this name."""
    document = registry.get(_KIND, f"{region}/{name}")
    return None if document is None else convert_as(dict(document), KeyPair)


def load_key_pairs(registry: Registry, region: str) -> Iterator[KeyPair]:
    """All key pairs of a region, by name."""
    for _, document in registry.items(_KIND, f"{region}/"):
        yield convert_as(dict(document), KeyPair)


def keep_key_pair(registry: Registry, pair: KeyPair) -> None:
    """Write down a key pair."""
    registry.put(_KIND, f"{pair.region}/{pair.name}", msgspec.to_builtins(pair))


def forget_key_pair(registry: Registry, region: str, name: str) -> None:
    """Take a key pair away."""
    registry.remove(_KIND, f"{region}/{name}")

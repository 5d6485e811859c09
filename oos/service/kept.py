"""Records of one kind that the registry holds: typed, by id, each of a region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import msgspec

from oos.service.registry import Registry
from oos.values.typed import convert_as


class Regional(Protocol):
    """What can be kept: it has an id, and belongs to a region."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def region(self) -> str:
        """The region that it belongs to."""


R = TypeVar("R", bound=Regional)


@dataclass(frozen=True, slots=True)
class Kept(Generic[R]):
    """The records of one type, under one kind of the registry."""

    kind: str
    type: type[R]

    def load(self, registry: Registry, id: str) -> R | None:
        """The record with this id."""
        document = registry.get(self.kind, id)
        return None if document is None else convert_as(dict(document), self.type)

    def of_region(self, registry: Registry, region: str) -> Iterator[R]:
        """All records of a region, by id."""
        for _, document in registry.items(self.kind):
            record = convert_as(dict(document), self.type)
            if record.region == region:
                yield record

    def keep(self, registry: Registry, record: R) -> None:
        """Write down a record, in place of the one that had its id."""
        registry.put(self.kind, record.id, msgspec.to_builtins(record))

    def forget(self, registry: Registry, id: str) -> None:
        """Take a record away; one that is not there is gone already."""
        registry.remove(self.kind, id)

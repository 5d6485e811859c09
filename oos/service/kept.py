"""Records of one kind that the registry holds: typed, each of a region."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


@dataclass(frozen=True, slots=True)
class KeptByRegion(Generic[R]):
    """The records of one type, under their region and a name that is unique there."""

    kind: str
    type: type[R]
    name: Callable[[R], str]

    def of_region(self, registry: Registry, region: str) -> list[R]:
        """All records of a region, by name."""
        return [convert_as(dict(document), self.type) for _, document in registry.items(self.kind, f"{region}/")]

    def add(self, registry: Registry, record: R) -> bool:
        """Write down a record unless there is one of its name; whether it was written."""
        return registry.add(self.kind, self._key(record), msgspec.to_builtins(record))

    def keep(self, registry: Registry, record: R) -> R:
        """Write down a record, in place of the one that had its name."""
        registry.put(self.kind, self._key(record), msgspec.to_builtins(record))
        return record

    def forget(self, registry: Registry, record: R) -> None:
        """Take a record away; one that is not there is gone already."""
        registry.remove(self.kind, self._key(record))

    def _key(self, record: R) -> str:
        return f"{record.region}/{self.name(record)}"

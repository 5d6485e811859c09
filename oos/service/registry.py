"""The registry: what libvirt cannot hold (invocations, tags of disks, key pairs), as documents by kind and id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol


class Registry(Protocol):
    """Documents by kind and id. Lose it, and the fleet is adopted again; nothing of the fleet is lost.

    Kinds in use: `command`, `invocation`, `invocation-result`, `tag`, `deletion`, `stop`, `parameter`, `template`.
    Writing is atomic per document. A document holds no secret: what is kept goes through `Context.redact` first.
    """

    def get(self, kind: str, key: str) -> Mapping[str, Any] | None:
        """The document, or None."""

    def put(self, kind: str, key: str, document: Mapping[str, Any]) -> None:
        """Store the document in place of what was there."""

    def add(self, kind: str, key: str, document: Mapping[str, Any]) -> bool:
        """Store the document unless there is one; whether it was stored."""

    def remove(self, kind: str, key: str) -> bool:
        """Forget the document; whether there was one."""

    def items(self, kind: str, prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
        """All documents of a kind whose key starts with the prefix, by key."""


class MemoryRegistry:
    """A registry that lasts as long as the process: for tests, rehearsals and plans."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str], Mapping[str, Any]] = {}

    def get(self, kind: str, key: str) -> Mapping[str, Any] | None:
        return self._documents.get((kind, key))

    def put(self, kind: str, key: str, document: Mapping[str, Any]) -> None:
        self._documents[kind, key] = dict(document)

    def add(self, kind: str, key: str, document: Mapping[str, Any]) -> bool:
        return self._documents.setdefault((kind, key), chosen := dict(document)) is chosen

    def remove(self, kind: str, key: str) -> bool:
        return self._documents.pop((kind, key), None) is not None

    def items(self, kind: str, prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
        found = sorted(key for of_kind, key in self._documents if of_kind == kind and key.startswith(prefix))
        for key in found:
            yield key, self._documents[kind, key]

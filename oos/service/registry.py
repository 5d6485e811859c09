"""The registry: what libvirt cannot hold (invocations, tags of disks, key pairs), as documents by kind and id."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol


class Registry(Protocol):
    """Documents by kind and id. Lose it, and the fleet is adopted again; nothing of the fleet is lost.

    Kinds in use: `command`, `invocation`, `invocation-result`, `tag`, `deletion`, `stop`, `parameter`, `template`,
    `disk-settings`, `disk-snapshot-policy`, `snapshot-policy`.
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

    def alone_with(self, name: str) -> AbstractContextManager[None]:
        """Hold a name, alone among all processes and threads that use this registry; whoever dies lets go of it.

        For what must be read, changed and written as one, where the thing itself cannot compare before it writes.
        Held shortly; not to be taken again by its holder.
        """


class MemoryRegistry:
    """A registry that lasts as long as the process: for tests, rehearsals and plans."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str], Mapping[str, Any]] = {}
        # A few are enough: names share them.
        self._locks = tuple(threading.Lock() for _ in range(64))

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

    def alone_with(self, name: str) -> AbstractContextManager[None]:
        return _held(self._locks[zlib.crc32(name.encode()) % len(self._locks)])


@contextmanager
def _held(lock: threading.Lock) -> Iterator[None]:
    with lock:
        yield

"""An overlay: a registry that reads through to another one, and keeps what is written to itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from oos.service.registry import Registry

Document = Mapping[str, Any]
_GONE: Final[Document] = {}
"""In place of a document that was removed; told by its identity."""


class OverlayRegistry:
    """The Registry port of a plan: what lies below is read, and never written."""

    def __init__(self, below: Registry) -> None:
        self._below = below
        self._written: dict[tuple[str, str], Document] = {}
        self._lock = threading.RLock()
        self.writes = 0
        """How often something was written or removed."""

    def get(self, kind: str, key: str) -> Document | None:
        written = self._written.get((kind, key))
        if written is None:
            return self._below.get(kind, key)
        return None if written is _GONE else written

    def put(self, kind: str, key: str, document: Document) -> None:
        self._write(kind, key, dict(document))

    def add(self, kind: str, key: str, document: Document) -> bool:
        with self._lock:
            if self.get(kind, key) is not None:
                return False
            self._write(kind, key, dict(document))
            return True

    def remove(self, kind: str, key: str) -> bool:
        with self._lock:
            if self.get(kind, key) is None:
                return False
            self._write(kind, key, _GONE)
            return True

    def items(self, kind: str, prefix: str = "") -> Iterator[tuple[str, Document]]:
        found = dict(self._below.items(kind, prefix))
        for (of_kind, key), document in list(self._written.items()):
            if of_kind == kind and key.startswith(prefix):
                found[key] = document
        for key in sorted(found):
            if found[key] is not _GONE:
                yield key, found[key]

    def alone_with(self, name: str) -> AbstractContextManager[None]:
        del name
        return _Held(self._lock)

    def changes(self) -> Iterator[tuple[str, str, Document | None, Document | None]]:
        """What came to differ from what lies below: kind and key, the document as it was, and as it would be."""
        for (kind, key), document in list(self._written.items()):
            before, after = self._below.get(kind, key), None if document is _GONE else document
            if before != after:
                yield kind, key, before, after

    def _write(self, kind: str, key: str, document: Document) -> None:
        with self._lock:
            self._written[kind, key] = document
            self.writes += 1


class _Held:
    """A lock that is held for a while."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

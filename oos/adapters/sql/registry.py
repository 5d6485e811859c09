"""The Registry port on an SQL database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from oos.adapters.sql.database import Database, open_database
from oos.adapters.sql.dialect import Cursor
from oos.journal.codec import Sealer, Sealing
from oos.journal.port import JournalFailed

DOCUMENTS_AT_ONCE: Final = 500


class NoKey(Exception):
    """A secret was to be stored or read, and the registry was opened without a sealer."""


def _no_sealer() -> Sealer:
    raise NoKey("a document holds a secret, and the registry was opened without a key to seal it")


class SqlRegistry:
    """The Registry port on a database; secrets in documents are sealed."""

    def __init__(self, database: Database | str | Path, sealer: Callable[[], Sealer] = _no_sealer) -> None:
        self._database = database if isinstance(database, Database) else open_database(database)
        self._sql = self._database.statements
        self._sealing = Sealing(sealer)

    def get(self, kind: str, key: str) -> Mapping[str, Any] | None:
        """The document, or None. Raises JournalFailed."""
        rows = self._database.read(self._sql.get_document, (kind, key))
        return self._document(rows[0][0]) if rows else None

    def put(self, kind: str, key: str, document: Mapping[str, Any]) -> None:
        """Store the document in place of what was there. Raises JournalFailed."""
        row = self._row(kind, key, document)
        self._change(self._sql.put_document, row)

    def add(self, kind: str, key: str, document: Mapping[str, Any]) -> bool:
        """Store the document unless there is one; whether it was stored. Raises JournalFailed."""
        row = self._row(kind, key, document)
        return self._change(self._sql.add_document, row) == 1

    def remove(self, kind: str, key: str) -> bool:
        """Forget the document; whether there was one. Raises JournalFailed."""
        return self._change(self._sql.remove_document, (kind, key)) == 1

    def items(self, kind: str, prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
        """All documents of a kind whose key starts with the prefix, by key. Raises JournalFailed."""
        after = ""
        while True:
            rows = self._database.read(self._sql.documents, (kind, prefix, after, DOCUMENTS_AT_ONCE))
            for key, body in rows:
                if not key.startswith(prefix):
                    return
                yield key, self._document(body)
            if len(rows) < DOCUMENTS_AT_ONCE:
                return
            after = rows[-1][0]

    @contextmanager
    def alone_with(self, name: str) -> Iterator[None]:
        """Hold a name, alone among all that use the database. Raises JournalFailed."""
        dialect = self._database.dialect
        with ExitStack() as held:
            try:
                held.enter_context(dialect.alone_with(name))
            except dialect.error as error:
                raise JournalFailed(dialect.explain(error)) from error
            yield

    def close(self) -> None:
        """Let go of the database. Harmless twice."""
        self._database.close()

    def _row(self, kind: str, key: str, document: Mapping[str, Any]) -> tuple[str, str, bytes]:
        assert key, f"a document of kind {kind} has no key"
        return kind, key, self._sealing.encode(dict(document))

    def _document(self, body: bytes) -> Mapping[str, Any]:
        document: Mapping[str, Any] = self._sealing.decode(body)
        return document

    def _change(self, sql: str, parameters: tuple[Any, ...]) -> int:
        def write(cursor: Cursor) -> int:
            cursor.execute(sql, parameters)
            return cursor.rowcount

        return self._database.write(write)

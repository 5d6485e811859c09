"""Checked templates by their text: each text is parsed and checked once a process."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

from oos.template.check import CheckedTemplate, check
from oos.template.parse import parse

if TYPE_CHECKING:
    from oos.service.catalog import Catalog


def template_digest(text: str) -> str:
    """SHA-256 of a template's text, in hex (spec 6.5)."""
    return hashlib.sha256(text.encode()).hexdigest()


class TemplateCache:
    """Parses and checks; remembers by digest of the text."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[str, CheckedTemplate] = {}
        self._lock = threading.Lock()

    def checked(self, text: str, name: str) -> CheckedTemplate:
        """The checked template of a text. Raises DiagnosticError."""
        digest = template_digest(text)
        with self._lock:
            known = self._known.get(digest)
        if known is None:
            known = check(parse(text, name), self._catalog)
            with self._lock:
                self._known[digest] = known
        return known

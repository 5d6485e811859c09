"""Checked templates by their text: each text is parsed and checked once a process."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from oos.diagnostics import DiagnosticError
from oos.execution.inner import inner_template
from oos.template.check import CheckedTemplate, examine

if TYPE_CHECKING:
    from oos.service.catalog import Catalog


def template_digest(text: str) -> str:
    """SHA-256 of a template's text, in hex (spec 6.5)."""
    return hashlib.sha256(text.encode()).hexdigest()


class TemplateCache:
    """Parses and checks; remembers by digest of the text."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[tuple[str, tuple[str, ...]], CheckedTemplate] = {}
        self._lock = threading.Lock()

    def checked(self, text: str, name: str, loop_path: Sequence[str] = ()) -> CheckedTemplate:
        """The checked template of a text, or of the items of the loop that a path of tasks leads to.

        Raises DiagnosticError.
        """
        key = (template_digest(text), tuple(loop_path))
        with self._lock:
            known = self._known.get(key)
        if known is None:
            if loop_path:
                known = inner_template(self.checked(text, name), loop_path)
            else:
                examination = examine(text, name, self._catalog)
                if examination.checked is None:
                    raise DiagnosticError(examination.refusal)
                known = examination.checked
            with self._lock:
                known = self._known.setdefault(key, known)
        return known

"""Findings: diagnostics before they know the name of their source."""

from __future__ import annotations

from dataclasses import dataclass

from oos.diagnostics import Diagnostic, Severity
from oos.source import Span
from oos.template.codes import Code


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to say about a place."""

    code: Code
    span: Span
    message: str
    hint: str = ""
    severity: Severity | None = None
    """Where it differs from the code's own."""

    def of(self, source: str) -> Diagnostic:
        """The finding as a diagnostic of a source."""
        return self.code.at(source, self.span, self.message, self.hint, severity=self.severity)

"""YAML files of the operator: read as plain values, with the place of what is no YAML."""

from __future__ import annotations

from typing import Any

import yaml

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.source import Span


def read_yaml(text: str, name: str) -> Any:
    """The value of a YAML text. Raises DiagnosticError."""
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (safe loaders both)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        span = Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2) if mark else Span(1, 1, 1, 1)
        raise DiagnosticError([Diagnostic("OOS901", f"not valid YAML: {error.problem}", name, span)]) from error

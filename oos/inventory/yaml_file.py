"""YAML files of the operator: read as plain values, with the place of what is no YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.source import Span
from oos.values.bounded_file import read_at_most

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LARGEST: Final = 4 << 20
"""Bytes of a file: tens of thousands of hosts."""
DEEPEST: Final = 20


def read_text(path: Path, what: str, code: str) -> str:
    """The text of a file; what it is, and the code of its fault, are for the message. Raises DiagnosticError."""
    try:
        return read_at_most(path, LARGEST).decode("utf-8")
    except OSError as error:
        raise DiagnosticError([Diagnostic(code, f"cannot read the {what}: {error.strerror}", str(path))]) from error
    except UnicodeDecodeError as error:
        message, hint = f"cannot read the {what}: it is not UTF-8 ({error.reason})", "save the file as UTF-8"
        raise DiagnosticError([Diagnostic(code, message, str(path), hint=hint)]) from error


def read_yaml(text: str, name: str) -> Any:
    """The value of a YAML text. Raises DiagnosticError."""
    try:
        _must_be_flat(text)
        return yaml.load(text, Loader=LOADER)  # noqa: S506 (safe loaders both)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        span = Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2) if mark else Span(1, 1, 1, 1)
        raise DiagnosticError([Diagnostic("OOS901", f"not valid YAML: {error.problem}", name, span)]) from error
    except (yaml.YAMLError, ValueError) as error:
        first = str(error).split("\n", 1)[0]
        raise DiagnosticError([Diagnostic("OOS901", f"not valid YAML: {first}", name)]) from error


def _must_be_flat(text: str) -> None:
    """Raise ValueError for what is nested so deeply that libyaml would end the process (its composer recurses)."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.events.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise ValueError(f"nested more than {DEEPEST} levels deep")
        elif isinstance(event, yaml.events.CollectionEndEvent):
            depth -= 1

"""Faults of templates and of their arguments, as errors of the service: every fault is in the message."""

from __future__ import annotations

import re
from typing import Final

from oos.diagnostics import DiagnosticError, errors_of
from oos.service.errors import ApiError

_CODES: Final = (
    (re.compile(r"OOS104"), "InvalidFormatVersion"),
    (re.compile(r"OOS(208|209|210)"), "InvalidAction"),
    (re.compile(r"OOS2\d\d"), "InvalidReference"),
    (re.compile(r"OOS(113|114|115|3\d\d|6\d\d)"), "InvalidParameter"),
)
"""Which code of the service stands for which room of our diagnostics (spec 7.2)."""


def template_error(error: DiagnosticError) -> ApiError:
    """What is wrong with a template or its arguments; the code is that of the first fault."""
    faults = errors_of(error.diagnostics) or error.diagnostics
    message = "\n".join(map(str, faults)) or str(error)
    return ApiError(code_of(faults[0].code if faults else ""), message)


def code_of(diagnostic_code: str) -> str:
    """The code of the service for a diagnostic's."""
    return next((code for pattern, code in _CODES if pattern.fullmatch(diagnostic_code)), "InvalidTemplate")

"""Settings of the guards: the table `[guards]` of oos.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from oos.diagnostics import Diagnostic, DiagnosticError, did_you_mean


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """What a site demands before and while executions change its fleet."""

    forbid_calendar: Path | None = None
    """An iCalendar file: while one of its events lasts, nothing that changes anything starts."""
    allow_calendar: Path | None = None
    """An iCalendar file: only while one of its events lasts, something that changes anything starts."""
    max_share: str = ""
    """The part of a region's instances that one execution may touch: `25%`, or a number."""
    approve_destroy: bool = False
    """Whether each operation that destroys waits for approval, whatever the execution was started with."""
    forbid_self_approval: bool = False
    """Whether who started an execution may not approve it."""


_SHARE: Final = re.compile(r"[1-9]\d*|(?:100|[1-9]?\d)(?:\.\d+)?%")
_FILES: Final = ("forbid_calendar", "allow_calendar")


def read_guards(value: Any, source: str, base: Path) -> GuardSettings:
    """The guards that a table describes. Raises DiagnosticError."""
    known = [each.name for each in fields(GuardSettings)]
    if not isinstance(value, Mapping):
        raise _wrong("guards is a table: [guards]", source)
    given: dict[str, Any] = {}
    for name, each in value.items():
        if name not in known:
            raise DiagnosticError(
                [Diagnostic("OOS911", f"no guard is called {name}", source, hint=did_you_mean(name, known))]
            )
        if name in _FILES:
            path = Path(str(each)).expanduser()
            given[name] = path if path.is_absolute() else base / path
        elif name == "max_share":
            if not _SHARE.fullmatch(str(each)) or str(each) in ("0%",):
                raise _wrong(f"max_share is a number of instances or a percentage such as 25%, not {each!r}", source)
            given[name] = str(each)
        elif not isinstance(each, bool):
            raise _wrong(f"{name} is true or false, not {each!r}", source)
        else:
            given[name] = each
    return GuardSettings(**given)


def _wrong(message: str, source: str) -> DiagnosticError:
    return DiagnosticError([Diagnostic("OOS912", message, source)])

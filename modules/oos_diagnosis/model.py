"""Diagnostic reports, as documents of the registry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from oos.service.kept import Kept


@dataclass(frozen=True, slots=True)
class KeptIssue:
    """An issue of a report."""

    id: str
    severity: str
    detail: str


@dataclass(frozen=True, slots=True)
class KeptResult:
    """A metric of a report, answered."""

    metric_id: str
    category: str
    severity: str
    issues: tuple[KeptIssue, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found about an instance."""

    id: str
    region: str
    instance_id: str
    set_id: str
    created: datetime
    finished: datetime
    severity: str
    results: tuple[KeptResult, ...]


REPORTS: Final = Kept("diagnostic-report", Report)
"""Reports of diagnoses."""

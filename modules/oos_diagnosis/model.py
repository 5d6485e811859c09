"""Diagnostic reports, as documents of the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from oos.service.registry import Registry
from oos.values.typed import convert_as

_KIND: Final = "diagnostic-report"


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


def load_report(registry: Registry, id: str) -> Report | None:
    """The report with this id."""
    document = registry.get(_KIND, id)
    return None if document is None else convert_as(dict(document), Report)


def load_reports(registry: Registry, region: str) -> Iterator[Report]:
    """All reports of a region."""
    for _, document in registry.items(_KIND):
        report = convert_as(dict(document), Report)
        if report.region == region:
            yield report


def keep_report(registry: Registry, report: Report) -> None:
    """Write down a report."""
    registry.put(_KIND, report.id, msgspec.to_builtins(report))


def forget_report(registry: Registry, id: str) -> None:
    """Take a report away."""
    registry.remove(_KIND, id)

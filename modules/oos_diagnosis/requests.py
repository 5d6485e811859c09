"""Requests about diagnostic reports: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.paging import Tokened
from oos.service.parameter import Param


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDiagnosticReport:
    """Which instance to look at."""

    resource_id: Annotated[str, Param("The instance.")]
    metric_set_id: Annotated[str, Param("Set of metrics; there is one.", allowed=("dms-instancedefault",))] = (
        "dms-instancedefault"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeDiagnosticReports(Tokened):
    """Which reports to list."""

    report_ids: Annotated[tuple[str, ...], Param("Only these.", most=100)] = ()
    resource_ids: Annotated[tuple[str, ...], Param("Only those about these instances.", most=100)] = ()
    severity: Annotated[
        str, Param("Only those that are so bad.", allowed=("Unknown", "Normal", "Info", "Warn", "Critical"))
    ] = ""
    status: Annotated[str, Param("Only those that are so far.", allowed=("InProgress", "Failed", "Finished"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeDiagnosticReportAttributes:
    """Which report to show."""

    report_id: Annotated[str, Param("The report.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDiagnosticReports:
    """Which reports to delete."""

    report_ids: Annotated[tuple[str, ...], Param("The reports.", most=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeDiagnosticMetricSets(Tokened):
    """Which sets of metrics to list."""

    metric_set_ids: Annotated[tuple[str, ...], Param("Only these.", most=100)] = ()
    resource_type: Annotated[str, Param("Only for resources of this kind.")] = ""
    type: Annotated[str, Param("Whose they are.", allowed=("User", "Common"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeDiagnosticMetrics(Tokened):
    """Which metrics to list."""

    metric_ids: Annotated[tuple[str, ...], Param("Only these.", most=100)] = ()
    resource_type: Annotated[str, Param("Only for resources of this kind.")] = ""

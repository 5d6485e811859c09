"""Diagnosis: instances looked at from all sides, and what is wrong reported."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_diagnosis import operations, requests, responses

OPERATIONS = (
    Operation(
        "ECS",
        "CreateDiagnosticReport",
        requests.CreateDiagnosticReport,
        responses.MadeReport,
        operations.create_diagnostic_report,
        effect=Effect.CHANGES,
        refuses=("AdditionalOptions*", "EndTime", "StartTime"),
    ),
    Operation(
        "ECS",
        "DescribeDiagnosticReports",
        requests.DescribeDiagnosticReports,
        responses.Reports,
        operations.describe_diagnostic_reports,
        list_field="Reports.Report",
    ),
    Operation(
        "ECS",
        "DescribeDiagnosticReportAttributes",
        requests.DescribeDiagnosticReportAttributes,
        responses.ReportAttributes,
        operations.describe_diagnostic_report_attributes,
    ),
    Operation(
        "ECS",
        "DeleteDiagnosticReports",
        requests.DeleteDiagnosticReports,
        responses.Nothing,
        operations.delete_diagnostic_reports,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "ECS",
        "DescribeDiagnosticMetricSets",
        requests.DescribeDiagnosticMetricSets,
        responses.MetricSets,
        operations.describe_diagnostic_metric_sets,
        list_field="MetricSets",
    ),
    Operation(
        "ECS",
        "DescribeDiagnosticMetrics",
        requests.DescribeDiagnosticMetrics,
        responses.Metrics,
        operations.describe_diagnostic_metrics,
        list_field="Metrics",
    ),
)

MODULE = Module("diagnosis", OPERATIONS, actions_beside(__file__))

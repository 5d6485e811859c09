"""Operations that look at instances from all sides and report what is wrong."""

from __future__ import annotations

from typing import Final

from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import NotFound
from oos.service.filtering import is_wanted
from oos.service.paging import slice_of
from oos.service.shape import instant, newest_first
from oos.values.identifiers import resource_id
from oos_diagnosis import requests, responses
from oos_diagnosis.checks import METRICS, Finding, Metric, diagnose, worst
from oos_diagnosis.look import look_at
from oos_diagnosis.model import REPORTS, KeptIssue, KeptResult, Report

_KIND: Final = "instance"
_SET: Final = "dms-instancedefault"


def create_diagnostic_report(context: Context, request: requests.CreateDiagnosticReport) -> responses.MadeReport:
    """Look at an instance, its agent, network, disks and locks, and report what is wrong; the guest is asked, too."""
    id = resource_id("dr", context.token)
    if REPORTS.load(context.registry, id) is None:
        hypervisor, instance = context.fleet.of_instance(request.resource_id, context.region)
        created = context.now()
        findings = diagnose(look_at(context, hypervisor, instance))
        report = Report(
            id=id,
            region=context.region,
            instance_id=instance.id,
            set_id=request.metric_set_id,
            created=created,
            finished=context.now(),
            severity=worst(each.severity for each in findings),
            results=tuple(map(_kept, findings)),
        )
        REPORTS.keep(context.registry, report)
    return {"ReportId": id}


def _kept(finding: Finding) -> KeptResult:
    issues = tuple(KeptIssue(each.id, each.severity, each.detail) for each in finding.issues)
    return KeptResult(finding.metric.id, finding.metric.category, finding.severity, issues)


def describe_diagnostic_reports(context: Context, request: requests.DescribeDiagnosticReports) -> responses.Reports:
    """List diagnostic reports."""
    found = [
        each
        for each in REPORTS.of_region(context.registry, context.region)
        if (not request.report_ids or each.id in request.report_ids)
        and (not request.resource_ids or each.instance_id in request.resource_ids)
        and is_wanted(each.severity, request.severity)
        and is_wanted("Finished", request.status)
    ]
    page = slice_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    return {"Reports": {"Report": [_shape(each) for each in page.items]}, "NextToken": page.fields["NextToken"]}


def _shape(report: Report) -> responses.ReportShape:
    return {
        "ReportId": report.id,
        "ResourceId": report.instance_id,
        "ResourceType": _KIND,
        "MetricSetId": report.set_id,
        "CreationTime": instant(report.created),
        "FinishedTime": instant(report.finished),
        "Status": "Finished",
        "Severity": report.severity,
        "Issues": {
            "Issue": [
                {
                    "IssueId": issue.id,
                    "MetricId": result.metric_id,
                    "MetricCategory": result.category,
                    "Severity": issue.severity,
                }
                for result in report.results
                for issue in result.issues
            ]
        },
    }


def describe_diagnostic_report_attributes(
    context: Context, request: requests.DescribeDiagnosticReportAttributes
) -> responses.ReportAttributes:
    """Show a diagnostic report: every metric, and each issue in words."""
    report = _report(context, request.report_id)
    return {
        "ReportId": report.id,
        "ResourceId": report.instance_id,
        "ResourceType": _KIND,
        "MetricSetId": report.set_id,
        "CreationTime": instant(report.created),
        "FinishedTime": instant(report.finished),
        "Status": "Finished",
        "Severity": report.severity,
        "MetricResults": {"MetricResult": [_result(report, each) for each in report.results]},
    }


def _result(report: Report, result: KeptResult) -> responses.MetricResult:
    return {
        "MetricId": result.metric_id,
        "MetricCategory": result.category,
        "Severity": result.severity,
        "Status": "Failed" if result.severity == "Unknown" else "Finished",
        "Issues": {
            "Issue": [
                {
                    "IssueId": each.id,
                    "Severity": each.severity,
                    "OccurrenceTime": instant(report.created),
                    "Additional": each.detail,
                }
                for each in result.issues
            ]
        },
    }


def _report(context: Context, id: str) -> Report:
    report = REPORTS.load(context.registry, id)
    if report is None or report.region != context.region:
        raise NotFound("InvalidReportId.NotFound", f"The specified report {id} does not exist.")
    return report


def delete_diagnostic_reports(context: Context, request: requests.DeleteDiagnosticReports) -> responses.Nothing:
    """Forget diagnostic reports; none if one of them is not there."""
    for id in request.report_ids:
        if not was_deletion_intended(context, id):
            _report(context, id)
    for id in request.report_ids:
        intend_deletion(context, id)
        REPORTS.forget(context.registry, id)
    return {}


def describe_diagnostic_metric_sets(
    _context: Context, request: requests.DescribeDiagnosticMetricSets
) -> responses.MetricSets:
    """List the sets of metrics: there is one, with all of them."""
    whole: responses.MetricSet = {
        "MetricSetId": _SET,
        "MetricSetName": "instance",
        "Description": "Everything that is looked at of an instance.",
        "Type": "Common",
        "ResourceType": _KIND,
        "MetricIds": [each.id for each in METRICS],
    }
    is_asked = (
        (not request.metric_set_ids or _SET in request.metric_set_ids)
        and is_wanted(_KIND, request.resource_type)
        and is_wanted("Common", request.type)
    )
    page = slice_of([whole] if is_asked else [], request, lambda each: (each["MetricSetId"],))
    return {"MetricSets": list(page.items), "NextToken": page.fields["NextToken"]}


def describe_diagnostic_metrics(_context: Context, request: requests.DescribeDiagnosticMetrics) -> responses.Metrics:
    """List the metrics: what is looked at of an instance."""
    found = [
        each
        for each in METRICS
        if (not request.metric_ids or each.id in request.metric_ids) and is_wanted(_KIND, request.resource_type)
    ]
    page = slice_of(found, request, lambda each: (each.id,))
    return {"Metrics": [_metric(each) for each in page.items], "NextToken": page.fields["NextToken"]}


def _metric(metric: Metric) -> responses.MetricShape:
    return {
        "MetricId": metric.id,
        "MetricName": metric.name,
        "MetricCategory": metric.category,
        "Description": (metric.ask.__doc__ or "").strip(),
        "GuestMetric": metric.in_guest,
        "ResourceType": _KIND,
    }

"""Responses about diagnostic reports: the part of ECS's shapes that can be filled honestly."""

from __future__ import annotations

from typing import TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class MadeReport(TypedDict):
    ReportId: str


class IssueShape(TypedDict):
    IssueId: str
    MetricId: str
    MetricCategory: str
    Severity: str


class IssueShapes(TypedDict):
    Issue: list[IssueShape]


class ReportShape(TypedDict):
    ReportId: str
    ResourceId: str
    ResourceType: str
    MetricSetId: str
    CreationTime: str
    FinishedTime: str
    Status: str
    Severity: str
    Issues: IssueShapes


class ReportShapes(TypedDict):
    Report: list[ReportShape]


class Reports(TypedDict):
    Reports: ReportShapes
    NextToken: str


class DetailedIssue(TypedDict):
    IssueId: str
    Severity: str
    OccurrenceTime: str
    Additional: str


class DetailedIssues(TypedDict):
    Issue: list[DetailedIssue]


class MetricResult(TypedDict):
    MetricId: str
    MetricCategory: str
    Severity: str
    Status: str
    Issues: DetailedIssues


class MetricResults(TypedDict):
    MetricResult: list[MetricResult]


class ReportAttributes(TypedDict):
    ReportId: str
    ResourceId: str
    ResourceType: str
    MetricSetId: str
    CreationTime: str
    FinishedTime: str
    Status: str
    Severity: str
    MetricResults: MetricResults


class MetricSet(TypedDict):
    MetricSetId: str
    MetricSetName: str
    Description: str
    Type: str
    ResourceType: str
    MetricIds: list[str]


class MetricSets(TypedDict):
    MetricSets: list[MetricSet]
    NextToken: str


class MetricShape(TypedDict):
    MetricId: str
    MetricName: str
    MetricCategory: str
    Description: str
    GuestMetric: bool
    ResourceType: str


class Metrics(TypedDict):
    Metrics: list[MetricShape]
    NextToken: str

"""Responses about what is in guests: the shapes of OOS 2019-06-01."""

from __future__ import annotations

from typing import Any, TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class AttributeShape(TypedDict):
    Name: str
    DataType: str


class SchemaShape(TypedDict):
    TypeName: str
    Version: str
    Attributes: list[AttributeShape]


class Schemas(TypedDict):
    Schemas: list[SchemaShape]
    MaxResults: str
    NextToken: str


class Entries(TypedDict):
    InstanceId: str
    TypeName: str
    SchemaVersion: str
    CaptureTime: str
    Entries: list[dict[str, Any]]
    MaxResults: int
    NextToken: str


class Entities(TypedDict):
    Entities: list[dict[str, Any]]
    MaxResults: int
    NextToken: str


class PatchShape(TypedDict):
    Title: str
    KBId: str
    Classification: str
    Severity: str
    Status: str
    InstalledTime: str


class Patches(TypedDict):
    Patches: list[PatchShape]
    MaxResults: int
    NextToken: str


class PatchStateShape(TypedDict):
    InstanceId: str
    BaselineId: str
    PatchGroup: str
    OwnerInformation: str
    OperationType: str
    OperationStartTime: str
    OperationEndTime: str
    InstalledCount: str
    InstalledOtherCount: str
    InstalledPendingRebootCount: str
    InstalledRejectedCount: str
    MissingCount: str
    FailedCount: str


class PatchStates(TypedDict):
    InstancePatchStates: list[PatchStateShape]
    MaxResults: int
    NextToken: str


class PackageShape(TypedDict):
    TemplateName: str
    TemplateId: str
    TemplateVersion: str
    TemplateVersionName: str
    TemplateCategory: str
    Publisher: str
    Description: str
    Parameters: str
    ConfigurationInfo: str
    UpdateTime: str


class PackageStates(TypedDict):
    PackageStates: list[PackageShape]
    MaxResults: str
    NextToken: str

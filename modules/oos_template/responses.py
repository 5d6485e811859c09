"""Responses about templates: the shapes of OOS 2019-06-01."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class StoredShape(TypedDict):
    """A template in the answer of CreateTemplate and UpdateTemplate."""

    TemplateId: str
    TemplateName: str
    TemplateVersion: str
    TemplateFormat: str
    Hash: str
    Description: str
    HasTrigger: bool
    ShareType: str
    CreatedBy: str
    CreatedDate: str
    UpdatedBy: str
    UpdatedDate: str
    ResourceGroupId: str
    Tags: dict[str, str]


class WholeShape(StoredShape):
    """A template in the answer of GetTemplate."""

    TemplateType: str
    VersionName: str
    SharedAccounts: str


class ListedShape(StoredShape):
    """A template of ListTemplates."""

    TemplateType: str
    VersionName: str
    Category: str
    IsFavorite: bool
    Popularity: int
    Publisher: str
    TotalExecutionCount: NotRequired[int]


class Created(TypedDict):
    Template: StoredShape
    TemplateType: str


class Updated(TypedDict):
    Template: StoredShape


class Whole(TypedDict):
    Content: str
    Template: WholeShape


class Templates(TypedDict):
    Templates: list[ListedShape]
    MaxResults: int
    NextToken: str


class VersionShape(TypedDict):
    TemplateVersion: str
    VersionName: str
    TemplateFormat: str
    Description: str
    UpdatedBy: str
    UpdatedDate: str


class Versions(TypedDict):
    TemplateVersions: list[VersionShape]
    MaxResults: int
    NextToken: str


class TaskShape(TypedDict):
    Name: str
    Type: str
    Description: str
    Properties: str
    Outputs: str


class Validated(TypedDict):
    Parameters: str
    Outputs: str
    RamRole: str
    Tasks: list[TaskShape]


class ActionShape(TypedDict):
    OOSActionName: str
    ActionType: str
    Description: str
    Properties: str
    TemplateVersion: str
    CreatedDate: str
    Popularity: int


class Actions(TypedDict):
    Actions: list[ActionShape]
    MaxResults: int
    NextToken: str


class RiskShape(TypedDict):
    Service: str
    API: str
    Task: list[str]
    Template: list[str]


class Risks(TypedDict):
    RiskyTasks: list[RiskShape]


class Constraints(TypedDict):
    ParameterConstraints: dict[str, Any]


class Policy(TypedDict):
    Policy: str
    MissingPolicy: str


class RegionShape(TypedDict):
    RegionId: str
    LocalName: str
    RegionEndpoint: str


class Regions(TypedDict):
    Regions: list[RegionShape]

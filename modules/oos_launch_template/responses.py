"""Responses about launch templates: the shapes of ECS."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from oos.service.filtering import TagShapes


class Nothing(TypedDict):
    """A response that says only that it is done."""


class MadeVersion(TypedDict):
    LaunchTemplateId: str
    LaunchTemplateVersionNumber: int


class TemplateShape(TypedDict):
    LaunchTemplateId: str
    LaunchTemplateName: str
    DefaultVersionNumber: int
    LatestVersionNumber: int
    CreateTime: str
    CreatedBy: str
    ModifiedTime: str
    ResourceGroupId: str
    Tags: TagShapes


class TemplateShapes(TypedDict):
    LaunchTemplateSet: list[TemplateShape]


class Templates(TypedDict):
    LaunchTemplateSets: TemplateShapes
    TotalCount: int
    PageNumber: int
    PageSize: int


class VersionShape(TypedDict):
    LaunchTemplateId: str
    LaunchTemplateName: str
    VersionNumber: int
    VersionDescription: str
    DefaultVersion: bool
    CreateTime: str
    CreatedBy: str
    ModifiedTime: str
    LaunchTemplateData: NotRequired[dict[str, Any]]


class VersionShapes(TypedDict):
    LaunchTemplateVersionSet: list[VersionShape]


class Versions(TypedDict):
    LaunchTemplateVersionSets: VersionShapes
    TotalCount: int
    PageNumber: int
    PageSize: int


class Modified(TypedDict):
    LaunchTemplateId: str


class VersionNumbers(TypedDict):
    versionNumbers: list[int]


class Deleted(TypedDict):
    LaunchTemplateId: str
    LaunchTemplateVersionNumbers: VersionNumbers


class DeletedVersion(TypedDict):
    LaunchTemplateId: str
    LaunchTemplateVersionNumber: int


class DeletedVersionShapes(TypedDict):
    LaunchTemplateVersion: list[DeletedVersion]


class DeletedVersions(TypedDict):
    LaunchTemplateVersions: DeletedVersionShapes

"""Decisions about launch templates: what of a request is kept, and how it is shown. Pure."""

from __future__ import annotations

import dataclasses
from typing import Any

from oos.service.filtering import tag_shapes
from oos.service.launch_templates import LaunchTemplate, LaunchTemplateVersion
from oos.service.parameter import fields_of
from oos.service.shape import instant
from oos_launch_template import responses
from oos_launch_template.requests import DescribeLaunchTemplateVersions, LaunchData


def data_of(request: LaunchData) -> dict[str, Any]:
    """The parameters of RunInstances that a request gives, in their own names."""
    given: dict[str, Any] = _given(request, LaunchData)
    given.pop("VersionDescription", None)
    return given


def _given(value: Any, struct: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields_of(struct):
        part = getattr(value, field.attribute)
        if part == field.default:
            continue
        found[field.name] = _plain(part)
    return found


def _plain(part: Any) -> Any:
    if isinstance(part, tuple):
        return [_plain(each) for each in part]
    return _given(part, type(part)) if dataclasses.is_dataclass(part) else part


def shown_data(data: dict[str, Any]) -> dict[str, Any]:
    """What is kept in a version, with its lists as ECS wraps them."""
    wraps = {
        "DataDisk": ("DataDisks", "DataDisk"),
        "NetworkInterface": ("NetworkInterfaces", "NetworkInterface"),
        "SecurityGroupIds": ("SecurityGroupIds", "SecurityGroupId"),
        "Tag": ("Tags", "InstanceTag"),
    }
    found: dict[str, Any] = {}
    for name, value in data.items():
        outer, inner = wraps.get(name, (name, ""))
        items = [shown_data(each) if isinstance(each, dict) else each for each in value] if inner else value
        found[outer] = {inner: items} if inner else items
    return found


def template_shape(template: LaunchTemplate, latest: int, tags: dict[str, str]) -> responses.TemplateShape:
    """One launch template of DescribeLaunchTemplates."""
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "DefaultVersionNumber": template.default_version,
        "LatestVersionNumber": latest,
        "CreateTime": instant(template.created),
        "CreatedBy": template.created_by,
        "ModifiedTime": instant(template.modified),
        "ResourceGroupId": template.resource_group,
        "Tags": tag_shapes(tags),
    }


def version_shape(
    template: LaunchTemplate, version: LaunchTemplateVersion, *, with_data: bool
) -> responses.VersionShape:
    """One version of DescribeLaunchTemplateVersions."""
    shape: responses.VersionShape = {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionNumber": version.number,
        "VersionDescription": version.description,
        "DefaultVersion": version.number == template.default_version,
        "CreateTime": instant(version.created),
        "CreatedBy": version.by,
        "ModifiedTime": instant(version.created),
    }
    if with_data:
        shape["LaunchTemplateData"] = shown_data(version.data)
    return shape


def fits(version: LaunchTemplateVersion, template: LaunchTemplate, request: DescribeLaunchTemplateVersions) -> bool:
    """Whether a version meets every condition."""
    return (
        (request.launch_template_version is None or version.number in request.launch_template_version)
        and (not request.default_version or version.number == template.default_version)
        and (request.min_version is None or version.number >= request.min_version)
        and (request.max_version is None or version.number <= request.max_version)
    )

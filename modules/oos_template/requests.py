"""Requests about templates: parameters as OOS 2019-06-01 names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from oos.service.paging import Tokened
from oos.service.parameter import Form, Param
from oos.values.json import Value

LONGEST = 64 << 10
"""Bytes of a template that is stored (spec 7.3)."""

NAME = r"(?i:(?!aliyun|acs|alibaba|alicloud))[A-Za-z0-9_-]{1,200}"

NewName = Annotated[str, Param("Name of the template: letters, digits, - and _.", pattern=NAME)]
Name = Annotated[str, Param("Name of the template.", most=200)]
Version = Annotated[str, Param("Version: v3, 3, or its label; the newest when not given.")]
Content = Annotated[str, Param("The template, YAML or JSON.", most=LONGEST)]
VersionName = Annotated[str, Param("A label for the version.", most=200)]
Tags = Annotated[Mapping[str, Value] | None, Param("Tags, as a map.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTemplate:
    """A template to store, and its name."""

    template_name: NewName
    content: Content
    version_name: VersionName = ""
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    tags: Tags = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTemplate:
    """A further version of a template."""

    template_name: Name
    content: Content
    version_name: VersionName = ""
    resource_group_id: Annotated[str | None, Param("Resource group.")] = None
    tags: Annotated[Mapping[str, Value] | None, Param("Tags in place of those it has, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTemplate:
    """Which template to show."""

    template_name: Name
    template_version: Version = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTemplates(Tokened):
    """Which templates to list; conditions that are given must all hold."""

    template_name: Annotated[str, Param("Part of the name.")] = ""
    share_type: Annotated[
        str, Param("Private: registered ones; Public: runbooks of the folders.", allowed=("Private", "Public"))
    ] = ""
    template_format: Annotated[str, Param("Format.", allowed=("JSON", "YAML"))] = ""
    template_type: Annotated[str, Param("What they are for.", allowed=("Automation", "State", "Package"))] = ""
    created_by: Annotated[str, Param("Who made them.")] = ""
    created_date_before: Annotated[str, Param("Made then, or before.")] = ""
    created_date_after: Annotated[str, Param("Made then, or after.")] = ""
    has_trigger: Annotated[bool | None, Param("Whether they begin with a trigger.")] = None
    is_favorite: Annotated[bool | None, Param("Whether they are somebody's favourites.")] = None
    category: Annotated[str, Param("One of the categories in their description.")] = ""
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    tags: Annotated[Mapping[str, Value] | None, Param("Tags they have, as a map.")] = None
    sort_field: Annotated[
        str,
        Param(
            "What to sort by.",
            allowed=("TotalExecutionCount", "Popularity", "TemplateName", "CreatedDate", "UpdatedDate"),
        ),
    ] = "TemplateName"
    sort_order: Annotated[str, Param("Which way; names go up, all else down.", allowed=("Ascending", "Descending"))] = (
        ""
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTemplateVersions(Tokened):
    """Of which template to list the versions."""

    template_name: Name
    share_type: Annotated[str, Param("Only Private templates have versions.", allowed=("Private", "Public"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTemplate:
    """Which template to delete, with all its versions."""

    template_name: Name
    auto_delete_executions: Annotated[bool, Param("Take its executions out of listings, too.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTemplates:
    """Which templates to delete, with all their versions."""

    template_names: Annotated[tuple[str, ...], Param("The templates.", form=Form.JSON, most=100)]
    auto_delete_executions: Annotated[bool, Param("Take their executions out of listings, too.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTemplateAttributes:
    """What to change about a template besides its text."""

    template_name: Name
    is_favorite: Annotated[bool | None, Param("Whether it is a favourite.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateTemplateContent:
    """Which text to check."""

    content: Annotated[str, Param("The template, YAML or JSON.", most=256 << 10)] = ""
    template_url: Annotated[str, Param("Web address of the template.", name="TemplateURL", most=2048)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListActions(Tokened):
    """Which actions to list."""

    action_name: Annotated[str, Param("Part of the name.", name="OOSActionName")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListExecutionRiskyTasks:
    """Of which template to tell the high risks."""

    template_name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTemplateParameterConstraints:
    """Of which template to tell what its parameters may be here."""

    template_name: Name = ""
    template_version: Version = ""
    template_content: Annotated[str, Param("The template itself.", most=256 << 10)] = ""
    template_url: Annotated[str, Param("Web address of the template.", name="TemplateURL", most=2048)] = ""
    parameters: Annotated[Mapping[str, Value] | None, Param("What was chosen so far, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateExecutionPolicy:
    """Of which template to tell the rights that it needs."""

    template_name: Name = ""
    template_version: Version = ""
    template_content: Annotated[str, Param("The template itself.", most=256 << 10)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeRegions:
    """All regions there are."""

"""Requests about stored parameters: as OOS 2019-06-01 names them, common and secret ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from oos.service.paging import Tokened
from oos.service.parameter import Form, Param
from oos.values.json import Value
from oos.values.secret import Secret

NAME = r"(?i:(?!aliyun|acs|alibaba|alicloud|oos))[A-Za-z0-9/_-]{1,200}"
LONGEST = 4096
"""Characters of a value (spec 7.3)."""

NewName = Annotated[str, Param("Name: letters, digits, -, _ and / between the parts of a path.", pattern=NAME)]
Name = Annotated[str, Param("The parameter.", most=200)]
Names = Annotated[tuple[str, ...], Param("The parameters.", form=Form.JSON, most=10)]
Path = Annotated[str, Param("What their names begin with: /app/web.")]
Recursive = Annotated[bool, Param("Deeper below the path, too.")]
Description = Annotated[str, Param("What it is.", most=200)]
Constraints = Annotated[
    Mapping[str, Value] | None, Param("What its value must be: AllowedValues, AllowedPattern, MinLength, MaxLength.")
]
Group = Annotated[str, Param("Resource group.")]
Tags = Annotated[Mapping[str, Value] | None, Param("Tags, as a map.")]
SortField = Annotated[str, Param("What to sort by.", allowed=("Name", "CreatedDate"))]
SortOrder = Annotated[str, Param("Which way.", allowed=("Ascending", "Descending"))]
Version = Annotated[int | None, Param("Version; the newest when not given.", minimum=1)]
Open = Annotated[bool, Param("Whether to show the value.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateParameter:
    """A parameter to store."""

    name: NewName
    type: Annotated[str, Param("String, or StringList: texts with commas between.", allowed=("String", "StringList"))]
    value: Annotated[str, Param("Its value.", most=LONGEST)]
    description: Description = ""
    constraints: Constraints = None
    resource_group_id: Group = ""
    tags: Tags = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSecretParameter:
    """A secret to store; it is sealed with this installation's own key."""

    name: NewName
    type: Annotated[str, Param("Always Secret.", allowed=("Secret",))] = "Secret"
    value: Annotated[Secret, Param("Its value.")]
    description: Description = ""
    constraints: Constraints = None
    resource_group_id: Group = ""
    tags: Tags = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateParameter:
    """A new value for a parameter, as a further version."""

    name: Name
    value: Annotated[str, Param("Its value.", most=LONGEST)]
    description: Annotated[str | None, Param("What it is.", most=200)] = None
    resource_group_id: Annotated[str | None, Param("Resource group.")] = None
    tags: Annotated[Mapping[str, Value] | None, Param("Tags in place of those it has, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSecretParameter:
    """A new value for a secret, as a further version."""

    name: Name
    value: Annotated[Secret, Param("Its value.")]
    description: Annotated[str | None, Param("What it is.", most=200)] = None
    resource_group_id: Annotated[str | None, Param("Resource group.")] = None
    tags: Annotated[Mapping[str, Value] | None, Param("Tags in place of those it has, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetParameter:
    """Which parameter to show."""

    name: Name
    parameter_version: Version = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSecretParameter:
    """Which secret to tell of."""

    name: Name
    parameter_version: Version = None
    with_decryption: Open = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GetParameters:
    """Which parameters to show."""

    names: Names


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSecretParameters:
    """Which secrets to tell of."""

    names: Names
    with_decryption: Open = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GetParametersByPath(Tokened):
    """Below which path to show parameters."""

    path: Path
    recursive: Recursive = False
    max_results: Annotated[int, Param("Most items of a page.", minimum=1, maximum=10)] = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSecretParametersByPath(Tokened):
    """Below which path to tell of secrets."""

    path: Path
    recursive: Recursive = False
    with_decryption: Open = False
    max_results: Annotated[int, Param("Most items of a page.", minimum=1, maximum=10)] = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSecretParameters(Tokened):
    """Which secrets to list; conditions that are given must all hold."""

    name: Annotated[str, Param("Part of the name.")] = ""
    path: Annotated[str, Param("What their names begin with.")] = ""
    recursive: Recursive = False
    resource_group_id: Group = ""
    tags: Annotated[Mapping[str, Value] | None, Param("Tags they have, as a map.")] = None
    sort_field: SortField = "CreatedDate"
    sort_order: SortOrder = "Descending"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListParameters(ListSecretParameters):
    """Which parameters to list; conditions that are given must all hold."""

    type: Annotated[str, Param("Type.", allowed=("String", "StringList"))] = ""
    share_type: Annotated[str, Param("Here all are Private.", allowed=("Private", "Public"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListParameterVersions(Tokened):
    """Of which parameter to list the versions."""

    name: Name
    share_type: Annotated[str, Param("Here all are Private.", allowed=("Private", "Public"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSecretParameterVersions(ListParameterVersions):
    """Of which secret to list the versions."""

    with_decryption: Open = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteParameter:
    """Which parameter to delete, with all its versions."""

    name: Name

"""Responses about stored parameters: the shapes of OOS 2019-06-01."""

from __future__ import annotations

from typing import Any, TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class ListedShape(TypedDict):
    """A parameter of ListParameters, without its value; there its version is text."""

    Id: str
    Name: str
    Type: str
    Description: str
    ParameterVersion: str
    CreatedBy: str
    CreatedDate: str
    UpdatedBy: str
    UpdatedDate: str
    ShareType: str
    ResourceGroupId: str
    Tags: dict[str, str]


class StoredShape(TypedDict):
    """A parameter in the answer of CreateParameter."""

    Id: str
    Name: str
    Type: str
    Description: str
    Constraints: str
    ParameterVersion: int
    CreatedBy: str
    CreatedDate: str
    UpdatedBy: str
    UpdatedDate: str
    ShareType: str
    ResourceGroupId: str
    Tags: dict[str, str]


class WholeShape(StoredShape):
    """A parameter with its value. That of a secret one is a Secret."""

    Value: str


class PathShape(TypedDict):
    """A parameter of GetParametersByPath."""

    Id: str
    Name: str
    Type: str
    Description: str
    Constraints: str
    ParameterVersion: int
    CreatedBy: str
    CreatedDate: str
    UpdatedBy: str
    UpdatedDate: str
    ShareType: str
    Value: str


class UpdatedShape(TypedDict):
    """A parameter in the answer of UpdateParameter: there its tags are JSON text."""

    Id: str
    Name: str
    Type: str
    Description: str
    Constraints: str
    ParameterVersion: int
    CreatedBy: str
    CreatedDate: str
    UpdatedBy: str
    UpdatedDate: str
    ShareType: str
    ResourceGroupId: str
    Tags: str


class Stored(TypedDict):
    Parameter: StoredShape


class Updated(TypedDict):
    Parameter: UpdatedShape


class Whole(TypedDict):
    Parameter: WholeShape


class Several(TypedDict):
    Parameters: list[WholeShape]
    InvalidParameters: list[str]


class BelowPath(TypedDict):
    Parameters: list[PathShape]
    TotalCount: int
    MaxResults: int
    NextToken: str


class Listed(TypedDict):
    Parameters: list[ListedShape]
    TotalCount: int
    MaxResults: int
    NextToken: str


class SecretsListed(TypedDict):
    Parameters: list[ListedShape]
    MaxResults: int
    NextToken: str


class VersionShape(TypedDict):
    ParameterVersion: int
    UpdatedBy: str
    UpdatedDate: str
    Value: Any


class Versions(TypedDict):
    Id: str
    Name: str
    Type: str
    Description: str
    CreatedBy: str
    CreatedDate: str
    ParameterVersions: list[VersionShape]
    TotalCount: int
    MaxResults: int
    NextToken: str

"""Responses about ops items: the shapes of OOS 2019-06-01, in which lists are at times lists and at times JSON text."""

from __future__ import annotations

from typing import Any, TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class Head(TypedDict):
    """What every shape of an ops item has."""

    OpsItemId: str
    Title: str
    Category: str
    Severity: str
    Priority: int
    Source: str
    Status: str
    CreateDate: str
    UpdateDate: str
    Tags: dict[str, str]


class WrittenShape(Head):
    Description: str
    ResourceGroupId: str
    CreatedBy: str
    LastModifiedBy: str
    Resources: str
    Solutions: str


class ChangedShape(Head):
    Description: str
    ResourceGroupId: str
    CreatedBy: str
    LastModifiedBy: str
    Resources: list[str]
    Solutions: list[str]


class WholeShape(Head):
    Description: str
    ResourceGroupId: str
    CreateBy: str
    LastModifiedBy: str
    Resources: list[str]
    Solutions: list[dict[str, Any]]


class ListedShape(Head):
    Resources: list[str]


class Written(TypedDict):
    OpsItem: WrittenShape


class Changed(TypedDict):
    OpsItem: ChangedShape


class Whole(TypedDict):
    OpsItem: WholeShape


class Listed(TypedDict):
    OpsItems: list[ListedShape]
    TotalCount: int
    MaxResults: int
    NextToken: str

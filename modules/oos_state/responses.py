"""Responses about state configurations: the shapes of OOS 2019-06-01."""

from __future__ import annotations

from typing import TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class Head(TypedDict):
    StateConfigurationId: str
    TemplateId: str
    TemplateName: str
    TemplateVersion: str
    Targets: str
    ConfigureMode: str
    ScheduleType: str
    ScheduleExpression: str
    Description: str
    ResourceGroupId: str
    Tags: dict[str, str]
    CreateTime: str


class CreatedShape(Head):
    Parameters: dict[str, object]


class ListedShape(Head):
    Parameters: str
    UpdateTime: str


class Created(TypedDict):
    StateConfiguration: CreatedShape


class Updated(TypedDict):
    StateConfiguration: list[ListedShape]


class Listed(TypedDict):
    StateConfigurations: list[ListedShape]
    NextToken: str

"""Requests about ops items: parameters as OOS 2019-06-01 names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from oos.service.paging import Tokened
from oos.service.parameter import Form, Param
from oos.values.json import Value

CATEGORIES: Final = ("Availability", "Performance", "Security", "Cost", "Recovery")
SEVERITIES: Final = ("Critical", "High", "Medium", "Low")
STATUSES: Final = ("Open", "InProgress", "Resolved")
"""The words of the cloud are not described; these are ours."""
OPERATORS: Final = ("Equal", "NotEqual", "BeginWith", "LessThan", "GreaterThan")

Id = Annotated[str, Param("The ops item.")]
Resources = Annotated[tuple[str, ...] | None, Param("What it is about, by id.", form=Form.JSON, most=100)]
Solutions = Annotated[
    tuple[Mapping[str, Value], ...] | None, Param("Templates that may help, as maps.", form=Form.JSON, most=20)
]
Tags = Annotated[Mapping[str, Value] | None, Param("Tags, as a map.")]
Dedup = Annotated[str | None, Param("While an item with this text is open, no second one is made.", most=200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOpsItem:
    """What is to be looked into."""

    title: Annotated[str, Param("What it is, in a few words.", most=200)]
    category: Annotated[str, Param("What it endangers.", allowed=CATEGORIES)]
    severity: Annotated[str, Param("How bad it is.", allowed=SEVERITIES)]
    source: Annotated[str, Param("Who or what noticed it.", most=100)]
    priority: Annotated[int | None, Param("How soon it is to be seen to; 1 is first.", minimum=1, maximum=5)] = None
    description: Annotated[str, Param("What is known of it.", most=4096)] = ""
    resources: Resources = None
    solutions: Solutions = None
    dedup_string: Dedup = None
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    tags: Tags = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOpsItem:
    """Which ops item to show."""

    ops_item_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOpsItem:
    """What to change about an ops item; what is not given stays."""

    ops_item_id: Id
    title: Annotated[str | None, Param("What it is, in a few words.", most=200)] = None
    status: Annotated[str | None, Param("How far it has come.", allowed=STATUSES)] = None
    category: Annotated[str | None, Param("What it endangers.", allowed=CATEGORIES)] = None
    severity: Annotated[str | None, Param("How bad it is.", allowed=SEVERITIES)] = None
    source: Annotated[str | None, Param("Who or what noticed it.", most=100)] = None
    priority: Annotated[int | None, Param("How soon it is to be seen to; 1 is first.", minimum=1, maximum=5)] = None
    description: Annotated[str | None, Param("What is known of it.", most=4096)] = None
    resources: Resources = None
    solutions: Solutions = None
    dedup_string: Dedup = None
    resource_group_id: Annotated[str | None, Param("Resource group.")] = None
    tags: Tags = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A condition on a field of ops items."""

    name: Annotated[str, Param("Field: Title, Status, Severity, Category, Priority, Source, CreateDate, …")]
    operator: Annotated[str, Param("How it is compared.", allowed=OPERATORS)] = "Equal"
    value: Annotated[tuple[str, ...], Param("Values of which one must fit.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOpsItems(Tokened):
    """Which ops items to list; conditions that are given must all hold."""

    filter: Annotated[tuple[Filter, ...], Param("Conditions.", most=5)] = ()
    tags: Annotated[Mapping[str, Value] | None, Param("Tags they have, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOpsItems:
    """Which ops items to forget."""

    ops_item_ids: Annotated[tuple[str, ...], Param("The ops items.", form=Form.JSON, most=100)]

"""Requests about state configurations: parameters as OOS 2019-06-01 names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from oos.service.paging import Tokened
from oos.service.parameter import Form, Param
from oos.values.json import Value

MODES: Final = ("ApplyOnce", "ApplyOnly", "ApplyAndMonitor", "ApplyAndAutoCorrect")

Mode = Annotated[str, Param("How often it is applied.", allowed=MODES)]
Tags = Annotated[Mapping[str, Value] | None, Param("Tags, as a map.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateStateConfiguration:
    """Which template is to be applied to what, and when."""

    template_name: Annotated[str, Param("The template.", most=200)]
    template_version: Annotated[str, Param("Its version; whatever is the newest, when not given.")] = ""
    targets: Annotated[Any, Param("What it is applied to: the value of its parameter targets, as JSON or a map.")]
    schedule_type: Annotated[str, Param("Kind of schedule.", allowed=("rate",))]
    schedule_expression: Annotated[str, Param("How often: 30 minutes, 1 hour, 1 day.")]
    configure_mode: Mode = "ApplyAndAutoCorrect"
    parameters: Annotated[Mapping[str, Value] | None, Param("Further parameters of the template, as a map.")] = None
    description: Annotated[str, Param("What it is for.", most=200)] = ""
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    tags: Tags = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStateConfigurations(Tokened):
    """Which state configurations to list; conditions that are given must all hold."""

    state_configuration_ids: Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.JSON, most=100)] = None
    template_name: Annotated[str, Param("Of this template.")] = ""
    template_version: Annotated[str, Param("Of this version of it.")] = ""
    resource_group_id: Annotated[str, Param("In this resource group.")] = ""
    tags: Annotated[Mapping[str, Value] | None, Param("Tags they have, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateStateConfiguration:
    """What to change about a state configuration; what is not given stays."""

    state_configuration_id: Annotated[str, Param("The state configuration.")]
    targets: Annotated[Any, Param("What it is applied to.")] = None
    schedule_type: Annotated[str, Param("Kind of schedule.", allowed=("rate",))] = "rate"
    schedule_expression: Annotated[str, Param("How often.")] = ""
    configure_mode: Annotated[str, Param("How often it is applied.", allowed=MODES)] = ""
    parameters: Annotated[Mapping[str, Value] | None, Param("Further parameters of the template, as a map.")] = None
    description: Annotated[str | None, Param("What it is for.", most=200)] = None
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    tags: Tags = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteStateConfigurations:
    """Which state configurations to delete."""

    state_configuration_ids: Annotated[tuple[str, ...], Param("Their ids.", form=Form.JSON, most=100)]

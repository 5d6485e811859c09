"""Operations on state configurations: written down, listed, changed, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import msgspec

from oos.diagnostics import DiagnosticError
from oos.schedule.errors import ScheduleInvalid
from oos.schedule.timer import read_rate
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import InvalidParameter, NotFound, Unsupported
from oos.service.paging import slice_of
from oos.service.shape import instant, newest_first
from oos.service.state_configurations import STATE_CONFIGURATIONS, ConfigureMode, StateConfiguration
from oos.service.stored_templates import load_head
from oos.service.template_faults import template_error
from oos.template.model import TemplateKind
from oos.template.parse import parse
from oos.values.identifiers import resource_id
from oos.values.json import Value, json_text
from oos.values.secret import holds_secret
from oos_state import requests, responses

SHORTEST: Final = timedelta(minutes=30)
TARGETS: Final = "targets"
"""The parameter of a template that says what it is applied to."""


def create_state_configuration(context: Context, request: requests.CreateStateConfiguration) -> responses.Created:
    """Have a template applied to targets: at once, and then by its schedule, as its mode says."""
    id = resource_id("sc", context.token)
    found = STATE_CONFIGURATIONS.load(context.registry, id)
    if found is None:
        parameters = _plain(request.parameters)
        _require_fitting(context, request.template_name, request.template_version, parameters)
        now = context.now()
        head = load_head(context.registry, request.template_name)
        found = StateConfiguration(
            id=id,
            region=context.region,
            template_name=request.template_name,
            template_version=request.template_version,
            template_id=head.id if head else "",
            targets=_targets(request.targets),
            seconds=_seconds(request.schedule_expression),
            schedule=request.schedule_expression,
            created=now,
            changed=now,
            updated=now,
            mode=_mode(request.configure_mode),
            parameters=parameters,
            description=request.description,
            resource_group=request.resource_group_id,
            tags=_tags(request.tags),
        )
        STATE_CONFIGURATIONS.keep(context.registry, found)
    return {"StateConfiguration": {**_head(found), "Parameters": dict(found.parameters)}}


def list_state_configurations(context: Context, request: requests.ListStateConfigurations) -> responses.Listed:
    """List state configurations, newest first."""
    wanted = _tags(request.tags)
    found = [
        each
        for each in STATE_CONFIGURATIONS.of_region(context.registry, context.region)
        if (request.state_configuration_ids is None or each.id in request.state_configuration_ids)
        and request.template_name in ("", each.template_name)
        and request.template_version in ("", each.template_version)
        and request.resource_group_id in ("", each.resource_group)
        and wanted.items() <= each.tags.items()
    ]
    page = slice_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    return {"StateConfigurations": [_listed(each) for each in page.items], "NextToken": page.fields["NextToken"]}


def update_state_configuration(context: Context, request: requests.UpdateStateConfiguration) -> responses.Updated:
    """Change a state configuration. Where what is applied changes, it is applied anew."""
    known = _configuration(context, request.state_configuration_id)
    changed = replace(
        known,
        targets=known.targets if request.targets is None else _targets(request.targets),
        parameters=known.parameters if request.parameters is None else _plain(request.parameters),
        mode=_mode(request.configure_mode) if request.configure_mode else known.mode,
        schedule=request.schedule_expression or known.schedule,
        seconds=_seconds(request.schedule_expression) if request.schedule_expression else known.seconds,
        description=known.description if request.description is None else request.description,
        resource_group=request.resource_group_id or known.resource_group,
        tags=known.tags if request.tags is None else _tags(request.tags),
    )
    if changed != known:
        now = context.now()
        _require_fitting(context, known.template_name, known.template_version, changed.parameters)
        is_new = (changed.targets, changed.parameters) != (known.targets, known.parameters)
        changed = replace(changed, updated=now, changed=now if is_new else known.changed)
        STATE_CONFIGURATIONS.keep(context.registry, changed)
    return {"StateConfiguration": [_listed(changed)]}


def delete_state_configurations(context: Context, request: requests.DeleteStateConfigurations) -> responses.Nothing:
    """Have templates applied no more; executions that run come to their end."""
    for id in request.state_configuration_ids:
        if not was_deletion_intended(context, id):
            _configuration(context, id)
    for id in request.state_configuration_ids:
        intend_deletion(context, id)
        STATE_CONFIGURATIONS.forget(context.registry, id)
    return {}


def _configuration(context: Context, id: str) -> StateConfiguration:
    found = STATE_CONFIGURATIONS.load(context.registry, id)
    if found is None or found.region != context.region:
        message = f"The specified state configuration {id} does not exist."
        raise NotFound("EntityNotExists.StateConfiguration", message)
    return found


def _require_fitting(context: Context, name: str, version: str, parameters: Mapping[str, Value]) -> None:
    """Raise ApiError for a template that is not there, or that these parameters do not fit."""
    found = context.orchestration.find_template(name, version)
    if found is None:
        raise NotFound("EntityNotExists.Template", f"The specified template {name} does not exist.")
    try:
        template = parse(found.text, name)
    except DiagnosticError as error:
        raise template_error(error) from error
    if template.kind is not TemplateKind.AUTOMATION:
        raise Unsupported(f"{name} is a template of the kind {template.kind}, which an agent of the cloud would apply.")
    known = {each.casefold() for each in template.parameters}
    if TARGETS not in known:
        raise InvalidParameter("TemplateName", f"The template {name} has no parameter {TARGETS} to be told them by.")
    for each in parameters:
        if each.casefold() not in known or each.casefold() == TARGETS:
            raise InvalidParameter("Parameters", f"The template {name} has no parameter {each} to be given here.")


def _mode(text: str) -> ConfigureMode:
    if text == "ApplyAndMonitor":
        raise Unsupported("Whether a template would change anything cannot be seen without applying it: oos plan says.")
    return ConfigureMode.ONCE if text == "ApplyOnly" else ConfigureMode(text)


def _seconds(expression: str) -> int:
    try:
        rate = read_rate(expression)
    except ScheduleInvalid as wrong:
        raise InvalidParameter("ScheduleExpression", f"The ScheduleExpression cannot be followed: {wrong}.") from None
    if rate < SHORTEST:
        raise InvalidParameter("ScheduleExpression", "From one time to the next must be 30 minutes at least.")
    return round(rate.total_seconds())


def _targets(given: Any) -> str:
    """Targets as JSON text. Raises InvalidParameter."""
    if not isinstance(given, str):
        return json_text(given)
    try:
        return json_text(msgspec.json.decode(given))
    except msgspec.DecodeError:
        raise InvalidParameter("Targets", "The parameter Targets is no JSON.") from None


def _plain(given: Mapping[str, Value] | None) -> dict[str, Any]:
    if holds_secret(dict(given or {})):
        raise Unsupported("A state configuration keeps no secret; have the template read a secret parameter.")
    return dict(given or {})


def _tags(given: Mapping[str, Value] | None) -> dict[str, str]:
    return {key: str(value) for key, value in (given or {}).items()}


def _head(configuration: StateConfiguration) -> responses.Head:
    return {
        "StateConfigurationId": configuration.id,
        "TemplateId": configuration.template_id,
        "TemplateName": configuration.template_name,
        "TemplateVersion": configuration.template_version,
        "Targets": configuration.targets,
        "ConfigureMode": configuration.mode.value,
        "ScheduleType": "rate",
        "ScheduleExpression": configuration.schedule,
        "Description": configuration.description,
        "ResourceGroupId": configuration.resource_group,
        "Tags": configuration.tags,
        "CreateTime": instant(configuration.created),
    }


def _listed(configuration: StateConfiguration) -> responses.ListedShape:
    return {
        **_head(configuration),
        "Parameters": json_text(configuration.parameters),
        "UpdateTime": instant(configuration.updated),
    }

"""Operations that store templates and take them away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import ApiError, InvalidParameter, NotFound, Refused
from oos.service.stored_templates import (
    MOST_VERSIONS,
    TemplateHead,
    add_version,
    forget_template,
    keep_head,
    load_head,
    load_versions,
)
from oos.service.tags import MOST_TAGS
from oos.values.identifiers import resource_id
from oos.values.json import Value
from oos.values.time import format_instant
from oos_template import requests, responses
from oos_template.reading import read_checked, version_of
from oos_template.shapes import stored_shape


def create_template(context: Context, request: requests.CreateTemplate) -> responses.Created:
    """Check a template and store it as the first version of its name."""
    name = request.template_name
    template = read_checked(request.content, name, context.orchestration.catalog)
    version = version_of(template, context.now(), context.caller, context.token, request.version_name)
    versions = load_versions(context.registry, name)
    if versions and versions[0].token != context.token:
        message = f"A template {name} exists already; UpdateTemplate gives it a further version."
        raise ApiError("EntityAlreadyExists.Template", message, status=409)
    if not versions and context.orchestration.find_template(name, "") is not None:
        message = f"{name} is a runbook in a folder already, which would be run in place of the template."
        raise ApiError("EntityAlreadyExists.Template", message, status=409)
    head = TemplateHead(
        name,
        resource_id("t", name),
        context.now(),
        context.caller,
        request.resource_group_id,
        tags_of(request.tags),
    )
    keep_head(context.registry, load_head(context.registry, name) or head)
    made = add_version(context.registry, name, version)
    return {"Template": stored_shape(head, made), "TemplateType": made.type}


def update_template(context: Context, request: requests.UpdateTemplate) -> responses.Updated:
    """Check a template and store it as a further version; executions that run keep theirs."""
    name = request.template_name
    head = head_of(context, name)
    template = read_checked(request.content, name, context.orchestration.catalog)
    version = version_of(template, context.now(), context.caller, context.token, request.version_name)
    if len(load_versions(context.registry, name)) >= MOST_VERSIONS:
        raise Refused("QuotaExceeded.TemplateVersion", f"{name} has {MOST_VERSIONS} versions; no more are allowed.")
    made = add_version(context.registry, name, version)
    group = request.resource_group_id
    changed = replace(
        head,
        tags=head.tags if request.tags is None else tags_of(request.tags),
        resource_group=head.resource_group if group is None else group,
    )
    if changed != head:
        keep_head(context.registry, changed)
    return {"Template": stored_shape(changed, made)}


def tags_of(tags: Mapping[str, Value] | None) -> dict[str, str]:
    """Tags of a request as text. Raises InvalidParameter for too many."""
    found = {key: str(value) for key, value in (tags or {}).items()}
    if len(found) > MOST_TAGS:
        raise InvalidParameter("Tags", f"{len(found)} tags are too many; at most {MOST_TAGS} are allowed.")
    return found


def head_of(context: Context, name: str) -> TemplateHead:
    """The head of a registered template. Raises NotFound."""
    head = load_head(context.registry, name)
    if head is None:
        raise NotFound("EntityNotExists.Template", f"The specified template {name} does not exist.")
    return head


def update_template_attributes(context: Context, request: requests.UpdateTemplateAttributes) -> responses.Nothing:
    """Make a template a favourite, or no longer one."""
    head = head_of(context, request.template_name)
    if request.is_favorite is not None:
        keep_head(context.registry, replace(head, is_favorite=request.is_favorite))
    return {}


def delete_template(context: Context, request: requests.DeleteTemplate) -> responses.Nothing:
    """Delete a template with all its versions; executions keep the text that they started with."""
    _delete(context, (request.template_name,), with_executions=request.auto_delete_executions)
    return {}


def delete_templates(context: Context, request: requests.DeleteTemplates) -> responses.Nothing:
    """Delete templates with all their versions; none if one of them is not there."""
    _delete(context, request.template_names, with_executions=request.auto_delete_executions)
    return {}


def _delete(context: Context, names: tuple[str, ...], *, with_executions: bool) -> None:
    for name in names:
        if load_head(context.registry, name) is None and not was_deletion_intended(context, name):
            raise NotFound("EntityNotExists.Template", f"The specified template {name} does not exist.")
    for name in names:
        intend_deletion(context, name)
        if with_executions:
            _hide_executions(context, name)
        forget_template(context.registry, name)


def _hide_executions(context: Context, name: str) -> None:
    """Take the executions of a template out of listings. Raises Refused for one that has not ended."""
    found = [each for each in context.orchestration.summaries(template_name=name) if each.template_name == name]
    for each in found:
        if each.ended is None:
            raise Refused("OperationDenied.ExecutionStatus", f"The execution {each.id} of {name} is {each.status}.")
    for each in found:
        at = format_instant(context.now())
        context.registry.add("deleted-execution", each.id, {"By": context.caller, "At": at})

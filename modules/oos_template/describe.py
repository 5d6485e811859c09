"""Operations that list templates, check them, and tell what they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from oos.diagnostics import DiagnosticError
from oos.service.context import Context
from oos.service.errors import InvalidParameter, MissingParameter, NotFound
from oos.service.filtering import Period
from oos.service.orchestration import TemplateText
from oos.service.paging import slice_of
from oos.service.shape import instant
from oos.service.stored_templates import (
    TemplateHead,
    TemplateVersion,
    find_version,
    load_head,
    load_heads,
    load_versions,
)
from oos.template.actions import BUILTIN_ACTIONS
from oos.template.model import Template
from oos.template.parse import parse
from oos.values.identifiers import resource_id
from oos.values.json import json_text
from oos.values.time import parse_instant
from oos_template import requests, responses
from oos_template.choices import constraint_of
from oos_template.operations import head_of
from oos_template.reading import calls_of, categories_of, read_checked, version_of
from oos_template.shapes import (
    builtin_shape,
    listed_shape,
    product_shape,
    validated_shape,
    version_shape,
    whole_shape,
)

_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
"""When a runbook in a folder was made: nobody knows."""

INLINE: Final = "TemplateContent"


@dataclass(frozen=True, slots=True)
class Listed:
    """A template with its newest version."""

    head: TemplateHead
    version: TemplateVersion
    categories: list[str]


def get_template(context: Context, request: requests.GetTemplate) -> responses.Whole:
    """Show a template: a registered one, a runbook, or a product action."""
    name = request.template_name
    head = load_head(context.registry, name)
    if head is not None:
        version = find_version(context.registry, name, request.template_version)
        if version is None:
            message = f"The template {name} has no version {request.template_version}."
            raise NotFound("EntityNotExists.TemplateVersion", message)
    else:
        found = named(context, name, request.template_version)
        shared = _shared(found)
        head, version = shared.head, shared.version
    return {"Content": version.text, "Template": whole_shape(head, version)}


def named(context: Context, name: str, version: str) -> TemplateText:
    """The text of a template by its name. Raises NotFound."""
    found = context.orchestration.find_template(name, version)
    if found is None:
        of = f" of version {version}" if version else ""
        raise NotFound("EntityNotExists.Template", f"The specified template {name}{of} does not exist.")
    return found


def _shared(found: TemplateText) -> Listed:
    """A template that nobody registered, as if it were. Raises DiagnosticError for one that cannot be read."""
    template = parse(found.text, found.name)
    version = version_of(template, _ALWAYS, "", "", "")
    head = TemplateHead(found.name, resource_id("t", found.name), _ALWAYS, "oos")
    return Listed(head, replace(version, by="oos"), categories_of(template))


def list_templates(context: Context, request: requests.ListTemplates) -> responses.Templates:
    """List templates: registered ones, and the runbooks of the folders."""
    counted = request.sort_field in ("TotalExecutionCount", "Popularity")
    runs: Counter[str] = Counter()
    if counted:
        runs.update(each.template_name for each in context.orchestration.summaries())
    found = [each for each in _all(context, request) if _fits(each, request)]
    descending = (request.sort_order or ("Ascending" if request.sort_field == "TemplateName" else "Descending")) == (
        "Descending"
    )
    page = slice_of(found, request, lambda each: _order(each, request.sort_field, runs), descending=descending)
    shapes = [
        listed_shape(each.head, each.version, each.categories, runs[each.head.name] if counted else None)
        for each in page.items
    ]
    return {"Templates": shapes, **page.fields}


def _all(context: Context, request: requests.ListTemplates) -> Iterator[Listed]:
    if request.share_type != "Public":
        for head in load_heads(context.registry):
            version = find_version(context.registry, head.name, "")
            if version is not None:
                yield Listed(head, version, categories_of(parse(version.text, head.name)))
    if request.share_type != "Private":
        for found in context.orchestration.runbooks():
            try:
                yield _shared(found)
            except DiagnosticError:
                # A file that is no template must not hide the others; `oos template list` tells of it.
                continue


def _fits(each: Listed, request: requests.ListTemplates) -> bool:
    head, version = each.head, each.version
    tags = {key: str(value) for key, value in (request.tags or {}).items()}
    return (
        request.template_name.casefold() in head.name.casefold()
        and request.template_format in ("", version.format)
        and request.template_type in ("", version.type)
        and request.created_by in ("", head.created_by)
        and request.resource_group_id in ("", head.resource_group)
        and request.has_trigger in (None, version.has_trigger)
        and request.is_favorite in (None, head.is_favorite)
        and (not request.category or request.category in each.categories)
        and all(head.tags.get(key) == value for key, value in tags.items())
        and _period(request).holds(head.created)
    )


def _period(request: requests.ListTemplates) -> Period:
    try:
        return Period(
            parse_instant(request.created_date_after) if request.created_date_after else None,
            parse_instant(request.created_date_before) if request.created_date_before else None,
        )
    except ValueError as error:
        raise InvalidParameter("CreatedDate", f"CreatedDateAfter or CreatedDateBefore is {error}.") from error


def _order(each: Listed, field: str, runs: Counter[str]) -> tuple[str, ...]:
    match field:
        case "CreatedDate":
            return (instant(each.head.created), each.head.name)
        case "UpdatedDate":
            return (instant(each.version.created), each.head.name)
        case "TotalExecutionCount" | "Popularity":
            return (f"{runs[each.head.name]:012d}", each.head.name)
        case _:
            return (each.head.name, "")


def list_template_versions(context: Context, request: requests.ListTemplateVersions) -> responses.Versions:
    """List the versions of a template, newest first."""
    head_of(context, request.template_name)
    versions = load_versions(context.registry, request.template_name)
    page = slice_of(versions, request, lambda each: (f"{each.number:06d}",), descending=True)
    return {"TemplateVersions": [version_shape(each) for each in page.items], **page.fields}


def validate_template_content(context: Context, request: requests.ValidateTemplateContent) -> responses.Validated:
    """Check a template; every fault with its place is in the error."""
    return validated_shape(_checked(context, "", "", request.content, request.template_url, asked="Content"))


def list_actions(context: Context, request: requests.ListActions) -> responses.Actions:
    """List the actions that tasks can have: built-in ones, and product actions."""
    wanted = request.action_name.casefold()
    builtin = [builtin_shape(each) for each in BUILTIN_ACTIONS]
    product = [product_shape(each, parse(each.text, each.path)) for each in context.orchestration.catalog.actions()]
    found = [each for each in [*builtin, *product] if wanted in each["OOSActionName"].casefold()]
    page = slice_of(found, request, lambda each: (each["OOSActionName"],))
    return {"Actions": list(page.items), **page.fields}


def list_execution_risky_tasks(context: Context, request: requests.ListExecutionRiskyTasks) -> responses.Risks:
    """Tell which operations of high risk a template calls, and in which tasks."""
    template = _checked(context, request.template_name, "", "")
    risks: dict[tuple[str, str], responses.RiskShape] = {}
    for call in calls_of(template, request.template_name, context.orchestration.catalog):
        if call.is_risky:
            key = (call.operation.service, call.operation.name)
            risk = risks.setdefault(key, {"Service": key[0], "API": key[1], "Task": [], "Template": []})
            risk["Task"].append(call.task)
            if call.template not in risk["Template"]:
                risk["Template"].append(call.template)
    return {"RiskyTasks": [risks[key] for key in sorted(risks)]}


def generate_execution_policy(context: Context, request: requests.GenerateExecutionPolicy) -> responses.Policy:
    """Tell which operations a template calls, as the rights that it needs."""
    template = _checked(context, request.template_name, request.template_version, request.template_content)
    calls = calls_of(template, request.template_name or INLINE, context.orchestration.catalog)
    actions = sorted({f"{each.operation.service.lower()}:{each.operation.name}" for each in calls})
    statements = [{"Effect": "Allow", "Action": actions, "Resource": "*"}] if actions else []
    return {"Policy": json_text({"Version": "1", "Statement": statements}), "MissingPolicy": "[]"}


def _checked(
    context: Context, name: str, version: str, content: str, url: str = "", asked: str = "TemplateName"
) -> Template:
    """The template that a request names, brings, or tells the address of. Raises ApiError."""
    if len([each for each in (name, content, url) if each]) > 1:
        raise InvalidParameter("TemplateContent", "TemplateName, TemplateContent and TemplateURL exclude each other.")
    if content:
        return read_checked(content, INLINE, context.orchestration.catalog)
    if not (name or url):
        raise MissingParameter(asked)
    found = context.orchestration.template_at(url) if url else named(context, name, version)
    return read_checked(found.text, found.name, context.orchestration.catalog)


def get_template_parameter_constraints(
    context: Context, request: requests.GetTemplateParameterConstraints
) -> responses.Constraints:
    """Tell what each parameter of a template may be, where the fleet or the template limits it."""
    template = _checked(
        context, request.template_name, request.template_version, request.template_content, request.template_url
    )
    chosen = request.parameters or {}
    return {
        "ParameterConstraints": {
            name: constraint_of(context, parameter, chosen) for name, parameter in template.parameters.items()
        }
    }


def describe_regions(context: Context, _request: requests.DescribeRegions) -> responses.Regions:
    """List the regions of the inventory."""
    return {
        "Regions": [
            {"RegionId": each.id, "LocalName": each.local_name, "RegionEndpoint": ""}
            for each in context.fleet.inventory.regions
        ]
    }

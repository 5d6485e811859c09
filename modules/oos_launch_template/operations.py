"""Operations on launch templates and their versions."""

from __future__ import annotations

from dataclasses import replace

from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import ApiError, MissingParameter, NotFound, Refused
from oos.service.filtering import has_tags, is_wanted
from oos.service.launch_templates import (
    MOST_VERSIONS,
    LaunchTemplate,
    LaunchTemplateVersion,
    add_version,
    find_launch_template,
    find_version,
    forget_launch_template,
    forget_version,
    keep_launch_template,
    load_launch_templates,
    load_versions,
)
from oos.service.paging import page_of
from oos.service.shape import newest_first
from oos.service.tags import changes_of_all, forget_tags, tags_after, tags_from
from oos.values.identifiers import resource_id
from oos_launch_template import decide, requests, responses


def create_launch_template(context: Context, request: requests.CreateLaunchTemplate) -> responses.MadeVersion:
    """Keep parameters of RunInstances under a name, as version 1."""
    id = resource_id("lt", context.token)
    known = find_launch_template(context.registry, context.region, name=request.launch_template_name)
    if known is not None and known.id != id:
        message = f"A launch template {request.launch_template_name} exists already."
        raise ApiError("InvalidLaunchTemplateName.Duplicated", message)
    made = known or LaunchTemplate(
        id=id,
        name=request.launch_template_name,
        region=context.region,
        created=context.now(),
        created_by=context.caller,
        modified=context.now(),
        resource_group=request.template_resource_group_id,
        tags=tags_from(request.template_tag),
    )
    version = add_version(context.registry, id, _version(context, request), 0)
    keep_launch_template(context.registry, made)
    return {"LaunchTemplateId": id, "LaunchTemplateVersionNumber": version.number}


def _version(context: Context, request: requests.LaunchData) -> LaunchTemplateVersion:
    return LaunchTemplateVersion(
        number=0,
        data=decide.data_of(request),
        created=context.now(),
        by=context.caller,
        token=context.token,
        description=request.version_description,
    )


def create_launch_template_version(
    context: Context, request: requests.CreateLaunchTemplateVersion
) -> responses.MadeVersion:
    """Keep a further version of a launch template; the default one stays the default."""
    template = _template(context, request.launch_template_id, request.launch_template_name)
    if len(load_versions(context.registry, template.id)) >= MOST_VERSIONS:
        message = f"{template.name} has {MOST_VERSIONS} versions; delete some first."
        raise Refused("QuotaExceed.LaunchTemplateVersion", message)
    version = add_version(context.registry, template.id, _version(context, request), 0)
    keep_launch_template(context.registry, replace(template, modified=context.now()))
    return {"LaunchTemplateId": template.id, "LaunchTemplateVersionNumber": version.number}


def _template(context: Context, id: str, name: str) -> LaunchTemplate:
    """The launch template that a request means. Raises MissingParameter, NotFound."""
    if not (id or name):
        raise MissingParameter("LaunchTemplateId")
    found = find_launch_template(context.registry, context.region, id=id, name=name)
    if found is None:
        message = f"The specified launch template {id or name} does not exist."
        raise NotFound("InvalidLaunchTemplate.NotFound", message)
    return found


def describe_launch_templates(context: Context, request: requests.DescribeLaunchTemplates) -> responses.Templates:
    """List launch templates, newest first."""
    changes = changes_of_all(context.registry)
    found = [
        each
        for each in load_launch_templates(context.registry, context.region)
        if (request.launch_template_id is None or each.id in request.launch_template_id)
        and (request.launch_template_name is None or each.name in request.launch_template_name)
        and is_wanted(each.resource_group, request.template_resource_group_id)
        and has_tags(tags_after(each.tags, changes.get(each.id, {})), request.template_tag)
    ]
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    shapes = [
        decide.template_shape(
            each,
            max((version.number for version in load_versions(context.registry, each.id)), default=0),
            tags_after(each.tags, changes.get(each.id, {})),
        )
        for each in page.items
    ]
    return {
        "LaunchTemplateSets": {"LaunchTemplateSet": shapes},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def describe_launch_template_versions(
    context: Context, request: requests.DescribeLaunchTemplateVersions
) -> responses.Versions:
    """List the versions of a launch template, newest first."""
    template = _template(context, request.launch_template_id, request.launch_template_name)
    found = [each for each in load_versions(context.registry, template.id) if decide.fits(each, template, request)]
    page = page_of(found, request, lambda each: (f"{each.number:06d}",), descending=True)
    shapes = [decide.version_shape(template, each, with_data=request.detail_flag) for each in page.items]
    return {
        "LaunchTemplateVersionSets": {"LaunchTemplateVersionSet": shapes},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def modify_launch_template_default_version(
    context: Context, request: requests.ModifyLaunchTemplateDefaultVersion
) -> responses.Modified:
    """Choose the version that is used when none is named."""
    template = _template(context, request.launch_template_id, request.launch_template_name)
    _require_version(context, template, request.default_version_number)
    changed = replace(template, default_version=request.default_version_number, modified=context.now())
    keep_launch_template(context.registry, changed)
    return {"LaunchTemplateId": template.id}


def _require_version(context: Context, template: LaunchTemplate, number: int) -> None:
    if find_version(context.registry, template, number) is None:
        message = f"The launch template {template.name} has no version {number}."
        raise NotFound("InvalidLaunchTemplateVersion.NotFound", message)


def delete_launch_template(context: Context, request: requests.OneLaunchTemplate) -> responses.Deleted:
    """Delete a launch template with all its versions; instances made from it stay."""
    named = request.launch_template_id or request.launch_template_name
    try:
        template = _template(context, request.launch_template_id, request.launch_template_name)
    except NotFound:
        if was_deletion_intended(context, named):
            return {"LaunchTemplateId": request.launch_template_id, "LaunchTemplateVersionNumbers": _numbers([])}
        raise
    numbers = [each.number for each in load_versions(context.registry, template.id)]
    intend_deletion(context, named)
    forget_launch_template(context.registry, template.id)
    forget_tags(context.registry, template.id)
    return {"LaunchTemplateId": template.id, "LaunchTemplateVersionNumbers": _numbers(numbers)}


def _numbers(numbers: list[int]) -> responses.VersionNumbers:
    return {"versionNumbers": numbers}


def delete_launch_template_version(
    context: Context, request: requests.DeleteLaunchTemplateVersion
) -> responses.DeletedVersions:
    """Delete versions of a launch template; the default one cannot go."""
    template = _template(context, request.launch_template_id, request.launch_template_name)
    for number in request.delete_version:
        if number == template.default_version:
            message = f"Version {number} of {template.name} is its default; choose another default first."
            raise Refused("InvalidLaunchTemplateVersion.DefaultVersion", message)
        if not was_deletion_intended(context, f"{template.id}/{number}"):
            _require_version(context, template, number)
    for number in request.delete_version:
        intend_deletion(context, f"{template.id}/{number}")
        forget_version(context.registry, template.id, number)
    shapes: list[responses.DeletedVersion] = [
        {"LaunchTemplateId": template.id, "LaunchTemplateVersionNumber": number} for number in request.delete_version
    ]
    return {"LaunchTemplateVersions": {"LaunchTemplateVersion": shapes}}

"""Operations that tell of commands, invocations, their results, and agents."""

from __future__ import annotations

from collections.abc import Iterator

from oos.fleet.errors import FleetError
from oos.fleet.instance import Instance, Power
from oos.service.context import Context
from oos.service.errors import MissingParameter
from oos.service.filtering import has_tags, is_wanted, matches_name
from oos.service.many import at_once
from oos.service.paging import page_of
from oos.service.shape import instant, newest_first
from oos.service.tags import changes_of_all, tags_after
from oos_command import decide, requests, responses
from oos_command.model import (
    Invocation,
    RepeatMode,
    Standing,
    load_commands,
    load_history,
    load_invocation,
    load_invocations,
)
from oos_command.repeating import standing
from oos_command.shapes import command_shape, invocation_shape, result_shape


def describe_commands(context: Context, request: requests.DescribeCommands) -> responses.Commands:
    """List the commands that are kept."""
    changes = changes_of_all(context.registry)
    tags = {each.id: tags_after(each.tags, changes.get(each.id, {})) for each in load_commands(context.registry)}
    found = [
        each
        for each in load_commands(context.registry)
        if request.command_id in ("", each.id)
        and matches_name(each.name, request.name)
        and is_wanted(each.type, request.type)
        and request.description in each.description
        and is_wanted("User", request.provider)
        and has_tags(tags[each.id], request.tag)
    ]
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    shapes = [command_shape(each, tags[each.id], request.content_encoding) for each in page.items]
    return {"Commands": {"Command": shapes}, **page.fields}


def describe_invocations(context: Context, request: requests.DescribeInvocations) -> responses.Invocations:
    """List invocations, newest first, with how they stand on each instance."""
    changes = changes_of_all(context.registry)
    tags: dict[str, dict[str, str]] = {}
    found: list[Invocation] = []
    for each in _invocations(context, request.invoke_id):
        tags[each.id] = tags_after(each.tags, changes.get(each.id, {}))
        if (
            request.command_id in ("", each.command_id)
            and matches_name(each.name, request.command_name)
            and is_wanted(each.type, request.command_type)
            and (not request.instance_id or request.instance_id in each.instance_ids)
            and (not request.repeat_mode or request.instance_id or each.repeat_mode == request.repeat_mode)
            and (request.timed is None or request.timed == (each.repeat_mode is RepeatMode.PERIOD))
            and has_tags(tags[each.id], request.tag)
        ):
            found.append(each)
    if request.invoke_status:
        found = [each for each in found if _has_status(context, each, request.invoke_status)]
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    shapes = [
        invocation_shape(
            each,
            _standings(context, each, request.instance_id),
            tags[each.id],
            request.content_encoding,
            with_output=request.include_output,
        )
        for each in page.items
    ]
    return {"Invocations": {"Invocation": shapes}, **page.fields}


def describe_invocation_results(context: Context, request: requests.DescribeInvocationResults) -> responses.Results:
    """List what became of commands on each instance: exit codes, output, errors."""
    if request.include_history and not request.invoke_id:
        raise MissingParameter("InvokeId")
    changes = changes_of_all(context.registry)
    found = [
        (invocation, standing)
        for invocation in _invocations(context, request.invoke_id)
        if request.command_id in ("", invocation.command_id)
        and has_tags(tags_after(invocation.tags, changes.get(invocation.id, {})), request.tag)
        for standing in _standings(context, invocation, request.instance_id, history=request.include_history)
        if is_wanted(decide.record_status(standing.state), request.invoke_record_status)
    ]
    page = page_of(
        found,
        request,
        lambda each: (*newest_first(each[0].created, each[0].id), each[1].run.instance_id, f"{each[1].run.number:09d}"),
        descending=True,
    )
    shapes = [
        result_shape(
            invocation, standing, tags_after(invocation.tags, changes.get(invocation.id, {})), request.content_encoding
        )
        for invocation, standing in page.items
    ]
    return {"Invocation": {"InvocationResults": {"InvocationResult": shapes}, **page.fields}}


def _invocations(context: Context, id: str) -> Iterator[Invocation]:
    """The invocation that is asked for, or all of the region."""
    if id:
        known = load_invocation(context.registry, id)
        found = iter([] if known is None else [known])
    else:
        found = load_invocations(context.registry)
    return (each for each in found if each.region == context.region)


def _standings(
    context: Context, invocation: Invocation, instance_id: str = "", *, history: bool = False
) -> list[Standing]:
    """How the invocation stands on its instances, or on one of them; with its earlier runs, if they are asked for."""
    ids = [id for id in invocation.instance_ids if instance_id in ("", id)]
    newest = [each for each in at_once(lambda id: standing(context, invocation, id), ids) if each is not None]
    if not history:
        return newest
    earlier = [
        Standing(run, run.state, run.number)
        for each in newest
        for run in load_history(context.registry, invocation.id, each.run.instance_id)
        if run.number != each.run.number
    ]
    return [*newest, *earlier]


def _has_status(context: Context, invocation: Invocation, status: str) -> bool:
    """Whether it stands so: in the older words, and in those of the newer that the older do not have."""
    states = [each.state for each in _standings(context, invocation)]
    if status in ("Success", "Pending", "Scheduled"):
        return decide.invocation_status(states) == status
    return decide.invoke_status(states) == status


def describe_cloud_assistant_status(
    context: Context, request: requests.DescribeCloudAssistantStatus
) -> responses.Assistants:
    """Tell of instances whether their guest agent answers now."""
    there = {
        each.id: each
        for each in context.fleet.instances(context.region)
        if (request.instance_id is None or each.id in request.instance_id) and request.os_type in ("", "Linux")
    }
    page = page_of(there, request, lambda id: (id,), most=requests.MOST_INSTANCES)
    answers = at_once(lambda id: _answers(context, there[id]), page.items)
    shapes: list[responses.AssistantShape] = [
        {
            "InstanceId": id,
            "CloudAssistantStatus": "true" if answer else "false",
            "CloudAssistantVersion": "",
            "LastHeartbeatTime": instant(context.now()) if answer else "",
            "OSType": "Linux",
            "SupportSessionManager": False,
        }
        for id, answer in zip(page.items, answers, strict=True)
    ]
    return {"InstanceCloudAssistantStatusSet": {"InstanceCloudAssistantStatus": shapes}, **page.fields}


def _answers(context: Context, instance: Instance) -> bool:
    if instance.power is not Power.RUNNING:
        return False
    try:
        context.fleet.of_guest(instance.id, context.region)[0].guest_info(instance.id)
    except FleetError:
        return False
    return True

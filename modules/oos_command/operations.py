"""Operations that run commands in guests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import InvalidParameter, MissingParameter, NotFound, Unsupported
from oos.service.filtering import TagCondition, has_tags
from oos.service.many import at_once
from oos.service.tags import forget_tags, tags_from
from oos.values.identifiers import resource_id
from oos.values.json import Value, json_text
from oos.values.secret import MASK, Secret
from oos_command import decide, requests, responses
from oos_command.content import decoded, filled, interpreter_of
from oos_command.model import (
    Command,
    Invocation,
    Run,
    State,
    keep_command,
    keep_invocation,
    keep_secrets,
    load_command,
    load_invocation,
    load_run,
)
from oos_command.runs import begin, stop


def run_command(context: Context, request: requests.RunCommand) -> responses.CommandRun:
    """Run a command in guests, at most once in each; what becomes of it is told by DescribeInvocationResults."""
    interpreter_of(request.type)
    text = decoded(request.command_content, request.content_encoding)
    is_secret = isinstance(request.command_content, Secret)
    command_id = resource_id("c", context.token)
    invocation = Invocation(
        id=resource_id("t", context.token),
        command_id=command_id,
        type=request.type,
        content=MASK if is_secret else context.redact(text),
        instance_ids=_targets(context, request.instance_id, request.resource_tag),
        region=context.region,
        created=context.now(),
        name=request.name,
        description=request.description,
        working_dir=request.working_dir,
        user=request.username,
        timeout_seconds=request.timeout,
        parameters=context.redact(json_text(request.parameters or {})),
        termination_mode=request.termination_mode,
        tags=tags_from(request.tag),
    )
    if request.keep_command:
        keep_command(context.registry, _kept(context, request, command_id, text, is_secret=is_secret))
    _run(context, invocation, _contents(context, invocation, text, request.parameters, fill=request.enable_parameter))
    return {"CommandId": command_id, "InvokeId": invocation.id}


def create_command(context: Context, request: requests.CreateCommand) -> responses.CommandCreated:
    """Keep a command, to be run later."""
    interpreter_of(request.type)
    text = decoded(request.command_content, request.content_encoding)
    is_secret = isinstance(request.command_content, Secret)
    command = _kept(context, request, resource_id("c", context.token), text, is_secret=is_secret)
    keep_command(context.registry, command)
    return {"CommandId": command.id}


def _kept(
    context: Context, request: requests.RunCommand | requests.CreateCommand, id: str, text: str, *, is_secret: bool
) -> Command:
    if is_secret or context.redact(text) != text:
        raise Unsupported("A command that is kept may hold no secret; give it as a parameter of InvokeCommand.")
    return Command(
        id=id,
        name=request.name,
        type=request.type,
        content=text,
        created=context.now(),
        description=request.description,
        working_dir=request.working_dir,
        timeout_seconds=request.timeout,
        enable_parameter=request.enable_parameter,
        tags=tags_from(request.tag),
    )


def invoke_command(context: Context, request: requests.InvokeCommand) -> responses.CommandInvoked:
    """Run a kept command in guests, at most once in each."""
    command = load_command(context.registry, request.command_id)
    if command is None:
        raise NotFound("InvalidCmdId.NotFound", f"The specified command {request.command_id} does not exist.")
    invocation = Invocation(
        id=resource_id("t", context.token),
        command_id=command.id,
        type=command.type,
        content=command.content,
        instance_ids=_targets(context, request.instance_id, request.resource_tag),
        region=context.region,
        created=context.now(),
        name=command.name,
        description=command.description,
        working_dir=request.working_dir or command.working_dir,
        user=request.username,
        timeout_seconds=request.timeout or command.timeout_seconds,
        parameters=context.redact(json_text(request.parameters or {})),
        termination_mode=request.termination_mode,
        tags=tags_from(request.tag),
    )
    fill = command.enable_parameter
    _run(context, invocation, _contents(context, invocation, command.content, request.parameters, fill=fill))
    return {"InvokeId": invocation.id}


def _targets(context: Context, ids: Sequence[str], tags: Sequence[TagCondition]) -> tuple[str, ...]:
    """The instances to run on, each once. Raises for one that is not there: nothing is begun then."""
    if bool(ids) == bool(tags):
        if ids:
            raise InvalidParameter("ResourceTag", "InstanceId and ResourceTag exclude each other.")
        raise MissingParameter("InstanceId")
    if len(ids) == 1:
        return (context.fleet.of_guest(ids[0], context.region)[1].id,)
    there = {each.id: each for each in context.fleet.instances(context.region)}
    region = context.fleet.inventory.region(context.region)
    managed = {each.id for each in region.managed} if region is not None else set()
    if tags:
        found = tuple(id for id, each in there.items() if has_tags(each.labels.tags, tags))
        if not 0 < len(found) <= requests.MOST_INSTANCES:
            message = f"{len(found)} instances have these tags; 1 to {requests.MOST_INSTANCES} are allowed."
            raise InvalidParameter("ResourceTag", message)
        return found
    for id in ids:
        if id not in there and id not in managed:
            raise NotFound("InvalidInstanceId.NotFound", f"The specified instance {id} does not exist.")
    return tuple(dict.fromkeys(ids))


def _contents(
    context: Context, invocation: Invocation, text: str, parameters: Mapping[str, Value] | None, *, fill: bool
) -> dict[str, str]:
    """What is run on each instance."""
    if not fill:
        return dict.fromkeys(invocation.instance_ids, text)
    names = {}
    if "acs::instancename" in text.casefold():
        names = {each.id: each.name for each in context.fleet.instances(context.region)}
    return {
        id: filled(
            text,
            parameters or {},
            {
                "ACS::RegionId": context.region,
                "ACS::AccountId": context.account,
                "ACS::InstanceId": id,
                "ACS::InstanceName": names.get(id, ""),
                "ACS::InvokeId": invocation.id,
                "ACS::CommandId": invocation.command_id,
            },
        )
        for id in invocation.instance_ids
    }


def _run(context: Context, wanted: Invocation, contents: Mapping[str, str]) -> None:
    """Write down what is intended, then begin it everywhere. Raises when it began nowhere."""
    if not keep_invocation(context.registry, wanted):
        # This token was here before: what it was meant for then counts, whatever has these tags now.
        known = load_invocation(context.registry, wanted.id)
        assert known is not None
        wanted = known
        contents = {id: contents[id] for id in wanted.instance_ids if id in contents}
    keep_secrets(context.registry, wanted.id, decide.held(context.secrets, contents.values()))
    runs = at_once(lambda id: begin(context, wanted, id, contents[id]), list(contents))
    if runs and all(run.state is State.ABORTED for run in runs):
        raise decide.refusal_of(runs[0])


def stop_invocation(context: Context, request: requests.StopInvocation) -> responses.Nothing:
    """Ask guests to end a command that still runs there."""
    invocation = load_invocation(context.registry, request.invoke_id)
    if invocation is None:
        raise NotFound("InvalidInvokeId.NotFound", f"The specified invocation {request.invoke_id} does not exist.")
    for id in request.instance_id:
        if id not in invocation.instance_ids:
            message = f"The invocation {invocation.id} has nothing to do with {id}."
            raise NotFound("InvalidInstanceId.NotFound", message)

    def end(id: str) -> Run | None:
        run = load_run(context.registry, invocation.id, id)
        return None if run is None else stop(context, invocation, run)

    at_once(end, request.instance_id or invocation.instance_ids)
    return {}


def delete_command(context: Context, request: requests.DeleteCommand) -> responses.Nothing:
    """Forget a kept command; what it did stays on record."""
    if load_command(context.registry, request.command_id) is None:
        if was_deletion_intended(context, request.command_id):
            return {}
        raise NotFound("InvalidCmdId.NotFound", f"The specified command {request.command_id} does not exist.")
    intend_deletion(context, request.command_id)
    context.registry.remove("command", request.command_id)
    forget_tags(context.registry, request.command_id)
    return {}

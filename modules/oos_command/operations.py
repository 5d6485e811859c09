"""Operations that run commands in guests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

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
from oos_command.content import decoded, interpreter_of, launched
from oos_command.frequency import checked, read_frequency
from oos_command.model import (
    Command,
    Invocation,
    RepeatMode,
    State,
    change_command,
    keep_command,
    keep_invocation,
    keep_secrets,
    load_command,
    load_invocation,
    load_run,
)
from oos_command.repeating import contents_of, schedule, stop_repeating
from oos_command.runs import begin, stop, watch

_MOST_WATCHED: Final = 16
"""In how many guests a command is looked at for a moment when it begins."""


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
        repeat_mode=_mode(request),
        frequency=request.frequency,
        launcher=request.launcher,
    )
    if request.keep_command:
        keep_command(context.registry, _kept(context, request, command_id, text, is_secret=is_secret))
    parameters = request.parameters or {}
    _run(context, invocation, text, parameters, fill=request.enable_parameter, is_secret=is_secret)
    return {"CommandId": command_id, "InvokeId": invocation.id}


def create_command(context: Context, request: requests.CreateCommand) -> responses.CommandCreated:
    """Keep a command, to be run later."""
    interpreter_of(request.type)
    text = decoded(request.command_content, request.content_encoding)
    is_secret = isinstance(request.command_content, Secret)
    command = _kept(context, request, resource_id("c", context.token), text, is_secret=is_secret)
    keep_command(context.registry, command)
    return {"CommandId": command.id}


def modify_command(context: Context, request: requests.ModifyCommand) -> responses.Nothing:
    """Change a kept command; invocations that there are go on as they were."""
    command = _command(context, request.command_id)
    if request.command_content:
        text = decoded(request.command_content, "Base64")
        _require_open(context, text, is_secret=isinstance(request.command_content, Secret))
        command = replace(command, content=text)
    launched("", request.launcher or "")
    changed = replace(
        command,
        name=command.name if request.name is None else request.name,
        description=command.description if request.description is None else request.description,
        working_dir=command.working_dir if request.working_dir is None else request.working_dir,
        timeout_seconds=request.timeout or command.timeout_seconds,
        launcher=command.launcher if request.launcher is None else request.launcher,
    )
    change_command(context.registry, changed)
    return {}


def _command(context: Context, id: str) -> Command:
    command = load_command(context.registry, id)
    if command is None:
        raise NotFound("InvalidCmdId.NotFound", f"The specified command {id} does not exist.")
    return command


def _require_open(context: Context, text: str, *, is_secret: bool) -> None:
    if is_secret or context.redact(text) != text:
        raise Unsupported("A command that is kept may hold no secret; give it as a parameter of InvokeCommand.")


def _kept(
    context: Context, request: requests.RunCommand | requests.CreateCommand, id: str, text: str, *, is_secret: bool
) -> Command:
    _require_open(context, text, is_secret=is_secret)
    launched("", request.launcher)
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
        launcher=request.launcher,
        tags=tags_from(request.tag),
    )


def invoke_command(context: Context, request: requests.InvokeCommand) -> responses.CommandInvoked:
    """Run a kept command in guests, at most once in each."""
    command = _command(context, request.command_id)
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
        repeat_mode=_mode(request),
        frequency=request.frequency,
        launcher=request.launcher or command.launcher,
    )
    _run(context, invocation, command.content, request.parameters or {}, fill=command.enable_parameter)
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


def _run(
    context: Context,
    wanted: Invocation,
    text: str,
    parameters: Mapping[str, Value],
    *,
    fill: bool,
    is_secret: bool = False,
) -> None:
    """Write down what is intended, then begin it everywhere, or have it repeat. Raises when it began nowhere."""
    launched("", wanted.launcher)
    if wanted.frequency:
        checked(read_frequency(wanted.frequency), wanted.timeout_seconds, context.now())
    contents = contents_of(context, wanted, text, parameters, fill=fill)
    if not keep_invocation(context.registry, wanted):
        # This token was here before: what it was meant for then counts, whatever has these tags now.
        known = load_invocation(context.registry, wanted.id)
        assert known is not None
        wanted = known
        contents = {id: contents[id] for id in wanted.instance_ids if id in contents}
    secrets = decide.held(context.secrets, contents.values())
    keep_secrets(context.registry, wanted.id, secrets)
    if wanted.repeat_mode is RepeatMode.ONCE:
        runs = at_once(lambda id: begin(context, wanted, id, contents[id]), list(contents))
        if len(runs) <= _MOST_WATCHED:
            runs = at_once(lambda run: watch(context, wanted, run), runs)
    else:
        has_secrets = is_secret or bool(secrets)
        runs = schedule(context, wanted, text, parameters, fill=fill, has_secrets=has_secrets)
    if len(runs) == len(wanted.instance_ids) and all(run.state is State.ABORTED and run.pid is None for run in runs):
        raise decide.refusal_of(runs[0])


def _mode(request: requests.RunCommand | requests.InvokeCommand) -> RepeatMode:
    """When to run it. A Frequency makes it Period, whatever else is said. Raises MissingParameter."""
    if request.frequency:
        return RepeatMode.PERIOD
    mode = RepeatMode(request.repeat_mode or RepeatMode.ONCE)
    if mode is RepeatMode.PERIOD:
        raise MissingParameter("Frequency")
    return mode


def stop_invocation(context: Context, request: requests.StopInvocation) -> responses.Nothing:
    """Ask guests to end a command that still runs there; one that repeats is not run there any more."""
    invocation = load_invocation(context.registry, request.invoke_id)
    if invocation is None:
        raise NotFound("InvalidInvokeId.NotFound", f"The specified invocation {request.invoke_id} does not exist.")
    for id in request.instance_id:
        if id not in invocation.instance_ids:
            message = f"The invocation {invocation.id} has nothing to do with {id}."
            raise NotFound("InvalidInstanceId.NotFound", message)

    def end(id: str) -> None:
        if invocation.repeat_mode is not RepeatMode.ONCE:
            stop_repeating(context, invocation, id)
        elif (run := load_run(context.registry, invocation.id, id)) is not None:
            stop(context, invocation, run)

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

"""Commands that repeat: by the clock, or at the starts of their guests; each run is claimed once, then handed over.

`oos serve` calls ContinueInvocation again and again; whoever claims a run first begins it, all others pass over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final

from oos.fleet.errors import AgentFailed, AgentUnavailable, InstanceAbsent
from oos.fleet.instance import Power
from oos.service.context import Context
from oos.service.errors import NotFound
from oos.service.guest import boot_of
from oos.service.many import at_once
from oos.service.registry import Registry
from oos.service.repeating_commands import RepeatingCommand, forget_repeating, keep_repeating, load_repeating
from oos.values.json import Value
from oos.values.secret import Secret, reveal
from oos_command import decide, requests, responses
from oos_command.content import filled
from oos_command.frequency import is_over, last_due, read_frequency
from oos_command.model import (
    Invocation,
    RepeatMode,
    Repetition,
    Run,
    Standing,
    State,
    forget_run,
    keep_repetition,
    keep_run,
    load_invocation,
    load_repetition,
    load_run,
    load_secrets,
)
from oos_command.runs import hand_over, observed, stop

HISTORY: Final = 100
"""How many runs of a command that repeats are kept for each instance."""


def contents_of(
    context: Context, invocation: Invocation, text: str, parameters: Mapping[str, Value], *, fill: bool
) -> dict[str, str]:
    """What is run on each instance."""
    if not fill:
        return dict.fromkeys(invocation.instance_ids, text)
    names = {}
    if "acs::instancename" in text.casefold():
        names = {each.id: each.name for each in context.fleet.instances(invocation.region)}
    return {
        id: filled(
            text,
            parameters,
            {
                "ACS::RegionId": invocation.region,
                "ACS::AccountId": context.account,
                "ACS::InstanceId": id,
                "ACS::InstanceName": names.get(id, ""),
                "ACS::InvokeId": invocation.id,
                "ACS::CommandId": invocation.command_id,
            },
        )
        for id in invocation.instance_ids
    }


def schedule(
    context: Context,
    invocation: Invocation,
    text: str | Secret,
    parameters: Mapping[str, Value],
    *,
    fill: bool,
    has_secrets: bool,
) -> list[Run]:
    """Have a command repeat on its instances; the runs of those on which it cannot, which never begin."""
    follows_starts = invocation.repeat_mode.follows_starts
    kept = Secret(reveal(text)) if has_secrets else text
    command = RepeatingCommand(invocation.id, invocation.region, follows_starts, kept, parameters, fill)

    def arrange(id: str) -> Run | None:
        if load_repetition(context.registry, invocation.id, id) is not None:
            return None
        now = context.now()
        repetition = Repetition(invocation.id, id, "", now)
        if not follows_starts:
            keep_repetition(context.registry, repetition)
            return None
        try:
            boot = _boot(context, invocation, id)
            if boot == "":
                raise AgentFailed(id, "its guest cannot tell one start from another")
            keep_repetition(context.registry, replace(repetition, boot=boot or ""))
        except (InstanceAbsent, AgentUnavailable, AgentFailed) as mute:
            # Which start of its guest this is cannot be told; so neither can the next one.
            fresh = Run(invocation.id, id, State.PENDING, now, now, number=1)
            refused = keep_run(context.registry, decide.mute(fresh, str(mute), now))
            keep_repetition(context.registry, replace(repetition, newest=1, is_over=True))
            return refused
        return None

    refused = [run for run in at_once(arrange, invocation.instance_ids) if run is not None]
    if not _is_over(context.registry, invocation):
        keep_repeating(context.registry, command)
    return refused


def _boot(context: Context, invocation: Invocation, instance_id: str) -> str | None:
    """Which start of the guest this is; None when it is off. Raises InstanceAbsent, AgentUnavailable, AgentFailed."""
    guest, instance = context.fleet.of_guest(instance_id, invocation.region)
    return boot_of(guest, instance_id).name if instance.power is Power.RUNNING else None


def continue_invocation(context: Context, request: requests.ContinueInvocation) -> responses.Continued:
    """Begin what is due of a command that repeats; where it was begun already, nothing happens."""
    invocation = load_invocation(context.registry, request.invoke_id)
    command = load_repeating(context.registry, request.invoke_id)
    if invocation is None:
        raise NotFound("InvalidInvokeId.NotFound", f"The specified invocation {request.invoke_id} does not exist.")
    if command is None:
        return {"Begun": []}
    if not invocation.repeat_mode.follows_starts and not _may_be_due(invocation, context.now()):
        return {"Begun": []}
    context = context.knowing(load_secrets(context.registry, invocation.id))
    contents: dict[str, str] = {}

    def content(id: str) -> str:
        if not contents:
            parameters = reveal(dict(command.parameters))
            contents.update(contents_of(context, invocation, reveal(command.text), parameters, fill=command.fill))
        return contents[id]

    def proceed(id: str) -> Run | None:
        run = _claim(context, invocation, id)
        if run is None:
            return None
        run = hand_over(context, invocation, run, content(id))
        if run.error_code == "InstanceNotExists":
            _end(context, invocation, id)
        return run

    begun = [run for run in at_once(proceed, invocation.instance_ids) if run is not None]
    if _is_over(context.registry, invocation):
        forget_repeating(context.registry, invocation.id)
    return {
        "Begun": [
            {"InstanceId": run.instance_id, "Repeats": run.number, "InvocationStatus": run.state.value} for run in begun
        ]
    }


def _may_be_due(invocation: Invocation, now: datetime) -> bool:
    """Whether anything is due anywhere just now, or never will be again."""
    frequency = read_frequency(invocation.frequency)
    asked = invocation.created
    return last_due(frequency, asked, asked, now) is not None or is_over(frequency, asked, now)


def _claim(context: Context, invocation: Invocation, instance_id: str) -> Run | None:
    """The run that is due now on an instance, written down as this caller's to begin; None when none is."""
    repetition = load_repetition(context.registry, invocation.id, instance_id)
    if repetition is None or repetition.is_over:
        return None
    boot = repetition.boot
    is_last = invocation.repeat_mode is RepeatMode.NEXT_REBOOT
    if invocation.repeat_mode.follows_starts:
        try:
            boot = _boot(context, invocation, instance_id) or boot
        except InstanceAbsent:
            _end(context, invocation, instance_id)
            return None
        except (AgentUnavailable, AgentFailed):
            # It starts up, or is mute: another time.
            return None
        if boot == repetition.boot:
            return None
    else:
        frequency = read_frequency(invocation.frequency)
        now = context.now()
        is_last = is_over(frequency, invocation.created, now)
        if last_due(frequency, invocation.created, repetition.looked, now) is None:
            if is_last:
                _end(context, invocation, instance_id)
            return None
        is_last = is_last or frequency.at is not None
    previous = _newest(context, invocation, repetition)
    with _alone(context.registry, invocation.id):
        current = load_repetition(context.registry, invocation.id, instance_id)
        if current is None or current.is_over or current.newest != repetition.newest:
            # Somebody was faster, or stopped it.
            return None
        now = context.now()
        claimed = decide.next_run(current, previous, boot, now, is_last=is_last)
        run = Run(invocation.id, instance_id, State.PENDING, now, now, number=claimed.newest)
        keep_run(context.registry, run)
        keep_repetition(context.registry, claimed)
    if previous is not None and previous.state is State.ABORTED:
        # A guest that is off for a week would fill the history with runs that never began.
        forget_run(context.registry, previous)
    if claimed.newest > HISTORY:
        forget_run(context.registry, replace(run, number=claimed.newest - HISTORY))
    return run


def _newest(context: Context, invocation: Invocation, repetition: Repetition) -> Run | None:
    """The newest run, as it stands now; its guest lets go of what it left there when the next one begins."""
    if not repetition.newest:
        return None
    run = load_run(context.registry, invocation.id, repetition.instance_id, repetition.newest)
    return None if run is None else observed(context, invocation, run)


def _end(context: Context, invocation: Invocation, instance_id: str, stopped: datetime | None = None) -> None:
    """Nothing more comes on this instance."""
    with _alone(context.registry, invocation.id):
        current = load_repetition(context.registry, invocation.id, instance_id)
        if current is not None and not current.is_over:
            keep_repetition(context.registry, replace(current, is_over=True, stopped=stopped))


def stop_repeating(context: Context, invocation: Invocation, instance_id: str) -> None:
    """Nothing more comes on this instance, and what runs there now is to end."""
    repetition = load_repetition(context.registry, invocation.id, instance_id)
    if repetition is None:
        return
    _end(context, invocation, instance_id, context.now())
    repetition = load_repetition(context.registry, invocation.id, instance_id) or repetition
    run = _newest(context, invocation, repetition)
    if run is not None and not run.state.is_final:
        stop(context, invocation, run)
    if _is_over(context.registry, invocation):
        forget_repeating(context.registry, invocation.id)


def standing(context: Context, invocation: Invocation, instance_id: str) -> Standing | None:
    """How the invocation stands on an instance, looked up where it is not final; None where it was never begun."""
    if invocation.repeat_mode is RepeatMode.ONCE:
        run = load_run(context.registry, invocation.id, instance_id)
        return None if run is None else decide.standing_once(observed(context, invocation, run))
    repetition = load_repetition(context.registry, invocation.id, instance_id)
    if repetition is None:
        return None
    return decide.standing_of(repetition, _newest(context, invocation, repetition))


def _is_over(registry: Registry, invocation: Invocation) -> bool:
    """Whether nothing more comes anywhere."""
    found = [load_repetition(registry, invocation.id, id) for id in invocation.instance_ids]
    return all(each is not None and each.is_over for each in found)


@contextmanager
def _alone(registry: Registry, invocation_id: str) -> Iterator[None]:
    with registry.alone_with(f"invocation/{invocation_id}"):
        yield

"""Runs: a command handed to a guest once, and what became of it read from there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from oos.fleet.errors import AgentFailed, AgentUnavailable, FleetError, InstanceAbsent
from oos.fleet.instance import Power
from oos.service.context import Context
from oos.service.guest import answering, boot_of
from oos.service.guest_command import OUTPUT_LIMIT, GuestCommand, argv_of, path_of, read_result
from oos_command import decide
from oos_command.content import interpreter_of, launched
from oos_command.model import Invocation, Run, State, keep_run, load_run, load_secrets

if TYPE_CHECKING:
    from oos.fleet.guest import Guest

_GLANCES: Final = (0.0, 0.03, 0.06, 0.12, 0.24)
"""Seconds before each look at a command that has just begun."""


def begin(context: Context, invocation: Invocation, instance_id: str, content: str) -> Run:
    """Hand a command that is run once to the guest, unless that happened before."""
    known = load_run(context.registry, invocation.id, instance_id)
    now = context.now()
    return hand_over(context, invocation, known or Run(invocation.id, instance_id, State.PENDING, now, now), content)


def hand_over(context: Context, invocation: Invocation, fresh: Run, content: str) -> Run:
    """Hand the command to the guest, unless that happened before, or may have in an earlier start of the guest.

    What is intended is written down first. From then on the guest itself sees to it that the command runs at most
    once, so handing it over again after a crash is harmless.
    """
    if fresh.state is not State.PENDING:
        return fresh
    instance_id = fresh.instance_id
    now = context.now()
    try:
        guest, instance, boot = answering(context, instance_id, invocation.region)
        if boot is None:
            return keep_run(context.registry, decide.not_running(fresh, instance, now))
    except InstanceAbsent as absent:
        return keep_run(context.registry, decide.absent(fresh, str(absent), now))
    except (AgentUnavailable, AgentFailed) as mute:
        return keep_run(context.registry, decide.mute(fresh, str(mute), now))
    if fresh.boot not in ("", boot.name):
        return keep_run(context.registry, decide.restarted(fresh, now))
    intended = keep_run(context.registry, replace(fresh, boot=boot.name))
    command = GuestCommand(
        fresh.guest_id,
        invocation.timeout_seconds,
        invocation.user,
        invocation.working_dir,
        "" if invocation.launcher else interpreter_of(invocation.type),
        boot.kernel_name,
    )
    script = launched(content, invocation.launcher)
    try:
        pid = guest.guest_execute(instance_id, argv_of(command), stdin=script.encode())
    except AgentFailed as refused:
        aborted = decide.ended(intended, State.ABORTED, "ClientNotResponse", str(refused), context.now())
        return keep_run(context.registry, aborted)
    except FleetError as failed:
        # The answer was lost; the command may run. Its traces will tell.
        context.report(f"{instance.name}: {failed}")
        return intended
    return keep_run(
        context.registry, replace(intended, state=State.RUNNING, pid=pid, started=now, updated=context.now())
    )


def watch(context: Context, invocation: Invocation, run: Run) -> Run:
    """A run that was handed over, looked at for a moment: what is short has ended when somebody asks for it next.

    Else whoever waits for it (spec 4.2) would look too early by some milliseconds, and again after two seconds.
    """
    for seconds in _GLANCES:
        if run.state is not State.RUNNING or context.cancelled.is_set():
            break
        if seconds:
            context.sleep(context.cancelled, seconds)
        try:
            run = observed(context, invocation, run)
        except FleetError:
            # It has begun; what becomes of it is for others to find out.
            break
    return run


def observed(context: Context, invocation: Invocation, run: Run) -> Run:
    """How the run stands now: what is final stays, what is not is looked up in its guest.

    Raises HostUnreachable.
    """
    if run.state.is_final:
        return run
    now = _look(context, invocation, run)
    return run if now == run else keep_run(context.registry, now)


def _look(context: Context, invocation: Invocation, run: Run) -> Run:
    now = context.now()
    try:
        guest, instance = context.fleet.of_guest(run.instance_id, invocation.region)
    except InstanceAbsent as absent:
        return decide.absent(run, str(absent), now)
    if instance.power is Power.STOPPED:
        return decide.not_running(run, instance, now)
    if not run.boot:
        return decide.undelivered(run, now)
    try:
        return _read(context, invocation, run, guest)
    except (AgentUnavailable, AgentFailed) as mute:
        return decide.silent(run, invocation, str(mute), now)


def _read(context: Context, invocation: Invocation, run: Run, guest: Guest) -> Run:
    """What the guest tells of the run. Raises AgentUnavailable."""
    now = context.now()
    boot = boot_of(guest, run.instance_id).name
    exit_code: int | None = None
    complaint = ""
    if run.pid is not None and boot == run.boot:
        try:
            process = guest.guest_process(run.instance_id, run.pid)
        except AgentFailed:
            # The agent forgets what it was asked about once, and all when it restarts itself.
            pass
        else:
            if not process.exited:
                return run
            exit_code, complaint = process.exit_code or 0, process.stderr.decode(errors="replace")
    try:
        result = read_result(guest.guest_read(run.instance_id, path_of(run.guest_id, "result"), limit=4096))
    except AgentFailed:
        result = None
    if result is not None:
        return decide.with_result(run, invocation, result, _output(context, guest, run), now)
    if boot != run.boot:
        return decide.restarted(run, now)
    outcome = decide.without_result(run, exit_code, complaint, now)
    if outcome is not None:
        return outcome
    return _trace(guest, run, context)


def _trace(guest: Guest, run: Run, context: Context) -> Run:
    """Whether the script around the command still lives, when its agent no longer knows it."""
    try:
        pid = guest.guest_read(run.instance_id, path_of(run.guest_id, "pid"), limit=32).decode().strip()
    except AgentFailed:
        return decide.undelivered(run, context.now())
    try:
        arguments = guest.guest_read(run.instance_id, f"/proc/{int(pid)}/cmdline", limit=1 << 16)
    except (AgentFailed, ValueError):
        arguments = b""
    if run.guest_id.encode() not in arguments.split(b"\0"):
        return decide.vanished(run, context.now())
    begun = State.STOPPING if run.state is State.STOPPING else State.RUNNING
    return replace(run, state=begun, started=run.started or run.created)


def _output(context: Context, guest: Guest, run: Run) -> bytes:
    """What the command printed, as far as its guest kept it, with the caller's and the command's secrets masked."""
    try:
        output = guest.guest_read(run.instance_id, path_of(run.guest_id, "out"), limit=OUTPUT_LIMIT)
    except AgentFailed:
        return b""
    text = output.decode(errors="surrogateescape")
    known = context.knowing(load_secrets(context.registry, run.invocation_id))
    return known.redact(text).encode(errors="surrogateescape")


def stop(context: Context, invocation: Invocation, run: Run) -> Run:
    """Ask the guest to end the command; it does so within seconds."""
    run = observed(context, invocation, run)
    if run.state.is_final or run.state is State.STOPPING:
        return run
    guest = context.fleet.of_guest(run.instance_id, invocation.region)[0]
    now = context.now()
    try:
        guest.guest_write(run.instance_id, path_of(run.guest_id, "stop"), b"")
    except AgentFailed:
        # There is no folder to write to: it never began.
        cancelled = decide.ended(run, State.CANCELLED, "", "", now)
        return keep_run(context.registry, replace(cancelled, stopped=now))
    return keep_run(context.registry, replace(run, state=State.STOPPING, stopped=now, updated=now))

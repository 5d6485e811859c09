"""Decisions about commands in guests: what a run's traces mean, and how many runs stand together. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from oos.fleet.guest import Machine
from oos.service.errors import ApiError, Refused, Unavailable
from oos.service.guest_command import GuestResult, LauncherExit, Reason
from oos.values.secret import Secret, redact
from oos_command.model import Invocation, Repetition, Run, Standing, State

DELIVERY_SECONDS: Final = 60
"""How long a command that was handed over may take to show a trace."""

SILENCE_SECONDS: Final = 120
"""How long past a command's own time its guest's agent may be silent."""

_RECORD_STATUS: Final = {
    State.PENDING: "Running",
    State.SCHEDULED: "Running",
    State.RUNNING: "Running",
    State.STOPPING: "Stopping",
    State.SUCCESS: "Finished",
    State.FAILED: "Finished",
    State.TIMEOUT: "Failed",
    State.ABORTED: "Failed",
    State.ERROR: "Failed",
    State.TERMINATED: "Stopped",
    State.CANCELLED: "Stopped",
}

_INFO: Final = {
    "ExitCodeNonzero": "the command execution exit code is not zero",
    "ExecutionTimeout": "the command execution has been timeout",
    "AccountNotExists": "the specified account does not exist",
    "DirectoryNotExists": "the specified directory does not exist",
    "ExecutionMissed": "nobody served at the moment at which the command was due",
    "ExecutionException": "the command could not be written down in the guest, or its output could not be kept",
}


def held(secrets: Iterable[Secret], texts: Collection[str]) -> list[Secret]:
    """The secrets that stand in these texts."""
    return [each for each in dict.fromkeys(secrets) if any(redact(text, [each]) != text for text in texts)]


def record_status(state: State) -> str:
    """The older word for a state: InvokeRecordStatus and InstanceInvokeStatus. An exit code is no failure there."""
    return _RECORD_STATUS[state]


def invoke_status(states: Iterable[State]) -> str:
    """The older word for how an invocation stands on all its instances."""
    found = {record_status(state) for state in states}
    for status in ("Running", "Stopping"):
        if status in found:
            return status
    if found == {"Failed"} or found == {"Stopped"}:
        return next(iter(found))
    return "PartialFailed" if "Failed" in found else "Finished"


def invocation_status(states: Iterable[State]) -> str:
    """How an invocation stands on all its instances."""
    found = set(states)
    if found & {State.RUNNING, State.PENDING}:
        return "Pending" if found == {State.PENDING} else "Running"
    if State.STOPPING in found:
        return "Stopping"
    if State.SCHEDULED in found:
        return "Scheduled"
    stopped = {State.TERMINATED, State.CANCELLED}
    if found <= stopped:
        return "Stopped"
    if found <= stopped | {State.SUCCESS}:
        return "Success"
    return "Failed" if not found & (stopped | {State.SUCCESS}) else "PartialFailed"


def did_run(run: Run) -> bool:
    """Whether the command was begun, as far as is known."""
    return run.state not in (State.PENDING, State.SCHEDULED, State.ABORTED, State.CANCELLED)


def standing_once(run: Run) -> Standing:
    """How a command that is run once stands."""
    return Standing(run, run.state, int(did_run(run)))


def standing_of(repetition: Repetition, run: Run | None) -> Standing:
    """How a command that repeats stands, by its newest run, if there was one.

    It is Running, in the older words, until somebody stops it or nothing more comes; then it stands as that run does.
    """
    if run is None:
        waiting = Run(
            repetition.invocation_id, repetition.instance_id, State.SCHEDULED, repetition.looked, repetition.looked
        )
        if repetition.stopped is not None:
            waiting = ended(waiting, State.CANCELLED, "", "", repetition.stopped)
        elif repetition.is_over:
            waiting = ended(waiting, State.ABORTED, "ExecutionMissed", _INFO["ExecutionMissed"], repetition.looked)
        return Standing(replace(waiting, stopped=repetition.stopped), waiting.state, 0)
    repeats = repetition.begun + did_run(run)
    if not run.state.is_final:
        return Standing(run, run.state, repeats)
    if repetition.stopped is not None:
        return Standing(replace(run, stopped=repetition.stopped), State.TERMINATED, repeats)
    return Standing(run, run.state if repetition.is_over else State.SCHEDULED, repeats)


def next_run(repetition: Repetition, previous: Run | None, boot: str, now: datetime, *, is_last: bool) -> Repetition:
    """The repetition, when one more run is about to begin: whatever was due until now has had its run."""
    return replace(
        repetition,
        boot=boot,
        looked=now,
        newest=repetition.newest + 1,
        begun=repetition.begun + (previous is not None and did_run(previous)),
        is_over=is_last,
    )


def ended(run: Run, state: State, code: str, info: str, now: datetime) -> Run:
    """The run, ended without a result of its own."""
    return replace(run, state=state, error_code=code, error_info=info, finished=now, updated=now)


def with_result(run: Run, invocation: Invocation, result: GuestResult, output: bytes, now: datetime) -> Run:
    """The run, ended with the result its guest kept."""
    began = run.started or run.created
    seconds = min(result.seconds, invocation.timeout_seconds) if result.reason is Reason.TIMEOUT else result.seconds
    run = replace(
        run,
        started=began,
        finished=began + timedelta(seconds=seconds),
        output=output,
        dropped=result.dropped,
        updated=now,
    )
    match result.reason:
        case Reason.EXITED if result.exit_code == 0:
            return replace(run, state=State.SUCCESS, exit_code=0)
        case Reason.EXITED:
            run = replace(run, state=State.FAILED, exit_code=result.exit_code)
            return replace(run, error_code="ExitCodeNonzero", error_info=_INFO["ExitCodeNonzero"])
        case Reason.STOPPED:
            return replace(run, state=State.TERMINATED)
        case Reason.TIMEOUT:
            return replace(
                run, state=State.TIMEOUT, error_code="ExecutionTimeout", error_info=_INFO["ExecutionTimeout"]
            )
        case reason:
            return replace(run, state=State.ABORTED, error_code=str(reason), error_info=_INFO[reason])


def restarted(run: Run, now: datetime) -> Run:
    """The run, when its guest was restarted and kept no result of it: it may have run, so it is not run again."""
    info = f"the guest of {run.instance_id} was restarted before the command ended; it is not run again"
    return ended(run, State.ERROR, "ExecutionInterrupted", info, now)


def without_result(run: Run, exit_code: int | None, complaint: str, now: datetime) -> Run | None:
    """The run, when its guest has no result of it, and cannot get one; None when there may still come one.

    `exit_code` is how the script around the command ended, where the agent still knows.
    """
    match exit_code:
        case None | LauncherExit.BEGUN_BEFORE:
            return None
        case LauncherExit.CANNOT_BEGIN:
            info = f"the guest of {run.instance_id} cannot keep what a command needs: {complaint.strip()}"
            return ended(run, State.ABORTED, "ClientNotResponse", info, now)
        case LauncherExit.OTHER_BOOT:
            info = f"the guest of {run.instance_id} was restarted before the command began"
            return ended(run, State.ABORTED, "ExecutionInterrupted", info, now)
        case _:
            info = f"the command on {run.instance_id} ended with {exit_code} and left no result {complaint.strip()}"
            return ended(run, State.ERROR, "ExecutionException", info.strip(), now)


def vanished(run: Run, now: datetime) -> Run:
    """The run, when it began and nothing of it is left in its guest."""
    info = f"the command on {run.instance_id} was killed from outside and left no result; it is not run again"
    return ended(run, State.ERROR, "ExecutionInterrupted", info, now)


def undelivered(run: Run, now: datetime) -> Run:
    """The run, when its guest shows no trace of it: given up when it had time enough."""
    if run.state is State.RUNNING or now - run.created > timedelta(seconds=DELIVERY_SECONDS):
        info = f"the guest of {run.instance_id} shows no trace of the command"
        return ended(run, State.ABORTED, "DeliveryTimeout", info, now)
    return run


def silent(run: Run, invocation: Invocation, cause: str, now: datetime) -> Run:
    """The run, when its guest's agent does not answer: given up long after it should have ended."""
    patience = timedelta(seconds=invocation.timeout_seconds + SILENCE_SECONDS)
    if now - run.created > patience:
        return ended(run, State.ERROR, "ClientNotResponse", cause, now)
    return run


def not_running(run: Run, instance: Machine, now: datetime) -> Run:
    """The run, when its instance is not running: never begun, or interrupted if it may have begun."""
    where = f"the instance {instance.id} ({instance.name}) is {instance.power}"
    if not run.boot:
        return ended(run, State.ABORTED, "InstanceNotRunning", where, now)
    return ended(run, State.ERROR, "ExecutionInterrupted", f"{where}; the command was interrupted", now)


def absent(run: Run, cause: str, now: datetime) -> Run:
    """The run, when its instance is not there: never was, or was deleted since."""
    if not run.boot:
        return ended(run, State.ABORTED, "InstanceNotExists", cause, now)
    return ended(run, State.ERROR, "InstanceReleased", cause, now)


def mute(run: Run, cause: str, now: datetime) -> Run:
    """The run, when the agent that should begin it does not answer: never begun, or not known if it may have."""
    return run if run.boot else ended(run, State.ABORTED, "ClientNotRunning", cause, now)


def refusal_of(run: Run) -> ApiError:
    """The error of a request of which nothing began anywhere, told by the first of its runs."""
    message = f"The command was not run: {run.error_info}."
    if run.error_code == "InstanceNotRunning":
        return Refused("IncorrectInstanceStatus", message)
    return Unavailable(message, code=f"InvalidInstance.{run.error_code}")

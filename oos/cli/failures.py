"""Failures: how each is told to a person or program, and with which exit code the command ends."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import click

from oos.cli import exits
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, in one line, and what would help."""

    code: str
    message: str
    hint: str = ""
    exit_code: int = exits.FAILED
    diagnostics: tuple[Diagnostic, ...] = field(default=())
    execution_id: str = ""
    """The execution it is about."""


GUARD: Final = "Guard."
"""How the code of a guard's refusal begins."""
_EXIT_CODES: Final = {
    "ServiceUnavailable": exits.UNREACHABLE,
    "ApprovalExpired": exits.REJECTED,
    "Rejected": exits.REJECTED,
}


class Stopped(Exception):
    """A command cannot go on; it carries what to tell."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def stop(message: str, *, hint: str = "", code: str = "Failed", exit_code: int = exits.FAILED) -> Stopped:
    """The exception that ends a command with this message."""
    return Stopped(Failure(code, message, hint, exit_code))


def report(session: Session, raised: Exception) -> int:
    """Tell what was raised; the exit code."""
    if session.debug:
        import traceback

        traceback.print_exception(raised, file=sys.stderr)
    failure = failure_of(raised)
    if session.is_json:
        from oos.cli.printing import print_document

        print_document(session, {"Error": document_of(failure)})
    if failure.diagnostics:
        from oos.cli.faults import print_diagnostics

        print_diagnostics(session, failure.diagnostics)
    else:
        from oos.values.visible import visible

        session.warn(_in_red(f"error: {visible(failure.message)}"))
        if failure.hint:
            session.warn(f"  hint: {visible(failure.hint)}")
    return failure.exit_code


def document_of(failure: Failure) -> dict[str, Any]:
    """A failure as programs read it."""
    document: dict[str, Any] = {"Code": failure.code, "Message": failure.message}
    if failure.hint:
        document["Hint"] = failure.hint
    if failure.execution_id:
        document["ExecutionId"] = failure.execution_id
    if failure.diagnostics:
        from oos.cli.faults import diagnostic_document

        document["Diagnostics"] = list(map(diagnostic_document, failure.diagnostics))
    return document


def failure_of(raised: Exception) -> Failure:
    """What a person should know of an exception."""
    if isinstance(raised, Stopped):
        return raised.failure
    if isinstance(raised, click.ClickException):
        return _usage(raised)
    return _known(raised) or _other(raised)


def _usage(raised: click.ClickException) -> Failure:
    hint = ""
    context = raised.ctx if isinstance(raised, click.UsageError) else None
    if context is not None:
        hint = f"see {context.command_path} --help"
    return Failure("InvalidUsage", raised.format_message(), hint, raised.exit_code)


def _known(raised: Exception) -> Failure | None:
    from oos.diagnostics import DiagnosticError
    from oos.fleet.errors import DeadlineExceeded, FleetError, HostUnreachable
    from oos.service.errors import ApiError, InvalidParameter, MissingParameter

    match raised:
        case DiagnosticError():
            found = raised.diagnostics
            message = found[0].message if len(found) == 1 else f"{len(found)} faults"
            return Failure("InvalidInput", message, "", exits.USAGE, found)
        case HostUnreachable():
            return Failure("HostUnreachable", str(raised), "see oos doctor", exits.UNREACHABLE)
        case DeadlineExceeded():
            return Failure("DeadlineExceeded", str(raised), "see oos doctor", exits.UNREACHABLE)
        case FleetError():
            return Failure(type(raised).__name__, str(raised))
        case InvalidParameter() | MissingParameter():
            return Failure(raised.code, raised.message, "", exits.USAGE)
        case ApiError():
            return Failure(raised.code, raised.message, "", exit_code_of_error(raised.code))
    return _of_executions(raised) or _of_the_lab(raised)


def _of_executions(raised: Exception) -> Failure | None:
    from oos.engine.errors import EngineStopped, ExecutionAbsent, OwnedElsewhere, TokenTaken
    from oos.engine.guards import Refused
    from oos.execution.notify import NotAllowed
    from oos.journal.port import JournalFailed
    from oos.schedule.errors import ScheduleInvalid

    match raised:
        case Refused():
            return Failure(raised.code, str(raised), "", exits.REFUSED)
        case ScheduleInvalid():
            return Failure("InvalidSchedule", str(raised), "", exits.USAGE)
        case ExecutionAbsent():
            return Failure("EntityNotExists.Execution", str(raised), "see oos execution list", exits.USAGE)
        case OwnedElsewhere():
            hint = f"follow it: oos execution logs -f {raised.execution_id}"
            return Failure("OwnedElsewhere", str(raised), hint)
        case TokenTaken():
            hint = f"see oos execution show {raised.execution_id}; another start needs another token"
            return Failure("IdempotentParameterMismatch", str(raised), hint, exits.USAGE)
        case NotAllowed():
            return Failure("NotAllowed", str(raised))
        case EngineStopped():
            return Failure("EngineStopped", str(raised), "what was in flight can be resumed", exits.INTERRUPTED)
        case JournalFailed():
            return Failure("JournalFailed", str(raised))
    return None


def _of_the_lab(raised: Exception) -> Failure | None:
    from oos.lab.errors import LabError

    if isinstance(raised, LabError):
        return Failure(type(raised).__name__, f"{raised.target}: {raised.cause}", raised.hint)
    return None


def _other(raised: Exception) -> Failure:
    if isinstance(raised, OSError) and raised.strerror:
        where = f"{raised.filename}: " if raised.filename else ""
        return Failure("SystemError", f"{where}{raised.strerror}")
    if type(raised).__module__.startswith("oos.") and not isinstance(raised, AssertionError):
        # A failure of the world that names its target: locks, keys, anchors.
        return Failure(type(raised).__name__, str(raised))
    hint = "a fault of oos itself: run it again with --debug and tell us"
    return Failure("InternalError", f"{type(raised).__name__}: {raised}", hint)


def exit_code_of_error(code: str) -> int:
    """The exit code for the code of a fault: hosts that do not answer, guards and people are told apart."""
    if code.startswith(GUARD):
        return exits.REFUSED
    return _EXIT_CODES.get(code, exits.FAILED)


def _in_red(text: str) -> str:
    from oos.cli.session import in_colour

    return f"\x1b[31m{text}\x1b[0m" if in_colour(sys.stderr) else text

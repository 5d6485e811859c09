"""Detaching: a process of its own drives the execution, and goes on when the terminal is gone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from oos.cli import exits
from oos.cli.main import guarded
from oos.cli.session import Session

Announce = Callable[[str], None]
"""Called by the driver with the execution's id, once that is durable."""


def detached(session: Session, work: Callable[[Announce], int]) -> tuple[str, int]:
    """Do the work in a child process; the id it announced, or nothing and the exit code with which it failed.

    Nothing may have been opened yet: no thread and no connection outlives a fork in a usable state. Until the child
    announces the id it shares the terminal, so that faults and questions are seen; from then on it has a session of
    its own and writes to a log file.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child:
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            execution_id = pipe.read()
        if execution_id:
            return execution_id, exits.SUCCESS
        _, status = os.waitpid(child, 0)
        return "", os.waitstatus_to_exitcode(status)
    code = exits.FAILED
    try:
        os.close(read_end)

        def announce(execution_id: str) -> None:
            _leave_terminal(session, execution_id)
            os.write(write_end, execution_id.encode())
            os.close(write_end)

        code = guarded(session, lambda: work(announce))
        session.close()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def log_path(session: Session, execution_id: str) -> str:
    """Where the driver of a detached execution writes."""
    return str(session.settings.state_dir / "logs" / f"{execution_id}.log")


def _leave_terminal(session: Session, execution_id: str) -> None:
    os.setsid()
    folder = session.settings.state_dir / "logs"
    folder.mkdir(mode=0o700, exist_ok=True)
    log = os.open(log_path(session, execution_id), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    sys.stdout.flush()
    sys.stderr.flush()
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    os.close(log)
    os.close(nothing)

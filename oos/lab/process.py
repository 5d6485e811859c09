"""Starting programs, and knowing a process again: pid alone does not name one, pid with start time and boot does."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from oos.lab.errors import CommandFailed


def run(
    argv: Sequence[str | Path],
    *,
    timeout: float = 60,
    input: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """Standard output of a program that has to succeed; `CommandFailed` says what it said otherwise."""
    words = [str(word) for word in argv]
    done = run_unchecked(words, timeout=timeout, input=input, env=env, cwd=cwd)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).decode(errors="replace")
        raise CommandFailed(" ".join(words), f"exit {done.returncode}: {said[-2000:]}")
    return done.stdout.decode(errors="replace")


def run_unchecked(
    argv: Sequence[str],
    *,
    timeout: float = 60,
    input: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """What a program returned and said, good or bad; `CommandFailed` only if it cannot start or does not end."""
    # A person's PATH need not hold the directories of system programs; what programs say is read in English.
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PATH": path, **(env or {})}
    try:
        return subprocess.run(
            argv,
            input=input,
            stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            env=environment,
            cwd=cwd,
            check=False,
        )
    except FileNotFoundError as error:
        raise CommandFailed(argv[0], "is not installed", "oos doctor") from error
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(" ".join(argv), f"did not end in {timeout:g} s") from error


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process that cannot be mistaken for a later one with the same pid."""

    pid: int
    start_time: int
    boot_id: str


def boot_id() -> str:
    """The kernel's name for this boot: pids and start times begin anew with each."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_time(stat: str) -> int:
    """Clock ticks from boot to start, out of a `/proc/PID/stat` line (proc(5), field 22)."""
    # The name in field 2 may hold spaces and brackets; the last bracket ends it.
    return int(stat.rpartition(")")[2].split()[19])


def identify(pid: int) -> ProcessIdentity | None:
    """The process that has this pid now, if it lives (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if stat.rpartition(")")[2].split()[0] in "ZX":
        return None
    return ProcessIdentity(pid, start_time(stat), boot_id())


def is_alive(process: ProcessIdentity) -> bool:
    """Whether this very process still runs."""
    return identify(process.pid) == process


def is_stopped(process: ProcessIdentity) -> bool:
    """Whether the process was stopped by a signal, so that it does nothing until it is continued."""
    return is_alive(process) and _state(process.pid) in ("T", "t")


def _state(pid: int) -> str:
    """The letter that proc(5) gives to what a process does; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(pid: int) -> tuple[int, ...]:
    """The pids of a process's children."""
    try:
        return tuple(int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        return ()


def namespace(pid: int, kind: str) -> str:
    """The kernel's name of a process's namespace, such as `net:[4026531840]`; empty if we cannot see it."""
    try:
        return str(Path(f"/proc/{pid}/ns/{kind}").readlink())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""  # gone, or guarded even from root: then it is none of ours


def processes_in(kind: str, name: str) -> tuple[int, ...]:
    """The pids of all processes whose namespace of this kind is the one named."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return tuple(pid for pid in pids if name and namespace(pid, kind) == name)


def send(process: ProcessIdentity, number: signal.Signals) -> bool:
    """Send a signal to this very process; false if it is gone."""
    # The pidfd pins the process: between the look and the signal its pid cannot pass to another one.
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        if not is_alive(process):
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def end(process: ProcessIdentity, *, timeout: float = 10) -> bool:
    """Kill this very process, and say whether it is gone."""
    send(process, signal.SIGKILL)
    return wait_until(lambda: not is_alive(process), timeout=timeout)


def wait_until(condition: Callable[[], bool], *, timeout: float, pause: float = 0.05) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + timeout
    while True:
        if condition():
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)

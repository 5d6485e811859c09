"""Commands in guests: the protocol between who starts one and the script that runs it there, once.

The script stands in `guest_command.sh`; this module says how it is called, where its files are, and what its result
means. `imitate` does the same on a map of files, for simulated guests.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, Protocol

BASE: Final = "/var/lib/oos/invocations"
"""Where in the guest commands leave their traces. It outlives a restart where the guest's disk does."""

OUTPUT_LIMIT: Final = 24 << 10
"""24 KiB of output are kept, as in ECS."""

_BLOCK: Final = 512
"""What `ulimit -f` counts in."""

BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"
"""A file of the guest's kernel that is different after each start."""

_NAME: Final = "oos-invocation"


class LauncherExit(IntEnum):
    """How the script ends when it does not run the command."""

    BEGUN_BEFORE = 73
    CANNOT_BEGIN = 74
    OTHER_BOOT = 75


class Reason(StrEnum):
    """Why a command ended."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    STOPPED = "stopped"
    ACCOUNT = "AccountNotExists"
    DIRECTORY = "DirectoryNotExists"
    EXCEPTION = "ExecutionException"


@dataclass(frozen=True, slots=True)
class GuestCommand:
    """A command to run in a guest."""

    id: str
    """Of the invocation; a guest runs each id at most once."""
    timeout_seconds: int
    user: str = ""
    """Empty: whoever the agent is."""
    directory: str = ""
    """Empty: the user's home."""
    interpreter: str = ""
    """Empty: `/bin/sh`. A script that begins with `#!` chooses for itself."""
    boot: str = ""
    """Content of BOOT_ID when the caller looked; in any other boot nothing is run. Empty: in any."""


@dataclass(frozen=True, slots=True)
class GuestResult:
    """How a command ended."""

    exit_code: int
    reason: Reason
    seconds: int
    dropped: int
    """Bytes of output that were not kept."""


def argv_of(command: GuestCommand) -> tuple[str, ...]:
    """The program that the agent starts; the command itself goes to its standard input."""
    return (
        "/bin/sh",
        "-c",
        _script(),
        _NAME,
        BASE,
        command.id,
        str(command.timeout_seconds),
        str(OUTPUT_LIMIT // _BLOCK),
        command.user,
        command.directory,
        command.interpreter,
        command.boot,
    )


def path_of(id: str, file: str) -> str:
    """The path in the guest of a file of an invocation: `pid`, `out`, `result` or `stop`."""
    return f"{BASE}/{id}/{file}"


def read_result(content: bytes) -> GuestResult | None:
    """What a `result` file says; None when it is not whole."""
    words = content.decode(errors="replace").split()
    try:
        code, reason, seconds, dropped = words
        return GuestResult(int(code), Reason(reason), max(0, int(seconds)), int(dropped))
    except ValueError:
        return None


@cache
def _script() -> str:
    return Path(__file__).with_suffix(".sh").read_text(encoding="utf-8")


class Outcome(Protocol):
    """How a program of a simulated guest ended."""

    @property
    def exit_code(self) -> int:
        """Its exit code."""

    @property
    def stdout(self) -> bytes:
        """What it printed."""

    @property
    def stderr(self) -> bytes:
        """What it complained."""

    @property
    def seconds(self) -> float:
        """How long it ran."""


class Imitated(NamedTuple):
    """How the script would have ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    seconds: float


def is_launcher(argv: Sequence[str]) -> bool:
    """Whether this program is the script above."""
    return len(argv) == 12 and argv[3] == _NAME


def imitate(
    argv: Sequence[str],
    stdin: bytes,
    files: MutableMapping[str, bytes],
    run: Callable[[Sequence[str], bytes, MutableMapping[str, bytes]], Outcome],
) -> Imitated:
    """Do to the files of a simulated guest what the script does to a real one's; `run` is the guest's own shell."""
    _, _, _, _, base, id, timeout, blocks, _user, _directory, interpreter, boot = argv
    folder = f"{base}/{id}"
    if any(path.startswith(f"{folder}/") for path in files):
        return Imitated(LauncherExit.BEGUN_BEFORE, b"", b"", 0.0)
    if boot and files.get(BOOT_ID, boot.encode()).decode().strip() != boot:
        return Imitated(LauncherExit.OTHER_BOOT, b"", b"", 0.0)
    script = f"{folder}/script"
    files[script] = stdin
    outcome = run((interpreter or "/bin/sh", script), b"", files)
    files.pop(script, None)
    output = outcome.stdout + outcome.stderr
    limit = int(blocks) * _BLOCK
    late = outcome.seconds > int(timeout)
    seconds = min(outcome.seconds, float(timeout))
    code, reason = (143, Reason.TIMEOUT) if late else (outcome.exit_code, Reason.EXITED)
    files[f"{folder}/out"] = output[:limit]
    result = f"{code} {reason} {int(seconds)} {max(0, len(output) - limit)}\n"
    files[f"{folder}/result"] = result.encode()
    return Imitated(0, b"", b"", seconds)

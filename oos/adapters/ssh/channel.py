"""One program on one machine, over a channel of an open connection: no thread, no local process.

https://docs.paramiko.org/en/stable/api/channel.html
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import paramiko

from oos.fleet.errors import DeadlineExceeded, MachineUnreachable

if TYPE_CHECKING:
    from oos.adapters.ssh.pool import SshPool
    from oos.inventory.model import SshAccess

_CHUNK: Final = 1 << 16
_LOOK_SECONDS: Final = 0.5
"""How often errors are fetched while the output says nothing: they must not fill the window."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    exit_code: int
    """-1: a signal ended it, or the server does not say."""
    stdout: bytes
    stderr: bytes


def run(
    pool: SshPool,
    access: SshAccess,
    argv: Sequence[str] | str,
    *,
    target: str,
    stdin: bytes = b"",
    seconds: float = 60.0,
    limit: int = 1 << 24,
) -> Ended:
    """Run a program, or a line of shell, to its end. Raises MachineUnreachable, DeadlineExceeded.

    What it prints beyond the limit is read, and dropped.
    """
    command = argv if isinstance(argv, str) else shlex.join(argv)
    if access.sudo:
        command = f"sudo -n -- /bin/sh -c {shlex.quote(command)}"
    end = time.monotonic() + seconds
    try:
        with pool.transport(access, target) as transport:
            channel = transport.open_session(timeout=seconds)
            try:
                return _carry_out(channel, command, stdin, end, limit)
            finally:
                channel.close()
    except TimeoutError as error:
        raise DeadlineExceeded(target, "a command", seconds) from error
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise MachineUnreachable(target, str(error) or type(error).__name__) from error


def _carry_out(channel: paramiko.Channel, command: str, stdin: bytes, end: float, limit: int) -> Ended:
    channel.settimeout(_left(end))
    channel.exec_command(command)
    if stdin:
        channel.sendall(stdin)
    channel.shutdown_write()
    out, err = _Kept(limit), _Kept(limit)
    while True:
        channel.settimeout(min(_LOOK_SECONDS, _left(end)))
        try:
            piece = channel.recv(_CHUNK)
        except TimeoutError:
            _left(end)
        else:
            if not piece:
                break
            out.add(piece)
        while channel.recv_stderr_ready():
            err.add(channel.recv_stderr(_CHUNK))
    channel.settimeout(_left(end))
    while piece := channel.recv_stderr(_CHUNK):
        err.add(piece)
    if not channel.status_event.wait(_left(end)):
        raise TimeoutError
    return Ended(channel.exit_status, out.content, err.content)


def _left(end: float) -> float:
    """Seconds that are left. Raises TimeoutError when there are none."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Kept:
    """What a program prints, as far as it is kept."""

    def __init__(self, limit: int) -> None:
        self._pieces: list[bytes] = []
        self._room = limit

    def add(self, piece: bytes) -> None:
        if self._room > 0:
            self._pieces.append(piece[: self._room])
            self._room -= len(piece)

    @property
    def content(self) -> bytes:
        """All that was kept."""
        return b"".join(self._pieces)

"""Open connections, one to a machine, used again; as many at once as there are descriptors for."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from oos.fleet.errors import MachineUnreachable

if TYPE_CHECKING:
    import paramiko

    from oos.adapters.ssh.opening import Opened, Opener
    from oos.inventory.model import SshAccess

MOST_OPEN: Final = 96
"""A connection takes a descriptor or two, and a thread; a process may have 256 descriptors on some systems."""
CONNECT_SECONDS: Final = 15.0
KEEPALIVE_SECONDS: Final = 15
WAKE_SECONDS: Final = 2.0
"""How often an idle connection looks whether it is still wanted; data wakes it at once, and so does our closing it."""


@dataclass(slots=True)
class _Line:
    """A connection to one machine, and how many use it now."""

    opening: threading.Lock = field(default_factory=threading.Lock)
    opened: Opened | None = None
    users: int = 0


class SshPool:
    """Connections by how a machine is reached. Methods may be called from any thread."""

    def __init__(self, most_open: int = MOST_OPEN, connect_seconds: float = CONNECT_SECONDS) -> None:
        self._most_open = most_open
        self._connect_seconds = connect_seconds
        self._changed = threading.Condition()
        self._lines: OrderedDict[SshAccess, _Line] = OrderedDict()
        """The one that was used least recently comes first."""
        self._opener: Opener | None = None

    @property
    def machines(self) -> int:
        """To how many machines there is a connection, or will be in a moment."""
        with self._changed:
            return len(self._lines)

    def close(self) -> None:
        """Let go of every connection. Harmless twice."""
        with self._changed:
            lines = list(self._lines.values())
            self._lines.clear()
        for line in lines:
            _close(line.opened)

    @contextmanager
    def transport(self, access: SshAccess, target: str) -> Iterator[paramiko.Transport]:
        """An open transport to a machine, for as long as it is used. Raises MachineUnreachable."""
        line = self._take(access, target)
        try:
            with line.opening:
                if line.opened is None or not line.opened.transport.is_active():
                    _close(line.opened)
                    line.opened = None
                    line.opened = self._open(access, target)
                transport = line.opened.transport
            yield transport
        finally:
            with self._changed:
                line.users -= 1
                self._changed.notify_all()

    def _take(self, access: SshAccess, target: str) -> _Line:
        """The line to a machine; when too many are open, one that nobody uses is closed, or waited for."""
        end = time.monotonic() + 4 * self._connect_seconds
        with self._changed:
            while access not in self._lines and len(self._lines) >= self._most_open:
                idle = next((each for each, line in self._lines.items() if not line.users), None)
                if idle is not None:
                    _close(self._lines.pop(idle).opened)
                elif not self._changed.wait(max(0.0, end - time.monotonic())):
                    raise MachineUnreachable(target, f"all {self._most_open} connections are in use")
            line = self._lines.setdefault(access, _Line())
            self._lines.move_to_end(access)
            line.users += 1
            return line

    def _open(self, access: SshAccess, target: str) -> Opened:
        import paramiko

        try:
            opened = self._ready().open(access)
            opened.transport.set_keepalive(KEEPALIVE_SECONDS)
            # paramiko wakes ten times a second to see whether it was closed: a hundred idle ones would never rest.
            opened.transport.sock.settimeout(WAKE_SECONDS)
        except (OSError, EOFError, paramiko.SSHException, ValueError) as error:
            raise MachineUnreachable(target, _cause(error)) from error
        return opened

    def _ready(self) -> Opener:
        from oos.adapters.ssh.opening import Opener

        with self._changed:
            if self._opener is None:
                self._opener = Opener(self._connect_seconds)
            return self._opener


def _close(opened: Opened | None) -> None:
    if opened is not None:
        opened.close()


def _cause(error: Exception) -> str:
    return str(error) or type(error).__name__

"""Open connections, one to a machine, used again; as many at once as there are descriptors for.

fabric reads ssh_config(5), and opens a connection with its keys and gateways. Commands do not go through its runner,
which starts three threads for each.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from oos.fleet.errors import MachineUnreachable

if TYPE_CHECKING:
    import fabric
    import paramiko

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
    connection: fabric.Connection | None = None
    users: int = 0


class SshPool:
    """Connections by how a machine is reached. Methods may be called from any thread."""

    def __init__(self, most_open: int = MOST_OPEN, connect_seconds: float = CONNECT_SECONDS) -> None:
        self._most_open = most_open
        self._connect_seconds = connect_seconds
        self._changed = threading.Condition()
        self._lines: OrderedDict[SshAccess, _Line] = OrderedDict()
        """The one that was used least recently comes first."""
        self._configs: dict[str, fabric.Config] = {}

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
            _close(line.connection)

    @contextmanager
    def transport(self, access: SshAccess, target: str) -> Iterator[paramiko.Transport]:
        """An open transport to a machine, for as long as it is used. Raises MachineUnreachable."""
        line = self._take(access, target)
        try:
            with line.opening:
                transport = None if line.connection is None else line.connection.transport
                if transport is None or not transport.is_active():
                    _close(line.connection)
                    line.connection = None
                    line.connection = self._open(access, target)
                    transport = line.connection.transport
            assert transport is not None
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
                    _close(self._lines.pop(idle).connection)
                elif not self._changed.wait(max(0.0, end - time.monotonic())):
                    raise MachineUnreachable(target, f"all {self._most_open} connections are in use")
            line = self._lines.setdefault(access, _Line())
            self._lines.move_to_end(access)
            line.users += 1
            return line

    def _open(self, access: SshAccess, target: str) -> fabric.Connection:
        import fabric
        import paramiko

        from oos.adapters.ssh.host_keys import guard

        connection = None
        try:
            connection = fabric.Connection(
                access.address,
                user=access.user or None,
                port=access.port,
                config=self._config(access.config),
                connect_timeout=round(self._connect_seconds),
            )
            self._prepare(connection)
            guard(connection.client, connection.ssh_config)
            if isinstance(connection.gateway, fabric.Connection):
                guard(connection.gateway.client, connection.gateway.ssh_config)
            connection.open()
            connection.transport.set_keepalive(KEEPALIVE_SECONDS)
            # paramiko wakes ten times a second to see whether it was closed: a hundred idle ones would never rest.
            connection.transport.sock.settimeout(WAKE_SECONDS)
        except (OSError, EOFError, paramiko.SSHException, ValueError) as error:
            _close(connection)
            raise MachineUnreachable(target, _cause(error)) from error
        return connection

    def _prepare(self, connection: fabric.Connection) -> None:
        """Deadlines for everything that a server may delay; keys as ssh(1) would take them."""
        given: dict[str, Any] = connection.connect_kwargs
        for name in ("banner_timeout", "auth_timeout", "channel_timeout"):
            given.setdefault(name, self._connect_seconds)
        if str(connection.ssh_config.get("identitiesonly", "no")).lower() == "yes":
            given.setdefault("allow_agent", False)
            given.setdefault("look_for_keys", False)

    def _config(self, path: str) -> fabric.Config:
        import fabric

        with self._changed:
            if path not in self._configs:
                config = fabric.Config(runtime_ssh_path=path or None, lazy=True)
                config.load_ssh_config()
                self._configs[path] = config
            return self._configs[path]


def _close(connection: fabric.Connection | None) -> None:
    if connection is None:
        return
    transport = connection.client.get_transport()
    line = getattr(transport, "sock", None)
    # A ProxyCommand is a process of ours, which paramiko neither ends for sure nor waits for.
    process = getattr(line, "process", None)
    if process is not None:
        process.kill()
    elif isinstance(line, socket.socket):
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
    with suppress(OSError, EOFError):
        connection.close()
    if process is not None:
        # Its thread signals the process and reads its pipes until the end: only then may they go.
        transport.join(CONNECT_SECONDS)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with suppress(OSError):
                pipe.close()


def _cause(error: Exception) -> str:
    return str(error) or type(error).__name__

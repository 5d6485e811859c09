"""Connections opened as ssh_config(5) says: what many machines share is read once.

fabric reads the files, and opens what goes over other machines. What is reached directly is opened by paramiko alone:
a fabric.Connection costs a millisecond, and reads its keys and known hosts anew.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import fabric
import paramiko
from fabric.connection import derive_shorthand

from oos.adapters.ssh.host_keys import guard
from oos.adapters.ssh.program import Line

if TYPE_CHECKING:
    from oos.inventory.model import SshAccess

_DEADLINES: Final = ("banner_timeout", "auth_timeout", "channel_timeout")
_DEFAULT_SECONDS: Final = 15.0
_LOG: Final = "oos.paramiko"


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection, and those that it goes over, the nearest to it first."""

    client: paramiko.SSHClient
    transport: paramiko.Transport
    over: tuple[paramiko.SSHClient, ...] = ()

    def close(self) -> None:
        """Let go of it at once, without waiting for the other side."""
        line = self.transport.sock
        # A ProxyCommand is a process of ours, which paramiko neither ends for sure nor waits for.
        process = getattr(line, "process", None)
        if process is not None:
            process.kill()
        elif isinstance(line, socket.socket):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for client in (self.client, *self.over):
            with suppress(OSError, EOFError):
                client.close()
        if process is not None:
            # Its thread signals the process and reads its pipes until the end: only then may they go.
            self.transport.join(_DEFAULT_SECONDS)
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                with suppress(OSError):
                    pipe.close()


class Opener:
    """Opens connections. Methods may be called from any thread."""

    def __init__(self, seconds: float = _DEFAULT_SECONDS) -> None:
        # What fails is raised; paramiko also logs it, with its traceback, from a thread of its own.
        logging.getLogger(_LOG).setLevel(logging.CRITICAL)
        self._seconds = seconds
        self._reading = threading.Lock()
        self._configs: dict[str, fabric.Config] = {}

    def open(self, access: SshAccess) -> Opened:
        """A connection to a machine. Raises what paramiko raises: SSHException, OSError, EOFError; ValueError."""
        config = self._config(access.config)
        settings = config.base_ssh_config.lookup(access.address)
        jumps = _jumps(settings)
        if jumps or settings.get("proxycommand"):
            return self._over_others(access, config, jumps)
        host = settings["hostname"]
        port = access.port or int(settings.get("port", config.port))
        client = paramiko.SSHClient()
        client.set_log_channel(_LOG)
        given = {**self._ways_in(settings, read=True), **guard(client, settings, host, port)}
        user = access.user or settings.get("user") or config.user
        try:
            client.connect(host, port, user, timeout=self._seconds, **given)
        except BaseException:
            _give_up(client)
            raise
        return _opened(client)

    def _over_others(self, access: SshAccess, config: fabric.Config, jumps: tuple[str, ...]) -> Opened:
        """A connection through jump hosts, or a program of ours: each of them is guarded, and has its deadline."""

        def connection(host: str, **given: Any) -> Line:
            # Without a dictionary of its own, fabric would collect the keys of all machines in the configuration's.
            made = Line(host, config=config, connect_kwargs=dict.fromkeys(_DEADLINES, self._seconds), **given)
            made.client.set_log_channel(_LOG)
            return made

        gateway = None
        # In the order of ssh(1): the first is reached directly. fabric by itself would begin with the last.
        for jump in jumps:
            gateway = connection(jump, gateway=gateway)
        wanted = connection(access.address, user=access.user or None, port=access.port, gateway=gateway)
        chain = [wanted]
        while isinstance(gateway := chain[-1].gateway, Line):
            chain.append(gateway)
        for each in chain:
            each.connect_timeout = round(self._seconds)
            given = {**self._ways_in(each.ssh_config), **guard(each.client, each.ssh_config, each.host, each.port)}
            each.connect_kwargs = {**each.connect_kwargs, **given}
        over = [each.client for each in chain[1:]]
        try:
            wanted.open()
        except BaseException as error:
            said = next(filter(None, (each.said_by_program() for each in chain)), "")
            _give_up(wanted.client, *over)
            for each in chain:
                each.close_program()
            if said and isinstance(error, OSError | EOFError | paramiko.SSHException):
                raise paramiko.SSHException(said) from error
            raise
        return _opened(wanted.client, *over)

    def _ways_in(self, settings: Mapping[str, Any], *, read: bool = False) -> dict[str, Any]:
        """Deadlines for everything that a server may delay; keys as ssh(1) would take them."""
        given: dict[str, Any] = dict.fromkeys(_DEADLINES, self._seconds)
        if str(settings.get("identitiesonly", "no")).lower() == "yes":
            given.update(allow_agent=False, look_for_keys=False)
        files = settings.get("identityfile", ()) if read else ()
        if files:
            key = _key(files[0])
            given.update(pkey=key, key_filename=list(files[1:] if key else files))
        return given

    def _config(self, path: str) -> fabric.Config:
        with self._reading:
            if path not in self._configs:
                config = fabric.Config(runtime_ssh_path=path or None, lazy=True)
                config.load_ssh_config()
                self._configs[path] = config
            return self._configs[path]


def _jumps(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The machines on the way, in their order; a pattern that makes a jump host its own jump host means none."""
    jumps = tuple(filter(None, str(settings.get("proxyjump") or "none").split(",")))
    own = settings["hostname"]
    return () if jumps == ("none",) or any(_host(jump) == own for jump in jumps) else jumps


def _host(jump: str) -> str:
    host: str = derive_shorthand(jump)["host"]
    return host


def _give_up(client: paramiko.SSHClient, *over: paramiko.SSHClient) -> None:
    """Close what may be half open."""
    if client.get_transport() is not None:
        _opened(client, *over).close()
    for each in over:
        each.close()


def _opened(client: paramiko.SSHClient, *over: paramiko.SSHClient) -> Opened:
    transport = client.get_transport()
    assert transport is not None
    return Opened(client, transport, over)


def _key(path: str) -> paramiko.PKey | None:
    """The key in a file; None when paramiko should say for itself what is wrong with it."""
    try:
        return _read_key(path, Path(path).expanduser().stat().st_mtime_ns)
    except (OSError, ValueError, TypeError, paramiko.SSHException):
        return None


@lru_cache(maxsize=64)
def _read_key(path: str, _changed: int) -> paramiko.PKey:
    return paramiko.PKey.from_path(path)

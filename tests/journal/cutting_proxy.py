"""A wire between a client and PostgreSQL that breaks at a commit: on its way there, or on the way back."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Final

COMMIT: Final = b"COMMIT\0"
SOCKET: Final = ".s.PGSQL.5432"


class Cut(Enum):
    """Where the wire breaks."""

    BEFORE = "before"
    """The server never hears of the commit; it rolls back once it sees that the client is gone."""
    AFTER = "after"
    """The server commits, and its answer is lost."""
    HANGING = "hanging"
    """The server never hears of the commit, and does not see that the client is gone."""


class CuttingProxy:
    """Forwards connections to a server's socket, and cuts as many commits as it is told to."""

    def __init__(self, server: Path) -> None:
        self._server = server / SOCKET
        self._folder = tempfile.TemporaryDirectory(prefix="oos-proxy-", dir="/tmp")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{self._folder.name}/{SOCKET}")
        self._listener.listen()
        self._cuts: list[Cut] = []
        self._open: list[socket.socket] = []

    @property
    def directory(self) -> str:
        """The host to connect to."""
        return self._folder.name

    def cut(self, *where: Cut) -> None:
        """Break the wire at the next commits."""
        self._cuts += where

    @property
    def pending(self) -> int:
        """How many cuts are still to come."""
        return len(self._cuts)

    def __enter__(self) -> CuttingProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._folder.cleanup()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            self._open += [client, server]
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(client, server), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        """From the client to the server."""
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if COMMIT in data and self._cuts:
                    where = self._cuts.pop(0)
                    if where is Cut.AFTER:
                        client.shutdown(socket.SHUT_WR)
                        server.sendall(data)
                    client.close()
                    if where is not Cut.HANGING:
                        server.shutdown(socket.SHUT_WR)
                    return
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        """From the server to the client."""
        while True:
            try:
                data = server.recv(65536)
            except OSError:
                return
            if not data:
                break
            with contextlib.suppress(OSError):
                client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

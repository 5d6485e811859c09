"""A program that a connection goes through (ProxyCommand of ssh_config(5)), which may end by itself at any time."""

from __future__ import annotations

import os
import select
import subprocess
from contextlib import suppress
from typing import IO, Any, Final

import fabric
import paramiko

_MOST_SAID: Final = 4096
_END_SECONDS: Final = 5.0


class Program(paramiko.ProxyCommand):  # type: ignore[misc]  # paramiko has no types
    """paramiko's own, but for its end: that one is signalled though it has ended, and read for ever after."""

    is_over = False
    """Whether it closed its end of the line: then it has ended, or does so now."""

    def send(self, content: bytes) -> int:
        """Give it something to read."""
        try:
            return int(super().send(content))
        except paramiko.ProxyCommandFailure:
            self.is_over = True
            raise

    def recv(self, size: int) -> bytes:
        """What it wrote, at most so many bytes; nothing once it has ended."""
        stream = self._stream(self.process.stdout)
        if not select.select([stream], [], [], self.timeout)[0]:
            raise TimeoutError
        content = os.read(stream.fileno(), size)
        self.is_over = self.is_over or not content
        return content

    def close(self) -> None:
        """End it, unless it has ended."""
        self.process.terminate()

    def last_words(self) -> str:
        """How it ended and what it said of that; nothing while it runs."""
        try:
            code = self.process.wait(_END_SECONDS if self.is_over else 0)
        except subprocess.TimeoutExpired:
            return ""
        stream = self._stream(self.process.stderr)
        said = b""
        # Its own child may keep the pipe open.
        if select.select([stream], [], [], 0)[0]:
            said = os.read(stream.fileno(), _MOST_SAID)
        text = " ".join(said.decode(errors="replace").split())
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        return f"its ProxyCommand ended ({how}){f': {text}' if text else ''}"

    @staticmethod
    def _stream(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe


class Line(fabric.Connection):  # type: ignore[misc]  # fabric has no types
    """fabric's connection, over a program of ours where ssh_config(5) names one."""

    program: Program | None = None

    def open_gateway(self) -> Any:
        """What it goes over."""
        if not isinstance(self.gateway, str):
            return super().open_gateway()
        # As fabric does it: so host and port are filled in.
        config = paramiko.SSHConfig.from_text(f"Host *\n    ProxyCommand {self.gateway}")
        self.program = Program(config.lookup(self.host)["proxycommand"])
        return self.program

    def said_by_program(self) -> str:
        """How a program that it goes over has ended; nothing where none has."""
        return "" if self.program is None else self.program.last_words()

    def close_program(self) -> None:
        """End the program, and let go of its pipes."""
        if self.program is not None:
            process = self.program.process
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

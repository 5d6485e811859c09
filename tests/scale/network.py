"""Network namespaces for workers: a hub, and hosts on wires that can be cut. Nothing of it shows on the host."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

import pytest

HUB = "10.77.0.1"


class Network:
    """A hub with an address, and hosts that reach it, each by a wire of its own."""

    def __init__(self) -> None:
        self._keepers: list[subprocess.Popen[bytes]] = []
        try:
            self._hub = self._namespace()
        except OSError as error:
            pytest.skip(f"this host makes no network namespaces for us: {error}")
        self.hub: Sequence[str] = self._inside(self._hub)
        self._run(self.hub, "ip", "link", "set", "lo", "up")
        self._run(self.hub, "ip", "link", "add", "hub", "type", "bridge")
        self._run(self.hub, "ip", "address", "add", f"{HUB}/24", "dev", "hub")
        self._run(self.hub, "ip", "link", "set", "hub", "up")

    def host(self, number: int) -> Sequence[str]:
        """The command in front of what runs on a host."""
        pid = self._namespace()
        inside = self._inside(pid)
        wire = ["type", "veth", "peer", "name", "up0", "netns", str(pid)]
        self._run(self.hub, "ip", "link", "add", f"wire{number}", *wire)
        self._run(self.hub, "ip", "link", "set", f"wire{number}", "master", "hub", "up")
        self._run(inside, "ip", "link", "set", "lo", "up")
        self._run(inside, "ip", "address", "add", f"10.77.0.{number + 10}/24", "dev", "up0")
        self._run(inside, "ip", "link", "set", "up0", "up")
        return inside

    def cut(self, number: int) -> None:
        """Nothing gets through to a host any more, and nobody is told."""
        self._run(self.hub, "ip", "link", "set", f"wire{number}", "nomaster")

    def mend(self, number: int) -> None:
        """Everything gets through again."""
        self._run(self.hub, "ip", "link", "set", f"wire{number}", "master", "hub")

    def close(self) -> None:
        """The namespaces go with their last process."""
        for keeper in self._keepers:
            keeper.kill()
            keeper.wait()

    def _namespace(self) -> int:
        command = ["unshare", "--net", "sh", "-c", "echo; exec sleep 1000"]
        keeper = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert keeper.stdout is not None
        assert keeper.stderr is not None
        if keeper.stdout.readline() != b"\n":
            raise OSError(keeper.stderr.read().decode().strip())
        keeper.stdout.close()
        keeper.stderr.close()
        self._keepers.append(keeper)
        return keeper.pid

    def _inside(self, pid: int) -> Sequence[str]:
        return ["nsenter", f"--net=/proc/{pid}/ns/net"]

    def _run(self, inside: Sequence[str], *command: str) -> None:
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        subprocess.run([*inside, *command], check=True, capture_output=True, env={**os.environ, "PATH": path})

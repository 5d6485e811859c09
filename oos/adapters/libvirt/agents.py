"""The guest agent through libvirt: programs and files inside a guest.

https://qemu-project.gitlab.io/qemu/interop/qemu-ga-ref.html
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from oos.adapters.libvirt.connection import LibvirtFailed, agent_command, libvirt
from oos.adapters.libvirt.host import LibvirtHost
from oos.fleet.errors import AgentFailed, AgentUnavailable
from oos.fleet.hypervisor import MOST_STDIN
from oos.fleet.instance import GuestInfo, GuestProcess

CHUNK: Final = 48 * 1024
"""Bytes of a file in one message: 64 KiB in base64."""

_UNAVAILABLE: Final = frozenset(
    {
        libvirt.VIR_ERR_AGENT_UNRESPONSIVE,
        libvirt.VIR_ERR_AGENT_UNSYNCED,
        # The socket of the agent was closed; or libvirt does not say why.
        libvirt.VIR_ERR_INTERNAL_ERROR,
        libvirt.VIR_ERR_OK,
        # No agent channel in the domain's XML; the domain is off.
        libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
        libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
        libvirt.VIR_ERR_OPERATION_INVALID,
        # Another command holds the agent and does not end.
        libvirt.VIR_ERR_OPERATION_TIMEOUT,
    }
)

_REFUSED: Final = "unable to execute QEMU agent command"
"""With these words libvirt begins what the agent itself said."""


class LibvirtAgents(LibvirtHost):
    """The half of the port that is about the guest agent."""

    def guest_info(self, instance_id: str) -> GuestInfo:
        system = self._optional(instance_id, "guest-get-osinfo")
        name = self._optional(instance_id, "guest-get-host-name")
        return GuestInfo(
            os_name=str(system.get("name") or system.get("pretty-name") or ""),
            os_version=str(system.get("version") or system.get("version-id") or ""),
            kernel=str(system.get("kernel-release") or ""),
            host_name=str(name.get("host-name") or ""),
            boot_time=self._boot_time(instance_id),
        )

    def _optional(self, instance_id: str, command: str) -> Mapping[str, Any]:
        """The answer to a command that an agent may refuse; empty then."""
        try:
            answer = self._agent(instance_id, command)
        except AgentFailed:
            return {}
        return answer if isinstance(answer, dict) else {}

    def _boot_time(self, instance_id: str) -> datetime | None:
        """When the guest booted, as its kernel says: `btime` of proc(5)."""
        try:
            text = self.guest_read(instance_id, "/proc/stat", limit=1 << 18)
        except AgentFailed:
            return None
        for line in text.splitlines():
            name, _, value = line.partition(b" ")
            if name == b"btime" and value.strip().isdigit():
                return datetime.fromtimestamp(int(value), UTC)
        return None

    def guest_execute(self, instance_id: str, argv: Sequence[str], *, stdin: bytes = b"") -> int:
        if len(stdin) > MOST_STDIN:
            raise AgentFailed(instance_id, f"{len(stdin)} bytes of input are more than {MOST_STDIN}; write a file")
        if not argv or not argv[0]:
            raise AgentFailed(instance_id, "no program was named")
        arguments: dict[str, Any] = {"path": argv[0], "arg": list(argv[1:]), "capture-output": True}
        if stdin:
            arguments["input-data"] = base64.b64encode(stdin).decode()
        return int(self._agent(instance_id, "guest-exec", arguments)["pid"])

    def guest_process(self, instance_id: str, pid: int) -> GuestProcess:
        status = self._agent(instance_id, "guest-exec-status", {"pid": pid})
        return GuestProcess(
            pid,
            exited=bool(status["exited"]),
            exit_code=status.get("exitcode"),
            signal=status.get("signal"),
            stdout=base64.b64decode(status.get("out-data", "")),
            stderr=base64.b64decode(status.get("err-data", "")),
            truncated=bool(status.get("out-truncated") or status.get("err-truncated")),
        )

    def guest_read(self, instance_id: str, path: str, *, limit: int = 1 << 20) -> bytes:
        handle = self._agent(instance_id, "guest-file-open", {"path": path, "mode": "r"})
        try:
            pieces: list[bytes] = []
            left = limit
            while left > 0:
                count = min(CHUNK, left)
                answer = self._agent(instance_id, "guest-file-read", {"handle": handle, "count": count})
                piece = base64.b64decode(answer.get("buf-b64", ""))
                pieces.append(piece)
                left -= len(piece)
                if answer.get("eof") or not piece:
                    break
            return b"".join(pieces)
        finally:
            self._agent(instance_id, "guest-file-close", {"handle": handle})

    def guest_write(self, instance_id: str, path: str, content: bytes) -> None:
        handle = self._agent(instance_id, "guest-file-open", {"path": path, "mode": "w"})
        try:
            written = 0
            while written < len(content):
                piece = base64.b64encode(content[written : written + CHUNK]).decode()
                answer = self._agent(instance_id, "guest-file-write", {"handle": handle, "buf-b64": piece})
                written += int(answer["count"])
            self._agent(instance_id, "guest-file-flush", {"handle": handle})
        finally:
            self._agent(instance_id, "guest-file-close", {"handle": handle})

    # commands

    def _agent(
        self,
        instance_id: str,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        seconds: float | None = None,
    ) -> Any:
        """The agent's answer. Raises AgentUnavailable, AgentFailed."""
        request: dict[str, Any] = {"execute": command}
        if arguments:
            request["arguments"] = dict(arguments)
        text = json.dumps(request, separators=(",", ":"))
        patience = math.ceil(seconds or self._connection.deadlines.agent)
        try:
            answer = self._ask(
                instance_id,
                command,
                lambda domain: agent_command(domain, text, patience),
                # libvirt keeps the agent's time; ours is for libvirt, and for a command that waits for another.
                seconds=patience + self._connection.deadlines.quick,
            )
        except LibvirtFailed as failed:
            _, refused, said = failed.cause.partition(_REFUSED)
            if refused:
                raise AgentFailed(instance_id, said.partition("': ")[2] or said) from failed
            if failed.code in _UNAVAILABLE:
                raise AgentUnavailable(instance_id, failed.cause) from failed
            raise
        return json.loads(answer)["return"]

    def _tell_agent(self, instance_id: str, command: str, arguments: Mapping[str, Any]) -> None:
        """A command that has no answer when it succeeds: so the agent is asked first whether it is there.

        Raises AgentUnavailable, AgentFailed.
        """
        self._agent(instance_id, "guest-ping")
        with contextlib.suppress(AgentUnavailable):
            self._agent(instance_id, command, arguments, seconds=1)

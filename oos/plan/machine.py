"""Assumed machines: those that are reached over SSH, of which a plan knows nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from oos.fleet.errors import AgentFailed
from oos.fleet.instance import GuestInfo, GuestProcess

if TYPE_CHECKING:
    from oos.adapters.memory.guest import GuestProgram
    from oos.inventory.model import SshAccess


class AssumedMachine:
    """The Guest port of a machine that is not asked."""

    def __init__(self, access: SshAccess, program: GuestProgram) -> None:
        self._access = access
        self._program = program
        self._files: dict[str, bytes] = {}
        self._ended: list[GuestProcess] = []

    def guest_info(self, instance_id: str) -> GuestInfo:
        del instance_id
        return GuestInfo("Linux", host_name=self._access.address)

    def guest_execute(self, instance_id: str, argv: Sequence[str], *, stdin: bytes = b"") -> int:
        del instance_id
        outcome = self._program(argv, stdin, self._files)
        pid = len(self._ended) + 1
        ended = GuestProcess(
            pid, exited=True, exit_code=outcome.exit_code, stdout=outcome.stdout, stderr=outcome.stderr
        )
        self._ended.append(ended)
        return pid

    def guest_process(self, instance_id: str, pid: int) -> GuestProcess:
        if not 0 < pid <= len(self._ended):
            raise AgentFailed(instance_id, f"PID {pid} does not exist")
        return self._ended[pid - 1]

    def guest_read(self, instance_id: str, path: str, *, limit: int = 1 << 20) -> bytes:
        if path not in self._files:
            raise AgentFailed(instance_id, f"what is in {path} is not known to a plan")
        return self._files[path][:limit]

    def guest_write(self, instance_id: str, path: str, content: bytes) -> None:
        del instance_id
        self._files[path] = content

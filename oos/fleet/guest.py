"""The port to what goes on inside a machine: a guest through its agent, or any machine over SSH."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oos.fleet.instance import GuestInfo, GuestProcess, Power


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine whose inside is asked: an instance, or one that is reached over SSH."""

    id: str
    name: str
    power: Power
    started: datetime | None = None
    """When it was started or restarted last, where that is known."""


class Guest(Protocol):
    """Machines by their ids, asked from inside. Every hypervisor is one, for its instances.

    All raise AgentUnavailable when there is nobody to ask, and AgentFailed when it refuses.
    """

    def guest_info(self, instance_id: str) -> GuestInfo:
        """What its system is. This is how to see whether it answers."""

    def guest_execute(self, instance_id: str, argv: Sequence[str], *, stdin: bytes = b"") -> int:
        """Start a program, output captured; its process id."""

    def guest_process(self, instance_id: str, pid: int) -> GuestProcess:
        """How a program stands. An ended one is forgotten once asked; AgentFailed then."""

    def guest_read(self, instance_id: str, path: str, *, limit: int = 1 << 20) -> bytes:
        """The first `limit` bytes of a file."""

    def guest_write(self, instance_id: str, path: str, content: bytes) -> None:
        """Write a file, whole."""

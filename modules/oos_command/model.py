"""Commands, invocations and runs: what is kept of them in the registry."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec

from oos.service.registry import Registry
from oos.values.secret import Secret, secrets_in
from oos.values.typed import convert_as


class State(StrEnum):
    """How a command stands on one instance, in the words of ECS's InvocationStatus."""

    PENDING = "Pending"
    """About to be handed to the guest; it may have been."""
    RUNNING = "Running"
    STOPPING = "Stopping"
    SUCCESS = "Success"
    FAILED = "Failed"
    """It ran, and its exit code is not 0."""
    TIMEOUT = "Timeout"
    TERMINATED = "Terminated"
    CANCELLED = "Cancelled"
    """It was stopped before it began."""
    ABORTED = "Aborted"
    """It never began."""
    ERROR = "Error"
    """It began, and nobody knows how it ended."""

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self not in (State.PENDING, State.RUNNING, State.STOPPING)


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was kept."""

    id: str
    name: str
    type: str
    content: str
    created: datetime
    description: str = ""
    working_dir: str = ""
    timeout_seconds: int = 60
    enable_parameter: bool = False
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One request to run a command on some instances."""

    id: str
    command_id: str
    type: str
    content: str
    """As it was asked for, parameters not replaced; masked when it is secret."""
    instance_ids: tuple[str, ...]
    region: str
    created: datetime
    name: str = ""
    description: str = ""
    working_dir: str = ""
    user: str = ""
    timeout_seconds: int = 60
    parameters: str = ""
    """JSON text, secrets masked."""
    termination_mode: str = "ProcessTree"
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """A command on one instance."""

    invocation_id: str
    instance_id: str
    state: State
    created: datetime
    updated: datetime
    boot: str = ""
    """Which start of the guest it was handed to; in any other it is never run."""
    pid: int | None = None
    """Of the script around it, as the guest's agent counts."""
    started: datetime | None = None
    finished: datetime | None = None
    stopped: datetime | None = None
    """When somebody asked to stop it."""
    exit_code: int | None = None
    output: bytes = b""
    dropped: int = 0
    error_code: str = ""
    error_info: str = ""


def load_command(registry: Registry, id: str) -> Command | None:
    """The command with this id."""
    document = registry.get("command", id)
    return None if document is None else convert_as(dict(document), Command)


def load_commands(registry: Registry) -> Iterator[Command]:
    """All commands."""
    for _, document in registry.items("command"):
        yield convert_as(dict(document), Command)


def keep_command(registry: Registry, command: Command) -> None:
    """Keep a command, unless it is there."""
    registry.add("command", command.id, msgspec.to_builtins(command))


def load_invocation(registry: Registry, id: str) -> Invocation | None:
    """The invocation with this id."""
    document = registry.get("invocation", id)
    return None if document is None else convert_as(dict(document), Invocation)


def load_invocations(registry: Registry) -> Iterator[Invocation]:
    """All invocations."""
    for _, document in registry.items("invocation"):
        yield convert_as(dict(document), Invocation)


def keep_invocation(registry: Registry, invocation: Invocation) -> bool:
    """Keep an invocation; False when there was one with its id."""
    return registry.add("invocation", invocation.id, msgspec.to_builtins(invocation))


def keep_secrets(registry: Registry, invocation_id: str, secrets: Collection[Secret]) -> None:
    """Remember which secrets the command holds, sealed: whoever reads its output later need not know them."""
    if secrets:
        registry.put("invocation-secret", invocation_id, {"Secrets": list(secrets)})


def load_secrets(registry: Registry, invocation_id: str) -> tuple[Secret, ...]:
    """The secrets that the command holds."""
    document = registry.get("invocation-secret", invocation_id)
    return () if document is None else tuple(secrets_in(dict(document)))


def load_run(registry: Registry, invocation_id: str, instance_id: str) -> Run | None:
    """How the invocation stands on the instance, as far as it was written down."""
    document = registry.get("invocation-result", f"{invocation_id}/{instance_id}")
    return None if document is None else convert_as(dict(document), Run)


def keep_run(registry: Registry, run: Run) -> Run:
    """Write down how a run stands."""
    registry.put("invocation-result", f"{run.invocation_id}/{run.instance_id}", msgspec.to_builtins(run))
    return run

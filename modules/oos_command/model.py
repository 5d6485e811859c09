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
    SCHEDULED = "Scheduled"
    """It repeats, and waits for the next time."""
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
        return self not in (State.PENDING, State.SCHEDULED, State.RUNNING, State.STOPPING)


class RepeatMode(StrEnum):
    """When a command is run."""

    ONCE = "Once"
    PERIOD = "Period"
    NEXT_REBOOT = "NextRebootOnly"
    EVERY_REBOOT = "EveryReboot"

    @property
    def follows_starts(self) -> bool:
        """Whether it is run when its guest starts."""
        return self in (RepeatMode.NEXT_REBOOT, RepeatMode.EVERY_REBOOT)


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
    launcher: str = ""
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
    repeat_mode: RepeatMode = RepeatMode.ONCE
    frequency: str = ""
    launcher: str = ""


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
    number: int = 0
    """Which run of a command that repeats, from 1; 0 of a command that is run once."""

    @property
    def guest_id(self) -> str:
        """What its guest knows it by: a guest runs each at most once."""
        return f"{self.invocation_id}.{self.number}" if self.number else self.invocation_id


@dataclass(frozen=True, slots=True)
class Repetition:
    """How a command that repeats stands on one instance."""

    invocation_id: str
    instance_id: str
    boot: str
    """The start of the guest that is not to be counted, because it was asked for in it, or has had its run."""
    looked: datetime
    """What was due until then has had its run, or was missed."""
    newest: int = 0
    """Number of the newest run."""
    begun: int = 0
    """How often it ran before the newest run."""
    is_over: bool = False
    """Nothing more comes."""
    stopped: datetime | None = None
    """When somebody asked that nothing more comes."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an invocation stands on one instance."""

    run: Run
    state: State
    repeats: int


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


def change_command(registry: Registry, command: Command) -> None:
    """Keep a command in place of the one with its id."""
    registry.put("command", command.id, msgspec.to_builtins(command))


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
    return () if document is None else secrets_in(dict(document))


def load_run(registry: Registry, invocation_id: str, instance_id: str, number: int = 0) -> Run | None:
    """How the invocation stands on the instance, as far as it was written down."""
    document = registry.get(*_place(invocation_id, instance_id, number))
    return None if document is None else convert_as(dict(document), Run)


def load_history(registry: Registry, invocation_id: str, instance_id: str) -> list[Run]:
    """The runs of a command that repeats that are still kept, oldest first."""
    found = registry.items("invocation-history", f"{invocation_id}/{instance_id}/")
    return [convert_as(dict(document), Run) for _, document in found]


def keep_run(registry: Registry, run: Run) -> Run:
    """Write down how a run stands."""
    registry.put(*_place(run.invocation_id, run.instance_id, run.number), msgspec.to_builtins(run))
    return run


def forget_run(registry: Registry, run: Run) -> None:
    """Take a run out of the history."""
    registry.remove(*_place(run.invocation_id, run.instance_id, run.number))


def _place(invocation_id: str, instance_id: str, number: int) -> tuple[str, str]:
    """Where a run is kept: kind and key."""
    if number:
        return "invocation-history", f"{invocation_id}/{instance_id}/{number:09d}"
    return "invocation-result", f"{invocation_id}/{instance_id}"


def load_repetition(registry: Registry, invocation_id: str, instance_id: str) -> Repetition | None:
    """How a command that repeats stands on the instance; None of one that is run once."""
    document = registry.get("invocation-repetition", f"{invocation_id}/{instance_id}")
    return None if document is None else convert_as(dict(document), Repetition)


def keep_repetition(registry: Registry, repetition: Repetition) -> Repetition:
    """Write down how a command that repeats stands. Whoever changes one holds `repeating(…)`."""
    key = f"{repetition.invocation_id}/{repetition.instance_id}"
    registry.put("invocation-repetition", key, msgspec.to_builtins(repetition))
    return repetition

"""Commands that repeat: which there are, for whoever carries them out when they are due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from oos.service.registry import Registry
from oos.values.secret import Secret

_KIND: Final = "repeating-invocation"

OPERATION: Final = ("ECS", "ContinueInvocation")
"""What carries one out: service and name of the operation, which is ours."""


@dataclass(frozen=True, slots=True)
class RepeatingCommand:
    """A command that repeats, and is not over on all of its instances."""

    invocation_id: str
    region: str
    follows_starts: bool
    """Whether it is run when its guests start, rather than by the clock."""
    text: str | Secret
    parameters: Mapping[str, Any]
    """Values for the `{{name}}` in it, secrets still secret."""
    fill: bool
    """Whether `{{name}}` is replaced."""


def load_repeating(registry: Registry, invocation_id: str) -> RepeatingCommand | None:
    """The command of an invocation that repeats; None of one that is over."""
    document = registry.get(_KIND, invocation_id)
    return None if document is None else _read(invocation_id, document)


def repeating_commands(registry: Registry) -> Iterator[RepeatingCommand]:
    """All commands that repeat and are not over."""
    for id, document in registry.items(_KIND):
        yield _read(id, document)


def keep_repeating(registry: Registry, command: RepeatingCommand) -> None:
    """Have a command repeat."""
    document = {
        "Region": command.region,
        "FollowsStarts": command.follows_starts,
        "Text": command.text,
        "Parameters": dict(command.parameters),
        "Fill": command.fill,
    }
    registry.put(_KIND, command.invocation_id, document)


def forget_repeating(registry: Registry, invocation_id: str) -> None:
    """Nothing more comes of it."""
    registry.remove(_KIND, invocation_id)


def _read(id: str, document: Mapping[str, Any]) -> RepeatingCommand:
    return RepeatingCommand(
        invocation_id=id,
        region=str(document["Region"]),
        follows_starts=bool(document["FollowsStarts"]),
        text=document["Text"],
        parameters=dict(document["Parameters"]),
        fill=bool(document["Fill"]),
    )

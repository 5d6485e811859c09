"""An API operation: typed request in, observed response out, with what it does to the world declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oos.service.context import Context
    from oos.values.json import Value


class Effect(StrEnum):
    """What an operation does to the world."""

    READS = "reads"
    CHANGES = "changes"
    DESTROYS = "destroys"


class Risk(StrEnum):
    """Whether a person is asked first (spec 6.2 SafetyCheck)."""

    NORMAL = "Normal"
    HIGH = "High"


class Interrupted(StrEnum):
    """What to do with a call that started and has no outcome, its caller dead."""

    RERUN = "rerun"
    """Call again with the same client token: the operation looks first and finds what it already did."""
    ASK = "ask"
    """A person decides: nothing can tell whether the effect took place."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """What an operation would answer, and whether it would do anything."""

    response: Mapping[str, Any]
    acts: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service, e.g. `ECS.StartInstance`.

    `request` is a frozen dataclass whose fields in snake_case are the parameters in PascalCase;
    `response` is a TypedDict with the response's own names. `handle` takes the context and the bound
    request, looks, decides, does, looks again, and gives the response without `RequestId`.
    """

    service: str
    name: str
    request: type
    response: type
    handle: Callable[[Context, Any], Mapping[str, Any]]
    effect: Effect = Effect.READS
    risk: Risk = Risk.NORMAL
    interrupted: Interrupted = Interrupted.RERUN
    list_field: str | None = None
    """Dotted path of the list in a paged response (`Instances.Instance`), by which pages are merged."""
    ignores: tuple[str, ...] = ()
    """Parameters of the service that mean nothing on a hypervisor (billing, …): taken, and left alone."""
    refuses: tuple[str, ...] = ()
    """Parameters that a hypervisor cannot honour: any value that asks for something is answered *not supported*."""
    complete: Callable[[Context, Mapping[str, Value]], Mapping[str, Value]] | None = None
    """Adds to the given parameters those that are kept elsewhere (a launch template), before they are bound."""
    tells: bool = False
    """Whether it only tells an execution that runs something (to stop, to go on). A closed change calendar does not
    hold that back: what runs when a freeze begins goes on, and can be answered and ended."""
    foretell: Callable[[Context, Any], Foretold] | None = None
    """Asks the real world what the operation would do, and does none of it: for a plan, where no twin can know."""

    @property
    def key(self) -> tuple[str, str]:
        """How the catalog finds it: service and name without regard to case."""
        return self.service.casefold(), self.name.casefold()

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (self.handle.__doc__ or "").strip().split("\n", 1)[0]


@dataclass(frozen=True, slots=True)
class ActionSource:
    """A product action: a template of ours (text) under an action name such as `ACS::ECS::StartInstance`."""

    name: str
    text: str
    path: str


@dataclass(frozen=True, slots=True)
class Module:
    """What a module offers: its operations, and its product actions."""

    name: str
    operations: tuple[Operation, ...]
    actions: tuple[ActionSource, ...] = field(default=())

"""Plans as values: what would be called, what would be different, and what is only assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from oos.execution.status import Status
from oos.service.operation import Effect
from oos.values.json import Value


class Change(StrEnum):
    """What becomes of a thing."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something of the fleet, or of the registry, as a plan compares it."""

    kind: str
    """`instance`, `disk`, `snapshot`, `image`, `network`, `translation`, or a kind of the registry."""
    id: str
    name: str
    facts: Mapping[str, Value]
    """What is worth telling; what changes by itself (when it was started, how full it is) is not among it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A thing that would be there, be gone, or be otherwise."""

    change: Change
    kind: str
    id: str
    """Empty for one that would be made: its id is known once it is."""
    name: str
    before: Mapping[str, Value]
    """The facts that differ, as they are; of one that would be made, none."""
    after: Mapping[str, Value]


@dataclass(slots=True)
class PlannedCall:
    """A call that an execution would make."""

    task: str
    """Path of the task from the root, loop items in brackets; empty for a message: nobody knows whose it is."""
    name: str
    """`ECS.StopInstance`, `POST https://…`."""
    parameters: Value
    effect: Effect
    acts: bool = False
    """Whether it would do anything: what is already as it should be is left alone."""
    fault: str = ""
    """Why it would fail; empty: it would not."""
    on: tuple[str, ...] = ()
    """Names of the things that it names by their ids."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that no twin can know."""

    task: str
    about: str
    """What was asked: the script, the address."""
    answer: str
    """What the plan goes on with."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A person that would be waited for."""

    task: str
    reason: str
    approvers: tuple[str, ...] = ()
    required: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an execution would do, if it were started now and the world kept still."""

    region: str
    at: datetime
    status: Status
    code: str
    message: str
    """Why it would fail."""
    outputs: Mapping[str, Value]
    calls: tuple[PlannedCall, ...]
    differences: tuple[Difference, ...]
    assumptions: tuple[Assumption, ...] = ()
    waits: tuple[Wait, ...] = ()
    refused: str = ""
    """Which guard would refuse the start now, and when it opens; empty: none."""
    silent_hosts: tuple[str, ...] = ()
    """Hosts that do not answer: what is on them is not known."""
    waited: timedelta = timedelta()
    """How long it would sleep and wait for dates; what takes time on real hosts is not in it."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many things the twin has, by kind."""

    @property
    def acts(self) -> bool:
        """Whether it would do anything to the fleet."""
        return bool(self.differences) or any(each.acts for each in self.calls)

"""What the engine needs from its surroundings: locks, templates, an anchor, watchers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from oos.audit.anchors import Head
from oos.execution.chunks import Chunk
from oos.execution.events import AnyEvent, Recalled
from oos.execution.model import Execution
from oos.execution.status import LoopMode, Mode, SafetyCheck
from oos.schedule.wanted import Wanted
from oos.template.check import CheckedTemplate
from oos.values.json import Value


class Lock(Protocol):
    """The right to drive an execution, held until released or until the process ends."""

    def release(self) -> None:
        """Give it up. Harmless twice."""

    def is_ours(self) -> bool:
        """Whether it is still held: asked before each call is begun, on the call's thread. Waits until it is known."""


class Locks(Protocol):
    """One owner an execution, among all processes that share its journal."""

    def acquire(self, root_id: str) -> Lock:
        """The lock. Raises oos.engine.errors.OwnedElsewhere."""

    def free(self, root_ids: Sequence[str]) -> list[str]:
        """Those that nobody alive drives."""


class Anchor(Protocol):
    """Where heads of chains are written outside the journal, so that a cut tail shows."""

    def append_all(self, heads: Iterable[Head]) -> None:
        """Remember how many events these executions had, and their heads, with one wait for the disk."""


class Dispatcher(Protocol):
    """The way to other processes that carry out calls (DESIGN 8).

    What it is given may be lost or carried out twice: the journal says what is to be done, and client tokens keep
    effects from happening again. Without one, the engine's own threads carry out every call.
    """

    cost: float
    """What it takes to have calls carried out elsewhere, in seconds: work of less time is not worth it."""

    def helpers(self) -> int:
        """How many other processes would carry out calls now."""

    def dispatch(self, chunks: Sequence[Chunk]) -> None:
        """Have each chunk carried out by some process, which reports to the driver. Raises DispatchFailed."""

    def living(self, root_ids: Iterable[str]) -> list[Chunk]:
        """Chunks of these families that wait for a process, or are with one that lives. Raises DispatchFailed."""

    def drive(self, root_id: str) -> None:
        """Have some process drive an execution that nobody drives. Raises DispatchFailed."""


class TemplateSource(Protocol):
    """Where the templates of child executions come from."""

    def find(self, name: str, version: str) -> tuple[str, str] | None:
        """The name (for messages) and text of a template or product action, or None."""


class Subscription(Protocol):
    """Something that is listened to."""

    def close(self) -> None:
        """Hear no more of it. Harmless twice."""


class Sources(Protocol):
    """What fires triggers besides time."""

    def listen(self, wanted: Wanted, owner: str, heard: Callable[[Value], None]) -> Subscription:
        """Tell of each happening that is wanted, from a thread of its own, until the subscription is closed.

        `owner` is the trigger's execution: what it does itself never fires it. Raises ScheduleInvalid.
        """


class Watcher(Protocol):
    """Someone who is told as things happen; called on the engine's thread, after the commit."""

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        """An event was recorded; the execution is already one event further."""

    def progressed(self, execution: Execution, task: str, item: int, message: str) -> None:
        """A call told how far it has come; nothing is recorded of that."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a person asks for when starting an execution (spec 7.4 StartExecution)."""

    template: CheckedTemplate
    parameters: Mapping[str, Value]
    by: str
    region: str
    template_name: str = ""
    template_version: str = ""
    mode: Mode = Mode.AUTOMATIC
    loop_mode: LoopMode = LoopMode.AUTOMATIC
    safety_check: SafetyCheck = SafetyCheck.CONFIRM
    client_token: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    recalled: Mapping[str, Recalled] = field(default_factory=dict)
    """What tasks of the template gave in an earlier execution, from which this one goes on."""
    forbid_self_approval: bool = False

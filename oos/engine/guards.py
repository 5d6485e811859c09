"""Guards: what a site demands before and while executions change its fleet."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from oos.engine.faults import TaskFault
from oos.service.operation import Effect, Operation
from oos.values.identifiers import root_execution_id
from oos.values.json import Value
from oos.values.secret import reveal
from oos.values.time import format_instant

if TYPE_CHECKING:
    from oos.service.context import Context
    from oos.template.check import CheckedTemplate

_INSTANCE: Final = re.compile(r"i-[0-9a-z]+")
_COUNTED_SECONDS: Final = 60.0
"""How long the size of the fleet is taken as known."""


class Refused(Exception):
    """A guard refuses to let something start; it says which one, why, and when it opens."""

    def __init__(self, guard: str, reason: str, opens: datetime | None = None) -> None:
        until = f"; it opens at {format_instant(opens)}" if opens is not None else ""
        super().__init__(f"the guard {guard} refuses: {reason}{until}")
        self.guard = guard
        self.code = f"Guard.{guard.capitalize()}"
        self.reason = reason
        self.opens = opens


class Gate(Protocol):
    """Asked before something starts."""

    def admit(self, template: CheckedTemplate, at: datetime) -> None:
        """Let an execution of a template start at an instant. Raises Refused, DiagnosticError."""


@dataclass(frozen=True, slots=True)
class Guards:
    """The guards of a site."""

    gate: Gate | None = None
    forbid_self_approval: bool = False
    """Whether who started an execution may not approve it."""
    approve_destroy: bool = False
    """Whether each operation that destroys waits for approval, whatever the execution was started with."""
    share: FleetShare | None = None


class FleetShare:
    """Limits the part of a fleet that one execution may touch: told by the instances its changing calls name.

    What was touched is kept in the registry, so that it is known after a crash, and to every worker.
    """

    def __init__(self, most: str) -> None:
        self._most = most
        self._guard = threading.Lock()
        self._sizes: dict[str, tuple[float, int]] = {}
        self._touched: dict[str, set[str]] = {}

    def allow(self, execution_id: str, operation: Operation, parameters: Mapping[str, Value], context: Context) -> None:
        """Let a call touch the instances it names. Raises TaskFault."""
        if operation.effect is Effect.READS:
            return
        named = set(instances_in(dict(parameters)))
        if named:
            self.touch(execution_id, named, context)

    def touch(self, execution_id: str, named: set[str], context: Context) -> None:
        """Count these instances as touched by the execution's family. Raises TaskFault, FleetError."""
        root_id = root_execution_id(execution_id)
        most = self.most(context)
        with self._guard:
            touched = self._touched.setdefault(root_id, set())
            if not touched:
                prefix = f"{root_id}/"
                touched.update(key[len(prefix) :] for key, _ in context.registry.items("touched", prefix))
            fresh = named - touched
            if len(touched) + len(fresh) > most:
                raise TaskFault(
                    "Guard.FleetShare",
                    f"{root_id} would touch {len(touched) + len(fresh)} instances; one execution may touch {most} "
                    f"({self._most} of the fleet in {context.region})",
                )
            for instance_id in fresh:
                context.registry.add("touched", f"{root_id}/{instance_id}", {})
            touched |= fresh

    def most(self, context: Context) -> int:
        """How many instances one execution may touch in the region now: at least one."""
        if not self._most.endswith("%"):
            return int(self._most)
        known = self._sizes.get(context.region)
        if known is None or known[0] < time.monotonic():
            known = (time.monotonic() + _COUNTED_SECONDS, len(context.fleet.instances(context.region)))
            self._sizes[context.region] = known
        return max(1, int(known[1] * float(self._most[:-1]) / 100))


def instances_in(value: Value) -> Iterator[str]:
    """Every id of an instance inside a value, JSON text included."""
    value = reveal(value)
    if isinstance(value, str):
        yield from _INSTANCE.findall(value) if value.startswith(("i-", "[")) else ()
    elif isinstance(value, dict):
        for item in value.values():
            yield from instances_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from instances_in(item)


@dataclass(frozen=True, slots=True)
class CalendarGate:
    """Keeps changes from starting while the change calendar is closed."""

    closed: Callable[[datetime], tuple[str, datetime | None] | None]
    """Why it is closed at an instant, and when it opens; None when it is open."""
    effect: Callable[[CheckedTemplate], Effect]

    def admit(self, template: CheckedTemplate, at: datetime) -> None:
        """Raises Refused. What only reads may start at any time."""
        if self.effect(template) is Effect.READS:
            return
        found = self.closed(at)
        if found is not None:
            raise Refused("calendar", *found)

"""The onlooker: writes down each call of a planned execution, what it does, and whom it waits for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import structs

from oos.adapters.memory.guest import GuestFiles, GuestOutcome
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.engine.perform import token_of
from oos.execution.actions import Perform
from oos.execution.events import NO_ITEM, AnyEvent, ExecutionStarted, TaskEvent, TaskStarted, TaskWaiting
from oos.execution.model import Execution
from oos.fleet.fleet import Fleet
from oos.plan.model import Assumption, PlannedCall, Wait
from oos.plan.overlay import OverlayRegistry
from oos.rehearsal.stage import Called
from oos.service.context import Context, wait
from oos.service.errors import ApiError
from oos.service.guest_file import imitate as keep_file
from oos.service.guest_file import is_sender
from oos.service.operation import Effect, Operation

EXITS: Final = "ends well, and prints nothing"


class PlanOnlooker:
    """Sees the whole execution, one call after another."""

    def __init__(self, fleet: Fleet, registry: OverlayRegistry) -> None:
        """`fleet` is the real one, of which operations are asked that foretell what they would do."""
        self.calls: list[PlannedCall] = []
        self.assumptions: list[Assumption] = []
        self.waits: list[Wait] = []
        self._fleet = fleet
        self._registry = registry
        self._hosts: Sequence[MemoryHypervisor] = ()
        self._starts: dict[str, ExecutionStarted] = {}
        self._places: dict[str, str] = {}
        """Paths of tasks and items by the client tokens of their calls."""
        self._task = ""

    def look_at(self, hosts: Iterable[MemoryHypervisor]) -> None:
        """The hosts whose effects it counts."""
        self._hosts = tuple(hosts)

    # as the stage's onlooker

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        """Remember where each execution is, and whom it waits for."""
        self._starts[execution.id] = execution.start
        if isinstance(event, TaskStarted):
            token = token_of(execution, Perform(event.task, event.item, event.attempt, event.at))
            self._places[token] = self._path(execution, event)
        elif isinstance(event, TaskWaiting) and event.reason.needs_person:
            path = self._path(execution, event)
            self.waits.append(Wait(path, str(event.reason), tuple(event.approvers), max(1, event.required), event.note))

    def called(self, start: ExecutionStarted | None, token: str, call: Called) -> None:
        """Write down a call before it is made."""
        self._task = self._places.get(token, "")
        effect = Effect.CHANGES if call.changes else Effect.READS
        self.calls.append(PlannedCall(self._task, call.name, call.parameters, effect))
        if start is None:
            self.calls[-1].acts = True
            self.assumptions.append(Assumption("", call.name, "answers 200 with nothing in it; it is not sent"))

    def around(self, operation: Operation) -> Operation:
        """The operation, with what it does counted."""
        handle, foretell = operation.handle, operation.foretell

        def watched(context: Context, request: Any) -> Mapping[str, Any]:
            call = self.calls[-1]
            call.effect = operation.effect
            try:
                if foretell is not None:
                    foretold = foretell(structs.replace(context, fleet=self._fleet, sleep=wait), request)
                    call.acts = foretold.acts
                    return foretold.response
                if operation.effect is Effect.READS:
                    return handle(context, request)
                before = self._effects()
                try:
                    return handle(context, request)
                finally:
                    call.acts = self._effects() != before
            except ApiError as error:
                call.fault = f"{error.code}: {error.message}"
                raise

        watched.__doc__ = handle.__doc__
        return dataclasses.replace(operation, handle=watched)

    # as the program of guests

    def assume(self, argv: Sequence[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
        """What becomes of a script that nobody said anything about: it is taken to end well."""
        if is_sender(argv):
            return GuestOutcome(*keep_file(argv, stdin, files))
        text = files.get(argv[-1], b"") or stdin or " ".join(argv).encode()
        assumption = Assumption(self._task, text.decode(errors="replace"), EXITS)
        if assumption not in self.assumptions[-1:]:
            self.assumptions.append(assumption)
        return GuestOutcome(0)

    def _effects(self) -> tuple[int, int]:
        return sum(sum(each.state.effects.values()) for each in self._hosts), self._registry.writes

    def _path(self, execution: Execution, event: TaskEvent) -> str:
        name = event.task if event.item == NO_ITEM else f"{event.task}[{event.item}]"
        return "/".join((*self._above(execution.start), name))

    def _above(self, start: ExecutionStarted) -> tuple[str, ...]:
        """The tasks whose child executions led to this one, outermost first."""
        parent = self._starts.get(start.parent_id) if start.parent_id else None
        if parent is None:
            return ()
        task = start.parent_task
        name = task if start.parent_item == NO_ITEM else f"{task}[{start.parent_item}]"
        return (*self._above(parent), name)

"""The stage: a world, what answers in place of what is not simulated, and a record of every call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from oos.adapters.memory_journal import MemoryJournal
from oos.diagnostics import DiagnosticError
from oos.engine.ports import Subscription
from oos.engine.surroundings import Surroundings
from oos.journal.codec import Codec
from oos.rehearsal import codes
from oos.rehearsal.alone import FreeLocks, NoAnchor, OpenSealer
from oos.rehearsal.case import Case
from oos.rehearsal.mishaps import Mishaps
from oos.rehearsal.stubs import StubMessenger, stub_module, without
from oos.rehearsal.watchman import SimulatedWatchman
from oos.rehearsal.world import World
from oos.schedule.pattern import EventPattern, Happening
from oos.service.call import invoke
from oos.service.catalog import Catalog
from oos.service.context import Context
from oos.service.errors import ApiError, UnsupportedOperation
from oos.service.operation import Effect, Module, Operation
from oos.service.tags import set_tags
from oos.values.identifiers import client_token
from oos.values.json import Value

if TYPE_CHECKING:
    from oos.execution.events import ExecutionStarted
    from oos.schedule.wanted import Wanted
    from oos.template.model import Template

Find = Callable[[str, str], tuple[str, str] | None]
"""The name (for messages) and text of a template, by name and version."""


@dataclass(frozen=True, slots=True)
class Called:
    """A call that was made, or a message that was sent."""

    name: str
    """`ECS.StopInstance`, `POST https://…`."""
    parameters: Value
    changes: bool


@dataclass(slots=True)
class Ear:
    """A trigger that listens."""

    stage: Stage
    wanted: Wanted
    heard: Callable[[Value], None]

    def close(self) -> None:
        """Hear no more."""
        if self in self.stage.ears:
            self.stage.ears.remove(self)


class Stage:
    """Everything around the engine in one rehearsal."""

    def __init__(self, case: Case, modules: Iterable[Module], template: Template, find: Find, world: World) -> None:
        self.case = case
        self.world = world
        self.clock, self.hosts, self.registry = world.clock, world.hosts, world.registry
        self.called: list[Called] = []
        self.ears: list[Ear] = []
        self.watchman = SimulatedWatchman(list(self.hosts.values()))
        self.mishaps = Mishaps(case.faults, self.hosts, self.clock, self._said)
        responses = case.given.responses
        stubs = stub_module(responses, template, self._said)
        offered = (stubs, *without(modules, stubs))
        self.catalog = Catalog(offered)
        """What templates are checked against."""
        self._acting = Catalog(
            replace(module, operations=tuple(map(self._around, module.operations))) for module in offered
        )
        self._find = find
        self._prepare()
        self.journal = MemoryJournal()
        self.messenger = StubMessenger(responses, self._sent)

    def _around(self, operation: Operation) -> Operation:
        return self.world.onlooker.around(self.mishaps.around(operation))

    def _prepare(self) -> None:
        """Tags that are no part of the hosts, and calls that were made before. Raises DiagnosticError."""
        for instance in self.case.given.instances:
            for disk in instance.disks:
                set_tags(self.registry, disk.id, disk.tags)
        for disk in self.case.given.disks:
            set_tags(self.registry, disk.id, disk.tags)
        for number, (name, parameters) in enumerate(self.case.given.before):
            service, _, api = name.partition(".")
            operation = self.catalog.operation(service, api)
            token = client_token("before", number)
            context = Context(self.world.fleet, self.registry, self.world.region, token, now=self.clock.now)
            try:
                if operation is None:
                    raise UnsupportedOperation(service, api)
                invoke(operation, parameters, context)
            except ApiError as error:
                message = f"{self.case.name}: the call {name} before the rehearsal: {error}"
                raise DiagnosticError([codes.WRONG_VALUE.nowhere("given.before", message)]) from error

    def surroundings(self) -> Surroundings:
        """What an engine acts through here."""
        return Surroundings(
            catalog=self._acting,
            journal=self.journal,
            codec=Codec(OpenSealer),
            locks=FreeLocks(),
            anchor=NoAnchor(),
            templates=self,
            context=self._context,
            store=self.world.stored,
            now=self.clock.now,
            chance=lambda count: bytes(count),
            account=self.world.account,
            process="rehearsal",
            guards=self.world.guards,
            messenger=self.messenger,
            sources=self,
        )

    def find(self, name: str, version: str) -> tuple[str, str] | None:
        """The name and text of a template or product action, or None."""
        action = self.catalog.action(name)
        return (action.path, action.text) if action is not None else self._find(name, version)

    def listen(self, wanted: Wanted, owner: str, heard: Callable[[Value], None]) -> Subscription:
        """Have the trigger of an execution hear of what the case lets happen."""
        del owner
        ear = Ear(self, wanted, heard)
        self.ears.append(ear)
        return ear

    def happen(self, event: Happening | Value) -> None:
        """Let something happen, for every trigger that listens for it."""
        for ear in list(self.ears):
            if not isinstance(event, Happening):
                ear.heard(event)
            elif isinstance(ear.wanted, EventPattern) and ear.wanted.matches(event):
                ear.heard(replace(event, at=self.clock.now()).message())

    def _context(
        self, start: ExecutionStarted, token: str, cancelled: threading.Event, report: Callable[[str], None]
    ) -> Context:
        return Context(
            fleet=self.world.fleet,
            registry=self.registry,
            region=start.region,
            token=token,
            caller=start.by,
            account=start.account,
            now=self.clock.now,
            report=report,
            cancelled=cancelled,
            sleep=lambda _cancelled, seconds: self.clock.sleep(seconds),
            called=lambda operation, parameters: self._heard(start, token, operation, parameters),
            watchman=self.watchman,
        )

    def _heard(
        self, start: ExecutionStarted, token: str, operation: Operation, parameters: Mapping[str, Value]
    ) -> None:
        name = operation.name if "::" in operation.name else f"{operation.service}.{operation.name}"
        self._note(start, token, Called(name, dict(parameters), operation.effect is not Effect.READS))

    def _sent(self, name: str, body: Value) -> None:
        self._note(None, "", Called(name, body, changes=True))

    def _note(self, start: ExecutionStarted | None, token: str, call: Called) -> None:
        self.called.append(call)
        self.world.onlooker.called(start, token, call)

    def _said(self) -> Mapping[str, Value]:
        said = self.called[-1].parameters if self.called else {}
        return said if isinstance(said, Mapping) else {}

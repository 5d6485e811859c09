"""The stage: simulated hosts, a clock, what answers in place of the world, and a record of every call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from oos.adapters.memory.clock import SimulatedClock
from oos.adapters.memory.guest import GuestFiles, GuestOutcome, tiny_shell
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.adapters.memory_journal import MemoryJournal
from oos.diagnostics import Diagnostic, DiagnosticError
from oos.engine.ports import Subscription
from oos.engine.surroundings import Surroundings
from oos.fleet.fleet import Fleet
from oos.journal.codec import Codec
from oos.rehearsal import codes
from oos.rehearsal.alone import FreeLocks, NoAnchor, OpenSealer
from oos.rehearsal.case import Case
from oos.rehearsal.furnish import inventory_of, state_of
from oos.rehearsal.mishaps import Mishaps
from oos.rehearsal.stubs import StubMessenger, stub_module, without
from oos.rehearsal.watchman import SimulatedWatchman
from oos.schedule.pattern import EventPattern, Happening
from oos.service.call import invoke
from oos.service.catalog import Catalog
from oos.service.context import Context
from oos.service.errors import ApiError, UnsupportedOperation
from oos.service.guest_command import imitate, is_launcher
from oos.service.operation import Effect, Module, Operation
from oos.service.registry import MemoryRegistry
from oos.service.tags import set_tags
from oos.values.identifiers import client_token
from oos.values.json import Value
from oos.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def __init__(self, case: Case, modules: Iterable[Module], template: Template, find: Find) -> None:
        self.case = case
        given = case.given
        self.clock = SimulatedClock(given.now)
        self.called: list[Called] = []
        self.ears: list[Ear] = []
        inventory = inventory_of(given)
        self.hosts = {
            host.name: MemoryHypervisor(
                host,
                state_of(given, host),
                clock=self.clock,
                pace=next(each.pace for each in given.hosts if each.name == host.name),
                guest_program=self._guest_program,
            )
            for region in inventory.regions
            for host in region.hosts()
        }
        self.fleet = Fleet(inventory, lambda host: self.hosts[host.name])
        self.registry = MemoryRegistry()
        self.watchman = SimulatedWatchman(list(self.hosts.values()))
        self.mishaps = Mishaps(case.faults, self.hosts, self.clock, self._said)
        stubs = stub_module(given.responses, template, self._said)
        offered = (stubs, *without(modules, stubs))
        self.catalog = Catalog(offered)
        """What templates are checked against."""
        self._acting = Catalog(
            replace(module, operations=tuple(map(self.mishaps.around, module.operations))) for module in offered
        )
        self._find = find
        self._prepare()
        self.journal = MemoryJournal()
        self.messenger = StubMessenger(given.responses, self._sent)

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
            context = Context(self.fleet, self.registry, self.case.given.region, token, now=self.clock.now)
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
            store=self._stored,
            now=self.clock.now,
            chance=lambda count: bytes(count),
            process="rehearsal",
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
            fleet=self.fleet,
            registry=self.registry,
            region=start.region,
            token=token,
            caller=start.by,
            account=start.account,
            now=self.clock.now,
            report=report,
            cancelled=cancelled,
            sleep=lambda _cancelled, seconds: self.clock.sleep(seconds),
            called=self._heard,
            watchman=self.watchman,
        )

    def _heard(self, operation: Operation, parameters: Mapping[str, Value]) -> None:
        name = operation.name if "::" in operation.name else f"{operation.service}.{operation.name}"
        self.called.append(Called(name, dict(parameters), operation.effect is not Effect.READS))

    def _sent(self, name: str, body: Value) -> None:
        self.called.append(Called(name, body, changes=True))

    def _said(self) -> Mapping[str, Value]:
        said = self.called[-1].parameters if self.called else {}
        return said if isinstance(said, Mapping) else {}

    def _stored(self, names: Iterable[str]) -> dict[str, Any]:
        """Values of the parameter store. Raises DiagnosticError for a name that the case does not give."""
        known = self.case.given.store
        missing = [name for name in names if name not in known and name.partition(":")[2] not in known]
        if missing:
            hint = "give it under given.store"
            raise DiagnosticError(
                [
                    Diagnostic("OOS930", f"the parameter store has no {name}", "parameters", hint=hint)
                    for name in missing
                ]
            )
        values = {name: known.get(name, known.get(name.partition(":")[2])) for name in names}
        return {name: Secret(each) if name.startswith("oos-secret:") else each for name, each in values.items()}

    def _guest_program(self, argv: Sequence[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
        """A tiny shell, but for the scripts of which the case says what they do."""
        if is_launcher(argv):
            return GuestOutcome(*imitate(argv, stdin, files, self._guest_program))
        script = b"\n".join([*(files.get(each, b"") for each in argv[1:]), " ".join(argv).encode(), stdin])
        for command in self.case.given.commands:
            if command.text.encode() in script:
                out, err = command.out.encode(), command.err.encode()
                return GuestOutcome(command.exit_code, out, err, command.seconds)
        return tiny_shell(argv, stdin, files)

"""The world of a stage: simulated hosts, a registry and a clock, and who looks on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from oos.adapters.memory.clock import SimulatedClock
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.diagnostics import Diagnostic, DiagnosticError
from oos.engine.guards import Guards
from oos.fleet.fleet import Fleet
from oos.rehearsal.case import Case
from oos.rehearsal.furnish import inventory_of, state_of
from oos.rehearsal.guests import GivenGuests
from oos.service.registry import MemoryRegistry, Registry
from oos.values.secret import Secret

if TYPE_CHECKING:
    from oos.execution.events import AnyEvent, ExecutionStarted
    from oos.execution.model import Execution
    from oos.rehearsal.stage import Called
    from oos.service.operation import Operation


class Onlooker(Protocol):
    """Who sees what happens on a stage, one thing after another."""

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        """An event was recorded; the execution is already one event further."""

    def called(self, start: ExecutionStarted | None, token: str, call: Called) -> None:
        """A call is about to be made by an execution; or a message is sent, of which nobody knows whose it is."""

    def around(self, operation: Operation) -> Operation:
        """The operation, watched."""


class Nobody:
    """An onlooker who does not look."""

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        """Not seen."""

    def called(self, start: ExecutionStarted | None, token: str, call: Called) -> None:
        """Not seen."""

    def around(self, operation: Operation) -> Operation:
        """As it is."""
        return operation


@dataclass(frozen=True, slots=True)
class World:
    """What a stage stands on."""

    region: str
    clock: SimulatedClock
    hosts: Mapping[str, MemoryHypervisor]
    """By name."""
    fleet: Fleet
    """Of these hosts."""
    registry: Registry
    stored: Callable[[Iterable[str]], dict[str, Any]]
    """Values of the parameter store (spec 1.11), by reference. Raises DiagnosticError for a name that is not there."""
    account: str = "1000000000000000"
    guards: Guards = field(default_factory=Guards)
    onlooker: Onlooker = field(default_factory=Nobody)


def world_of(case: Case) -> World:
    """The world that a case gives."""
    given = case.given
    clock = SimulatedClock(given.now)
    inventory = inventory_of(given)
    paces = {each.name: each.pace for each in given.hosts}
    hosts = {
        host.name: MemoryHypervisor(
            host,
            state_of(given, host),
            clock=clock,
            pace=paces[host.name],
            guest_program=GivenGuests(given.commands),
        )
        for region in inventory.regions
        for host in region.hosts()
    }
    fleet = Fleet(inventory, lambda host: hosts[host.name])
    return World(given.region, clock, hosts, fleet, MemoryRegistry(), lambda names: _stored(given.store, names))


def _stored(known: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    names = list(names)
    missing = [name for name in names if name not in known and name.partition(":")[2] not in known]
    if missing:
        hint = "give it under given.store"
        raise DiagnosticError(
            [Diagnostic("OOS930", f"the parameter store has no {name}", "parameters", hint=hint) for name in missing]
        )
    values = {name: known.get(name, known.get(name.partition(":")[2])) for name in names}
    return {name: Secret(each) if name.startswith("oos-secret:") else each for name, each in values.items()}

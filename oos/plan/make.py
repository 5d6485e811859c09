"""Making a plan: the real template, carried out by the real engine, on a twin of the live fleet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from oos.adapters.memory.clock import SimulatedClock
from oos.engine.guards import Guards, Refused
from oos.engine.templates import TemplateCache
from oos.execution.status import SafetyCheck
from oos.fleet.fleet import Fleet
from oos.plan.assumed import Assumed
from oos.plan.difference import NEW, Things, anonymous, differences, ids_in, new_ids
from oos.plan.live import Live
from oos.plan.machine import AssumedMachine
from oos.plan.model import Plan, PlannedCall
from oos.plan.onlooker import PlanOnlooker
from oos.plan.overlay import OverlayRegistry
from oos.plan.things import document_things, fleet_things
from oos.plan.twin import twins_of
from oos.rehearsal.case import ANY, Answer, Case, Verb
from oos.rehearsal.guests import GivenGuests
from oos.rehearsal.performance import Performance, perform
from oos.rehearsal.stage import Stage
from oos.rehearsal.tree import Tree
from oos.rehearsal.world import World
from oos.values.json import Value, transform
from oos.values.secret import MASK, Secret, redact

if TYPE_CHECKING:
    from oos.engine.ports import StartRequest

_NOWHERE = Tree({})


def make_plan(live: Live, request: StartRequest, assumed: Assumed, now: datetime) -> Plan:
    """What the execution would do if it were started now. Changes nothing, anywhere.

    `assumed` holds what scripts in guests do, what web addresses and services answer and what fires triggers, as far as
    somebody knows; of all other scripts and messages it is assumed that they end well. People are taken to approve.
    Raises DiagnosticError for what could not be started, HostUnreachable and JournalFailed.
    """
    registry = OverlayRegistry(live.registry)
    onlooker = PlanOnlooker(live.fleet, registry)
    clock = SimulatedClock(now)
    guests = GivenGuests(assumed.given.commands, onlooker.assume)
    hosts = twins_of(live.fleet, clock, guests)
    onlooker.look_at(hosts.values())
    world = World(
        region=request.region,
        clock=clock,
        hosts=hosts,
        fleet=Fleet(live.fleet.inventory, lambda host: hosts[host.name], lambda access: AssumedMachine(access, guests)),
        registry=registry,
        stored=live.stored,
        account=live.account,
        guards=replace(live.guards, gate=None, approve_destroy=False),
        onlooker=onlooker,
    )
    approver = Answer(Verb.APPROVE, ANY, by=ANY, times=None)
    case = Case("plan", _NOWHERE, assumed.given, people=(approver,), events=assumed.events)
    stage = Stage(case, live.catalog.modules, request.template.template, live.find, world)
    before = fleet_things(hosts.values(), registry)
    started = replace(request, safety_check=SafetyCheck.SKIP)
    performance = perform(stage, started, TemplateCache(stage.catalog))
    after = fleet_things(hosts.values(), registry)
    told = _told(performance, world, onlooker, before, after)
    return replace(told, refused=_refusal(live.guards, request, now))


def _refusal(guards: Guards, request: StartRequest, now: datetime) -> str:
    """What the calendar would say to a start now."""
    if guards.gate is None:
        return ""
    try:
        guards.gate.admit(request.template, now)
    except Refused as refused:
        return str(refused)
    return ""


def _told(
    performance: Performance, world: World, onlooker: PlanOnlooker, fleet_before: Things, fleet_after: Things
) -> Plan:
    """What was seen, as a plan; whether a guard would refuse it is told by others."""
    root = performance.root
    assert isinstance(world.registry, OverlayRegistry)
    changes = list(world.registry.changes())
    before = {**fleet_before, **document_things({(kind, key): was for kind, key, was, _ in changes}, fleet_before)}
    after = {**fleet_after, **document_things({(kind, key): now for kind, key, _, now in changes}, fleet_after)}
    secrets = tuple(each for execution in performance.executions.values() for each in execution.secrets)
    words = _Words(
        names={each.id.partition(" ")[0]: each.name for each in (*after.values(), *before.values())},
        made=new_ids(before, after) | _passing(world, before),
        secrets=secrets,
    )
    return Plan(
        region=world.region,
        at=performance.began,
        status=root.shown_status,
        code=root.fault.code if root.fault else "",
        message=words.text(root.fault.message) if root.fault else "",
        outputs=words.value(dict(root.outputs)),
        calls=tuple(words.call(each) for each in onlooker.calls),
        differences=differences(before, after),
        assumptions=tuple(replace(each, about=words.text(each.about)) for each in onlooker.assumptions),
        waits=tuple(onlooker.waits),
        silent_hosts=tuple(name for name, host in world.hosts.items() if host.state.unreachable),
        waited=performance.took,
        counts=Counter(kind for kind, _ in fleet_before),
    )


def _passing(world: World, before: Things) -> frozenset[str]:
    """The ids of things that would be made, and be gone again in the end."""
    known = {each.id.partition(" ")[0] for each in before.values()}
    return frozenset(id for host in world.hosts.values() for id in ids_in(list(host.state.effects))) - known


@dataclass(frozen=True, slots=True)
class _Words:
    """How what was seen on the twin is told: without its own ids, and without secrets."""

    names: Mapping[str, str]
    made: frozenset[str]
    secrets: tuple[Secret, ...]

    def text(self, text: str) -> str:
        return anonymous(redact(text, self.secrets), self.made)

    def value(self, value: Value) -> Value:
        return transform(value, self._leaf)

    def _leaf(self, leaf: Value) -> Value:
        if isinstance(leaf, Secret):
            return MASK
        return self.text(leaf) if isinstance(leaf, str) else leaf

    def call(self, call: PlannedCall) -> PlannedCall:
        """A call with the names of what it is about."""
        found = [NEW if id in self.made else self.names.get(id, "") for id in ids_in(call.parameters)]
        on = tuple(dict.fromkeys(each for each in found if each))
        return replace(call, parameters=self.value(call.parameters), fault=self.text(call.fault), on=on)

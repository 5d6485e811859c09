"""What tests of plans share: a case planned on a twin of its own world, and carried out on the world itself."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path

from oos.app.templates import TemplateFinder
from oos.engine.ports import StartRequest
from oos.engine.templates import TemplateCache
from oos.execution.status import SafetyCheck
from oos.plan.assumed import Assumed
from oos.plan.difference import differences
from oos.plan.live import Live
from oos.plan.make import make_plan
from oos.plan.model import Difference, Plan
from oos.plan.overlay import OverlayRegistry
from oos.plan.things import document_things, fleet_things
from oos.rehearsal.case import ANY, Answer, Case, Given, Verb
from oos.rehearsal.performance import perform
from oos.rehearsal.stage import Stage
from oos.rehearsal.world import World, world_of
from oos.service.registry import MemoryRegistry
from oos.template.parse import parse
from tests.rehearsal.trying import CATALOG, MODULES

ROOT = Path(__file__).parents[2]
FIND = TemplateFinder(CATALOG, MemoryRegistry, (ROOT / "runbooks",)).find


@dataclass(frozen=True, slots=True)
class Compared:
    """What was planned, and what happened."""

    plan: Plan
    status: str
    differences: tuple[Difference, ...]
    again: Plan
    """The same plan, made once more when it had been carried out."""


def live_of(world: World) -> Live:
    """A world of a rehearsal, taken for the real one."""
    return Live(world.fleet, world.registry, CATALOG, FIND, world.stored, world.account)


def request_of(case: Case, title: str, text: str) -> StartRequest:
    """The start of a case, which asks nobody about high risk."""
    return StartRequest(
        template=TemplateCache(CATALOG).checked(text, title),
        parameters=case.parameters,
        by=case.by,
        region=case.given.region,
        template_name=Path(title).stem,
        safety_check=SafetyCheck.SKIP,
    )


def planned(case: Case, title: str, text: str, world: World) -> Plan:
    """The plan of a case in a world, which stays as it is."""
    given = Given(commands=case.given.commands, responses=case.given.responses)
    before = copy.deepcopy([each.state for each in world.hosts.values()])
    plan = make_plan(live_of(world), request_of(case, title, text), Assumed(given), world.clock.now())
    assert [each.state for each in world.hosts.values()] == before
    return plan


def compared(case: Case, title: str, text: str) -> Compared:
    """Plan a case, carry it out, and plan it again."""
    world = world_of(case)
    people = (*case.people, Answer(Verb.APPROVE, ANY, by=ANY, times=None))
    overlay = OverlayRegistry(world.registry)
    acting = replace(world, registry=overlay)
    stage = Stage(replace(case, people=people), MODULES, parse(text, title), FIND, acting)
    plan = planned(case, title, text, acting)
    before = fleet_things(world.hosts.values(), overlay)
    performance = perform(stage, request_of(case, title, text), TemplateCache(stage.catalog))
    after = fleet_things(world.hosts.values(), overlay)
    changes = list(overlay.changes())
    happened = differences(
        {**before, **document_things({(kind, key): was for kind, key, was, _ in changes}, before)},
        {**after, **document_things({(kind, key): now for kind, key, _, now in changes}, after)},
    )
    again = planned(case, title, text, acting)
    return Compared(plan, str(performance.root.shown_status), happened, again)

"""Weather: rehearsals under faults of the simulated hypervisor and deaths of their process, all by one seed.

Calls of the hypervisor hang, fail before or after their effect, lose their reply, find the disk full, or kill the
process in the middle; hosts go and come back, agents fall silent, pools fill up; the process dies at writes of its
journal. A run may fail of that. What it may never do is told by `broken`:

- do one thing twice by one token;
- leave a journal that does not verify, or children that have not ended;
- leave a disk without a usable snapshot that had one;
- leave a guest frozen, unless a snapshot in progress tells of it;
- say that nothing failed, with the outputs of an undisturbed run, and leave another fleet.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from oos.adapters.memory.faults import Fault, FaultKind, FaultPlan
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.engine.templates import TemplateCache
from oos.execution.model import Execution
from oos.execution.status import Status
from oos.fleet.storage import SnapshotStatus
from oos.journal.chain import verify_chain
from oos.journal.port import Batch
from oos.rehearsal.observed import observe
from oos.rehearsal.performance import perform
from oos.rehearsal.rehearse import request_of
from oos.rehearsal.stage import Stage
from oos.rehearsal.world import world_of
from oos.template.parse import parse
from tests.crash.rehearsed import AFTER, BEFORE, DyingJournal, Play
from tests.rehearsal.trying import MODULES

BY_TOKEN: Final = ("make_instance", "create_snapshot", "make_image", "make_disk", "restore_disk", "replace_system_disk")
"""Effects whose names hold the token of the call: of one token there is one, whatever fails and whoever dies."""
CHANGING: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:]+Z|'(?:frozen|crash)'")
"""Instants, and whether an agent could freeze just then."""


@dataclass(slots=True)
class Weather:
    """What goes wrong in one run."""

    random: Random
    told: list[str] = field(default_factory=list)
    spells: list[tuple[int, int, Callable[[bool], None]]] = field(default_factory=list)
    """From which write until which something is out of order."""

    @property
    def fills_up(self) -> bool:
        """Whether a pool is full for a while: what wants room then may delete more."""
        return any(": full from" in each for each in self.told)

    def brew(self, stage: Stage, writes: int) -> DyingJournal:
        """Set up what the seed has in mind for a run that writes so often."""
        for name, host in stage.hosts.items():
            kinds = self.random.sample(list(FaultKind), self.random.randint(0, 3))
            faults = [
                Fault(
                    self.random.choice(["*", *METHODS]),
                    kind,
                    skip=self.random.randint(0, 6),
                    times=1 if kind is FaultKind.CRASH else self.random.randint(1, 3),
                    probability=self.random.choice([0.05, 0.3, 1.0]),
                )
                for kind in kinds
            ]
            host.faults = FaultPlan(faults, self.random)
            self.told += [f"{name}: {each}" for each in faults]
            if self.random.random() < 0.3:
                self._spell(name, host, writes)
        deaths = {
            self.random.randint(1, writes): self.random.choice([BEFORE, AFTER])
            for _ in range(self.random.choice([0, 1, 1, 2]))
        }
        self.told.append(f"deaths {deaths}")
        return RestlessJournal(deaths, self)

    def _spell(self, name: str, host: MemoryHypervisor, writes: int) -> None:
        begin = self.random.randint(1, writes)
        end = begin + self.random.randint(1, 5)
        kind = self.random.choice(["unreachable", "full", "silent"])
        self.told.append(f"{name}: {kind} from write {begin} to {end}")

        silent = list(host.state.without_agent)

        def turn(on: bool) -> None:
            if kind == "unreachable":
                host.state.unreachable = on
            elif kind == "full":
                host.state.full = on
            else:
                host.state.without_agent[:] = list(host.state.instances) if on else silent

        self.spells.append((begin, end, turn))

    def at(self, write: int) -> None:
        """Let begin and end what begins and ends with this write."""
        for begin, end, turn in self.spells:
            if write in (begin, end):
                turn(write == begin)


class RestlessJournal(DyingJournal):
    """A dying journal, whose writes are what the weather goes by."""

    def __init__(self, deaths: dict[int, str], weather: Weather) -> None:
        super().__init__(deaths)
        self._weather = weather

    def append(self, batch: Batch) -> None:
        """One more write."""
        self._weather.at(self.writes + 1)
        super().append(batch)


METHODS: Final = (
    *("instances", "disks", "snapshots", "stop", "start", "reboot", "make_instance", "remove_instance"),
    *("create_snapshot", "create_snapshots", "delete_snapshot", "restore_disk", "make_image", "guest_execute"),
)


def broken(play: Play, seed: int) -> tuple[list[str], list[str]]:
    """Which promises a run in this weather broke, and what the weather was."""
    undisturbed = play.undisturbed
    weather = Weather(Random(f"{play} {seed}"))
    world = world_of(play.case)
    stage = Stage(play.case, MODULES, parse(play.text, play.title), play.find, world)
    before = _usable(stage)
    journal = stage.journal = weather.brew(stage, undisturbed.writes)
    cache = TemplateCache(stage.catalog) if play.case.given.responses else play.cache
    performance = perform(stage, request_of(play.case, play.title, cache.checked(play.text, play.title)), cache)
    for host in stage.hosts.values():
        host.state.unreachable = False
    found = list(_broken(stage, journal, before & play.usable_in_the_end))
    root = performance.root
    as_well = root.status is Status.SUCCESS and dict(root.outputs) == undisturbed.observed["outputs"]
    if as_well and not weather.fills_up and all(map(_went_well, performance.executions.values())):
        fleet = observe(stage, performance)["fleet"]
        if _without_agents(fleet) != _without_agents(undisturbed.observed["fleet"]):
            found.append(f"nothing failed, it says; yet the fleet is {fleet}")
    if root.status.final and journal.unfinished(root.id):
        found.append(f"it has ended, and these have not: {journal.unfinished(root.id)}")
    return found, weather.told


def _went_well(execution: Execution) -> bool:
    """Whether nothing failed, not even what may."""
    return execution.status is Status.SUCCESS and not any(
        task.fault is not None or (task.loop is not None and task.loop.failed) for task in execution.tasks.values()
    )


def _broken(stage: Stage, journal: DyingJournal, before: frozenset[str]) -> Iterator[str]:
    effects = Counter({key: n for host in stage.hosts.values() for key, n in host.state.effects.items()})
    for key, count in effects.items():
        if count > 1 and key.split(" ", 1)[0] in BY_TOKEN:
            yield f"{key} took place {count} times"
    for id_ in journal.execution_ids():
        _, _, fault = verify_chain(id_, journal.entries(id_))
        if fault is not None:
            yield str(fault)
    for host in stage.hosts.values():
        begun = {
            each.instance_id for each in host.state.snapshots.values() if each.status is SnapshotStatus.PROGRESSING
        }
        for id_, guest in host.state.guests.items():
            if guest.frozen and id_ not in begun:
                yield f"{id_} was left frozen"
    yield from (f"of {each} there is no usable snapshot any more" for each in before - _usable(stage))


def _usable(stage: Stage) -> frozenset[str]:
    """The disks of which a snapshot can be restored."""
    return frozenset(
        each.disk_id
        for host in stage.hosts.values()
        for each in host.state.snapshots.values()
        if each.status is SnapshotStatus.ACCOMPLISHED
    )


def _without_agents(fleet: Any) -> Any:
    """The fleet but for what the weather itself changed, and the time it took."""
    instances = {name: {**each, "agent": None} for name, each in fleet["instances"].items()}
    return CHANGING.sub("so", repr({**fleet, "instances": instances}))

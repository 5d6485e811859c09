"""The simulation: processes that serve, a journal that they share, a clock, and a seed that decides what is next.

Nothing here runs at the same time as anything else, and nothing depends on chance but the seed: a seed that fails
fails again, step by step (`python -m tests.simulation --seed N`).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from oos.adapters.memory_journal import MemoryJournal
from oos.engine.engine import Engine, Surroundings
from oos.engine.errors import EngineStopped, OwnedElsewhere
from oos.engine.keeper import PARK, Keeper
from oos.engine.replay import replay
from oos.engine.templates import TemplateCache
from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    CancelRequested,
    ExecutionFinished,
    ExecutionResumed,
    Notified,
    TaskStarted,
    TriggerFired,
)
from oos.execution.model import Execution
from oos.execution.notify import NotAllowed
from oos.execution.status import NotifyType, Status, WaitReason
from oos.journal.chain import verify_chain
from oos.journal.codec import Codec
from oos.journal.port import Batch, JournalFailed
from oos.service.catalog import Catalog
from oos.service.context import Context
from oos.service.registry import MemoryRegistry
from tests.engine.simulated import NOON, Clock, SimulatedRuntime
from tests.engine.world import ListAnchor, MemoryLocks, NoSealer, SimpleService
from tests.simulation.scenarios import ACTIONS, Scenario, scenario_of

MOST_STEPS = 6000
PROCESSES = 2
FAULTY_STEPS = 250
"""After so many steps nothing fails any more: then everything must come to its end."""


class Killed(BaseException):
    """The end of a process: nothing answers it."""


class Broken(AssertionError):
    """A promise that was not kept."""


@dataclass
class Process:
    """A process that serves: an engine on simulated time, and its keeper."""

    number: int
    engine: Engine
    keeper: Keeper
    runtime: SimulatedRuntime
    alive: bool = True


class Service(SimpleService):
    """The test service, whose calls never wait."""

    def __init__(self) -> None:
        super().__init__()
        self.hold = threading.Event()
        self.hold.set()

    def begin(self) -> None:
        """Forget everything, for the next seed."""
        self.effects, self.calls, self.done = Counter(), Counter(), {}
        self.in_flight = self.most_in_flight = 0


SERVICE = Service()
CATALOG = Catalog([SERVICE.module(*ACTIONS)])
CACHE = TemplateCache(CATALOG)


@dataclass
class Watched:
    """Holds every event against the promises, as it happens."""

    ended: set[str] = field(default_factory=set)
    due: set[tuple[str, datetime]] = field(default_factory=set)
    asked_again: Counter[str] = field(default_factory=Counter)
    """How often a person had calls in doubt made again."""
    resumed: int = 0
    log: Callable[[str], None] = lambda _: None

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        """One more event."""
        self.log(f"    {execution.id[-12:]} {type(event).__name__} {getattr(event, 'task', '')} {_item(event)}")
        if execution.id in self.ended:
            raise Broken(f"{type(event).__name__} after the end of {execution.id}")
        match event:
            case ExecutionFinished():
                self.ended.add(execution.id)
            case ExecutionResumed():
                self.resumed += 1
            case Notified() if event.type in (NotifyType.RETRY_TASK, NotifyType.APPROVE):
                self.asked_again[execution.id] += 1
            case TaskStarted() if execution.cancel is not None:
                raise Broken(f"{event.task} started after the cancellation")
            case TriggerFired() if event.due is not None:
                if (execution.id, event.due) in self.due:
                    raise Broken(f"fired twice for {event.due}")
                self.due.add((execution.id, event.due))

    def progressed(self, execution: Execution, task: str, item: int, message: str) -> None:
        """Nothing is recorded of that."""


def _item(event: AnyEvent) -> str:
    item = getattr(event, "item", NO_ITEM)
    return "" if item == NO_ITEM else str(item)


class Simulation:
    """Everything that one seed decides."""

    def __init__(self, seed: int, log: Callable[[str], None] = lambda _: None) -> None:
        self.random = Random(seed)
        self.scenario: Scenario = scenario_of(self.random)
        self.log = log
        self.clock = Clock(NOON)
        self.journal = MemoryJournal(on_append=self._before_append, on_appended=self._after_append)
        self.codec = Codec(NoSealer)
        self.locks = MemoryLocks()
        self.registry = MemoryRegistry()
        self.watched = LimitsWatched(log=log)
        self.processes: list[Process] = []
        self.steps = 0
        self.crashes = 0
        self.calm = False
        self.cancelled = False
        self._numbers = 0
        self._owners: dict[str, int] = {}
        SERVICE.begin()

    # what is simulated

    def _process(self) -> Process:
        number = len(self.processes)
        runtime = SimulatedRuntime(self.clock)
        locks = _OwnedLocks(self.locks, self._owners, number)
        surroundings = Surroundings(
            catalog=CATALOG,
            journal=self.journal,
            codec=self.codec,
            locks=locks,
            anchor=ListAnchor(),
            templates=self,
            context=lambda start, token, cancelled, report: Context(
                fleet=None,  # type: ignore[arg-type]  # no operation here asks the fleet
                registry=self.registry,
                region=start.region,
                token=token,
                cancelled=cancelled,
            ),
            store=lambda names: {name: name for name in names},
            now=self.clock,
            chance=self._chance,
            process=f"process {number}",
            park=PARK,
        )
        engine = Engine(surroundings, CACHE, self.watched, runtime)
        process = Process(number, engine, Keeper(engine, self.journal, self.clock), runtime)
        self.processes.append(process)
        return process

    def find(self, name: str, version: str) -> tuple[str, str] | None:
        """Templates by name: product actions alone."""
        action = CATALOG.action(name)
        return None if action is None else (action.path, action.text)

    def _chance(self, count: int) -> bytes:
        self._numbers += 1
        return self._numbers.to_bytes(count, "big")

    def _before_append(self, batch: Batch) -> None:
        if self._fails(0.02):
            self.log("  !! killed before the write")
            raise Killed
        if self._fails(0.01):
            self.log("  !! the journal fails")
            raise JournalFailed("no space left on device")

    def _after_append(self, batch: Batch) -> None:
        if self._fails(0.02):
            self.log("  !! killed after the write")
            raise Killed

    def _fails(self, chance: float) -> bool:
        return not self.calm and self.random.random() < chance

    # the scheduler

    def run(self) -> Execution:
        """To the end. Raises Broken."""
        from oos.engine.ports import StartRequest

        self.log(f"scenario {self.scenario.name}: {self.scenario.parameters}")
        template = CACHE.checked(self.scenario.text, "test.yml")
        request = StartRequest(
            template, self.scenario.parameters, "tester", "local", mode=self.scenario.mode, client_token="once"
        )
        id_ = ""
        while not id_:
            try:
                id_ = (self._alive() or [self._process()])[0].engine.start(request)
            except (Killed, JournalFailed, EngineStopped):
                self._bury(self._alive()[0])
        while not self._is_over(id_):
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise Broken(f"no end after {MOST_STEPS} steps: {self._look(id_)}")
            self.calm = self.steps > FAULTY_STEPS
            self._step(id_)
        execution = self._look(id_)
        self._check(execution)
        return execution

    def _alive(self) -> list[Process]:
        return [process for process in self.processes if process.alive]

    def _step(self, id_: str) -> None:
        alive = self._alive()
        if len(alive) < (1 if self.calm else PROCESSES) and (not alive or self.random.random() < 0.3):
            self._process()
            return
        choices: list[tuple[int, Callable[[], None]]] = [(3, self._pass_time), (2, lambda: self._person(id_))]
        for process in alive:
            choices.append((2, lambda process=process: self._guarded(process, process.keeper.look)))
            choices.append((6, lambda process=process: self._guarded(process, lambda: self._turn(process))))
            if process.runtime.jobs:
                choices.append((8, lambda process=process: self._job(process)))
            if not self.calm:
                choices.append((0 if self.random.random() < 0.7 else 1, lambda process=process: self._kill(process)))
        weights = [weight for weight, _ in choices]
        _, act = self.random.choices(choices, weights)[0]
        act()

    def _turn(self, process: Process) -> None:
        process.engine._driver._signals_due = 0.0
        process.engine.go_on()
        failure = process.engine.failure
        if isinstance(failure, Killed):
            raise failure
        if isinstance(failure, Broken):
            raise failure
        if failure is not None:
            if not isinstance(failure, JournalFailed | EngineStopped):
                raise Broken(f"the engine stopped: {failure!r}") from failure
            # The process lives on; its calls come to their end, and then its locks are free.
            self.log(f"  process {process.number}: its engine stopped: {failure}")
            process.alive = False
            while process.runtime.jobs:
                process.runtime.jobs.pop()()

    def _guarded(self, process: Process, act: Callable[[], Any]) -> None:
        try:
            act()
        except Killed:
            self._bury(process)
        except (JournalFailed, EngineStopped, OwnedElsewhere) as failure:
            self.log(f"  process {process.number}: {failure}")

    def _job(self, process: Process) -> None:
        job = process.runtime.jobs.pop(self.random.randrange(len(process.runtime.jobs)))
        process.runtime.post(job())

    def _kill(self, process: Process) -> None:
        self.log(f"  !! process {process.number} is killed")
        self._bury(process)

    def _bury(self, process: Process) -> None:
        """kill -9: of what was under way, some has taken effect and some has not; the kernel frees the locks."""
        self.crashes += 1
        process.alive = False
        for job in process.runtime.jobs:
            if self.random.random() < 0.5:
                job()
        process.runtime.jobs.clear()
        for root_id in [root_id for root_id, owner in self._owners.items() if owner == process.number]:
            del self._owners[root_id]
            self.locks.held.discard(root_id)

    def _pass_time(self) -> None:
        if any(process.runtime.inbox or process.runtime.jobs for process in self._alive()):
            self.clock.now += timedelta(milliseconds=self.random.randint(0, 50))
            return
        kind = self.random.random()
        if kind < 0.05 and not self.calm:
            self.clock.now -= timedelta(seconds=self.random.randint(1, 90))
            return
        following = [timer for process in self._alive() if (timer := process.engine.next_timer()) is not None]
        following += [each.due for each in self.journal._kept.summaries.values() if each.due is not None]
        ahead = [instant for instant in following if instant > self.clock.now]
        if ahead and kind < 0.7:
            self.clock.now = min(ahead)
        else:
            self.clock.now += timedelta(seconds=self.random.randint(0, 40 if kind < 0.97 else 7200))

    def _person(self, id_: str) -> None:
        """Somebody looks, and answers what waits for an answer."""
        alive = self._alive()
        if not alive:
            return
        engine = alive[0].engine
        if self.scenario.may_be_cancelled and not self.cancelled and self.random.random() < 0.2:
            self.cancelled = True
            self.log("  ann cancels")
            engine.tell(id_, CancelRequested(at=self.clock.now, by="ann"))
            return
        for member in [id_, *self.journal.unfinished(id_)]:
            execution = self._look(member)
            waiting = execution.waiting
            if waiting is None:
                continue
            type_ = _ANSWERS[waiting.reason]
            by = self.random.choice(["ann", "bob"])
            self.log(f"  {by} answers {waiting.reason} of {member[-12:]}")
            try:
                engine.tell(member, Notified(at=self.clock.now, type=type_, by=by))
            except NotAllowed:
                continue
            return

    def _look(self, id_: str) -> Execution:
        return replay(self.journal, self.codec, CACHE, id_)

    def _is_over(self, id_: str) -> bool:
        summary = self.journal.summary(id_)
        return summary is not None and summary.status.final

    # the promises

    def _check(self, execution: Execution) -> None:
        scenario = self.scenario
        if not self.cancelled:
            if execution.status is not scenario.status:
                raise Broken(f"it ended {execution.status} ({execution.fault}), not {scenario.status}")
            if scenario.outputs is not None and dict(execution.outputs) != scenario.outputs:
                raise Broken(f"outputs {execution.outputs}, not {scenario.outputs}")
        twice = {token: count for token, count in SERVICE.effects.items() if count > 1}
        allowed = sum(self.watched.asked_again.values()) if scenario.name == "in doubt" else 0
        if any(count > 1 + allowed for count in twice.values()):
            raise Broken(f"effects that came twice: {twice}")
        for id_ in self.journal.execution_ids():
            _, _, broken = verify_chain(id_, self.journal.entries(id_))
            if broken is not None:
                raise Broken(str(broken))
        for id_ in self.journal.family(execution.id):
            summary = self.journal.summary(id_)
            if summary is None or not summary.status.final:
                raise Broken(f"{id_} has not ended, and {execution.id} has")
            self._check_loops(self._look(id_))

    def _check_loops(self, execution: Execution) -> None:
        for task in execution.tasks.values():
            loop = task.loop
            if loop is None or task.status is not Status.SUCCESS:
                continue
            if loop.done != len(loop.items) or loop.in_flight or loop.failed > loop.limits.max_errors:
                raise Broken(f"{execution.id}: the loop {task.task.name} is not done: {loop}")


_ANSWERS = {
    WaitReason.APPROVAL: NotifyType.APPROVE,
    WaitReason.PAUSE: NotifyType.APPROVE,
    WaitReason.HIGH_RISK: NotifyType.APPROVE,
    WaitReason.BATCH: NotifyType.APPROVE,
    WaitReason.FAILURE: NotifyType.RETRY_TASK,
    WaitReason.DEBUG: NotifyType.EXECUTE_TASK,
    WaitReason.INTERRUPTED: NotifyType.RETRY_TASK,
    WaitReason.DEAD_LETTER: NotifyType.RETRY_TASK,
}


class _OwnedLocks:
    """Locks that know which process holds them."""

    def __init__(self, locks: MemoryLocks, owners: dict[str, int], number: int) -> None:
        self._locks = locks
        self._owners = owners
        self._number = number

    def acquire(self, root_id: str) -> Any:
        lock = self._locks.acquire(root_id)
        self._owners[root_id] = self._number
        owners, number = self._owners, self._number

        class Held:
            def release(self) -> None:
                if owners.get(root_id) == number:
                    del owners[root_id]
                    lock.release()

            def is_ours(self) -> bool:
                return True

        return Held()


class LimitsWatched(Watched):
    """Also holds the limits of loops against every start."""

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        """One more event."""
        super().happened(execution, event)
        if isinstance(event, TaskStarted) and event.item != NO_ITEM and execution.current is not None:
            loop = execution.current.loop
            if loop is None:
                return
            most = loop.limits.width(loop.batch, loop.succeeded)
            if len(loop.in_flight) > most:
                raise Broken(f"{len(loop.in_flight)} in flight, {most} allowed")

"""Calls: those that this process carries out for the driver, on worker threads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from oos.engine.family import Family, Live
from oos.engine.perform import Call, Performer, step_event, token_of
from oos.engine.ports import Watcher
from oos.engine.runtime import Message, Runtime
from oos.execution.actions import Perform
from oos.execution.chunks import Errand, Outcome, Place, errand_for
from oos.execution.events import TargetReported
from oos.service.target_step import TargetStep

if TYPE_CHECKING:
    from oos.engine.driver import Driver


class Calls:
    """Sends calls to the workers, and takes what they bring. For the engine's thread."""

    def __init__(self, driver: Driver, runtime: Runtime, watcher: Watcher | None) -> None:
        self._driver = driver
        self._runtime = runtime
        self._watcher = watcher
        self._performer = Performer(driver.around)
        self._under_way: set[Place] = set()
        self._are_timed = driver.around.dispatcher is not None
        """Whether it is of use to know how long calls take."""

    @property
    def count(self) -> int:
        """How many are under way."""
        return len(self._under_way)

    def is_under_way(self, place: Place) -> bool:
        """Whether a call for a task or item is under way."""
        return place in self._under_way

    def make(self, live: Live, action: Perform) -> None:
        """Have a worker make a call, unless it is over by now."""
        execution = live.execution
        errand = errand_for(execution, action)
        if errand is None:
            return
        driver = self._driver
        token, report = token_of(execution, action), partial(self._report, live, errand)
        context = driver.around.context(execution.start, token, live.cancelled, report)
        if execution.secrets:
            context = context.knowing(execution.secrets)
        call = Call(execution, execution.tasks[action.task].task, action, errand.polls, context)
        family = driver.family(execution.id)
        live.performing += 1
        self._under_way.add(errand.place)
        with driver.guard:
            family.calls += 1
        self._runtime.submit(partial(self._carry_out, live, family, errand, call))

    def _carry_out(self, live: Live, family: Family, errand: Errand, call: Call) -> Message:
        """On the thread of a worker."""
        driver, runtime = self._driver, self._runtime
        began, used = (runtime.seconds(), runtime.processor_seconds()) if self._are_timed else (0.0, 0.0)
        # A process that stood still for long may have been given up, and its calls be made elsewhere.
        outcome = self._performer.perform(call) if family.lock.is_ours() else None
        if self._are_timed:
            driver.errands.add_duration(runtime.seconds() - began, runtime.processor_seconds() - used)
        with driver.guard:
            family.calls -= 1
            last = family.abandoned and not family.calls
        if last:
            family.lock.release()
        return partial(self._take_outcome, live, family, errand, outcome)

    def _report(self, live: Live, errand: Errand, message: str) -> None:
        """On the thread of a worker, too: how far a call has come."""
        watcher, execution = self._watcher, live.execution
        if isinstance(message, TargetStep):
            event = step_event(message, errand.action, execution.secrets, self._driver.around.now())
            self._runtime.post(partial(self._take_step, live, errand, event))
        elif watcher is not None:
            self._runtime.post(partial(watcher.progressed, execution, errand.task, errand.item, message))

    def _take_step(self, live: Live, errand: Errand, event: TargetReported) -> None:
        """A call told of one of its targets."""
        if self._driver.live(live.execution.id) is live and errand.is_wanted(live.execution):
            self._driver.apply(live, (event,), ())

    def _take_outcome(self, live: Live, family: Family, errand: Errand, outcome: Outcome | None) -> None:
        """A call has come to its end, or was not begun any more. What nobody waits for is passed over."""
        live.performing -= 1
        self._under_way.discard(errand.place)
        driver, execution = self._driver, live.execution
        if driver.families.get(family.root_id) is not family or family.members.get(execution.id) is not live:
            return
        if outcome is None:
            driver.lose(family.root_id)
        elif errand.is_wanted(execution):
            driver.apply(live, (outcome,), ())

"""The driver: what the engine's one thread does, turn by turn.

A turn takes everything that came in (outcomes, signals, timers, new executions), lets the conductor answer until it
has nothing more to say, commits all of it at once, and only then lets the workers act.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from oos.diagnostics import DiagnosticError
from oos.engine.anchoring import Anchoring
from oos.engine.births import Births
from oos.engine.calls import Calls
from oos.engine.children import child_outcome
from oos.engine.ears import Ears
from oos.engine.errands import Errands
from oos.engine.errors import EngineStopped
from oos.engine.family import Family, Live
from oos.engine.guards import Refused
from oos.engine.ledger import Ledger
from oos.engine.ports import Watcher
from oos.engine.runtime import Runtime
from oos.engine.surroundings import Surroundings
from oos.engine.takeover import TakeOver
from oos.engine.templates import TemplateCache
from oos.engine.timers import Timers
from oos.engine.word import Word
from oos.execution.actions import Action, Listen, Perform, StartChild, WakeAt
from oos.execution.advance import advance
from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    CancelRequested,
    FiringMissed,
    TaskFailed,
    TaskWaiting,
    TriggerArmed,
    TriggerEnded,
    TriggerFired,
)
from oos.execution.kinds import Kind, kind_of
from oos.execution.model import Execution
from oos.execution.status import Status
from oos.execution.waits import wake
from oos.journal.port import LeaseLost
from oos.values.identifiers import root_execution_id

log = logging.getLogger(__name__)

SIGNAL_SECONDS: Final = 0.2
"""How often other processes' signals are looked for."""
IDLE_SECONDS: Final = 3600.0
MOST_STALE: Final = 256

_FOLLOWED: Final[frozenset[type]] = frozenset(
    {TaskWaiting, TriggerArmed, TriggerFired, FiringMissed, TriggerEnded, CancelRequested}
)


class Driver:
    """Drives the families that it was given. Only `adopt`, and what is said so, may be called from other threads."""

    def __init__(self, around: Surroundings, cache: TemplateCache, runtime: Runtime, watcher: Watcher | None) -> None:
        self.around = around
        self.families: dict[str, Family] = {}
        self.guard = threading.Lock()
        """Held while the table of families changes, which other threads look at."""
        self.ledger = Ledger(around.journal, around.codec)
        self.anchoring = Anchoring(around.anchor, runtime.seconds)
        self.draining = False
        self.stop = False
        self.failure: BaseException | None = None
        self._runtime = runtime
        self._watcher = watcher
        self.calls = Calls(self, runtime, watcher)
        self._births = Births(self, cache)
        self._take_over = TakeOver(self, cache)
        self._word = Word(self, self._take_over)
        self.errands = Errands(self, self._take_over, self._word)
        self._ears = Ears(self, runtime.post)
        self._timers = Timers()
        self._left = 0
        """How many families were let go of since the timers were last looked through."""
        self._touched: dict[str, Live] = {}
        self._actions: list[tuple[Live, Perform]] = []
        self._told: list[tuple[Execution, AnyEvent]] = []
        self._finished: list[Live] = []
        self._idle: set[str] = set()
        """Families that may have come to rest in this turn."""
        self._signals_due = 0.0

    # what other threads ask

    def adopt(self, family: Family, told: list[tuple[Execution, AnyEvent]], by: str | None) -> None:
        """Drive a family from now on: a new one, or (by whom) one that is taken over. Raises EngineStopped."""
        with self.guard:
            if self.failure is not None or self.stop:
                family.lock.release()
                raise EngineStopped(f"the engine has stopped: {self.failure or 'asked to'}") from self.failure
            self.families[family.root_id] = family

        def take_in() -> None:
            self._told += told
            if by is not None:
                self._take_over.begin(family, by)
            if self.families.get(family.root_id) is not family:
                return
            for live in list(family.members.values()):
                self.touch(live)
                if live.execution.status.final:
                    self.end(live)

        self._runtime.post(take_in)

    def hurry(self) -> None:
        """Look for signals now. Any thread, and a signal handler, may call this."""
        self._signals_due = 0.0
        self._runtime.post(_nothing)

    # one turn at a time, on whatever thread the runtime chooses

    def go_on(self) -> bool:
        """One turn; whether there is another one. What goes wrong in it ends the engine."""
        try:
            if not self.stop:
                self.turn()
                if not self.stop and not (self.draining and not self.performing()):
                    return True
        except BaseException as failure:
            log.debug("the engine stops", exc_info=True)
            self.failure = failure
        self.let_go()
        return False

    def turn(self) -> None:
        """Take in what there is, decide, commit, and hand out work."""
        for message in self._runtime.receive():
            message()
        self._take_timers()
        if self.families and self._runtime.seconds() >= self._signals_due:
            self._signals_due = self._runtime.seconds() + SIGNAL_SECONDS
            self._word.take_in()
        self.errands.review(self._runtime.seconds())
        self._conduct()
        self.commit()
        self._tell_watcher()
        actions, self._actions = self._actions, []
        for live, action in self.errands.send_out(actions, self.calls.count):
            self.calls.make(live, action)
        if self._finished or self._idle or self.anchoring.is_due():
            self._settle()

    def commit(self) -> None:
        """Make durable what happened. Families that are driven elsewhere by now are let go of, and leave nothing."""
        while True:
            try:
                self.ledger.commit()
            except LeaseLost as lost:
                for root_id in lost.root_ids:
                    self.lose(root_id)
            else:
                return

    def patience(self) -> float:
        """How long there is nothing to do unless a message comes."""
        if self._touched:
            return 0
        patience = SIGNAL_SECONDS if self.families else IDLE_SECONDS
        if self._timers.next is not None:
            patience = min(patience, (self._timers.next - self.around.now()).total_seconds())
        return max(0.0, patience)

    def next_timer(self) -> datetime | None:
        """When the next timer rings."""
        return self._timers.next

    def performing(self) -> bool:
        """Whether any call is out."""
        return any(family.performing for family in self.families.values())

    def _take_timers(self) -> None:
        if self.draining or self._timers.next is None:
            return
        now = self.around.now()
        for id_, task, item in self._timers.rung(now):
            live = self.live(id_)
            if live is not None and not self.is_held(live):
                step = wake(live.execution, task, item, now)
                self.apply(live, step.events, step.actions)

    def _conduct(self) -> None:
        """Ask the conductor about every execution that was touched, until it has nothing to say."""
        catalog, now = self.around.catalog, self.around.now
        while self._touched:
            _, live = self._touched.popitem()
            while not self.draining and not self.is_held(live):
                step = advance(live.execution, catalog, now())
                if not step.events:
                    break
                self.apply(live, step.events, step.actions)
            self._touched.pop(live.execution.id, None)
            if self.around.park is not None:
                self.rest(root_execution_id(live.execution.id))

    def is_held(self, live: Live) -> bool:
        """Whether nothing may go on there until a person speaks."""
        family = self.families.get(root_execution_id(live.execution.id))
        return family is not None and family.is_held and not family.is_winding_down

    def touch(self, live: Live) -> None:
        """Have the conductor asked about an execution in this turn."""
        self._touched[live.execution.id] = live

    def apply(self, live: Live, events: Iterable[AnyEvent], actions: Iterable[Action]) -> None:
        """Record what happened, and carry out what follows from it."""
        execution = live.execution
        for event in events:
            self.ledger.record(execution, event)
            if self._watcher is not None:
                self._told.append((execution, event))
            if event.__class__ in _FOLLOWED:
                self._follow(live, event)
        self._touched[execution.id] = live
        for action in actions:
            match action:
                case Perform():
                    self._actions.append((live, action))
                case StartChild():
                    self.start_child(live, action)
                case WakeAt():
                    self._timers.add(action.at, execution.id, action.task, action.item)
                case Listen():
                    self._ears.listen(live, action.task)
        if execution.status.final:
            self.end(live)

    def _follow(self, live: Live, event: AnyEvent) -> None:
        """What an event means for the driver itself."""
        match event:
            case TaskWaiting() if event.until is not None:
                self._timers.add(event.until, live.execution.id, event.task, event.item)
            case TriggerArmed() | TriggerFired() | FiringMissed() | TriggerEnded():
                self._set_trigger_timer(live.execution)
            case CancelRequested():
                self.cancel_children(live, event)

    def _set_trigger_timer(self, execution: Execution) -> None:
        current = execution.current
        if current is not None and current.waiting is not None and current.waiting.until is not None:
            self._timers.add(current.waiting.until, execution.id, current.task.name, NO_ITEM)

    def start_child(self, live: Live, action: StartChild) -> None:
        """Start the child of a task, item or firing, unless it is there already."""
        now = self.around.now()
        try:
            child = self._births.bear(live, action, now)
        except DiagnosticError as error:
            self.fail_child(live, action, "InvalidChild", "; ".join(map(str, error.diagnostics)), now)
            return
        except ValueError as error:
            self.fail_child(live, action, "InvalidChild", str(error), now)
            return
        except Refused as error:
            self.fail_child(live, action, error.code, str(error), now)
            return
        if child is None:
            return
        self.family(live.execution.id).members[child.live.execution.id] = child.live
        self._told.append((child.live.execution, child.started))
        self.anchoring.note(child.live.execution)
        self.apply(child.live, child.events, ())

    def fail_child(self, live: Live, action: StartChild, code: str, message: str, now: datetime) -> None:
        """A child could not be started."""
        task, item = action.task, action.item
        failed: AnyEvent
        if kind_of(live.execution.tasks[task].task.action) is Kind.TRIGGER:
            failed = TriggerEnded(at=now, task=task, item=item, status=Status.FAILED, message=f"{code}: {message}")
        else:
            failed = TaskFailed(at=now, task=task, item=item, code=code, message=message)
        self.apply(live, (failed,), ())

    def cancel_children(self, live: Live, event: CancelRequested) -> None:
        """Nobody wants the outcome of its calls any more, and its children are cancelled too."""
        live.cancelled.set()
        live.cancelled = live.cancelled if live.execution.cancel is not None else threading.Event()
        for child in list(self.family(live.execution.id).members.values()):
            is_child = child.execution.start.parent_id == live.execution.id
            if is_child and not child.execution.status.final and child.execution.cancel is None:
                self.apply(child, [event], [])

    def end(self, live: Live) -> None:
        """An execution is final: its parent hears of it, or its family is settled after the commit."""
        start = live.execution.start
        parent = self.live(start.parent_id) if start.parent_id else None
        if parent is None:
            if not start.parent_id:
                self._finished.append(live)
            return
        activity = parent.execution.activity(start.parent_task, start.parent_item)
        if activity is not None:
            task = parent.execution.tasks[start.parent_task].task
            now = self.around.now()
            outcome = child_outcome(parent.execution, task, start.parent_item, activity.started, live.execution, now)
            self.apply(parent, (outcome,), ())
        self._forget(live)

    def _forget(self, live: Live) -> None:
        self.anchoring.note(live.execution)
        self.family(live.execution.id).members.pop(live.execution.id, None)
        self.ledger.forget(live.execution.id)

    def _settle(self) -> None:
        """Give up what has ended or come to rest, once that is durable and anchored; tell those who wait."""
        finished, self._finished = self._finished, []
        resting = self._resting()
        for live in finished:
            self.anchoring.note(live.execution)
        for rested in resting:
            self.anchoring.note(rested.members[rested.root_id].execution)
        if finished or resting or self.anchoring.is_due():
            self.anchoring.write()
        for live in finished:
            family = self._drop(live.execution.id)
            if family is not None:
                family.result = live.execution
                family.ended.set()
        for rested in resting:
            self._drop(rested.root_id)
        self._left += len(resting)
        if self._left > MOST_STALE:
            # The timers of those that were let go of are of no use here any more.
            self._left = 0
            self._timers.keep(lambda id_: self.live(id_) is not None)

    def _drop(self, root_id: str) -> Family | None:
        with self.guard:
            family = self.families.pop(root_id, None)
        if family is not None:
            self._leave(family)
            family.lock.release()
        return family

    def _leave(self, family: Family) -> None:
        family.stop_listening()
        self.errands.leave(family.root_id)
        for id_ in family.members:
            self.ledger.forget(id_)

    def lose(self, root_id: str) -> None:
        """Another process drives this family now: nothing of it may be written, or begun, here any more."""
        log.warning("%s: another process drives it now", root_id)
        self.ledger.drop(root_id)
        self.anchoring.drop(root_id)
        with self.guard:
            family = self.families.pop(root_id)
            family.abandoned = family.lost = True
            over = not family.calls
        for live in family.members.values():
            live.cancelled.set()
        self._leave(family)
        self._actions = [each for each in self._actions if each[0] not in family.members.values()]
        self._finished = [each for each in self._finished if each.execution.id != root_id]
        self._told = [each for each in self._told if root_execution_id(each[0].id) != root_id]
        for id_ in list(self._touched):
            if root_execution_id(id_) == root_id:
                del self._touched[id_]
        if over:
            family.lock.release()
        family.ended.set()

    def _resting(self) -> list[Family]:
        """Families that have nothing to do for long: whoever keeps executions takes them up in time."""
        idle, self._idle = self._idle, set()
        if self.around.park is None:
            return []
        horizon = self.around.now() + self.around.park
        found = []
        for root_id in idle:
            family = self.families.get(root_id)
            if family is None or family.awaited or family.performing or family.listening:
                continue
            due = family.due_at()
            if not family.members[root_id].execution.status.final and (due is None or due > horizon):
                found.append(family)
        return found

    def rest(self, root_id: str) -> None:
        """See at the end of this turn whether a family has come to rest."""
        self._idle.add(root_id)

    def _tell_watcher(self) -> None:
        told, self._told = self._told, []
        if self._watcher is not None:
            for execution, event in told:
                self._watcher.happened(execution, event)

    def let_go(self) -> None:
        """Give everything up. A family whose calls are still out stays locked until the last of them is over."""
        with self.guard:
            families, self.families = list(self.families.values()), {}
            self.failure = self.failure or EngineStopped("it was asked to stop")
        if families and not self.stop and isinstance(self.failure, EngineStopped):
            for family in families:
                for live in family.members.values():
                    self.anchoring.note(live.execution)
            self.anchoring.write()
        for family in families:
            family.stop_listening()
            with self.guard:
                family.abandoned = True
                over = not family.calls
            if over:
                family.lock.release()
            family.ended.set()

    def live(self, id_: str) -> Live | None:
        """The execution of this id, if it is driven here."""
        family = self.families.get(root_execution_id(id_))
        return None if family is None else family.members.get(id_)

    def family(self, id_: str) -> Family:
        """The family of an execution that is driven here."""
        return self.families[root_execution_id(id_)]


def _nothing() -> None:
    """A message that only wakes the engine."""

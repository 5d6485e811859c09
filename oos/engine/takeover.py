"""Taking over: what a dead driver left is made again where that is safe, and asked about where it is not."""

from __future__ import annotations

import hashlib
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from oos.diagnostics import DiagnosticError
from oos.engine.children import child_id
from oos.engine.family import Family, Live
from oos.engine.replay import replay
from oos.engine.templates import TemplateCache
from oos.execution.actions import Action, Perform, StartChild
from oos.execution.events import ExecutionHeld, ExecutionResumed, TaskCancelled, TaskResumed, TaskWaiting
from oos.execution.kinds import Kind, kind_of, operation_of, property_of
from oos.execution.model import Execution
from oos.execution.scope import ExecutionScope
from oos.execution.status import WaitReason
from oos.execution.triggers import listens
from oos.execution.waits import due_at, outstanding, scope_of
from oos.service.operation import Interrupted
from oos.values.secret import reveal

if TYPE_CHECKING:
    from oos.engine.driver import Driver

OVERDUE: Final = timedelta(minutes=1)
"""What should have gone on so long ago was not taken up: perhaps its drivers die of it."""
MOST_TAKEOVERS: Final = 3
"""So many in a row without progress, and a person is asked."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Calls of a web address that may be made twice (RFC 9110, 9.2.2)."""


class TakeOver:
    """Takes over families for the driver."""

    def __init__(self, driver: Driver, cache: TemplateCache) -> None:
        self._driver = driver
        self._cache = cache

    def begin(self, family: Family, by: str) -> None:
        """A family was taken over from a driver that died, or from nobody."""
        driver = self._driver
        now = driver.around.now()
        root = family.members[family.root_id]
        driver.rest(family.root_id)
        if root.execution.status.final:
            return
        stuck = any(_is_stuck(live.execution, now) for live in family.members.values())
        if stuck or by:
            standing = _standing(family) if stuck else ""
            resumed = ExecutionResumed(
                at=now, by=by or driver.around.process, process=driver.around.process, standing=standing
            )
            driver.apply(root, [resumed], [])
            # Durable before anything is tried: what kills its drivers must be counted.
            driver.commit()
            if driver.families.get(family.root_id) is not family:
                return
            if root.execution.stale + 1 >= MOST_TAKEOVERS and not family.is_winding_down:
                note = f"it was taken over {root.execution.stale + 1} times in a row and came no further"
                driver.apply(root, [ExecutionHeld(at=now, reason=WaitReason.DEAD_LETTER, note=note)], [])
        driver.errands.join(family.root_id)
        if not family.is_held:
            self.take_up(family)

    def take_up(self, family: Family) -> None:
        """Go on with what was under way."""
        now = self._driver.around.now()
        for live in list(family.members.values()):
            execution = live.execution
            if execution.status.final:
                continue
            if execution.cancel is not None:
                live.cancelled.set()
            for action in outstanding(execution):
                self._take_up(live, action, now)

    def give_up(self, family: Family) -> None:
        """A family that was held is ended: what was under way is not tried again."""
        now = self._driver.around.now()
        reason = "it was interrupted, and not looked at again"
        for live in list(family.members.values()):
            for action in outstanding(live.execution):
                if isinstance(action, Perform):
                    ended = TaskCancelled(at=now, task=action.task, item=action.item, reason=reason)
                    self._driver.apply(live, (ended,), ())

    def _take_up(self, live: Live, action: Action, now: datetime) -> None:
        driver = self._driver
        if isinstance(action, StartChild):
            self._join(live, action)
        elif not isinstance(action, Perform):
            driver.apply(live, (), (action,))
        elif not driver.errands.has(live, action):
            self.take_up_call(live, action, now)

    def take_up_call(self, live: Live, action: Perform, now: datetime, losses: int = 1) -> None:
        """Go on with a call whose process died, so many times: make it again, or ask."""
        driver, execution = self._driver, live.execution
        if losses >= MOST_TAKEOVERS or self._must_ask(execution, action):
            note = "the call was interrupted, and nothing can tell whether it took effect"
            if losses >= MOST_TAKEOVERS:
                note = f"processes that make this call die: {losses} of them so far"
            waiting = TaskWaiting(at=now, task=action.task, item=action.item, reason=WaitReason.INTERRUPTED, note=note)
            driver.apply(live, (waiting,), ())
        else:
            why = "interrupted; made again with the same client token"
            resumed = TaskResumed(at=now, task=action.task, item=action.item, why=why)
            driver.apply(live, (resumed,), (action,))

    def _join(self, live: Live, action: StartChild) -> None:
        """Go on with a child. One that ended without its parent having heard of it is told of now."""
        driver = self._driver
        id_ = child_id(live.execution, action)
        if driver.live(id_) is None and driver.around.journal.summary(id_) is not None:
            around = driver.around
            ended = Live(replay(around.journal, around.codec, self._cache, id_), threading.Event())
            driver.family(id_).members[id_] = ended
            driver.end(ended)
            return
        driver.start_child(live, action)

    def _must_ask(self, execution: Execution, action: Perform) -> bool:
        """Whether nothing can tell if an interrupted call took effect."""
        task = execution.tasks[action.task].task
        if kind_of(task.action) is not Kind.CALL:
            return False
        try:
            scope = scope_of(execution, action.task, action.item, action.started)
            match task.action.casefold():
                case "acs::executeapi":
                    plain = ExecutionScope(execution, action.started)
                    operation = operation_of(task, plain, self._driver.around.catalog)
                    return operation is not None and operation.interrupted is Interrupted.ASK
                case "acs::executehttprequest":
                    method = str(reveal(property_of(task, "Method", scope)) or "POST").upper()
                    return method not in _SAFE_METHODS and property_of(task, "WaitFor", scope) is None
                case _:
                    return False
        except DiagnosticError:
            return False


def _is_stuck(execution: Execution, now: datetime) -> bool:
    """Whether it should have gone on: something is under way, or was due long ago."""
    due = due_at(execution)
    if due is None or (execution.current is not None and listens(execution.current.task)):
        return False
    return due == execution.start.at or due <= now - OVERDUE


def _standing(family: Family) -> str:
    """How far the family has come: the same twice means that nothing happened in between but being taken over."""
    places = sorted((id_, live.execution.sequence - live.execution.bookkeeping) for id_, live in family.members.items())
    return hashlib.sha256(repr(places).encode()).hexdigest()[:16]

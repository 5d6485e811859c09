"""The performance: one case carried out by the real engine, while time jumps and people answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from oos.adapters.memory.faults import SimulatedCrash
from oos.engine.engine import Engine
from oos.engine.ports import StartRequest
from oos.engine.templates import TemplateCache
from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    CancelRequested,
    LoopStarted,
    Notified,
    TaskEvent,
    TaskStarted,
    TriggerFired,
)
from oos.execution.model import Execution
from oos.execution.notify import NotAllowed
from oos.execution.status import NotifyType, WaitReason
from oos.rehearsal.case import ANY, Answer, Verb
from oos.rehearsal.mishaps import is_task
from oos.rehearsal.runtime import JumpingRuntime
from oos.rehearsal.stage import Stage

MOST_JUMPS: Final = 100_000
"""How often time may jump in one rehearsal."""
MOST_CRASHES: Final = 20
_VERBS: Final = {
    Verb.APPROVE: NotifyType.APPROVE,
    Verb.REJECT: NotifyType.REJECT,
    Verb.RETRY: NotifyType.RETRY_TASK,
    Verb.SKIP: NotifyType.SKIP_TASK,
    Verb.EXECUTE: NotifyType.EXECUTE_TASK,
    Verb.COMPLETE: NotifyType.COMPLETE_EXECUTION,
}

_STEPS: Final = {
    True: frozenset({Verb.EXECUTE, Verb.SKIP}),
    False: frozenset({Verb.APPROVE, Verb.REJECT, Verb.RETRY, Verb.SKIP}),
}
"""What is said to a step of Debug mode, and to any other wait."""


@dataclass(slots=True)
class Performance:
    """What came of it: the execution, all below it, and what people were told they may not do."""

    root: Execution
    executions: dict[str, Execution]
    """By id, the root among them."""
    began: datetime
    ended: datetime
    refusals: list[str] = field(default_factory=list)
    """What people were told when they said what they may not."""
    unheard: list[Answer] = field(default_factory=list)
    """Answers that nobody waited for."""

    @property
    def took(self) -> timedelta:
        """How long it took, by the clock of the rehearsal."""
        return self.ended - self.began

    def child(self, parent: Execution, task: str, item: int = NO_ITEM) -> Execution | None:
        """The execution that a task, item or firing started; of several attempts the last."""
        found = None
        for each in self.executions.values():
            start = each.start
            if (start.parent_id, start.parent_task, start.parent_item) == (parent.id, task, item):
                found = each
        return found


def perform(stage: Stage, request: StartRequest, cache: TemplateCache) -> Performance:
    """Carry out an execution until it ends, nothing moves it on, or its time is over. Raises DiagnosticError."""
    return _Performer(stage, cache).perform(request)


class _Performer:
    """Turns the engine, moves the clock, and speaks for people."""

    def __init__(self, stage: Stage, cache: TemplateCache) -> None:
        self._stage = stage
        self._cache = cache
        self._runtime = JumpingRuntime()
        self._engine = self._new_engine()
        self._executions: dict[str, Execution] = {}
        self._said = [0] * len(stage.case.people)
        self._events = list(stage.case.events)
        self._refusals: list[str] = []
        self._silent: set[int] = set()
        """Answers that were refused: they are not repeated."""
        self._fired = 0

    # as the engine's watcher

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        """Remember each execution, and let faults begin with the tasks they wait for."""
        self._executions[execution.id] = execution
        self._stage.world.onlooker.happened(execution, event)
        if isinstance(event, TaskStarted | LoopStarted):
            self._stage.mishaps.task_started(self._path(execution, event))
        elif isinstance(event, TriggerFired):
            self._fired += 1

    def progressed(self, execution: Execution, task: str, item: int, message: str) -> None:
        """Nobody watches."""

    # the run

    def perform(self, request: StartRequest) -> Performance:
        began = self._stage.clock.now()
        root_id = self._engine.start(request)
        lasts = self._stage.case.lasts
        end = None if lasts is None else began + lasts
        crashes = 0
        for _ in range(MOST_JUMPS):
            try:
                self._runtime.settle(self._engine, self._is_due)
            except SimulatedCrash:
                crashes += 1
                assert crashes <= MOST_CRASHES, "the process dies again and again"
                self._take_over(root_id)
                continue
            if self._engine.failure is not None and not self._root(root_id).status.final:
                raise self._engine.failure
            if self._root(root_id).status.final or not (self._answer() or self._happen() or self._jump(end)):
                break
        root = self._root(root_id)
        unheard = [
            each
            for each, said in zip(self._stage.case.people, self._said, strict=True)
            if each.times is not None and said < each.times
        ]
        return Performance(root, self._executions, began, self._stage.clock.now(), self._refusals, unheard)

    def _root(self, root_id: str) -> Execution:
        return self._executions[root_id]

    def _is_due(self) -> bool:
        timer = self._engine.next_timer()
        return timer is not None and timer <= self._stage.clock.now()

    def _jump(self, end: datetime | None) -> bool:
        """Let time pass until the next timer; whether there is one."""
        timer = self._engine.next_timer()
        now = self._stage.clock.now()
        if end is not None and (timer is None or timer > end):
            self._stage.clock.sleep(max(0.0, (end - now).total_seconds()))
            return False
        if timer is None or (end is None and self._only_firings()):
            return False
        self._stage.clock.sleep(max(0.0, (timer - now).total_seconds()))
        return True

    def _only_firings(self) -> bool:
        """Whether a trigger has fired and would go on doing so: without `lasts`, once is enough."""
        unended = [each for each in self._executions.values() if not each.status.final]
        current = unended[0].current if len(unended) == 1 else None
        return self._fired > 0 and current is not None and current.trigger is not None and not current.trigger.running

    def _happen(self) -> bool:
        """The next event of the case, once somebody listens."""
        if not self._events or not self._stage.ears:
            return False
        self._stage.happen(self._events.pop(0))
        return True

    def _take_over(self, root_id: str) -> None:
        """The process died: another one goes on from the journal."""
        self._stage.ears.clear()
        self._runtime = JumpingRuntime()
        self._engine = self._new_engine()
        self._engine.resume(root_id, by="")

    def _new_engine(self) -> Engine:
        return Engine(self._stage.surroundings(), self._cache, self, self._runtime)

    # people

    def _answer(self) -> bool:
        """What somebody has to say now; whether anything was said."""
        for execution in list(self._executions.values()):
            if execution.status.final:
                continue
            for number, answer in enumerate(self._stage.case.people):
                if answer.times is not None and self._said[number] >= answer.times:
                    continue
                if number not in self._silent and self._waits_for(execution, answer):
                    self._said[number] += 1
                    if not self._tell(execution, answer):
                        self._silent.add(number)
                    return True
        return False

    def _waits_for(self, execution: Execution, answer: Answer) -> bool:
        current = execution.current
        if execution.held is None and current is None:
            return False
        waiting = execution.waiting
        if answer.verb not in (Verb.CANCEL, Verb.COMPLETE) and (
            waiting is None or answer.verb not in _STEPS[waiting.reason is WaitReason.DEBUG]
        ):
            return False
        name = current.task.name if current is not None else ""
        return answer.task == ANY or is_task(self._path_of(execution, name), answer.task)

    def _tell(self, execution: Execution, answer: Answer) -> bool:
        """Say it; whether that is allowed."""
        now = self._stage.clock.now()
        by = _speaker(execution) if answer.by == ANY else answer.by
        try:
            if answer.verb is Verb.CANCEL:
                self._engine.tell(execution.id, CancelRequested(at=now, by=by, reason=answer.note))
            else:
                told = Notified(
                    at=now,
                    type=_VERBS[answer.verb],
                    by=by,
                    note=answer.note,
                    execution_status=answer.status,
                )
                self._engine.tell(execution.id, told)
        except NotAllowed as refused:
            self._refusals.append(str(refused))
            return False
        return True

    # paths

    def _path(self, execution: Execution, event: TaskEvent) -> str:
        name = event.task if event.item == NO_ITEM else f"{event.task}[{event.item}]"
        return self._path_of(execution, name)

    def _path_of(self, execution: Execution, name: str) -> str:
        return "/".join([*self._ancestors(execution), name])

    def _ancestors(self, execution: Execution) -> Iterator[str]:
        start = execution.start
        parent = self._executions.get(start.parent_id) if start.parent_id else None
        if parent is None:
            return
        yield from self._ancestors(parent)
        yield start.parent_task if start.parent_item == NO_ITEM else f"{start.parent_task}[{start.parent_item}]"


def _speaker(execution: Execution) -> str:
    """Who speaks where anybody may: of those who are asked, the first who has not spoken yet."""
    waiting, current = execution.waiting, execution.current
    activity = current.activity if current is not None else None
    spoken = {each.by for each in activity.approvals} if activity is not None else set()
    asked = waiting.approvers if waiting is not None else ()
    return next((each for each in asked if each not in spoken), f"person {len(spoken) + 1}")

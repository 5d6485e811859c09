"""The performance: one case carried out by the real engine, while time jumps and people answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from oos.adapters.memory.faults import SimulatedCrash
from oos.engine.engine import Engine
from oos.engine.ports import StartRequest
from oos.engine.replay import read_events, replay
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
from oos.journal.codec import Codec
from oos.rehearsal.alone import OpenSealer
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
        self._happened = 0
        """So many events of the case."""
        self._refusals: list[str] = []
        self._silent: set[int] = set()
        """Answers that were refused: they are not repeated."""
        self._fired = 0
        self._heard: set[str] = set()
        """Tasks whose beginning was heard of."""
        self._crashes = 0
        self._died = False

    # as the engine's watcher

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        """Remember each execution, and let faults begin with the tasks they wait for."""
        self._executions[execution.id] = execution
        self._stage.world.onlooker.happened(execution, event)
        if isinstance(event, TaskStarted | LoopStarted):
            self._begun(execution, event)
        elif isinstance(event, TriggerFired):
            self._fired += 1

    def _begun(self, execution: Execution, event: TaskEvent) -> None:
        path = self._path(execution, event)
        self._heard.add(path)
        self._stage.mishaps.task_started(path)

    def progressed(self, execution: Execution, task: str, item: int, message: str) -> None:
        """Nobody watches."""

    # the run

    def perform(self, request: StartRequest) -> Performance:
        began = self._stage.clock.now()
        lasts = self._stage.case.lasts
        end = None if lasts is None else began + lasts
        root_id = ""
        for _ in range(MOST_JUMPS):
            try:
                root_id = root_id or self._begin(request)
                if not self._go_on(root_id, end):
                    break
            except SimulatedCrash:
                self._crashes += 1
                assert self._crashes <= MOST_CRASHES, "the process dies again and again"
                self._died = True
        root = self._root(root_id)
        unheard = [
            each
            for each, said in zip(self._stage.case.people, self._said, strict=True)
            if each.times is not None and said < each.times
        ]
        return Performance(root, self._executions, began, self._stage.clock.now(), self._refusals, unheard)

    def _begin(self, request: StartRequest) -> str:
        """Start it. A process that died while it did has written its start, or somebody starts it again."""
        self._died = False
        written = list(self._stage.journal.execution_ids())
        if written:
            self._died = True
            return written[0]
        self._renew()
        return self._engine.start(request)

    def _go_on(self, root_id: str, end: datetime | None) -> bool:
        """Whatever comes next; whether there was anything. Raises SimulatedCrash."""
        if self._died:
            self._died = False
            self._take_over(root_id)
            if self._root(root_id).status.final:
                return False
        self._runtime.settle(self._engine, self._is_due)
        failure = self._engine.failure
        if failure is not None and (isinstance(failure, SimulatedCrash) or not self._root(root_id).status.final):
            raise failure
        return not self._root(root_id).status.final and (self._answer() or self._happen() or self._jump(end))

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
        if self._happened >= len(self._stage.case.events) or not self._stage.ears:
            return False
        self._happened += 1
        self._stage.happen(self._stage.case.events[self._happened - 1])
        return True

    def _take_over(self, root_id: str) -> None:
        """The process died: another one goes on from the journal. What nobody wrote down of an event happens again."""
        self._renew()
        journal, codec = self._stage.journal, Codec(OpenSealer)
        self._executions = {id: replay(journal, codec, self._cache, id) for id in journal.family(root_id)}
        written = [
            (each, event) for each in self._executions.values() for _, event in read_events(journal, codec, each.id)
        ]
        for execution, event in written:
            # It was written, and nobody heard of it.
            if isinstance(event, TaskStarted | LoopStarted) and self._path(execution, event) not in self._heard:
                self._begun(execution, event)
        self._fired = sum(isinstance(event, TriggerFired) for _, event in written)
        if self._stage.case.events:
            self._happened = min(self._happened, self._fired)
        if not self._root(root_id).status.final:
            self._engine.resume(root_id, by="")

    def _renew(self) -> None:
        """Another process, which knows nothing."""
        self._stage.ears.clear()
        self._runtime = JumpingRuntime()
        self._engine = self._new_engine()

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
                    self._say(number, execution, answer)
                    return True
        return False

    def _say(self, number: int, execution: Execution, answer: Answer) -> None:
        """Once, also to a process that dies of it: whether it was heard stands in the journal."""
        before = len(list(self._stage.journal.entries(execution.id)))
        try:
            if not self._tell(execution, answer):
                self._silent.add(number)
        except SimulatedCrash:
            self._said[number] += len(list(self._stage.journal.entries(execution.id))) > before
            raise
        self._said[number] += 1

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

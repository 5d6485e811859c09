"""The engine: one thread that journals and hands out work, for all executions of a process.

A turn takes everything that came in (outcomes, signals, timers, new executions), lets the conductor answer until it
has nothing more to say, commits all of it at once, and only then lets the workers act.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from oos.diagnostics import DiagnosticError
from oos.engine.children import child_outcome, child_request
from oos.engine.errors import EngineStopped, ExecutionAbsent
from oos.engine.ledger import Ledger
from oos.engine.perform import Call, Outcome, Performer, token_of
from oos.engine.pool import LOOK_SECONDS, WorkerPool
from oos.engine.ports import Anchor, Lock, Locks, StartRequest, TemplateSource, Watcher
from oos.engine.replay import replay
from oos.engine.templates import TemplateCache, template_digest
from oos.execution.advance import Action, Perform, StartChild, WakeAt, advance, outstanding, wake
from oos.execution.events import (
    AnyEvent,
    CancelRequested,
    ExecutionResumed,
    ExecutionStarted,
    Notified,
    TaskFailed,
    TaskResumed,
    TaskWaiting,
)
from oos.execution.kinds import operation_of
from oos.execution.model import Execution
from oos.execution.notify import NotAllowed, notify
from oos.execution.scope import ExecutionScope, start_scope
from oos.execution.status import WaitReason
from oos.journal.codec import Codec
from oos.journal.port import Journal, Signal, StartedAlready
from oos.service.operation import Interrupted
from oos.template.parameters import bind_arguments
from oos.values.identifiers import execution_id, root_execution_id

if TYPE_CHECKING:
    from oos.service.catalog import Catalog
    from oos.service.context import Context

log = logging.getLogger(__name__)

SIGNAL_SECONDS: Final = 0.2
"""How often other processes' signals are looked for."""


@dataclass(slots=True)
class Live:
    """An execution that this process drives."""

    execution: Execution
    cancelled: threading.Event
    performing: int = 0
    """How many calls are out."""


@dataclass(slots=True)
class Family:
    """A root execution that this process owns, and what there is of it."""

    root_id: str
    lock: Lock
    members: dict[str, Live] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)
    result: Execution | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the engine acts through."""

    catalog: Catalog
    journal: Journal
    codec: Codec
    locks: Locks
    anchor: Anchor
    templates: TemplateSource
    context: Callable[[ExecutionStarted, str, threading.Event, Callable[[str], None]], Context]
    """Makes the context of a call: start of its execution, client token, cancelled, report."""
    store: Callable[[Iterable[str]], dict[str, Any]]
    """Values of `oos:` and `oos-secret:` names."""
    now: Callable[[], datetime]
    chance: Callable[[int], bytes]
    account: str = "1000000000000000"
    process: str = ""
    workers: int = 128


class Engine:
    """Starts, resumes, drives and ends executions. Methods may be called from any thread."""

    def __init__(self, surroundings: Surroundings, cache: TemplateCache, watcher: Watcher | None = None) -> None:
        self._around = surroundings
        self._watcher = watcher
        self._cache = cache
        self._performer = Performer(surroundings.catalog, surroundings.now)
        self._ledger = Ledger(surroundings.journal, surroundings.codec)
        self._pool = WorkerPool(surroundings.workers)
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._families: dict[str, Family] = {}
        self._timers: list[tuple[datetime, int, str, str, int]] = []
        self._timer_number = 0
        self._touched: dict[str, Live] = {}
        self._actions: list[tuple[Live, Perform]] = []
        self._told: list[tuple[Execution, AnyEvent]] = []
        self._finished: list[Live] = []
        self._signal_seen = 0
        self._signals_due = 0.0
        self._draining = False
        self._stop = False
        self._failure: BaseException | None = None
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    # what others ask

    def start(self, request: StartRequest) -> str:
        """Journal a new execution and begin to drive it; its id is durable when this returns.

        With a client token that is known, the id of the execution it started. Raises DiagnosticError for arguments
        that do not fit, EngineStopped, JournalFailed.
        """
        around = self._around
        at = around.now()
        id_ = execution_id(around.chance(10))
        scope = start_scope(execution_id=id_, region=request.region, account=around.account, by=request.by, at=at)
        template = request.template.template
        started = ExecutionStarted(
            at=at,
            execution_id=id_,
            template_name=request.template_name or template.source.name,
            template_hash=template_digest(template.source.text),
            template_version=request.template_version,
            parameters=bind_arguments(template, request.parameters, scope),
            by=request.by,
            region=request.region,
            account=around.account,
            mode=request.mode,
            loop_mode=request.loop_mode,
            safety_check=request.safety_check,
            client_token=request.client_token,
            description=request.description,
            tags=dict(request.tags),
            store=around.store(request.template.store_names),
        )
        lock = around.locks.acquire(id_)
        ledger = Ledger(around.journal, around.codec)
        execution = ledger.begin(started, request.template, template.source.text)
        try:
            ledger.commit()
        except StartedAlready as known:
            lock.release()
            return known.execution_id
        except BaseException:
            lock.release()
            raise
        family = Family(id_, lock)
        live = Live(execution, threading.Event())
        self._adopt(family, [live], [(live, started)])
        return id_

    def resume(self, any_id: str, by: str) -> str:
        """Take over an execution whose driver died; the id of its root. One that is driven here already goes on.

        Raises ExecutionAbsent, OwnedElsewhere, JournalFailed.
        """
        root_id = root_execution_id(any_id)
        with self._guard:
            if root_id in self._families:
                return root_id
        lock = self._around.locks.acquire(root_id)
        try:
            members = [Live(self._replay(each), threading.Event()) for each in self._around.journal.family(root_id)]
            if not members:
                raise ExecutionAbsent(root_id)
        except BaseException:
            lock.release()
            raise
        family = Family(root_id, lock)
        self._adopt(family, members, [], resumed_by=by)
        return root_id

    def wait(self, any_id: str, seconds: float | None = None) -> Execution | None:
        """The execution once it has ended, or None after the time. Raises EngineStopped."""
        root_id = root_execution_id(any_id)
        with self._guard:
            family = self._families.get(root_id)
        if family is None:
            return self._replay(root_id)
        if not family.ended.wait(seconds):
            return None
        if family.result is None:
            raise EngineStopped(f"{root_id} stopped before its end: {self._failure or 'asked to'}") from self._failure
        return family.result

    def look(self, execution_id_: str) -> Execution:
        """The state of an execution as the journal tells it. Raises ExecutionAbsent, JournalFailed."""
        return self._replay(execution_id_)

    def tell(self, execution_id_: str, told: Notified | CancelRequested) -> None:
        """Leave word for whoever drives the execution, this process or another."""
        payload, _ = self._around.codec.encode(told)
        self._around.journal.send(execution_id_, payload)
        self._signals_due = 0.0
        self._inbox.put(_nothing)

    def drain(self) -> None:
        """Start nothing new, record what is in flight, then let go; what is left is resumable."""
        self._draining = True
        self._inbox.put(_nothing)

    def close(self, seconds: float = 5.0) -> None:
        """Stop now; what is in flight stays without an outcome, and is resumable."""
        self._stop = True
        self._inbox.put(_nothing)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds)
        self._pool.close()

    # the one thread

    def _adopt(
        self,
        family: Family,
        members: list[Live],
        told: list[tuple[Live, AnyEvent]],
        resumed_by: str | None = None,
    ) -> None:
        for live in members:
            family.members[live.execution.id] = live
        with self._guard:
            if self._failure is not None:
                family.lock.release()
                raise EngineStopped(f"the engine has stopped: {self._failure}") from self._failure
            self._families[family.root_id] = family
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="oos-engine", daemon=True)
                self._thread.start()

        def take_in() -> None:
            self._told.extend((live.execution, event) for live, event in told)
            if resumed_by is not None:
                self._take_over(family, resumed_by)
            for live in list(family.members.values()):
                self._touched[live.execution.id] = live
                if live.execution.status.final:
                    self._end(live)

        self._inbox.put(take_in)

    def _run(self) -> None:
        try:
            while not self._stop:
                self._turn()
                if self._draining and not self._performing():
                    break
        except BaseException as failure:
            log.debug("the engine stops", exc_info=True)
            self._failure = failure
        finally:
            self._let_go()

    def _turn(self) -> None:
        self._take_messages()
        self._take_timers()
        self._take_signals()
        self._conduct()
        self._ledger.commit()
        self._tell_watcher()
        actions, self._actions = self._actions, []
        for live, action in actions:
            self._send_out(live, action)
        finished, self._finished = self._finished, []
        for live in finished:
            self._settle(live)

    def _take_messages(self) -> None:
        """Wait for the first message, then take all there are: what arrives together shares a commit."""
        try:
            message = self._inbox.get(timeout=self._patience())
            while True:
                message()
                message = self._inbox.get_nowait()
        except Empty:
            return

    def _patience(self) -> float:
        if self._touched:
            return 0
        if self._pool.relieve():
            return LOOK_SECONDS
        patience = SIGNAL_SECONDS if self._families else 3600.0
        if self._timers:
            patience = min(patience, (self._timers[0][0] - self._around.now()).total_seconds())
        return max(0.0, patience)

    def _take_timers(self) -> None:
        if not self._timers or self._draining:
            return
        now = self._around.now()
        while self._timers and self._timers[0][0] <= now:
            _, _, id_, task, item = heapq.heappop(self._timers)
            live = self._live(id_)
            if live is not None:
                step = wake(live.execution, task, item, now)
                self._apply(live, step.events, step.actions)

    def _take_signals(self) -> None:
        if not self._families or time.monotonic() < self._signals_due:
            return
        self._signals_due = time.monotonic() + SIGNAL_SECONDS
        for signal in self._around.journal.signals(list(self._families), self._signal_seen):
            self._signal_seen = max(self._signal_seen, signal.number)
            self._take_signal(signal)

    def _take_signal(self, signal: Signal) -> None:
        self._ledger.answer(signal.number)
        live = self._live(signal.execution_id)
        if live is None or live.execution.status.final:
            return
        told = self._around.codec.decode(signal.payload, self._around.journal.content)
        now = self._around.now()
        if isinstance(told, CancelRequested):
            self._apply(live, [told], [])
        elif isinstance(told, Notified):
            try:
                step = notify(live.execution, told, now)
            except NotAllowed as refused:
                log.warning("%s", refused)
                return
            self._apply(live, step.events, step.actions)

    def _conduct(self) -> None:
        """Ask the conductor about every execution that was touched, until it has nothing to say."""
        while self._touched:
            _, live = self._touched.popitem()
            while not self._draining:
                step = advance(live.execution, self._around.catalog, self._around.now())
                if not step.events:
                    break
                self._apply(live, step.events, step.actions)
            self._touched.pop(live.execution.id, None)

    def _apply(self, live: Live, events: Iterable[AnyEvent], actions: Iterable[Action]) -> None:
        execution = live.execution
        for event in events:
            self._ledger.record(execution, event)
            self._told.append((execution, event))
            if isinstance(event, TaskWaiting) and event.until is not None:
                self._set_timer(execution.id, event.task, event.item, event.until)
            elif isinstance(event, CancelRequested):
                self._cancel_children(live, event)
        self._touched[execution.id] = live
        for action in actions:
            match action:
                case Perform():
                    self._actions.append((live, action))
                case StartChild():
                    self._start_child(live, action)
                case WakeAt():
                    self._set_timer(execution.id, action.task, action.item, action.at)
        if execution.status.final:
            self._end(live)

    def _set_timer(self, id_: str, task: str, item: int, at: datetime) -> None:
        self._timer_number += 1
        heapq.heappush(self._timers, (at, self._timer_number, id_, task, item))

    def _send_out(self, live: Live, action: Perform) -> None:
        execution = live.execution
        activity = execution.activity(action.task, action.item)
        if activity is None or activity.waiting is not None:
            return
        task = execution.tasks[action.task].task
        watcher = self._watcher

        def report(message: str) -> None:
            if watcher is not None:
                self._inbox.put(lambda: watcher.progressed(execution, action.task, action.item, message))

        context = self._around.context(execution.start, token_of(execution, action), live.cancelled, report)
        call = Call(execution, task, action, activity.polls, context)
        live.performing += 1

        def job() -> None:
            outcome = self._performer.perform(call)
            self._inbox.put(lambda: self._take_outcome(live, outcome))

        self._pool.submit(job)

    def _take_outcome(self, live: Live, outcome: Outcome) -> None:
        live.performing -= 1
        self._apply(live, (outcome,), ())

    def _start_child(self, live: Live, action: StartChild) -> None:
        parent = live.execution
        now = self._around.now()
        try:
            request = child_request(parent, action)
            existing = self._live(request.execution_id)
            if existing is not None:
                if existing.execution.status.final:
                    self._end(existing)
                return
            text, name = request.template_text, request.template_name or request.execution_id
            if not text:
                found = self._around.templates.find(request.template_name, request.template_version)
                if found is None:
                    raise ValueError(f"there is no template or action {request.template_name}")
                name, text = found
            checked = self._cache.checked(text, name)
            start = parent.start
            scope = start_scope(
                execution_id=request.execution_id, region=start.region, account=start.account, by=start.by, at=now
            )
            parameters = bind_arguments(checked.template, request.parameters, scope, unknown="warn")
            store = self._around.store(checked.store_names)
        except DiagnosticError as error:
            self._fail(live, action, "InvalidChild", "; ".join(map(str, error.diagnostics)), now)
            return
        except ValueError as error:
            self._fail(live, action, "InvalidChild", str(error), now)
            return
        event = ExecutionStarted(
            at=now,
            execution_id=request.execution_id,
            template_name=request.template_name or parent.start.template_name,
            template_hash=template_digest(text),
            template_version=request.template_version,
            parameters=parameters,
            by=start.by,
            region=start.region,
            account=start.account,
            mode=start.mode,
            loop_mode=start.loop_mode,
            safety_check=start.safety_check,
            store=store,
            parent_id=parent.id,
            parent_task=action.task,
            parent_item=action.item,
        )
        child = Live(self._ledger.begin(event, checked, text), threading.Event())
        self._family(parent.id).members[request.execution_id] = child
        self._told.append((child.execution, event))
        self._touched[request.execution_id] = child

    def _fail(self, live: Live, action: StartChild, code: str, message: str, now: datetime) -> None:
        failed = TaskFailed(at=now, task=action.task, item=action.item, code=code, message=message)
        self._apply(live, (failed,), ())

    def _cancel_children(self, live: Live, event: CancelRequested) -> None:
        live.cancelled.set()
        for child in list(self._family(live.execution.id).members.values()):
            is_child = child.execution.start.parent_id == live.execution.id
            if is_child and not child.execution.status.final and child.execution.cancel is None:
                self._apply(child, [event], [])

    def _end(self, live: Live) -> None:
        """An execution is final: its parent hears of it, or its family is settled after the commit."""
        start = live.execution.start
        parent = self._live(start.parent_id) if start.parent_id else None
        if parent is None:
            if not start.parent_id:
                self._finished.append(live)
            return
        activity = parent.execution.activity(start.parent_task, start.parent_item)
        if activity is None:
            self._forget(live)
            return
        task = parent.execution.tasks[start.parent_task].task
        now = self._around.now()
        outcome = child_outcome(parent.execution, task, start.parent_item, activity.started, live.execution, now)
        self._apply(parent, (outcome,), ())
        self._forget(live)

    def _forget(self, live: Live) -> None:
        self._family(live.execution.id).members.pop(live.execution.id, None)
        self._ledger.forget(live.execution.id)

    def _settle(self, live: Live) -> None:
        """A root has ended and that is durable: anchor it, give it up, tell those who wait."""
        execution = live.execution
        self._around.anchor.append(execution.id, execution.sequence, execution.head)
        with self._guard:
            family = self._families.pop(execution.id, None)
        self._ledger.forget(execution.id)
        if family is not None:
            family.lock.release()
            family.result = execution
            family.ended.set()

    def _take_over(self, family: Family, by: str) -> None:
        """What a dead driver left: made again where the operation's own rule allows it, asked about where not."""
        now = self._around.now()
        for live in list(family.members.values()):
            execution = live.execution
            if execution.status.final:
                continue
            if not execution.start.parent_id:
                self._apply(live, [ExecutionResumed(at=now, by=by, process=self._around.process)], [])
            if execution.cancel is not None:
                live.cancelled.set()
            for action in outstanding(execution):
                self._take_up(live, action, now)

    def _take_up(self, live: Live, action: Action, now: datetime) -> None:
        if not isinstance(action, Perform):
            self._apply(live, (), (action,))
            return
        if self._must_ask(live.execution, action):
            note = "the call was interrupted, and nothing can tell whether it took effect"
            waiting = TaskWaiting(at=now, task=action.task, item=action.item, reason=WaitReason.INTERRUPTED, note=note)
            self._apply(live, (waiting,), ())
            return
        why = "interrupted; made again with the same client token"
        resumed = TaskResumed(at=now, task=action.task, item=action.item, why=why)
        self._apply(live, (resumed,), (action,))

    def _must_ask(self, execution: Execution, action: Perform) -> bool:
        task = execution.tasks[action.task].task
        if task.action.casefold() != "acs::executeapi":
            return False
        try:
            operation = operation_of(task, ExecutionScope(execution, action.started), self._around.catalog)
        except DiagnosticError:
            return False
        return operation is not None and operation.interrupted is Interrupted.ASK

    def _tell_watcher(self) -> None:
        told, self._told = self._told, []
        if self._watcher is not None:
            for execution, event in told:
                self._watcher.happened(execution, event)

    def _performing(self) -> bool:
        return any(live.performing for family in self._families.values() for live in family.members.values())

    def _let_go(self) -> None:
        with self._guard:
            families, self._families = list(self._families.values()), {}
            self._failure = self._failure or EngineStopped("it was asked to stop")
        for family in families:
            root = family.members.get(family.root_id)
            if root is not None and self._stop is False and isinstance(self._failure, EngineStopped):
                self._around.anchor.append(root.execution.id, root.execution.sequence, root.execution.head)
            family.lock.release()
            family.ended.set()

    def _live(self, id_: str) -> Live | None:
        family = self._families.get(root_execution_id(id_))
        return None if family is None else family.members.get(id_)

    def _family(self, id_: str) -> Family:
        return self._families[root_execution_id(id_)]

    def _replay(self, id_: str) -> Execution:
        return replay(self._around.journal, self._around.codec, self._cache, id_)


def _nothing() -> None:
    """A message that only wakes the engine."""

"""The engine: starts, resumes and ends executions, and passes on what people tell them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import datetime

from oos.diagnostics import DiagnosticError
from oos.engine.driver import Driver
from oos.engine.errors import EngineStopped, OwnedElsewhere, TokenTaken
from oos.engine.family import Family, Live
from oos.engine.ledger import Ledger
from oos.engine.ports import StartRequest, Watcher
from oos.engine.replay import replay, replay_with_outer
from oos.engine.runtime import Runtime, ThreadRuntime
from oos.engine.surroundings import Surroundings
from oos.engine.templates import TemplateCache, template_digest
from oos.execution.asked_again import difference_between
from oos.execution.chunks import DispatchFailed
from oos.execution.events import ExecutionStarted, ExecutionUpdated, Notified, Signalled, TriggerRequested
from oos.execution.inner import inherit, link
from oos.execution.model import Execution
from oos.execution.notify import NotAllowed, notify
from oos.execution.record import record
from oos.execution.scope import start_scope
from oos.execution.triggers import rearm
from oos.journal.port import StartedAlready
from oos.template.check import faults_at_start
from oos.template.parameters import bind_arguments
from oos.values.identifiers import execution_id, root_execution_id
from oos.values.json import Value

__all__ = ["Engine", "Surroundings"]

log = logging.getLogger(__name__)


class Engine:
    """Starts, resumes, drives and ends executions. Methods may be called from any thread."""

    def __init__(
        self,
        surroundings: Surroundings,
        cache: TemplateCache,
        watcher: Watcher | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self._around = surroundings
        self._cache = cache
        self._runtime = runtime or ThreadRuntime(surroundings.workers)
        self._driver = Driver(surroundings, cache, self._runtime, watcher)
        self._launched = False

    # what others ask

    def start(self, request: StartRequest) -> str:
        """Journal a new execution and begin to drive it; its id is durable when this returns.

        With a client token that is known, the id of the execution it started. Raises DiagnosticError for arguments
        that do not fit and for a template that needs what no installed module offers, TokenTaken, Refused by a guard,
        EngineStopped, JournalFailed.
        """
        born = self._journaled(request)
        if isinstance(born, str):
            return born
        family, started = born
        self._launch()
        self._driver.adopt(family, [(family.members[family.root_id].execution, started)], None)
        return family.root_id

    def leave(self, request: StartRequest) -> str:
        """Journal a new execution, and leave it to whoever takes up what is due; its id, durable as with `start`.

        Raises DiagnosticError, TokenTaken, Refused by a guard, JournalFailed.
        """
        born = self._journaled(request)
        if isinstance(born, str):
            return born
        family, _ = born
        family.lock.release()
        if self._around.dispatcher is not None:
            try:
                self._around.dispatcher.drive(family.root_id)
            except DispatchFailed as failed:
                log.info("%s", failed)
        return family.root_id

    def resume(self, any_id: str, by: str) -> str:
        """Take over an execution whose driver died; the id of its root. One that is driven here already goes on.

        Raises ExecutionAbsent, OwnedElsewhere, JournalFailed, EngineStopped.
        """
        root_id = root_execution_id(any_id)
        with self._driver.guard:
            if root_id in self._driver.families:
                return root_id
        lock = self._around.locks.acquire(root_id)
        try:
            family = Family(root_id, lock, self._members(root_id))
        except BaseException:
            lock.release()
            raise
        self._launch()
        self._driver.adopt(family, [], by)
        return root_id

    def wait(self, any_id: str, seconds: float | None = None) -> Execution | None:
        """The execution once it has ended, or None after the time; one that nobody drives here as it is now.

        Raises EngineStopped, and OwnedElsewhere when another process took it over meanwhile.
        """
        root_id = root_execution_id(any_id)
        with self._driver.guard:
            family = self._driver.families.get(root_id)
            if family is not None:
                family.awaited += 1
        if family is None:
            return self.look(root_id)
        try:
            if not family.ended.wait(seconds):
                return None
        finally:
            with self._driver.guard:
                family.awaited -= 1
        if family.lost:
            raise OwnedElsewhere(root_id)
        if family.result is None:
            failure = self._driver.failure
            raise EngineStopped(f"{root_id} stopped before its end: {failure or 'asked to'}") from failure
        return family.result

    def look(self, execution_id_: str) -> Execution:
        """The state of an execution as the journal tells it. Raises ExecutionAbsent, JournalFailed."""
        return replay_with_outer(self._around.journal, self._around.codec, self._cache, execution_id_)

    def tell(self, execution_id_: str, told: Signalled) -> None:
        """Leave word for whoever drives the execution, this process or another.

        What it would refuse as it stands now is refused at once. Raises NotAllowed, ExecutionAbsent, JournalFailed.
        """
        if isinstance(told, Notified):
            notify(self.look(execution_id_), told, told.at)
        elif isinstance(told, TriggerRequested):
            self._must_trigger(execution_id_)
        payload, _ = self._around.codec.encode(told)
        self._around.journal.send(execution_id_, payload)
        self._driver.hurry()

    def bind(self, execution_id_: str, given: Mapping[str, Value]) -> dict[str, Value]:
        """Parameters to change, as the execution's template declares them. Raises DiagnosticError, ExecutionAbsent."""
        execution = self.look(execution_id_)
        start = execution.start
        scope = start_scope(
            execution_id=execution.id,
            region=start.region,
            account=start.account,
            by=start.by,
            at=self._around.now(),
        )
        wanted = {**execution.parameters, **_spelt(given, execution.parameters)}
        bound = bind_arguments(execution.template.template, wanted, scope)
        changed = _spelt(given, execution.parameters)
        return {name: value for name, value in bound.items() if name in changed}

    def update(self, execution_id_: str, told: ExecutionUpdated) -> None:
        """Change parameters (bound by `bind`), description or tags of an execution that has not ended.

        Raises NotAllowed, ExecutionAbsent, JournalFailed, ScheduleInvalid and DiagnosticError for a trigger that could
        not follow them.
        """
        execution = self.look(execution_id_)
        if execution.status.final:
            raise NotAllowed(f"{execution_id_} has ended: {execution.status}")
        if execution.start.parent_id:
            raise NotAllowed(f"{execution_id_} is a child execution; update {execution.start.parent_id}")
        rearm(record(execution, told), told.at)
        self.tell(execution_id_, told)

    def drain(self) -> None:
        """Start nothing new, record what is in flight, then let go; what is left is resumable."""
        self._driver.draining = True
        self._driver.hurry()

    def is_driving(self, any_id: str) -> bool:
        """Whether this process drives the execution now."""
        with self._driver.guard:
            return root_execution_id(any_id) in self._driver.families

    def lend(self, execution_id_: str) -> Execution | None:
        """The live state of an execution that this process drives, to be looked at while it changes; or None."""
        live = self._driver.live(execution_id_)
        return None if live is None else live.execution

    def hurry(self, any_id: str) -> None:
        """Something was said to an execution: if it is driven here, it is listened to now."""
        if self.is_driving(any_id):
            self._driver.hurry()

    @property
    def driven(self) -> int:
        """How many executions (with their descendants) this process drives now."""
        return len(self._driver.families)

    @property
    def failure(self) -> BaseException | None:
        """Why it has stopped, if it has."""
        return self._driver.failure

    def go_on(self) -> bool:
        """One turn, for a runtime whose `launch` leaves turning to its owner; whether there is another one."""
        return self._driver.go_on()

    def next_timer(self) -> datetime | None:
        """When the next timer rings."""
        return self._driver.next_timer()

    def close(self, seconds: float = 5.0) -> None:
        """Stop now; what is in flight stays without an outcome, and is resumable."""
        self._driver.stop = True
        self._driver.hurry()
        self._runtime.close(seconds)

    def _launch(self) -> None:
        with self._driver.guard:
            if self._launched:
                return
            self._launched = True
        self._runtime.launch(self._driver.go_on, self._driver.patience)

    def _journaled(self, request: StartRequest) -> tuple[Family, ExecutionStarted] | str:
        """A new execution, locked and journaled; or the id of the one that its client token started."""
        around = self._around
        faults = faults_at_start(request.template)
        if faults:
            raise DiagnosticError(faults)
        known_id = around.journal.started_with(request.client_token) if request.client_token else None
        if known_id is not None:
            # Nothing starts, so no guard is asked.
            return self._begun(known_id, request)
        if around.guards.gate is not None:
            around.guards.gate.admit(request.template, around.now())
        started = self._started(request)
        id_ = started.execution_id
        lock = around.locks.acquire(id_)
        ledger = Ledger(around.journal, around.codec)
        execution = ledger.begin(started, request.template, request.template.template.source.text)
        try:
            ledger.commit()
            self._driver.anchoring.begin(execution)
        except StartedAlready as known:
            lock.release()
            return self._begun(known.execution_id, request)
        except BaseException:
            lock.release()
            raise
        return Family(id_, lock, {id_: Live(execution, threading.Event())}), started

    def _begun(self, id_: str, request: StartRequest) -> str:
        """The id of the execution that the request's client token started. Raises TokenTaken when it is another one."""
        difference = difference_between(self.look(id_).start, self._started(request), request.parameters)
        if difference:
            raise TokenTaken(id_, difference)
        return id_

    def _started(self, request: StartRequest) -> ExecutionStarted:
        around = self._around
        at = around.now()
        id_ = execution_id(around.chance(10))
        scope = start_scope(execution_id=id_, region=request.region, account=around.account, by=request.by, at=at)
        template = request.template.template
        return ExecutionStarted(
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
            recalled=dict(request.recalled),
            store=around.store(request.template.store_names),
            forbid_self_approval=request.forbid_self_approval or around.guards.forbid_self_approval,
            approve_destroy=around.guards.approve_destroy,
        )

    def _members(self, root_id: str) -> dict[str, Live]:
        """The execution and those below it that have not ended. Raises ExecutionAbsent, JournalFailed."""
        around = self._around
        members: dict[str, Live] = {}
        for id_ in sorted({root_id, *around.journal.unfinished(root_id)}):
            members[id_] = Live(replay(around.journal, around.codec, self._cache, id_), threading.Event())
        for live in members.values():
            start = live.execution.start
            if start.loop_path:
                link(live.execution, members[start.parent_id].execution)
            if start.parent_id in members:
                inherit(live.execution, members[start.parent_id].execution)
        return members

    def _must_trigger(self, execution_id_: str) -> None:
        execution = self.look(execution_id_)
        if execution.current is None or execution.current.trigger is None or execution.status.final:
            raise NotAllowed(f"{execution_id_} is no armed trigger: it is {execution.shown_status}")


def _spelt(given: Mapping[str, Value], declared: Mapping[str, Value]) -> dict[str, Value]:
    """Names in the spelling of the template, exact ones first; those it does not have as they are."""
    folded = {name.casefold(): name for name in declared}
    return {name if name in declared else folded.get(name.casefold(), name): value for name, value in given.items()}

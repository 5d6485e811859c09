"""Births: how a child execution comes into the world, and what its trigger is to listen for."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from oos.engine.children import child_request, child_started, trigger_given
from oos.engine.family import Live
from oos.engine.templates import TemplateCache, template_digest
from oos.execution.actions import StartChild
from oos.execution.events import AnyEvent, ExecutionStarted
from oos.execution.inner import inherit, link
from oos.execution.kinds import Kind, kind_of
from oos.execution.record import begin
from oos.execution.scope import start_scope
from oos.template.parameters import bind_arguments
from oos.values.json import Value

if TYPE_CHECKING:
    from oos.engine.driver import Driver


@dataclass(frozen=True, slots=True)
class Child:
    """A child that was born: journaled with its parent's step, and not yet driven."""

    live: Live
    started: ExecutionStarted
    events: tuple[AnyEvent, ...] = ()


class Births:
    """Starts children for the driver."""

    def __init__(self, driver: Driver, cache: TemplateCache) -> None:
        self._driver = driver
        self._cache = cache

    def bear(self, live: Live, action: StartChild, now: datetime) -> Child | None:
        """The child of a task, item or firing; None when it lives already.

        Raises DiagnosticError, ValueError, Refused.
        """
        driver, parent = self._driver, live.execution
        request = child_request(parent, action)
        existing = driver.live(request.execution_id)
        if existing is not None:
            if existing.execution.status.final:
                driver.end(existing)
            return None
        text, name = request.template_text, request.template_name or request.execution_id
        if not text:
            found = driver.around.templates.find(request.template_name, request.template_version)
            if found is None:
                raise ValueError(f"there is no template or action {request.template_name}")
            name, text = found
        checked = self._cache.checked(text, name, request.loop_path)
        start = parent.start
        fired = kind_of(parent.tasks[action.task].task.action) is Kind.TRIGGER
        gate = driver.around.guards.gate
        if fired and gate is not None:
            gate.admit(checked, now)
        bound: dict[str, Value] = dict(request.parameters)
        store = {} if request.loop_path else driver.around.store(checked.store_names)
        if not request.bound:
            scope = start_scope(
                execution_id=request.execution_id, region=start.region, account=start.account, by=start.by, at=now
            )
            bound = bind_arguments(checked.template, request.parameters, scope, unknown="warn")
        event = child_started(parent, action, request, template_digest(text), bound, store, now)
        events: tuple[AnyEvent, ...] = ()
        if fired:
            # Looked at before anything is written: the message may not be what the outputs expect.
            events = (trigger_given(begin(event, checked), checked, action.message, now),)
        execution = driver.ledger.begin(event, checked, text)
        if request.loop_path:
            link(execution, parent)
        inherit(execution, parent)
        return Child(Live(execution, threading.Event()), event, events)

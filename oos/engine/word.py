"""Word: what others tell the executions that are driven here, through the journal."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from oos.diagnostics import DiagnosticError
from oos.engine.family import Live
from oos.engine.takeover import TakeOver
from oos.execution.events import (
    AnyEvent,
    CancelRequested,
    ExecutionUpdated,
    Notified,
    TriggerRequested,
    TriggerSwitched,
)
from oos.execution.notify import NotAllowed, notify
from oos.execution.status import NotifyType
from oos.execution.triggers import fire_for, rearm
from oos.journal.port import Signal
from oos.schedule.errors import ScheduleInvalid
from oos.values.identifiers import root_execution_id

if TYPE_CHECKING:
    from oos.engine.driver import Driver

log = logging.getLogger(__name__)


class Word:
    """Takes in signals for the driver."""

    def __init__(self, driver: Driver, take_over: TakeOver) -> None:
        self._driver = driver
        self._take_over = take_over

    def take_in(self) -> None:
        """Everything that was said since, to whom it was said."""
        driver = self._driver
        for signal in driver.around.journal.signals(list(driver.families), 0):
            self._take(signal)

    def take_reports(self, root_ids: Iterable[str]) -> None:
        """What others report of calls that they made for these families, and nothing else that was said."""
        codec = self._driver.around.codec
        for signal in self._driver.around.journal.signals(root_ids, 0):
            if codec.is_report(signal.payload):
                self._take(signal)

    def _take(self, signal: Signal) -> None:
        driver = self._driver
        if driver.ledger.answers(signal.number):
            return
        root_id = root_execution_id(signal.execution_id)
        driver.ledger.answer(signal.number, root_id)
        live = driver.live(signal.execution_id)
        driver.rest(root_id)
        if driver.around.codec.is_report(signal.payload):
            self._take_report(signal)
            return
        if live is None or live.execution.status.final:
            return
        told = driver.around.codec.decode(signal.payload, driver.around.journal.content)
        try:
            self._tell(live, told)
        except (NotAllowed, ScheduleInvalid, DiagnosticError) as refused:
            log.warning("%s: %s", signal.execution_id, refused)

    def _take_report(self, signal: Signal) -> None:
        driver = self._driver
        try:
            report = driver.around.codec.decode_report(signal.payload)
        except ValueError as error:
            # Of another release of oos, perhaps. What it tells of is found to be missing, and made again.
            log.error("%s: a report of calls cannot be read: %s", signal.execution_id, error)
        else:
            driver.errands.take_in(report)

    def _tell(self, live: Live, told: AnyEvent) -> None:
        """Raises NotAllowed, ScheduleInvalid, DiagnosticError."""
        driver = self._driver
        execution, now = live.execution, driver.around.now()
        family = driver.family(execution.id)
        if isinstance(told, Notified | ExecutionUpdated) and told.parameters:
            # In force from the instant at which the driver hears of it: what started before saw the old ones.
            told = replace(told, at=now)
        was_held = family.is_held and not family.is_winding_down
        match told:
            case CancelRequested():
                driver.apply(live, [told], [])
            case Notified():
                step = notify(execution, told, now)
                driver.apply(live, step.events, step.actions)
                if told.type in (NotifyType.CANCEL_TASK, NotifyType.COMPLETE_EXECUTION):
                    reason = told.note or str(told.type)
                    driver.cancel_children(live, CancelRequested(at=now, by=told.by, reason=reason))
            case ExecutionUpdated():
                driver.apply(live, [told], [])
                step = rearm(execution, now)
                driver.apply(live, step.events, step.actions)
            case TriggerRequested():
                step = fire_for(execution, now, told.content, told.by)
                driver.apply(live, [told, *step.events], step.actions)
            case TriggerSwitched():
                driver.apply(live, [told], [])
            case _:
                log.warning("%s: nobody understands %s", execution.id, type(told).__name__)
        if was_held and family.is_winding_down:
            self._take_over.give_up(family)
        elif was_held and not family.is_held:
            self._take_over.take_up(family)
            for member in family.members.values():
                driver.touch(member)

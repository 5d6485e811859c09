"""Ears: what fires triggers besides time is listened to as long as the trigger is driven here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from oos.diagnostics import DiagnosticError
from oos.engine.family import Live
from oos.execution.events import TaskFailed
from oos.execution.listening import wanted_by
from oos.execution.triggers import fire_for
from oos.schedule.errors import ScheduleInvalid
from oos.values.json import Value

if TYPE_CHECKING:
    from oos.engine.driver import Driver


class Ears:
    """Listens for the driver."""

    def __init__(self, driver: Driver, post: Callable[[Callable[[], None]], None]) -> None:
        self._driver = driver
        self._post = post

    def listen(self, live: Live, task: str) -> None:
        """Hear of what fires a trigger, in place of what was listened to before."""
        driver = self._driver
        family = driver.family(live.execution.id)
        before = family.listening.pop(task, None)
        if before is not None:
            before.close()
        sources, now = driver.around.sources, driver.around.now()
        if sources is None:
            return

        def heard(message: Value) -> None:
            self._post(lambda: self._fire(live, message))

        try:
            wanted = wanted_by(live.execution.tasks[task].task, live.execution, now)
            family.listening[task] = sources.listen(wanted, family.root_id, heard)
        except (DiagnosticError, ScheduleInvalid) as error:
            driver.apply(live, (TaskFailed(at=now, task=task, code="InvalidTrigger", message=str(error)),), ())

    def _fire(self, live: Live, message: Value) -> None:
        driver = self._driver
        if driver.live(live.execution.id) is live and not driver.is_held(live) and not driver.draining:
            step = fire_for(live.execution, driver.around.now(), message)
            driver.apply(live, step.events, step.actions)

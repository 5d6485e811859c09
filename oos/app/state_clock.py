"""The clock of states: applies state configurations when they were written down or changed, and by their schedules."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from oos.app.app import now
from oos.app.looking import look_now_and_then
from oos.app.started_once import StartedOnce
from oos.service.state_configurations import STATE_CONFIGURATIONS, StateConfiguration, last_due

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from oos.app.app import App

LOOK_SECONDS: Final = 5.0


class StateClock:
    """Looks at state configurations, and starts executions."""

    def __init__(self, app: App, now: Callable[[], datetime] = now) -> None:
        self._app = app
        self._now = now
        self._starts = StartedOnce(app)

    def run(self, stopping: threading.Event) -> None:
        """Look now and then, until told to stop."""
        look_now_and_then(self.look, stopping, "state configurations", LOOK_SECONDS)

    def look(self) -> list[str]:
        """Start what is due; the executions. Raises JournalFailed, EngineStopped."""
        instant = self._now()
        regions = [each.id for each in self._app.inventory.regions]
        found = [each for region in regions for each in STATE_CONFIGURATIONS.of_region(self._app.registry, region)]
        return list(filter(None, [self._apply(each, instant) for each in found]))

    def _apply(self, configuration: StateConfiguration, instant: datetime) -> str:
        return self._starts.start(
            configuration.template_name,
            configuration.region,
            last_due(configuration, instant),
            configuration.id,
            {**configuration.parameters, "targets": msgspec.json.decode(configuration.targets)},
            configuration.template_version,
        )

"""The clock of releases: has instances deleted whose time has come (AutoReleaseTime)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from oos.app.app import now
from oos.app.looking import look_now_and_then
from oos.app.started_once import StartedOnce
from oos.service.release_times import load_releases

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from oos.app.app import App

RELEASE: Final = "OOS::Instance::Release"
LOOK_SECONDS: Final = 20.0


class ReleaseClock:
    """Looks at the times at which instances are to be deleted, and starts executions."""

    def __init__(self, app: App, now: Callable[[], datetime] = now) -> None:
        self._app = app
        self._now = now
        self._starts = StartedOnce(app)

    def run(self, stopping: threading.Event) -> None:
        """Look now and then, until told to stop."""
        look_now_and_then(self.look, stopping, "release times", LOOK_SECONDS)

    def look(self) -> int:
        """Start what is due; how many executions. Raises JournalFailed, EngineStopped."""
        instant = self._now()
        # Of what could not be deleted (its host is away, it is protected) another attempt is made each hour.
        hour = instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        started = 0
        for release in load_releases(self._app.registry).values():
            if release.at <= instant:
                due = max(release.at, hour)
                parameters = {"regionId": release.region, "instanceId": release.instance_id}
                started += bool(self._starts.start(RELEASE, release.region, due, release.instance_id, parameters))
        return started

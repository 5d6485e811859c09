"""The clock of snapshots: starts what automatic snapshot policies and retention days ask for, when it is due."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from oos.app.app import now
from oos.app.looking import look_now_and_then
from oos.app.started_once import StartedOnce
from oos.fleet.errors import FleetError
from oos.service.disk_settings import policies_of_disks
from oos.service.snapshot_policies import ZONE, is_expired, last_due, load_policies
from oos.values.time import format_instant

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from oos.app.app import App
    from oos.values.json import Value

log = logging.getLogger(__name__)

CARRY_OUT: Final = "OOS::Snapshot::CarryOutPolicy"
DELETE_EXPIRED: Final = "OOS::Snapshot::DeleteExpired"
LOOK_SECONDS: Final = 20.0


class SnapshotClock:
    """Looks at policies and at snapshots of the fleet, and starts executions."""

    def __init__(self, app: App, now: Callable[[], datetime] = now) -> None:
        self._app = app
        self._now = now
        self._starts = StartedOnce(app)

    def run(self, stopping: threading.Event) -> None:
        """Look now and then, until told to stop. Hosts that do not answer delay nobody else: this has a thread."""
        look_now_and_then(self.look, stopping, "snapshot policies", LOOK_SECONDS)

    def look(self) -> int:
        """Start what is due; how many executions. Raises JournalFailed, EngineStopped."""
        return self._carry_out_policies() + self._delete_expired()

    def _carry_out_policies(self) -> int:
        applied = set(policies_of_disks(self._app.registry).values())
        started = 0
        for policy in load_policies(self._app.registry):
            due = last_due(policy, self._now())
            if due is not None and policy.id in applied:
                parameters = {"autoSnapshotPolicyId": policy.id, "at": format_instant(due)}
                started += self._start(CARRY_OUT, policy.region, due, policy.id, parameters)
        return started

    def _delete_expired(self) -> int:
        instant = self._now()
        hour = instant.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)
        started = 0
        for region in self._app.inventory.regions:
            if self._starts.was_started(DELETE_EXPIRED, region.id, hour):
                continue
            try:
                expired = any(is_expired(each, instant) for each in self._app.fleet.snapshots(region.id))
            except FleetError as failure:
                log.warning("whether snapshots of %s have expired cannot be seen: %s", region.id, failure)
                continue
            if expired:
                parameters = {"at": format_instant(instant)}
                started += self._start(DELETE_EXPIRED, region.id, hour, region.id, parameters)
        return started

    def _start(self, name: str, region: str, due: datetime, subject: str, parameters: Mapping[str, Value]) -> bool:
        return bool(self._starts.start(name, region, due, subject, {"regionId": region, **parameters}))

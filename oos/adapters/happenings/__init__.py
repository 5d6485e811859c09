"""What fires triggers besides time: events of instances, changes of tags, executions that end, alarms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from oos.adapters.happenings.alarms import watch_alarm
from oos.adapters.happenings.executions import watch_executions
from oos.adapters.happenings.instances import watch_instances
from oos.adapters.happenings.tags import watch_tags
from oos.fleet.fleet import Fleet
from oos.fleet.hypervisor import Subscription
from oos.journal.port import Journal
from oos.schedule.alarm import AlarmRule
from oos.schedule.errors import ScheduleInvalid
from oos.schedule.wanted import Wanted
from oos.service.registry import Registry
from oos.values.json import Value

if TYPE_CHECKING:
    from oos.schedule.pattern import Happening


class FleetSources:
    """The Sources port: listens to the fleet and to the journal."""

    def __init__(
        self,
        fleet: Callable[[], Fleet],
        registry: Callable[[], Registry],
        journal: Journal,
        now: Callable[[], datetime],
        pace: float = 1.0,
    ) -> None:
        """`pace` stretches the intervals at which things are looked at; tests shorten them."""
        self._fleet = fleet
        self._registry = registry
        self._journal = journal
        self._now = now
        self._pace = pace

    def listen(self, wanted: Wanted, owner: str, heard: Callable[[Value], None]) -> Subscription:
        """Tell of each happening that is wanted. `owner` is the trigger's execution, which never fires itself.

        Raises ScheduleInvalid for what nobody here can hear of.
        """
        if isinstance(wanted, AlarmRule):
            return watch_alarm(self._fleet(), wanted, heard, self._now, self._pace)

        def tell(happening: Happening) -> None:
            if wanted.matches(happening):
                heard(happening.message())

        match wanted.product.casefold():
            case "ecs":
                return watch_instances(self._fleet(), wanted.regions, tell, self._now, self._pace)
            case "tag":
                return watch_tags(self._fleet(), self._registry(), wanted.regions, tell, self._now, self._pace)
            case "oos":
                return watch_executions(self._journal, owner, tell, self._now, self._pace)
            case _:
                raise ScheduleInvalid(
                    f"there are events of ECS, Tag and OOS, not of {wanted.product or '(no product)'}"
                )

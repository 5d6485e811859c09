"""Alarms: measurements of instances, held against a rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from oos.adapters.happenings.polling import Poll
from oos.fleet.fleet import Fleet
from oos.fleet.hypervisor import Subscription
from oos.fleet.statistics import METRICS, InstanceStatistics, measure
from oos.schedule.alarm import AlarmRule, AlarmWatch
from oos.schedule.errors import ScheduleInvalid
from oos.values.json import Value
from oos.values.time import format_instant

LOOKS_A_PERIOD: Final = 6
LONGEST: Final = 15.0
"""Seconds between two looks, at most."""


def watch_alarm(
    fleet: Fleet, rule: AlarmRule, heard: Callable[[Value], None], now: Callable[[], datetime], pace: float
) -> Subscription:
    """Tell each time the rule fires for an instance. Raises ScheduleInvalid."""
    if rule.metric.casefold() not in METRICS:
        raise ScheduleInvalid(f"there is no metric {rule.metric!r}; there are {', '.join(sorted(METRICS))}")
    watches: dict[str, AlarmWatch] = {}
    last: dict[str, InstanceStatistics] = {}

    def look() -> None:
        statistics = fleet.statistics()
        tags = {each.id: each.labels.tags for each in fleet.instances()} if rule.tags else {}
        for instance_id, after in statistics.items():
            before = last.get(instance_id)
            last[instance_id] = after
            if before is None or not rule.concerns(instance_id, tags.get(instance_id, {})):
                continue
            value = measure(rule.metric, before, after)
            if value is None:
                continue
            watch = watches.setdefault(instance_id, AlarmWatch(rule))
            fired = watch.measured(value, after.at)
            if fired is not None:
                heard(_message(rule, instance_id, fired, now()))
        for gone in last.keys() - statistics.keys():
            last.pop(gone)
            watches.pop(gone, None)

    seconds = min(LONGEST, max(1.0, rule.period.total_seconds() / LOOKS_A_PERIOD))
    return Poll("statistics", seconds * pace, look)


def _message(rule: AlarmRule, instance_id: str, value: float, at: datetime) -> Value:
    return {
        "instanceId": instance_id,
        "metricName": rule.metric,
        "statistics": rule.statistic,
        "value": round(value, 3),
        "threshold": rule.threshold,
        "comparisonOperator": rule.comparison,
        "alertState": "ALERT",
        "timestamp": format_instant(at),
    }

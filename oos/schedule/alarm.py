"""Alarms: when measurements of a resource fire an ACS::AlarmTrigger (spec 4.5). Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import fmean
from typing import Final

from oos.schedule.errors import ScheduleInvalid

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
    "NotEqualToThreshold": lambda value, threshold: value != threshold,
    "EqualToThreshold": lambda value, threshold: value == threshold,
}
STATISTICS: Final[Mapping[str, Callable[[list[float]], float]]] = {
    "Average": fmean,
    "Maximum": max,
    "Minimum": min,
    "Value": lambda values: values[-1],
    "Sum": sum,
}


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """What the properties of an alarm trigger ask for."""

    metric: str
    comparison: str
    threshold: float
    statistic: str = "Average"
    times: int = 3
    """How many periods in a row must be beyond the threshold."""
    period: timedelta = timedelta(seconds=60)
    silence: timedelta = timedelta(hours=24)
    """After it fired for a resource, it does not fire for it again so soon."""
    resource_ids: tuple[str, ...] = ()
    """Empty: every resource, or those with the tags."""
    tags: tuple[tuple[str, str | None], ...] = ()
    hours: tuple[int, int] | None = None
    """Minutes of the day (UTC) between which it is in effect; None: always."""

    def concerns(self, resource_id: str, tags: Mapping[str, str]) -> bool:
        """Whether it watches this resource."""
        if self.resource_ids:
            return resource_id in self.resource_ids
        return all(key in tags and (value is None or tags[key] == value) for key, value in self.tags)

    def in_effect(self, at: datetime) -> bool:
        """Whether it is in effect at an instant."""
        if self.hours is None:
            return True
        first, last = self.hours
        minute = at.hour * 60 + at.minute
        return first <= minute <= last if first <= last else minute >= first or minute <= last


@dataclass(slots=True)
class AlarmWatch:
    """One rule and one resource: measurements of the period that runs, and how the last periods were."""

    rule: AlarmRule
    period_end: datetime | None = None
    values: list[float] = field(default_factory=list)
    beyond: deque[bool] = field(default_factory=deque)
    fired: datetime | None = None

    def measured(self, value: float, at: datetime) -> float | None:
        """Take a measurement in; the statistic that fires the alarm, when this one completes what it takes."""
        rule = self.rule
        if self.period_end is None:
            self.period_end = at + rule.period
        if at < self.period_end or not self.values:
            self.values.append(value)
            if at < self.period_end:
                return None
        statistic = STATISTICS[rule.statistic](self.values)
        late = at - self.period_end > rule.period
        self.values = [] if at == self.period_end else [value]
        self.period_end = at + rule.period
        if late:
            self.beyond.clear()  # nothing is known of the periods in between
        self.beyond.append(COMPARISONS[rule.comparison](statistic, rule.threshold))
        while len(self.beyond) > rule.times:
            self.beyond.popleft()
        if len(self.beyond) < rule.times or not all(self.beyond) or not rule.in_effect(at):
            return None
        if self.fired is not None and at - self.fired < rule.silence:
            return None
        self.fired = at
        return statistic


def read_alarm(
    *,
    metric: str,
    comparison: str,
    threshold: str,
    statistic: str = "",
    times: str = "",
    period: str = "",
    silence: str = "",
    effective: str = "",
    resource_ids: tuple[str, ...] = (),
    tags: tuple[tuple[str, str | None], ...] = (),
) -> AlarmRule:
    """The rule that properties of an alarm trigger describe, given as text. Raises ScheduleInvalid."""
    compared = _known("ComparisonOperator", comparison or "GreaterThanOrEqualToThreshold", tuple(COMPARISONS))
    return AlarmRule(
        metric=metric,
        comparison=compared,
        threshold=_number("Threshold", threshold),
        statistic=_known("Statistics", statistic or "Average", tuple(STATISTICS)),
        times=int(_number("Times", times or "3", least=1)),
        period=timedelta(seconds=_number("Period", period or "60", least=1)),
        silence=timedelta(seconds=_number("SilenceTime", silence or "86400", least=0)),
        resource_ids=resource_ids,
        tags=tags,
        hours=_hours(effective),
    )


def _known(name: str, given: str, known: tuple[str, ...]) -> str:
    for each in known:
        if given.casefold() == each.casefold():
            return each
    raise ScheduleInvalid(f"{name} is one of {', '.join(known)}, not {given!r}")


def _number(name: str, text: str, least: float | None = None) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ScheduleInvalid(f"{name} must be a number, not {text!r}") from None
    if least is not None and not number >= least:
        raise ScheduleInvalid(f"{name} must be at least {least:g}, not {text}")
    return number


def _hours(text: str) -> tuple[int, int] | None:
    """`00:00-23:59`, in UTC."""
    if not text:
        return None
    try:
        first, last = (
            int(hour) * 60 + int(minute) for hour, minute in (part.split(":") for part in text.strip().split("-"))
        )
    except ValueError:
        raise ScheduleInvalid(f"EffectiveInterval is written as 08:00-20:00, not {text!r}") from None
    return first, last

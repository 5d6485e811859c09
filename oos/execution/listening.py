"""What a trigger task listens for: its properties, read once into a pattern or a rule. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from oos.execution.kinds import property_of
from oos.execution.model import Execution
from oos.execution.scope import ExecutionScope, scope_now
from oos.schedule.alarm import read_alarm
from oos.schedule.errors import ScheduleInvalid
from oos.schedule.pattern import EventPattern
from oos.schedule.wanted import Wanted
from oos.template.model import Task
from oos.values.json import Value
from oos.values.secret import reveal


def wanted_by(task: Task, execution: Execution, now: datetime) -> Wanted:
    """What fires the trigger, with the parameters in force now. Raises DiagnosticError, ScheduleInvalid."""
    scope = scope_now(execution, now)
    if task.action.casefold() == "acs::eventtrigger":
        return _pattern(task, scope)

    def text(name: str) -> str:
        value = reveal(property_of(task, name, scope))
        return "" if value is None else str(value)

    return read_alarm(
        metric=text("MetricName"),
        comparison=text("ComparisonOperator"),
        threshold=text("Threshold"),
        statistic=text("Statistics"),
        times=text("Times"),
        period=text("Period"),
        silence=text("SilenceTime"),
        effective=text("EffectiveInterval"),
        resource_ids=_resource_ids(reveal(property_of(task, "Resources", scope))),
        tags=_tags(reveal(property_of(task, "Tags", scope))),
    )


def _pattern(task: Task, scope: ExecutionScope) -> EventPattern:
    content = reveal(property_of(task, "Content", scope)) or {}
    if not isinstance(content, Mapping):
        raise ScheduleInvalid(f"Content must be a map of what the event must hold, not {content!r}")
    return EventPattern(
        product=str(reveal(property_of(task, "Product", scope)) or ""),
        names=_texts(reveal(property_of(task, "Name", scope))),
        levels=_texts(reveal(property_of(task, "Level", scope))),
        regions=_texts(reveal(property_of(task, "RegionId", scope))),
        content=dict(content),
        tags=_tags(reveal(property_of(task, "Tags", scope))),
    )


def _texts(value: Value) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def _tags(value: Value) -> tuple[tuple[str, str | None], ...]:
    """`[{Key, Value}]`, or a map. A tag without a value may have any."""
    if isinstance(value, Mapping):
        return tuple((str(key), None if each in (None, "") else str(each)) for key, each in value.items())
    found: list[tuple[str, str | None]] = []
    for each in value if isinstance(value, list) else ():
        if not isinstance(each, Mapping) or "Key" not in each:
            raise ScheduleInvalid(f"Tags is a list of {{Key, Value}}, not {value!r}")
        wanted = each.get("Value")
        found.append((str(each["Key"]), None if wanted in (None, "") else str(wanted)))
    return tuple(found)


def _resource_ids(value: Value) -> tuple[str, ...]:
    """`[{"instanceId": "i-…"}]` as JSON text or a list, or a list of ids."""
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:
            raise ScheduleInvalid(f"Resources is JSON text of a list, not {value!r}") from None
    if value in (None, "", []):
        return ()
    if not isinstance(value, list):
        raise ScheduleInvalid(f'Resources is a list such as [{{"instanceId": "i-…"}}], not {value!r}')
    ids = [each.get("instanceId") if isinstance(each, Mapping) else each for each in value]
    return tuple(str(each) for each in ids if each)

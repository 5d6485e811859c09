"""Plans in words, for every door: how a thing would differ, and the whole in one sentence."""

from __future__ import annotations

from collections.abc import Mapping

from oos.execution.status import Status
from oos.plan.model import Change, Difference, Plan
from oos.values.json import Value, json_text
from oos.values.words import counted, span


def how(difference: Difference) -> list[str]:
    """How a thing would differ, a line for each fact; nothing of one that would go."""
    match difference.change:
        case Change.CREATE:
            return [f"{name} {_text(value)}" for name, value in difference.after.items() if name != "name"]
        case Change.DELETE:
            return []
        case _:
            names = {**difference.before, **difference.after}
            return [f"{name} {_of(difference.before, name)} → {_of(difference.after, name)}" for name in names]


def _of(facts: Mapping[str, Value], name: str) -> str:
    return _text(facts[name]) if name in facts else "none"


def _text(value: Value) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict) and all(isinstance(each, str | int) for each in value.values()):
        return ", ".join(f"{key}={each}" for key, each in value.items()) or "none"
    return value if isinstance(value, str) else json_text(value)


def summary(plan: Plan) -> str:
    """What would be done, and how it would end."""
    of = {change: sum(1 for each in plan.differences if each.change is change) for change in Change}
    acting = sum(1 for each in plan.calls if each.acts)
    if not plan.acts:
        does = "nothing would be done"
    else:
        differs = f"{of[Change.CREATE]} to create, {of[Change.UPDATE]} to update, {of[Change.DELETE]} to delete"
        does = f"{differs}; {counted(acting, 'call')} that {'acts' if acting == 1 else 'act'}"
    waited = f" after {span(plan.waited)} of waiting" if plan.waited.total_seconds() >= 1 else ""
    if plan.status is Status.FAILED:
        return f"{does}; it would fail{waited}: {plan.code}: {plan.message}"
    if not plan.status.final:
        return f"{does}; it would go on waiting{waited}"
    return f"{does}; it would end in {plan.status}{waited}"

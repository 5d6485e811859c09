"""An ops item, as a document of the registry; and what of it meets a condition. Pure but for the registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from oos.service.errors import InvalidParameter
from oos.service.kept import Kept
from oos.service.shape import instant
from oos_ops_item.requests import Filter


@dataclass(frozen=True, slots=True)
class OpsItem:
    """Something that has to be looked into."""

    id: str
    region: str
    title: str
    category: str
    severity: str
    source: str
    created: datetime
    updated: datetime
    created_by: str
    updated_by: str
    status: str = "Open"
    priority: int = 0
    """0: nobody said."""
    description: str = ""
    resources: tuple[str, ...] = ()
    solutions: tuple[dict[str, Any], ...] = ()
    dedup: str = ""
    resource_group: str = ""
    tags: dict[str, str] = field(default_factory=dict)


OPS_ITEMS: Final = Kept("ops-item", OpsItem)
"""All ops items."""


def meets(item: OpsItem, condition: Filter) -> bool:
    """Whether an ops item meets a condition. Raises InvalidParameter for a field that there is not."""
    fields = _fields(item)
    known = {name.casefold(): value for name, value in fields.items()}
    if condition.name.casefold() not in known:
        message = f"Ops items have no field {condition.name}; known are {', '.join(fields)}."
        raise InvalidParameter("Filter", message)
    value = known[condition.name.casefold()]
    match condition.operator:
        case "Equal":
            return value in condition.value
        case "NotEqual":
            return value not in condition.value
        case "BeginWith":
            return value.startswith(condition.value)
        case "LessThan":
            return any(value < each for each in condition.value)
        case _:
            return any(value > each for each in condition.value)


def _fields(item: OpsItem) -> dict[str, str]:
    return {
        "OpsItemId": item.id,
        "Title": item.title,
        "Status": item.status,
        "Severity": item.severity,
        "Category": item.category,
        "Priority": str(item.priority or ""),
        "Source": item.source,
        "CreateDate": instant(item.created),
        "UpdateDate": instant(item.updated),
    }

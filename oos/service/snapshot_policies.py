"""Automatic snapshot policies: kept in the registry, and when each is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from oos.fleet.storage import SnapshotStatus
from oos.values.time import format_instant, parse_instant

if TYPE_CHECKING:
    from oos.fleet.storage import Snapshot
    from oos.service.registry import Registry

_KIND: Final = "snapshot-policy"

FOR_EVER: Final = -1
"""The retention days of a policy whose snapshots stay."""

ZONE: Final = timezone(timedelta(hours=8))
"""Time points and weekdays of a policy are those of UTC+8, as the cloud documents CreateAutoSnapshotPolicy."""

LATEST: Final = timedelta(days=1)
"""How late a firing may be carried out, when nobody was there at its time."""


@dataclass(frozen=True, slots=True)
class SnapshotPolicy:
    """At which hours of which weekdays snapshots are made of its disks, and for how many days they are kept."""

    id: str
    region: str
    name: str
    hours: tuple[int, ...]
    """0 to 23."""
    weekdays: tuple[int, ...]
    """1 (Monday) to 7."""
    retention_days: int
    created: datetime
    changed: datetime
    """Hours that lie before are not carried out any more."""
    tags: Mapping[str, str] = field(default_factory=dict)


def last_due(policy: SnapshotPolicy, now: datetime) -> datetime | None:
    """The last moment at which the policy was due, unless that is too long ago, or before it was what it is now."""
    hour = now.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)
    while hour >= policy.changed and now - hour < LATEST:
        if hour.hour in policy.hours and hour.isoweekday() in policy.weekdays:
            return hour
        hour -= timedelta(hours=1)
    return None


def is_expired(snapshot: Snapshot, now: datetime) -> bool:
    """Whether it has been kept for as many days as it was to be; one still being made is left alone."""
    return (
        snapshot.retention_days is not None
        and snapshot.status is not SnapshotStatus.PROGRESSING
        and snapshot.created + timedelta(days=snapshot.retention_days) <= now
    )


def keep_policy(registry: Registry, policy: SnapshotPolicy) -> None:
    """Store the policy in place of what was there."""
    document = {
        "Region": policy.region,
        "Name": policy.name,
        "Hours": list(policy.hours),
        "Weekdays": list(policy.weekdays),
        "RetentionDays": policy.retention_days,
        "Created": format_instant(policy.created),
        "Changed": format_instant(policy.changed),
        "Tags": dict(policy.tags),
    }
    registry.put(_KIND, policy.id, document)


def load_policy(registry: Registry, policy_id: str) -> SnapshotPolicy | None:
    """The policy of this id."""
    document = registry.get(_KIND, policy_id)
    return None if document is None else _read(policy_id, document)


def load_policies(registry: Registry) -> Iterator[SnapshotPolicy]:
    """All policies of all regions."""
    for id, document in registry.items(_KIND):
        yield _read(id, document)


def forget_policy(registry: Registry, policy_id: str) -> bool:
    """There is no such policy any more; whether there was."""
    return registry.remove(_KIND, policy_id)


def _read(id: str, document: Mapping[str, Any]) -> SnapshotPolicy:
    return SnapshotPolicy(
        id=id,
        region=str(document["Region"]),
        name=str(document["Name"]),
        hours=tuple(document["Hours"]),
        weekdays=tuple(document["Weekdays"]),
        retention_days=int(document["RetentionDays"]),
        created=parse_instant(document["Created"]),
        changed=parse_instant(document["Changed"]),
        tags=dict(document["Tags"]),
    )

"""Changes of tags, found by looking: whoever changed them, in whichever process, it is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from oos.adapters.happenings.polling import Poll, changed
from oos.fleet.fleet import Fleet
from oos.fleet.hypervisor import Subscription
from oos.schedule.pattern import Happening
from oos.service.registry import Registry
from oos.service.tags import changes_of_all, tags_after
from oos.values.identifiers import client_token

SECONDS: Final = 5.0

_KINDS: Final = {"i-": "instance", "d-": "disk", "s-": "snapshot", "m-": "image", "sg-": "securitygroup"}


def watch_tags(
    fleet: Fleet,
    registry: Registry,
    regions: tuple[str, ...],
    tell: Callable[[Happening], None],
    now: Callable[[], datetime],
    pace: float,
) -> Subscription:
    """Tell of each resource whose tags changed since they were last looked at."""
    before: dict[str, tuple[str, dict[str, str]]] | None = None

    def look() -> None:
        nonlocal before
        after = _tags(fleet, registry, regions)
        if before is not None:
            for resource_id in before.keys() | after.keys():
                region, old = before.get(resource_id, ("", {}))
                new_region, new = after.get(resource_id, (region, {}))
                keys = sorted(changed(old, new))
                # A resource that came or went with its tags is no change of tags.
                if keys and resource_id in before and resource_id in after:
                    tell(_happening(resource_id, new_region, keys, new, now()))
        before = after

    return Poll("tags", SECONDS * pace, look)


def _tags(fleet: Fleet, registry: Registry, regions: tuple[str, ...]) -> dict[str, tuple[str, dict[str, str]]]:
    """Region and tags of every resource that may have some."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for region in regions or [each.id for each in fleet.inventory.regions]:
        for instance in fleet.instances(region):
            found[instance.id] = (region, dict(instance.labels.tags))
        for disk in fleet.disks(region):
            found.setdefault(disk.id, (region, {}))
        for snapshot in fleet.snapshots(region):
            found.setdefault(snapshot.id, (region, {}))
    for resource_id, changes in changes_of_all(registry).items():
        region, tags = found.get(resource_id, ("", {}))
        found[resource_id] = (region, tags_after(tags, changes))
    return found


def _happening(resource_id: str, region: str, keys: list[str], tags: Mapping[str, str], at: datetime) -> Happening:
    kind = next((name for prefix, name in _KINDS.items() if resource_id.startswith(prefix)), "resource")
    return Happening(
        product="Tag",
        name="Tag:ChangeOnResource",
        region=region,
        at=at,
        content={
            "resourceId": resource_id,
            "resourceType": kind,
            "service": "ecs",
            "changedTagKeys": keys,
            "tags": dict(tags),
        },
        tags=tags,
        id=client_token("tag-event", resource_id, at.isoformat()),
    )

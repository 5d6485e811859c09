"""An Ansible inventory of instances, in the JSON that `ansible-inventory --list` and inventory scripts speak."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oos.fleet.instance import Instance


def ansible_inventory(instances: Iterable[Instance], addresses: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Hosts with their addresses and facts; groups by tag, zone, status and host."""
    found = sorted(instances, key=lambda each: (each.name, each.id))
    counts = Counter(each.name for each in found)
    groups: dict[str, list[str]] = {}
    variables: dict[str, dict[str, Any]] = {}
    for each in found:
        # Names need not be unique in a fleet; in an Ansible inventory they must be.
        name = each.name if counts[each.name] == 1 else each.id
        told = addresses.get(each.id, ())
        variables[name] = {
            **({"ansible_host": told[0]} if told else {}),
            "oos_instance_id": each.id,
            "oos_instance_name": each.name,
            "oos_status": str(each.power),
            "oos_zone": each.zone,
            "oos_region": each.region,
            "oos_host": each.host,
            "oos_image_id": each.image_id,
            "oos_addresses": list(told),
            "oos_tags": dict(each.labels.tags),
        }
        for group in _groups(each):
            groups.setdefault(group, []).append(name)
    listed = {group: {"hosts": groups[group]} for group in sorted(groups)}
    return {"_meta": {"hostvars": variables}, "all": {"children": ["ungrouped", *listed]}, **listed}


def _groups(instance: Instance) -> Iterable[str]:
    yield _name("zone", instance.zone)
    yield _name("status", str(instance.power).lower())
    yield _name("host", instance.host)
    for key, value in instance.labels.tags.items():
        yield _name("tag", key, value) if value else _name("tag", key)


def _name(*parts: str) -> str:
    """A name that Ansible takes for a group."""
    return re.sub(r"\W", "_", "_".join(parts), flags=re.ASCII)

"""Things: the fleet and the registry of a twin, as a plan compares them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.fleet.instance import Instance, NetworkInterface
from oos.fleet.network import Bandwidth, Network
from oos.fleet.storage import Disk, Image, Snapshot
from oos.fleet.translation import Translations
from oos.plan.difference import Things
from oos.plan.model import Thing
from oos.service.registry import Registry
from oos.service.tags import Changes, changes_of_all, tags_after
from oos.values.json import Value
from oos.values.secret import MASK, Secret

BOOKKEEPING: Final = frozenset(
    {
        "deleted-execution",
        "deletion",
        "invocation",
        "invocation-result",
        "invocation-secret",
        "reboot",
        "stop",
        "touched",
    }
)
"""Kinds of the registry that record what was done, and are nothing that was meant to be different."""
_TAGGED: Final = frozenset({"instance", "disk", "snapshot", "image", "network"})
_UNTOLD: Final = frozenset({"id", "name", "region", "created", "createdAt", "token", "at", "by", "modified", "changed"})
"""Fields of documents that are told elsewhere, or change by themselves."""

Documents = Mapping[tuple[str, str], Mapping[str, Any] | None]
"""Documents of the registry by kind and key."""


def fleet_things(hosts: Iterable[MemoryHypervisor], registry: Registry) -> dict[tuple[str, str], Thing]:
    """What is on the hosts that answer, by kind and id."""
    tags = changes_of_all(registry)
    return {(each.kind, each.id): each for host in hosts if not host.state.unreachable for each in _of_host(host, tags)}


def document_things(documents: Documents, fleet: Things) -> dict[tuple[str, str], Thing]:
    """Documents that are more than bookkeeping, by kind and key; tags of what is in the fleet are its own facts."""
    tagged = {id for kind, id in fleet if kind in _TAGGED}
    found: dict[tuple[str, str], Thing] = {}
    for (kind, key), document in documents.items():
        if document is None or kind in BOOKKEEPING:
            continue
        if kind == "tag":
            if key.partition("/")[0] in tagged or document.get("Value") is None:
                continue
            found[kind, key] = Thing(kind, key, key, {"value": document["Value"]})
            continue
        name = next((str(document[each]) for each in ("name", "Name") if document.get(each)), key)
        found[kind, key] = Thing(kind, key, name, dict(_facts_of(document)))
    return found


def _facts_of(document: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    for name, value in document.items():
        if name not in _UNTOLD and name.casefold() not in _UNTOLD and value not in ("", None, [], {}):
            yield name, MASK if isinstance(value, Secret) else value


def _of_host(host: MemoryHypervisor, tags: Mapping[str, Changes]) -> Iterator[Thing]:
    disks = {each.id: each for each in host.disks()}
    instances = host.instances()
    for instance in instances:
        mine = [disks[id] for id in instance.disk_ids if id in disks]
        yield Thing("instance", instance.id, instance.name, _told(_instance(instance, mine, tags)))
    owners = {each.id: each.name for each in instances}
    for disk in disks.values():
        place = f"{owners[disk.instance_id]} {disk.device}" if disk.instance_id in owners else disk.id
        yield Thing("disk", disk.id, disk.name or place, _told(_disk(disk, tags)))
    for snapshot in host.snapshots():
        yield Thing("snapshot", snapshot.id, snapshot.name or snapshot.id, _told(_snapshot(snapshot, tags)))
    for image in host.images():
        yield Thing("image", f"{image.id} {image.host}", image.name or image.id, _told(_image(image, tags)))
    for network in host.networks():
        yield Thing("network", f"{network.name} {network.host}", network.name, _told(_network(network, tags)))
    if host.host.uplink is not None:
        for address, facts in _translations(host.translations()).items():
            yield Thing("translation", f"{address} {host.host.name}", address, _told(facts))


def _told(facts: Mapping[str, Value]) -> dict[str, Value]:
    """Facts that say something."""
    return {name: value for name, value in facts.items() if value not in ("", None, [], {}, False)}


def _instance(instance: Instance, disks: Iterable[Disk], tags: Mapping[str, Changes]) -> dict[str, Value]:
    return {
        "power": str(instance.power),
        "type": instance.instance_type,
        "cpu": instance.cpu,
        "memory": f"{instance.memory_mib} MiB",
        "host": instance.host,
        "image": instance.image_id,
        "description": instance.labels.description,
        "host name": instance.host_name,
        "key pair": instance.key_pair,
        "tags": tags_after(instance.labels.tags, tags.get(instance.id, {})),
        "protected": instance.labels.deletion_protection,
        "resource group": instance.labels.resource_group,
        "disks": [f"{disk.device} {disk.id}" for disk in disks],
        "cards": [_card(each) for each in instance.interfaces],
    }


def _card(card: NetworkInterface) -> str:
    parts = [f"{card.id} in {card.network}"]
    if card.security_group_ids:
        parts.append(f"groups {', '.join(card.security_group_ids)}")
    if card.bandwidth != Bandwidth():
        parts.append(f"in {card.bandwidth.inbound} kB/s, out {card.bandwidth.outbound} kB/s")
    return "; ".join(parts)


def _disk(disk: Disk, tags: Mapping[str, Changes]) -> dict[str, Value]:
    return {
        "size": _gib(disk.size_bytes),
        "attached to": disk.instance_id,
        "device": disk.device,
        "name": disk.name,
        "description": disk.description,
        "content of": disk.source_snapshot_id,
        "goes with its instance": disk.delete_with_instance,
        "tags": tags_after({}, tags.get(disk.id, {})),
    }


def _snapshot(snapshot: Snapshot, tags: Mapping[str, Changes]) -> dict[str, Value]:
    return {
        "disk": snapshot.disk_id,
        "instance": snapshot.instance_id,
        "status": str(snapshot.status),
        "name": snapshot.name,
        "description": snapshot.description,
        "consistency": str(snapshot.consistency),
        "days to keep": snapshot.retention_days,
        "tags": tags_after(snapshot.tags, tags.get(snapshot.id, {})),
    }


def _image(image: Image, tags: Mapping[str, Changes]) -> dict[str, Value]:
    return {
        "host": image.host,
        "status": str(image.status),
        "name": image.name,
        "family": image.family,
        "description": image.description,
        "from instance": image.instance_id,
        "from snapshot": image.snapshot_id,
        "copy of": image.copied_from,
        "shared with": list(image.shared_with),
        "tags": tags_after(image.tags, tags.get(image.id, {})),
    }


def _network(network: Network, tags: Mapping[str, Changes]) -> dict[str, Value]:
    return {
        "host": network.host,
        "cidr": network.cidr,
        "VPC": network.vpc_id,
        "name": network.labels.name,
        "description": network.labels.description,
        "reservations": dict(network.reservations),
        "tags": tags_after({}, tags.get(network.name, {})),
    }


def _translations(held: Translations) -> dict[str, dict[str, Value]]:
    limits = {each.name: each.kilobytes for each in held.limits}
    return {
        each.address: {
            "leads to": each.target,
            "limit": f"{limits[each.limit]} kB/s" if each.limit in limits else "",
            "ports": [
                f"{port.protocol} {port.port} to {port.target}:{port.target_port}"
                for port in held.ports
                if port.address == each.address
            ],
        }
        for each in held.addresses
    }


def _gib(size: int) -> str:
    return f"{size / (1 << 30):g} GiB"

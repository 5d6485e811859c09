"""What is observed of a performance, as one JSON value that expectations are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.execution.model import Execution, ItemStatus, TaskExecution
from oos.execution.status import Status
from oos.fleet.instance import Instance
from oos.fleet.storage import Disk, Snapshot
from oos.rehearsal.performance import Performance
from oos.rehearsal.stage import Stage
from oos.service.tags import Changes, changes_of_all, tags_after
from oos.values.json import Value, transform
from oos.values.secret import MASK, Secret
from oos.values.time import format_duration


def observe(stage: Stage, performance: Performance) -> dict[str, Any]:
    """Everything there is to expect something of."""
    root = performance.root
    found: dict[str, Any] = {
        "status": str(root.shown_status),
        **({"code": root.fault.code, "message": root.fault.message} if root.fault else {}),
        "tasks": tasks_of(performance, root),
        "outputs": dict(root.outputs),
        "fleet": fleet_of(stage),
        "calls": [{each.name: each.parameters} for each in stage.called],
        "changes": [{each.name: each.parameters} for each in stage.called if each.changes],
        "refusals": performance.refusals,
        "took": format_duration(performance.took),
    }
    masked: dict[str, Any] = transform(found, _mask)
    return masked


def tasks_of(performance: Performance, execution: Execution) -> list[dict[str, Value]]:
    """The tasks that an execution began, in their order: each a map from its name to what is known of it."""
    return [{name: _facts(performance, execution, task)} for name, task in execution.tasks.items()]


def _facts(performance: Performance, execution: Execution, task: TaskExecution) -> dict[str, Value]:
    waiting = task.waiting is not None and not execution.status.final
    facts: dict[str, Value] = {"status": str(Status.WAITING if waiting else task.status)}
    if waiting and task.waiting is not None:
        facts["waiting"] = str(task.waiting.reason)
    if task.fault is not None:
        facts.update(code=task.fault.code, message=task.fault.message)
    if task.reason:
        facts["reason"] = task.reason
    if task.next_task:
        facts["next"] = task.next_task
    if task.outputs:
        facts["outputs"] = dict(task.outputs)
    name = task.task.name
    if task.loop is not None:
        facts["items"] = [_item(performance, execution, task, number) for number in range(len(task.loop.items))]
    elif task.trigger is not None:
        firings = [performance.child(execution, name, number) for number in range(task.trigger.fired + 1)]
        facts["firings"] = [_child(performance, each) for each in firings if each is not None]
    else:
        child = performance.child(execution, name)
        if child is not None:
            facts["tasks"] = tasks_of(performance, child)
    return facts


def _item(performance: Performance, execution: Execution, task: TaskExecution, number: int) -> dict[str, Value]:
    assert task.loop is not None
    facts: dict[str, Value] = {
        "item": task.loop.items[number],
        "status": str(ItemStatus.NAMES[task.loop.statuses[number]]),
    }
    activity = task.loop.in_flight.get(number)
    if activity is not None and activity.waiting is not None:
        facts.update(status=str(Status.WAITING), waiting=str(activity.waiting.reason))
    fault = task.loop.faults.get(number)
    if fault is not None:
        facts.update(code=fault.code, message=fault.message)
    child = performance.child(execution, task.task.name, number)
    if child is not None:
        facts["tasks"] = tasks_of(performance, child)
    return facts


def _child(performance: Performance, child: Execution) -> dict[str, Value]:
    facts: dict[str, Value] = {"status": str(child.shown_status)}
    if child.fault is not None:
        facts.update(code=child.fault.code, message=child.fault.message)
    return {**facts, "tasks": tasks_of(performance, child), "outputs": dict(child.outputs)}


# the fleet


def fleet_of(stage: Stage) -> dict[str, Value]:
    """The fleet as the hosts have it, whether they answer or not."""
    instances: dict[str, Value] = {}
    snapshots: list[Snapshot] = []
    loose: dict[str, Value] = {}
    changes = changes_of_all(stage.registry)
    for host in stage.hosts.values():
        state = host.state
        # The host is looked at as it is: what was wrong with it belongs to the rehearsal.
        seen = MemoryHypervisor(host.host, replace(state, unreachable=False), clock=stage.clock)
        for each in seen.instances():
            name, number = each.name, 2
            while name in instances:
                name, number = f"{each.name} {number}", number + 1
            instances[name] = _instance(stage, host.host.name, each, changes)
        snapshots += state.snapshots.values()
        for disk in state.disks.values():
            if not disk.instance_id:
                loose[disk.id] = {"host": host.host.name, "name": disk.name, **_disk(stage, disk, changes)}
    # By disk, for with several at once it is chance which is made first.
    ordered = sorted(snapshots, key=lambda each: (each.disk_id, each.created))
    return {
        "instances": instances,
        "disks": loose,
        "snapshots": [_snapshot(stage, each, changes) for each in ordered],
        "images": _images(stage, changes),
    }


def _images(stage: Stage, changes: Mapping[str, Changes]) -> dict[str, Value]:
    """Images by name; one that several hosts have is one, and tells which."""
    found: dict[str, dict[str, Value]] = {}
    homes: dict[str, list[str]] = {}
    for host in stage.hosts.values():
        for image in host.state.images.values():
            homes.setdefault(image.id, []).append(host.host.name)
            found[image.id] = {
                "id": image.id,
                "name": image.name,
                "family": image.family,
                "description": image.description,
                "status": str(image.status),
                "consistency": str(image.consistency or ""),
                "tags": tags_after(image.tags, changes.get(image.id, {})),
                "files": _texts(host.state.files.get(image.id, {})),
            }
    named: dict[str, Value] = {}
    for id, each in found.items():
        name, number = str(each["name"]), 2
        while name in named:
            name, number = f"{each['name']} {number}", number + 1
        named[name] = {**each, "hosts": list(homes[id])}
    return named


def _instance(stage: Stage, host: str, instance: Instance, changes: Mapping[str, Changes]) -> dict[str, Value]:
    state = stage.hosts[host].state
    disks = [state.disks[id] for id in instance.disk_ids if id in state.disks]
    return {
        "id": instance.id,
        "power": str(instance.power),
        "host": host,
        "zone": instance.zone,
        "type": instance.instance_type,
        "image": instance.image_id,
        "agent": instance.has_agent,
        "description": instance.labels.description,
        "protected": instance.labels.deletion_protection,
        "tags": dict(instance.labels.tags),
        "groups": [id for card in instance.interfaces for id in card.security_group_ids],
        "disks": {disk.device: _disk(stage, disk, changes) for disk in disks},
        "cards": [
            {"id": card.id, "network": card.network, "tags": tags_after({}, changes.get(card.id, {}))}
            for card in instance.interfaces
        ],
    }


def _disk(stage: Stage, disk: Disk, changes: Mapping[str, Changes]) -> dict[str, Value]:
    return {
        "id": disk.id,
        "size": disk.size_bytes >> 30,
        "tags": tags_after({}, changes.get(disk.id, {})),
        "snapshot": disk.source_snapshot_id,
        "files": _texts(stage.hosts[disk.host].state.files.get(disk.id, {})),
    }


def _snapshot(stage: Stage, snapshot: Snapshot, changes: Mapping[str, Changes]) -> dict[str, Value]:
    state = stage.hosts[snapshot.host].state
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "disk": snapshot.disk_id,
        "status": str(snapshot.status),
        "consistency": str(snapshot.consistency),
        "tags": tags_after(snapshot.tags, changes.get(snapshot.id, {})),
        "files": _texts(state.files.get(snapshot.id, {})),
    }


def _texts(files: dict[str, bytes]) -> dict[str, Value]:
    """Files of people; those of commands that were run are not among them."""
    return {
        path: content.decode(errors="replace")
        for path, content in sorted(files.items())
        if not path.startswith("/var/lib/oos/")
    }


def _mask(value: Value) -> Value:
    return MASK if isinstance(value, Secret) else value

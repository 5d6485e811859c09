"""What is settled about disks and no hypervisor can hold: automatic snapshots of them, and what they began with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from oos.service.tags import forget_tags

if TYPE_CHECKING:
    from oos.fleet.hypervisor import Hypervisor
    from oos.fleet.storage import Snapshot
    from oos.service.registry import Registry

_SETTINGS: Final = "disk-settings"
_POLICIES: Final = "disk-snapshot-policy"

POLICY_TAG: Final = "oos:auto-snapshot-policy"
"""The tag of a snapshot that a policy made; its value is the id of the policy."""


@dataclass(frozen=True, slots=True)
class DiskSettings:
    """The settings of one disk; those of a disk that nobody settled anything about are these."""

    enable_auto_snapshot: bool = True
    """Whether a policy may make snapshots of it."""
    delete_auto_snapshot: bool = False
    """Whether the snapshots that a policy made go with it."""
    origin: str = ""
    """The snapshot it was made from."""


def settings_of(registry: Registry, disk_id: str) -> DiskSettings:
    """The settings of a disk."""
    return _read(registry.get(_SETTINGS, disk_id) or {})


def settings_of_all(registry: Registry) -> Mapping[str, DiskSettings]:
    """The settings of every disk that has some, for listings."""
    return {id: _read(document) for id, document in registry.items(_SETTINGS)}


def change_settings(registry: Registry, disk_id: str, **changes: Any) -> None:
    """Change some settings of a disk."""
    changed = replace(settings_of(registry, disk_id), **changes)
    document = {
        "EnableAutoSnapshot": changed.enable_auto_snapshot,
        "DeleteAutoSnapshot": changed.delete_auto_snapshot,
        "Origin": changed.origin,
    }
    registry.put(_SETTINGS, disk_id, document)


def _read(document: Mapping[str, Any]) -> DiskSettings:
    return DiskSettings(
        bool(document.get("EnableAutoSnapshot", True)),
        bool(document.get("DeleteAutoSnapshot", False)),
        str(document.get("Origin", "")),
    )


# policies


def policies_of_disks(registry: Registry) -> Mapping[str, str]:
    """The id of the automatic snapshot policy of every disk that has one."""
    return {id: str(document["PolicyId"]) for id, document in registry.items(_POLICIES)}


def put_policy_of_disk(registry: Registry, disk_id: str, policy_id: str) -> None:
    """From now on this policy, and no other, makes snapshots of the disk."""
    registry.put(_POLICIES, disk_id, {"PolicyId": policy_id})


def remove_policy_of_disk(registry: Registry, disk_id: str) -> bool:
    """No policy makes snapshots of the disk any more; whether one did."""
    return registry.remove(_POLICIES, disk_id)


# afterwards


def made_by_policy(snapshots: Iterable[Snapshot], disk_id: str) -> list[Snapshot]:
    """The snapshots of a disk that a policy made, newest first: none has to be made whole when they go one by one."""
    made = (each for each in snapshots if each.disk_id == disk_id and POLICY_TAG in each.tags)
    return sorted(made, key=lambda each: (each.created, each.id), reverse=True)


def forget_disk(registry: Registry, hypervisor: Hypervisor, disk_id: str) -> None:
    """The disk is gone; so is what was settled about it, and the snapshots that were to go with it."""
    if settings_of(registry, disk_id).delete_auto_snapshot:
        for each in made_by_policy(hypervisor.snapshots(), disk_id):
            hypervisor.delete_snapshot(each.id)
            forget_tags(registry, each.id)
    forget_tags(registry, disk_id)
    registry.remove(_POLICIES, disk_id)
    registry.remove(_SETTINGS, disk_id)

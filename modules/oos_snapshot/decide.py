"""Decisions about snapshots: which are meant, whether one may go, and how it is described. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from oos.fleet.storage import Snapshot, SnapshotStatus, Verification
from oos.service.disk_settings import POLICY_TAG
from oos.service.errors import Refused
from oos.service.filtering import creation_period, has_tags, is_wanted, matches_name, tag_shapes
from oos.service.shape import gib, instant
from oos.service.tags import Changes, tags_after
from oos_snapshot.requests import DescribeSnapshots
from oos_snapshot.responses import SnapshotShape

CONSISTENCY_TAG = "acs:oos:consistency"
VERIFICATION_TAG = "acs:oos:verification"
PARENT_TAG = "acs:oos:parent"
"""System tags: what ECS has no field for, yet whoever relies on a snapshot wants to know (decision 021)."""


def tags_of(snapshot: Snapshot, changes: Changes) -> dict[str, str]:
    """All tags of a snapshot: those it was made with, what changed since, and the system's own."""
    system = {CONSISTENCY_TAG: snapshot.consistency.value, VERIFICATION_TAG: snapshot.verification.value}
    if snapshot.parent_id:
        system[PARENT_TAG] = snapshot.parent_id
    return {**tags_after(snapshot.tags, changes), **system}


def type_of(snapshot: Snapshot) -> str:
    """Who made it: a policy, or somebody."""
    return "auto" if POLICY_TAG in snapshot.tags else "user"


def is_usable(snapshot: Snapshot) -> bool:
    """Whether a disk could be reset to it: it is whole, and that was checked."""
    return snapshot.status is SnapshotStatus.ACCOMPLISHED and snapshot.verification is not Verification.NONE


def selected(
    snapshots: Iterable[Snapshot], changes: Mapping[str, Changes], request: DescribeSnapshots
) -> list[Snapshot]:
    """The snapshots that meet every condition."""
    period = creation_period(request.filter)
    if request.resource_group_id or request.encrypted:
        return []
    ids = None if request.snapshot_ids is None else frozenset(request.snapshot_ids)
    return [
        each
        for each in snapshots
        if (ids is None or each.id in ids)
        and is_wanted(each.disk_id, request.disk_id)
        and is_wanted(each.instance_id, request.instance_id)
        and matches_name(each.name, request.snapshot_name)
        and (request.status == "all" or is_wanted(each.status, request.status))
        and (request.snapshot_type == "all" or is_wanted(type_of(each), request.snapshot_type))
        and is_wanted(each.disk_kind, request.source_disk_type)
        and is_wanted("none", request.usage)
        and is_wanted("standard", request.category)
        and has_tags(tags_of(each, changes.get(each.id, {})), request.tag)
        and period.holds(each.created)
    ]


def snapshot_shape(snapshot: Snapshot, changes: Changes) -> SnapshotShape:
    """One snapshot of DescribeSnapshots."""
    shape: SnapshotShape = {
        "SnapshotId": snapshot.id,
        "SnapshotName": snapshot.name,
        "Description": snapshot.description,
        "RegionId": snapshot.region,
        "SourceDiskId": snapshot.disk_id,
        "SourceDiskSize": str(gib(snapshot.source_size_bytes)),
        "SourceDiskType": snapshot.disk_kind.value,
        "SourceStorageType": "disk",
        "SnapshotType": type_of(snapshot),
        "Category": "standard",
        "Status": snapshot.status.value,
        "Progress": f"{snapshot.progress}%",
        "Available": is_usable(snapshot),
        "Usage": "none",
        "Encrypted": False,
        "CreationTime": instant(snapshot.created),
        "LastModifiedTime": instant(snapshot.created),
        "ResourceGroupId": "",
        "Tags": tag_shapes(tags_of(snapshot, changes)),
    }
    if snapshot.retention_days is not None:
        shape["RetentionDays"] = snapshot.retention_days
    return shape


def require_deletable(snapshot: Snapshot, *, force: bool) -> None:
    """Raise Refused for a snapshot that is still being made, unless forced: its maker may have died."""
    if snapshot.status is SnapshotStatus.PROGRESSING and not force:
        message = f"The snapshot {snapshot.id} is still being made ({snapshot.progress}%); wait, or set Force."
        raise Refused("IncorrectSnapshotStatus", message)

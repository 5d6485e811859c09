"""Decisions about disks: which are meant, whether one can be reset, and how it is described. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from oos.fleet.instance import Instance, Power
from oos.fleet.storage import Disk, DiskKind, Snapshot, SnapshotStatus, Verification
from oos.service.errors import InvalidParameter, Refused
from oos.service.filtering import creation_period, has_tags, is_wanted, matches_name, tag_shapes
from oos.service.shape import gib, instant
from oos_disk.requests import DescribeDisks
from oos_disk.responses import DiskShape

CATEGORY = "cloud"
"""ECS has many; a volume of a pool is none of them in particular."""


def status_of(disk: Disk) -> str:
    """The status ECS has for it."""
    return "In_use" if disk.instance_id else "Available"


def selected(disks: Iterable[Disk], tags: Mapping[str, Mapping[str, str]], request: DescribeDisks) -> list[Disk]:
    """The disks that meet every condition; `tags` are those of each disk that has any."""
    period = creation_period(request.filter)
    if request.resource_group_id or request.encrypted:
        return []
    ids = None if request.disk_ids is None else frozenset(request.disk_ids)
    return [
        each
        for each in disks
        if (ids is None or each.id in ids)
        and is_wanted(each.instance_id, request.instance_id)
        and matches_name(each.name, request.disk_name)
        and (request.disk_type == "all" or is_wanted(each.kind, request.disk_type))
        and (request.status == "All" or is_wanted(status_of(each), request.status))
        and is_wanted(each.zone, request.zone_id)
        and (request.category == "all" or is_wanted(CATEGORY, request.category))
        and is_wanted(each.source_snapshot_id, request.snapshot_id)
        and request.portable in (None, each.kind is DiskKind.DATA)
        and has_tags(tags.get(each.id, {}), request.tag)
        and period.holds(each.created)
    ]


def disk_shape(disk: Disk, tags: Mapping[str, str]) -> DiskShape:
    """One disk of DescribeDisks."""
    device = f"/dev/{disk.device}" if disk.device else ""
    return {
        "DiskId": disk.id,
        "DiskName": disk.name,
        "Description": "",
        "RegionId": disk.region,
        "ZoneId": disk.zone,
        "Size": gib(disk.size_bytes),
        "Category": CATEGORY,
        "Type": disk.kind.value,
        "Status": status_of(disk),
        "InstanceId": disk.instance_id,
        "Device": device,
        "SourceSnapshotId": disk.source_snapshot_id,
        "CreationTime": instant(disk.created),
        "DiskChargeType": "PostPaid",
        "Portable": disk.kind is DiskKind.DATA,
        "Encrypted": False,
        "Attachments": {"Attachment": [{"InstanceId": disk.instance_id, "Device": device}] if disk.instance_id else []},
        "OperationLocks": {"OperationLock": []},
        "Tags": tag_shapes(tags),
    }


def require_resettable(disk: Disk, snapshot: Snapshot, instance: Instance | None) -> None:
    """Raise unless the disk can be given the content of the snapshot now."""
    if snapshot.disk_id != disk.id:
        message = f"The snapshot {snapshot.id} is of the disk {snapshot.disk_id}, not of {disk.id}."
        raise InvalidParameter("SnapshotId", message, code="InvalidSnapshotId.DiskMismatch")
    if snapshot.status is not SnapshotStatus.ACCOMPLISHED:
        message = f"The snapshot {snapshot.id} is {snapshot.status}; only an accomplished one can be restored."
        raise Refused("InvalidSnapshotId.NotReady", message)
    if snapshot.verification is Verification.NONE:
        message = f"The snapshot {snapshot.id} was never verified; it is not restored."
        raise Refused("InvalidSnapshotId.NotReady", message)
    if instance is not None and instance.power is not Power.STOPPED:
        message = f"The instance {instance.id} ({instance.name}) of {disk.id} is {instance.power}; stop it first."
        raise Refused("IncorrectInstanceStatus", message)

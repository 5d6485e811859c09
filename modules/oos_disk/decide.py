"""Decisions about disks: which are meant, whether one can be reset, and how it is described. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from oos.fleet.instance import Instance, Power
from oos.fleet.storage import Disk, DiskKind, DiskLabels, Image, Snapshot, SnapshotStatus, Verification
from oos.service.disk_settings import DiskSettings
from oos.service.errors import ApiError, InvalidParameter, Refused, Unsupported
from oos.service.filtering import creation_period, has_tags, is_wanted, matches_name, tag_shapes
from oos.service.shape import gib, instant
from oos_disk.requests import DescribeDisks, ModifyDiskAttribute
from oos_disk.responses import DiskShape

CATEGORY = "cloud"
"""ECS has many; a volume of a pool is none of them in particular."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry knows of disks, by their ids."""

    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    settings: Mapping[str, DiskSettings] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    """The automatic snapshot policy of each disk that has one."""

    def settings_of(self, disk_id: str) -> DiskSettings:
        """The settings of a disk, if only the usual ones."""
        return self.settings.get(disk_id, DiskSettings())


def status_of(disk: Disk) -> str:
    """The status ECS has for it."""
    if not disk.is_ready:
        return "Creating"
    return "In_use" if disk.instance_id else "Available"


def selected(disks: Iterable[Disk], known: Known, request: DescribeDisks) -> list[Disk]:
    """The disks that meet every condition."""
    if _asks_for_what_no_disk_has(request):
        return []
    period = creation_period(request.filter)
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
        and is_wanted(each.source_snapshot_id, request.snapshot_id)
        and request.portable in (None, each.kind is DiskKind.DATA)
        and request.delete_with_instance in (None, each.delete_with_instance)
        and _is_settled(each, known, request)
        and has_tags(known.tags.get(each.id, {}), request.tag)
        and period.holds(each.created)
    ]


def _asks_for_what_no_disk_has(request: DescribeDisks) -> bool:
    return bool(
        request.resource_group_id
        or request.encrypted
        or request.kms_key_id
        or request.lock_reason
        or request.performance_level
        or request.enable_shared
        or request.multi_attach not in ("", "Disabled")
        or request.disk_charge_type not in ("", "PostPaid")
        or not (request.category == "all" or is_wanted(CATEGORY, request.category))
    )


def _is_settled(disk: Disk, known: Known, request: DescribeDisks) -> bool:
    settings, policy = known.settings_of(disk.id), known.policies.get(disk.id, "")
    return (
        is_wanted(policy, request.auto_snapshot_policy_id)
        and request.enable_automated_snapshot_policy in (None, bool(policy))
        and request.enable_auto_snapshot in (None, settings.enable_auto_snapshot)
        and request.delete_auto_snapshot in (None, settings.delete_auto_snapshot)
    )


def disk_shape(disk: Disk, known: Known, image_id: str) -> DiskShape:
    """One disk of DescribeDisks; the image is that of its instance."""
    device = f"/dev/{disk.device}" if disk.device else ""
    settings, policy = known.settings_of(disk.id), known.policies.get(disk.id, "")
    return {
        "DiskId": disk.id,
        "DiskName": disk.name,
        "Description": disk.description,
        "RegionId": disk.region,
        "ZoneId": disk.zone,
        "Size": gib(disk.size_bytes),
        "Category": CATEGORY,
        "Type": disk.kind.value,
        "Status": status_of(disk),
        "InstanceId": disk.instance_id,
        "Device": device,
        "SerialNumber": disk.id.removeprefix("d-"),
        "SourceSnapshotId": disk.source_snapshot_id,
        "ImageId": image_id if disk.kind is DiskKind.SYSTEM else "",
        "AutoSnapshotPolicyId": policy,
        "EnableAutomatedSnapshotPolicy": bool(policy),
        "EnableAutoSnapshot": settings.enable_auto_snapshot,
        "DeleteAutoSnapshot": settings.delete_auto_snapshot,
        "DeleteWithInstance": disk.delete_with_instance,
        "MultiAttach": "Disabled",
        "ResourceGroupId": "",
        "CreationTime": instant(disk.created),
        "DiskChargeType": "PostPaid",
        "Portable": disk.kind is DiskKind.DATA,
        "Encrypted": False,
        "Attachments": {"Attachment": [{"InstanceId": disk.instance_id, "Device": device}] if disk.instance_id else []},
        "OperationLocks": {"OperationLock": []},
        "Tags": tag_shapes(known.tags.get(disk.id, {})),
    }


def labels_after(labels: DiskLabels, request: ModifyDiskAttribute) -> DiskLabels:
    """The labels that a disk has after the change."""
    goes = request.delete_with_instance
    return DiskLabels(
        labels.name if request.disk_name is None else request.disk_name,
        labels.description if request.description is None else request.description,
        labels.delete_with_instance if goes is None else goes,
    )


# may it be?


def elsewhere(what: str, where: str, instance: Instance) -> ApiError:
    """Contents are not carried from host to host here."""
    return Unsupported(f"{what} lies on {where}, and the instance {instance.id} on {instance.host}; nothing moves it.")


def lost_origin(disk: Disk, why: str) -> ApiError:
    """A disk whose beginning is not there any more."""
    return Refused("OperationDenied.OriginLost", f"The disk {disk.id} cannot be given what it began with: {why}.")


def require_usable(snapshot: Snapshot) -> None:
    """Raise unless the snapshot is whole, and that was checked."""
    if snapshot.status is not SnapshotStatus.ACCOMPLISHED:
        message = f"The snapshot {snapshot.id} is {snapshot.status}; only an accomplished one can be used."
        raise Refused("InvalidSnapshotId.NotReady", message)
    if snapshot.verification is Verification.NONE:
        message = f"The snapshot {snapshot.id} was never verified; it is not used."
        raise Refused("InvalidSnapshotId.NotReady", message)


def require_attachable(disk: Disk, instance: Instance) -> None:
    """Raise unless the disk can be attached to the instance, or is."""
    if disk.instance_id == instance.id:
        return
    if disk.instance_id or not disk.is_ready:
        what = f"attached to {disk.instance_id}" if disk.instance_id else "still being made"
        raise Refused("IncorrectDiskStatus", f"The disk {disk.id} is {what}.")
    if instance.power not in (Power.RUNNING, Power.STOPPED):
        message = f"The instance {instance.id} ({instance.name}) is {instance.power}; it must run, or be stopped."
        raise Refused("IncorrectInstanceStatus", message)
    if disk.zone != instance.zone:
        message = f"The disk {disk.id} lies in the zone {disk.zone}, the instance {instance.id} in {instance.zone}."
        raise InvalidParameter("DiskId", message, code="ResourcesNotInSameZone")
    if disk.host != instance.host and not disk.is_blank:
        raise elsewhere(f"The disk {disk.id}", disk.host, instance)


def require_detachable(disk: Disk, instance: Instance) -> None:
    """Raise unless the disk can be taken from the instance, or is attached to nothing."""
    if not disk.instance_id:
        return
    if disk.instance_id != instance.id:
        message = f"The disk {disk.id} is attached to {disk.instance_id}, not to {instance.id}."
        raise Refused("IncorrectDiskStatus", message)
    if disk.kind is DiskKind.SYSTEM:
        raise Unsupported(f"The system disk {disk.id} cannot be detached from {instance.id}; ReplaceSystemDisk can.")
    if instance.power not in (Power.RUNNING, Power.STOPPED):
        message = f"The instance {instance.id} ({instance.name}) is {instance.power}; it must run, or be stopped."
        raise Refused("IncorrectInstanceStatus", message)


def require_growing(disk: Disk, size_bytes: int) -> None:
    """Raise unless the disk becomes larger, or is as large already."""
    if not disk.is_ready:
        raise Refused("IncorrectDiskStatus", f"The disk {disk.id} is still being made.")
    if size_bytes < disk.size_bytes:
        message = f"The disk {disk.id} has {gib(disk.size_bytes)} GiB; a disk only grows."
        raise InvalidParameter("NewSize", message, code="InvalidDiskSize.TooSmall")


def require_of(disk: Disk, instance: Instance) -> None:
    """Raise Refused unless the disk is attached to the instance."""
    if disk.instance_id != instance.id:
        raise Refused("IncorrectDiskStatus", f"The disk {disk.id} is not attached to the instance {instance.id}.")


def require_known_category(category: str) -> None:
    """Raise Unsupported for any category but the one there is."""
    if category not in ("", CATEGORY):
        raise Unsupported(f"DiskCategory={category} cannot be honoured: disks are volumes of one pool.")


def require_postpaid(charge_type: str) -> None:
    """Raise Unsupported for disks that were to be paid for in advance."""
    if charge_type == "PrePaid":
        message = "DiskChargeType=PrePaid cannot be honoured. Nothing is sold here: disks are volumes of your own."
        raise Unsupported(message)


def require_large_enough(image: Image, size_bytes: int | None) -> None:
    """Raise InvalidParameter for a system disk that is smaller than its image."""
    if size_bytes is not None and size_bytes < image.size_bytes:
        message = f"The image {image.id} needs {gib(image.size_bytes)} GiB."
        raise InvalidParameter("SystemDisk.Size", message, code="InvalidSystemDiskSize.LessThanImageSize")


def require_replaceable(instance: Instance) -> None:
    """Raise Refused for an instance that is not stopped, or has no disk."""
    if instance.power is not Power.STOPPED:
        message = f"The instance {instance.id} ({instance.name}) is {instance.power}; stop it first."
        raise Refused("IncorrectInstanceStatus", message)
    if not instance.disk_ids:
        raise Refused("IncorrectDiskStatus", f"The instance {instance.id} ({instance.name}) has no disk.")


def require_stopped(instance: Instance, disk: Disk) -> None:
    """Raise Refused unless the instance of the disk is off."""
    if instance.power is not Power.STOPPED:
        message = f"The instance {instance.id} ({instance.name}) of {disk.id} is {instance.power}; stop it first."
        raise Refused("IncorrectInstanceStatus", message)


def require_resettable(disk: Disk, snapshot: Snapshot, instance: Instance | None) -> None:
    """Raise unless the disk can be given the content of the snapshot now."""
    if snapshot.disk_id != disk.id:
        message = f"The snapshot {snapshot.id} is of the disk {snapshot.disk_id}, not of {disk.id}."
        raise InvalidParameter("SnapshotId", message, code="InvalidSnapshotId.DiskMismatch")
    require_usable(snapshot)
    if instance is not None:
        require_stopped(instance, disk)

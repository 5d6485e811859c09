"""Decisions about images: which are meant, what may be done with one, and how it is described. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from oos.fleet.image import WHOLE, DataSource, ImageLabels, ImageStatus
from oos.fleet.instance import Instance, Power
from oos.fleet.storage import DiskKind, Image, Snapshot, SnapshotStatus, Verification
from oos.inventory.model import InstanceType
from oos.service.errors import InvalidParameter, MissingParameter, Refused, Unsupported
from oos.service.filtering import Filter, creation_period, has_tags, is_wanted, matches_name, tag_shapes
from oos.service.shape import gib, instant, newest_first
from oos_image.requests import CreateImage, DescribeImages, ModifyImageAttribute
from oos_image.responses import DeviceShape, FamilyImageShape, ImageShape, TypeShape

OWNER: Final = "self"
"""Every image of a fleet is its owner's own."""
CONSISTENCY_TAG: Final = "acs:oos:consistency"
COPY_TAG: Final = "acs:oos:copied-from"
"""System tags: what ECS has no field for, yet whoever relies on an image wants to know (decision 021)."""


def once_each(images: Iterable[Image]) -> list[Image]:
    """Each image once, though several hosts have it; where they differ, one that is whole."""
    found: dict[str, Image] = {}
    for each in images:
        if each.id not in found or found[each.id].status not in WHOLE:
            found[each.id] = each
    return list(found.values())


def usage_of(image: Image, used: Collection[str]) -> str:
    """Whether an instance was made from it."""
    return "instance" if image.id in used else "none"


def with_system_tags(image: Image, tags: Mapping[str, str]) -> dict[str, str]:
    """All tags of an image: people's, and the system's own."""
    system = {CONSISTENCY_TAG: str(image.consistency or ""), COPY_TAG: image.copied_from}
    return {**tags, **{key: value for key, value in system.items() if value}}


def selected(
    images: Iterable[Image],
    tags: Mapping[str, Mapping[str, str]],
    used: Collection[str],
    account: str,
    request: DescribeImages,
) -> list[Image]:
    """The images that meet every condition; `used` are the ids that instances were made from."""
    period = creation_period(request.filter)
    if request.resource_group_id or request.is_public:
        return []
    statuses = {each.casefold() for each in request.status}
    return [
        each
        for each in images
        if (request.image_id is None or each.id in request.image_id)
        and matches_name(each.name, request.image_name)
        and is_wanted(each.family, request.image_family)
        and is_wanted(OWNER, request.image_owner_alias)
        and is_wanted(account, request.image_owner_id)
        and each.status.casefold() in statuses
        and (not request.snapshot_id or request.snapshot_id in snapshots_in(each))
        and is_wanted(each.os_type, request.os_type)
        and is_wanted(each.architecture, request.architecture)
        and is_wanted(usage_of(each, used), request.usage)
        and has_tags(tags[each.id], request.tag)
        and period.holds(each.created)
    ]


def snapshots_in(image: Image) -> set[str]:
    """The snapshots that its disks were made from."""
    return {image.snapshot_id, *(each.snapshot_id for each in image.data_disks)} - {""}


def newest_of_family(images: Iterable[Image], family: str) -> Image | None:
    """The newest available image of a family, or None."""
    mine = [each for each in images if each.family == family and each.status == ImageStatus.AVAILABLE]
    return max(mine, key=lambda each: newest_first(each.created, each.id), default=None)


# shapes


def family_shape(image: Image, tags: Mapping[str, str], used: Collection[str]) -> FamilyImageShape:
    """The image of DescribeImageFromFamily."""
    size = gib(image.size_bytes)
    return {
        "ImageId": image.id,
        "ImageName": image.name,
        "ImageFamily": image.family,
        "Description": image.description,
        "ImageOwnerAlias": OWNER,
        "Status": str(image.status),
        "Progress": f"{image.progress}%",
        "Size": size,
        "Architecture": image.architecture,
        "OSName": image.os_name,
        "OSType": image.os_type,
        "Platform": image.platform,
        "Usage": usage_of(image, used),
        "IsCopied": bool(image.copied_from),
        "IsSelfShared": "True" if image.shared_with else "",
        "CreationTime": instant(image.created),
        "DiskDeviceMappings": {"DiskDeviceMapping": device_shapes(image)},
        "Tags": tag_shapes(tags),
    }


def device_shapes(image: Image) -> list[DeviceShape]:
    """The disks of an image, that of its system first."""
    disks = [("vda", "system", image.size_bytes, image.snapshot_id)]
    disks += [(each.device, "data", each.size_bytes, each.snapshot_id) for each in image.data_disks]
    return [
        {"Device": f"/dev/{device}", "Type": type, "Size": str(gib(size)), "SnapshotId": snapshot_id, "Format": ""}
        for device, type, size, snapshot_id in disks
    ]


def image_shape(image: Image, tags: Mapping[str, str], used: Collection[str]) -> ImageShape:
    """One image of DescribeImages."""
    return {
        **family_shape(image, tags, used),
        "OSNameEn": image.os_name,
        "IsPublic": False,
        "ResourceGroupId": "",
    }


def type_shapes(types: Iterable[InstanceType], image: Image, filters: Sequence[Filter]) -> list[TypeShape]:
    """The instance types that an image can be used with, as far as they meet the conditions: here, all."""
    names: dict[str, Callable[[InstanceType], str]] = {
        "imageid": lambda _: image.id,
        "instancetypefamily": lambda each: each.family,
        "instancetypeid": lambda each: each.id,
    }
    for number, each in enumerate(filters, 1):
        if each.key.casefold() not in names:
            message = f"The filter {each.key} is not known; known are imageId, instanceTypeFamily and instanceTypeId."
            raise InvalidParameter(f"Filter.{number}.Key", message)
    return [
        {
            "InstanceTypeId": each.id,
            "InstanceTypeFamily": each.family,
            "CpuCoreCount": each.cpu,
            "MemorySize": each.memory_mib / 1024,
        }
        for each in types
        if all(is_wanted(names[filter.key.casefold()](each), filter.value) for filter in filters)
    ]


# whether it may be


def snapshots_of(request: CreateImage) -> dict[str, str]:
    """The snapshots that an image is to be made from, with the devices they become; none: of an instance.

    Raises ApiError unless it is to be made from snapshots or from an instance.
    """
    found: dict[str, str] = {}
    if request.snapshot_id:
        found[request.snapshot_id] = ""
    for each in request.disk_device_mapping:
        if not each.snapshot_id:
            raise Unsupported("A disk of an image is made from a snapshot; empty ones are made with the instance.")
        if each.size is not None:
            raise Unsupported("A disk of an image is as large as its snapshot; Size can be given to RunInstances.")
        found[each.snapshot_id] = "vda" if each.disk_type == "system" else device_name(each.device)
    if request.instance_id and found:
        message = "InstanceId and SnapshotId are given; an image is made from one of the two."
        raise InvalidParameter("SnapshotId", message)
    if not request.instance_id and not found:
        raise MissingParameter("InstanceId")
    return found


def device_name(device: str) -> str:
    """`vdb` of `/dev/xvdb`, `/dev/vdb` or `vdb`; nothing of nothing. Raises InvalidParameter."""
    if not device:
        return ""
    found = re.fullmatch(r"(?:/dev/)?x?vd([a-z])", device)
    if found is None:
        raise InvalidParameter("Device", f"The device {device} is none of /dev/xvda to /dev/xvdz.")
    return f"vd{found[1]}"


def disks_of(wanted: Mapping[str, str], snapshots: Mapping[str, Snapshot]) -> tuple[str, tuple[DataSource, ...]]:
    """The snapshot of the system disk, and the data disks that the others become. Raises ApiError."""
    system = [id for id, device in wanted.items() if snapshots[id].disk_kind is DiskKind.SYSTEM or device == "vda"]
    if len(system) != 1:
        which = ", ".join(system) or "none"
        message = f"An image has one system disk; of the snapshots given, {which} {'are' if system else 'is'} of one."
        raise Refused("InvalidSnapshotId.NotSupport", message)
    data: list[DataSource] = []
    taken = {"vda", *(device for device in wanted.values() if device)}
    free = (f"vd{letter}" for letter in string.ascii_lowercase if f"vd{letter}" not in taken)
    for id, device in wanted.items():
        if id != system[0]:
            data.append(DataSource(device or next(free), snapshot_id=id))
    if len({each.device for each in data}) < len(data):
        raise InvalidParameter("Device", "Two disks of the image have the same device.")
    return system[0], tuple(sorted(data, key=lambda each: each.device))


def require_imageable(instance: Instance) -> None:
    """Raise ApiError for an instance of which no image can be made just now, or none that has all that it has."""
    if instance.power not in (Power.RUNNING, Power.STOPPED):
        message = f"The instance {instance.id} is {instance.power}; it must be Running or Stopped."
        raise Refused("IncorrectInstanceStatus", message)
    if not instance.disk_ids:
        raise Refused("InvalidInstanceId.NoDisk", f"The instance {instance.id} has no disk.")


def require_bootable(snapshot: Snapshot) -> None:
    """Raise ApiError for a snapshot of which no image can be made."""
    if snapshot.status is not SnapshotStatus.ACCOMPLISHED or snapshot.verification is Verification.NONE:
        message = f"The snapshot {snapshot.id} is {snapshot.status}; it must be accomplished and verified."
        raise Refused("InvalidSnapshotId.NotReady", message)


def require_unused_name(images: Iterable[Image], name: str, image_id: str) -> None:
    """Raise ApiError when another image of the region has this name."""
    for each in images:
        if name and each.name == name and each.id != image_id:
            message = f"The image name {name} is in use: {each.id} has it."
            raise Refused("InvalidImageName.Duplicated", message)


def require_usable(image: Image) -> None:
    """Raise ApiError unless the image is there to be used: neither in the making nor unproven nor deprecated."""
    if image.status != ImageStatus.AVAILABLE:
        raise Refused("IncorrectImageStatus", f"The image {image.id} is {image.status}; it must be Available.")


def require_cancellable(image: Image) -> None:
    """Raise ApiError unless this is a copy in the making."""
    if not image.copied_from or image.status in WHOLE:
        message = f"The image {image.id} is {image.status}; only a copy in the making can be cancelled."
        raise Refused("IncorrectImageStatus", message)


def require_deletable(image: Image, instances: Iterable[Instance], *, force: bool) -> None:
    """Raise ApiError for an image that must stay, or that only force may delete."""
    if image.shared_with:
        shared = ", ".join(image.shared_with)
        raise Refused("ImageUseShared", f"The image {image.id} is shared with {shared}; end that first.")
    if force:
        return
    if image.status == ImageStatus.CREATING:
        if image.copied_from:
            message = f"The image {image.id} is being copied; CancelCopyImage ends that."
            raise Refused("OperationDenied.ImageCopying", message)
        message = f"The image {image.id} is still being made; wait, or set Force if its maker has died."
        raise Refused("ImageIsCreating", message)
    using = sorted(each.id for each in instances if each.image_id == image.id)
    if using:
        more = f" and {len(using) - 3} more" if len(using) > 3 else ""
        message = f"The image {image.id} has been used to make {', '.join(using[:3])}{more}; set Force to delete it."
        raise Refused("ImageUsingByInstance", message)


def labels_after(image: Image, request: ModifyImageAttribute) -> ImageLabels:
    """The labels of an image when this was done."""
    return ImageLabels(
        name=request.image_name or image.name,
        description=image.description if request.description is None else request.description,
        family=image.family if request.image_family is None else request.image_family,
        status=request.status or image.status,
        shared_with=image.shared_with,
    )


def shared_after(image: Image, add: Sequence[str], remove: Sequence[str]) -> ImageLabels:
    """The labels of an image when these accounts were added and removed; one that is not there is removed already."""
    if add and image.status == ImageStatus.DEPRECATED:
        raise Refused("IncorrectImageStatus", f"The image {image.id} is Deprecated; such are not shared.")
    kept = [each for each in image.shared_with if each not in remove]
    return ImageLabels(image.name, image.description, image.family, image.status, tuple(dict.fromkeys((*kept, *add))))

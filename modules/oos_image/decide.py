"""Decisions about images: which are meant, what may be done with one, and how it is described. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from oos.fleet.image import WHOLE, ImageLabels, ImageStatus
from oos.fleet.instance import Instance, Power
from oos.fleet.storage import DiskKind, Image, Snapshot, SnapshotStatus, Verification
from oos.inventory.model import InstanceType
from oos.service.errors import InvalidParameter, MissingParameter, Refused, Unsupported
from oos.service.filtering import Filter, creation_period, has_tags, is_wanted, matches_name, tag_shapes
from oos.service.shape import gib, instant, newest_first
from oos_image.requests import CreateImage, DescribeImages, ModifyImageAttribute
from oos_image.responses import FamilyImageShape, ImageShape, TypeShape

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
        and is_wanted(each.snapshot_id, request.snapshot_id)
        and is_wanted(each.os_type, request.os_type)
        and is_wanted(each.architecture, request.architecture)
        and is_wanted(usage_of(each, used), request.usage)
        and has_tags(tags[each.id], request.tag)
        and period.holds(each.created)
    ]


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
        "DiskDeviceMappings": {
            "DiskDeviceMapping": [
                {
                    "Device": "/dev/vda",
                    "Type": "system",
                    "Size": str(size),
                    "SnapshotId": image.snapshot_id,
                    "Format": "",
                }
            ]
        },
        "Tags": tag_shapes(tags),
    }


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


def source_of(request: CreateImage) -> tuple[str, str]:
    """The instance or the snapshot that an image is to be made from. Raises ApiError unless there is exactly one."""
    snapshots = [request.snapshot_id] if request.snapshot_id else []
    for each in request.disk_device_mapping:
        if each.disk_type == "data" or not each.snapshot_id:
            raise Unsupported("An image has one disk, a system disk made from a snapshot; its size is the snapshot's.")
        if each.snapshot_id not in snapshots:
            snapshots.append(each.snapshot_id)
    if len(snapshots) > 1:
        raise Unsupported(f"An image has one disk; it cannot be made from {', '.join(snapshots)} together.")
    if request.instance_id and snapshots:
        message = "InstanceId and SnapshotId are given; an image is made from one of the two."
        raise InvalidParameter("SnapshotId", message)
    if not request.instance_id and not snapshots:
        raise MissingParameter("InstanceId")
    return request.instance_id, (snapshots or [""])[0]


def require_imageable(instance: Instance) -> None:
    """Raise ApiError for an instance of which no image can be made just now, or none that has all that it has."""
    if instance.power not in (Power.RUNNING, Power.STOPPED):
        message = f"The instance {instance.id} is {instance.power}; it must be Running or Stopped."
        raise Refused("IncorrectInstanceStatus", message)
    if not instance.disk_ids:
        raise Refused("InvalidInstanceId.NoDisk", f"The instance {instance.id} has no disk.")
    if len(instance.disk_ids) > 1:
        raise Unsupported(
            f"An image has one disk, and {instance.id} has {len(instance.disk_ids)}. Make a snapshot of its system "
            f"disk {instance.disk_ids[0]}, and the image of that (ACS::ECS::CreateImageForSystemDisk)."
        )


def require_bootable(snapshot: Snapshot) -> None:
    """Raise ApiError for a snapshot of which no image can be made."""
    if snapshot.status is not SnapshotStatus.ACCOMPLISHED or snapshot.verification is Verification.NONE:
        message = f"The snapshot {snapshot.id} is {snapshot.status}; it must be accomplished and verified."
        raise Refused("InvalidSnapshotId.NotReady", message)
    if snapshot.disk_kind is not DiskKind.SYSTEM:
        message = f"The snapshot {snapshot.id} is one of the data disk {snapshot.disk_id}; an image needs a system."
        raise Refused("InvalidSnapshotId.NotSupport", message)


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

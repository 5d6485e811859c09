"""Decisions about images: which are meant, and how one is described. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from oos.fleet.storage import Image
from oos.service.filtering import creation_period, has_tags, is_wanted, matches_name, tag_shapes
from oos.service.shape import gib, instant
from oos_image.requests import DescribeImages
from oos_image.responses import ImageShape

OWNER = "self"
"""Every image of a fleet is its owner's own."""


def once_each(images: Iterable[Image]) -> list[Image]:
    """Each image once, though several hosts have it."""
    return list({each.id: each for each in images}.values())


def usage_of(image: Image, used: Collection[str]) -> str:
    """Whether an instance was made from it."""
    return "instance" if image.id in used else "none"


def selected(
    images: Iterable[Image], tags: Mapping[str, Mapping[str, str]], used: Collection[str], request: DescribeImages
) -> list[Image]:
    """The images that meet every condition; `used` are the ids that instances were made from."""
    period = creation_period(request.filter)
    if request.resource_group_id or request.is_public or request.snapshot_id:
        return []
    statuses = {each.casefold() for each in request.status}
    return [
        each
        for each in images
        if (request.image_id is None or each.id in request.image_id)
        and matches_name(each.name, request.image_name)
        and is_wanted(each.family, request.image_family)
        and is_wanted(OWNER, request.image_owner_alias)
        and each.status.casefold() in statuses
        and is_wanted(each.os_type, request.os_type)
        and is_wanted(each.architecture, request.architecture)
        and is_wanted(usage_of(each, used), request.usage)
        and has_tags(tags[each.id], request.tag)
        and period.holds(each.created)
    ]


def image_shape(image: Image, tags: Mapping[str, str], used: Collection[str]) -> ImageShape:
    """One image of DescribeImages."""
    size = gib(image.size_bytes)
    return {
        "ImageId": image.id,
        "ImageName": image.name,
        "ImageFamily": image.family,
        "Description": image.description,
        "ImageOwnerAlias": OWNER,
        "Status": image.status,
        "Progress": "100%" if image.status == "Available" else "",
        "Size": size,
        "Architecture": image.architecture,
        "OSName": image.os_name,
        "OSNameEn": image.os_name,
        "OSType": image.os_type,
        "Platform": image.platform,
        "Usage": usage_of(image, used),
        "IsPublic": False,
        "IsSelfShared": "",
        "CreationTime": instant(image.created),
        "ResourceGroupId": "",
        "DiskDeviceMappings": {
            "DiskDeviceMapping": [
                {"Device": "/dev/vda", "Type": "system", "Size": str(size), "SnapshotId": "", "Format": ""}
            ]
        },
        "Tags": tag_shapes(tags),
    }

"""Operations on images that are there: described, labelled, shared, deleted."""

from __future__ import annotations

from collections.abc import Callable

from oos.fleet.errors import ImageAbsent
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.image import ImageLabels
from oos.fleet.storage import Image
from oos.service.context import Context
from oos.service.errors import Unavailable
from oos.service.paging import page_of
from oos.service.shape import newest_first
from oos.service.tags import changes_of_all, forget_tags, tags_after
from oos_image import decide, requests, responses


def images_of(context: Context) -> list[Image]:
    """Every image of the region, once."""
    return decide.once_each(context.fleet.images(context.region))


def image_of(context: Context, image_id: str) -> Image:
    """One image. Raises ImageAbsent."""
    found = next((each for each in images_of(context) if each.id == image_id), None)
    if found is None:
        raise ImageAbsent(image_id)
    return found


def homes_of(context: Context, image_id: str) -> list[Hypervisor]:
    """Every host that has the image."""
    having = {each.host for each in context.fleet.images(context.region) if each.id == image_id}
    return [context.fleet.hypervisor(each) for each in context.fleet.hosts(context.region) if each.name in having]


def home_of(context: Context, image: Image) -> Hypervisor:
    """The host on which this image was observed."""
    return next(context.fleet.hypervisor(each) for each in context.fleet.hosts(image.region) if each.name == image.host)


def describe_images(context: Context, request: requests.DescribeImages) -> responses.Images:
    """List images; one that several hosts have is listed once."""
    images = images_of(context)
    used = {each.image_id for each in context.fleet.instances(context.region)}
    tags = _tags(context, images)
    found = decide.selected(images, tags, used, context.account, request)
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    return {
        "Images": {"Image": [decide.image_shape(each, tags[each.id], used) for each in page.items]},
        "RegionId": context.region,
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def _tags(context: Context, images: list[Image]) -> dict[str, dict[str, str]]:
    changes = changes_of_all(context.registry)
    return {each.id: decide.with_system_tags(each, tags_after(each.tags, changes.get(each.id, {}))) for each in images}


def describe_image_from_family(context: Context, request: requests.DescribeImageFromFamily) -> responses.ImageOfFamily:
    """The newest available image of a family; nothing when there is none."""
    images = images_of(context)
    found = decide.newest_of_family(images, request.image_family)
    if found is None:
        return {}
    used = {each.image_id for each in context.fleet.instances(context.region)}
    return {"Image": decide.family_shape(found, _tags(context, [found])[found.id], used)}


def describe_image_support_instance_types(
    context: Context, request: requests.DescribeImageSupportInstanceTypes
) -> responses.SupportedTypes:
    """The instance types that can be made from an image: those of the inventory."""
    image = image_of(context, request.image_id)
    types = context.fleet.inventory.instance_types.values()
    return {
        "ImageId": image.id,
        "RegionId": context.region,
        "InstanceTypes": {"InstanceType": decide.type_shapes(types, image, request.filter)},
    }


def modify_image_attribute(context: Context, request: requests.ModifyImageAttribute) -> responses.Nothing:
    """Write name, description, family or status on an image."""
    decide.require_unused_name(images_of(context), request.image_name, request.image_id)
    _label(context, request.image_id, lambda image: decide.labels_after(image, request))
    return {}


def modify_image_share_permission(context: Context, request: requests.ModifyImageSharePermission) -> responses.Nothing:
    """Say which other accounts may use an image; it is written down with it, nothing more."""
    _label(
        context,
        request.image_id,
        lambda image: decide.shared_after(image, request.add_account, request.remove_account),
    )
    return {}


def _label(context: Context, image_id: str, change: Callable[[Image], ImageLabels]) -> None:
    """Change the labels of an image on every host that has it; what one has already is left alone."""
    labels = change(image_of(context, image_id))
    for home in homes_of(context, image_id):
        home.label_image(image_id, labels)


def describe_image_share_permission(
    context: Context, request: requests.DescribeImageSharePermission
) -> responses.SharePermission:
    """The accounts that may use an image besides its owner."""
    image = image_of(context, request.image_id)
    first = (request.page_number - 1) * request.page_size
    shown = image.shared_with[first : first + request.page_size]
    return {
        "ImageId": image.id,
        "RegionId": context.region,
        "Accounts": {"Account": [{"AliyunId": each} for each in shown]},
        "ShareGroups": {"ShareGroup": []},
        "TotalCount": len(image.shared_with),
        "PageNumber": request.page_number,
        "PageSize": request.page_size,
    }


def delete_image(context: Context, request: requests.DeleteImage) -> responses.Nothing:
    """Delete an image from every host that has it; instances made from it go on."""
    try:
        image = image_of(context, request.image_id)
    except ImageAbsent:
        forget_tags(context.registry, request.image_id)
        return {}
    decide.require_deletable(image, context.fleet.instances(context.region), force=request.force)
    return _gone(context, image.id)


def cancel_copy_image(context: Context, request: requests.CancelCopyImage) -> responses.Nothing:
    """End a copy in the making, and take away what there is of it."""
    decide.require_cancellable(image_of(context, request.image_id))
    return _gone(context, request.image_id)


def _gone(context: Context, image_id: str) -> responses.Nothing:
    for home in homes_of(context, image_id):
        home.delete_image(image_id)
    left = homes_of(context, image_id)
    if left:
        raise Unavailable(f"The image {image_id} was deleted, yet {left[0].host.name} has it.")
    forget_tags(context.registry, image_id)
    return {}

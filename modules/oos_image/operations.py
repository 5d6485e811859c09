"""Operations on images."""

from __future__ import annotations

from oos.service.context import Context
from oos.service.paging import page_of
from oos.service.shape import newest_first
from oos.service.tags import changes_of_all, tags_after
from oos_image import decide, requests, responses


def describe_images(context: Context, request: requests.DescribeImages) -> responses.Images:
    """List images; one that several hosts have is listed once."""
    images = decide.once_each(context.fleet.images(context.region))
    used = {each.image_id for each in context.fleet.instances(context.region)}
    changes = changes_of_all(context.registry)
    tags = {each.id: tags_after(each.tags, changes.get(each.id, {})) for each in images}
    found = decide.selected(images, tags, used, request)
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    return {
        "Images": {"Image": [decide.image_shape(each, tags[each.id], used) for each in page.items]},
        "RegionId": context.region,
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }

"""Operations that list disks."""

from __future__ import annotations

from oos.fleet.storage import DiskKind
from oos.service.context import Context
from oos.service.disk_settings import policies_of_disks, settings_of_all
from oos.service.paging import page_of
from oos.service.shape import newest_first
from oos.service.tags import changes_of_all, tags_after
from oos_disk import decide, requests, responses


def describe_disks(context: Context, request: requests.DescribeDisks) -> responses.Disks:
    """List disks, those of adopted domains too."""
    known = decide.Known(
        tags={id: tags_after({}, changes) for id, changes in changes_of_all(context.registry).items()},
        settings=settings_of_all(context.registry),
        policies=policies_of_disks(context.registry),
    )
    found = decide.selected(context.fleet.disks(context.region), known, request)
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    systems = {each.id for each in page.items if each.kind is DiskKind.SYSTEM}
    images = _images_of(context) if systems else {}
    shapes = [decide.disk_shape(each, known, images.get(each.instance_id, "")) for each in page.items]
    return {"Disks": {"Disk": shapes}, **page.fields}


def _images_of(context: Context) -> dict[str, str]:
    """The image of every instance: what its system disk was made from."""
    return {each.id: each.image_id for each in context.fleet.instances(context.region)}

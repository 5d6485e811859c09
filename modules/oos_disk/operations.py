"""Operations on disks."""

from __future__ import annotations

from oos.service.context import Context
from oos.service.errors import Unavailable
from oos.service.paging import page_of
from oos.service.shape import newest_first
from oos.service.tags import changes_of_all, tags_after
from oos_disk import decide, requests, responses


def describe_disks(context: Context, request: requests.DescribeDisks) -> responses.Disks:
    """List disks, those of adopted domains too."""
    tags = {id: tags_after({}, changes) for id, changes in changes_of_all(context.registry).items()}
    found = decide.selected(context.fleet.disks(context.region), tags, request)
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    shapes = [decide.disk_shape(each, tags.get(each.id, {})) for each in page.items]
    return {"Disks": {"Disk": shapes}, **page.fields}


def reset_disk(context: Context, request: requests.ResetDisk) -> responses.Nothing:
    """Give a disk of a stopped instance the content of one of its snapshots."""
    hypervisor, disk = context.fleet.of_disk(request.disk_id, context.region)
    snapshot = context.fleet.of_snapshot(request.snapshot_id, context.region)[1]
    instance = hypervisor.instance(disk.instance_id) if disk.instance_id else None
    decide.require_resettable(disk, snapshot, instance)
    hypervisor.restore_disk(disk.id, snapshot.id, context.token)
    now = hypervisor.disk(disk.id)
    if now.source_snapshot_id != snapshot.id:
        was = now.source_snapshot_id or "no snapshot"
        raise Unavailable(f"The disk {disk.id} was reset to {snapshot.id}, yet it comes from {was}.")
    return {}

"""Operations on snapshots."""

from __future__ import annotations

from oos.fleet.errors import SnapshotAbsent
from oos.fleet.storage import SnapshotRequest
from oos.service.context import Context
from oos.service.errors import Unavailable
from oos.service.paging import page_of
from oos.service.shape import newest_first
from oos.service.tags import changes_of_all, forget_tags, tags_from
from oos.values.identifiers import resource_id
from oos_snapshot import decide, requests, responses


def create_snapshot(context: Context, request: requests.CreateSnapshot) -> responses.MadeSnapshot:
    """Make a snapshot of a disk; of a running guest with its file systems frozen where its agent can."""
    tags = tags_from(request.tag)
    hypervisor, disk = context.fleet.of_disk(request.disk_id, context.region)
    wanted = SnapshotRequest(
        id=resource_id("s", context.token),
        disk_id=disk.id,
        token=context.token,
        created=context.now(),
        name=request.snapshot_name,
        description=request.description,
        tags=tags,
        retention_days=request.retention_days,
    )
    made = hypervisor.create_snapshot(wanted, lambda percent: context.report(f"{wanted.id}: {percent}%"))
    return {"SnapshotId": made.id}


def validate_disk_content(context: Context, request: requests.ValidateDiskContent) -> responses.DiskContent:
    """Compare a disk of an instance that is off with a snapshot, byte for byte as a guest would read them."""
    hypervisor, disk = context.fleet.of_disk(request.disk_id, context.region)
    same = hypervisor.has_content(disk.id, request.snapshot_id)
    result = "Unknown" if same is None else "Equal" if same else "Different"
    return {"DiskId": disk.id, "SnapshotId": request.snapshot_id, "Result": result}


def describe_snapshots(context: Context, request: requests.DescribeSnapshots) -> responses.Snapshots:
    """List snapshots, newest first."""
    changes = changes_of_all(context.registry)
    found = decide.selected(context.fleet.snapshots(context.region), changes, request)
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    shapes = [decide.snapshot_shape(each, changes.get(each.id, {})) for each in page.items]
    return {"Snapshots": {"Snapshot": shapes}, **page.fields}


def delete_snapshot(context: Context, request: requests.DeleteSnapshot) -> responses.Nothing:
    """Delete a snapshot; no other snapshot and no disk depends on it afterwards.

    One that is not there is passed over.
    """
    try:
        hypervisor, snapshot = context.fleet.of_snapshot(request.snapshot_id, context.region)
    except SnapshotAbsent:
        # As in the cloud: who deletes many at once need not know what others deleted meanwhile.
        forget_tags(context.registry, request.snapshot_id)
        return {}
    decide.require_deletable(snapshot, force=request.force)
    hypervisor.delete_snapshot(snapshot.id)
    try:
        now = hypervisor.snapshot(snapshot.id)
    except SnapshotAbsent:
        forget_tags(context.registry, snapshot.id)
        return {}
    raise Unavailable(f"The snapshot {now.id} was deleted, yet it is {now.status}.")

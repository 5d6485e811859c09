"""Operations on snapshot groups: snapshots of an instance's disks, all of one moment.

A group is what its snapshots say: they carry its id in a tag, and its name and description are theirs. So it lives as
long as they do, whatever becomes of the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from oos.fleet.storage import Disk, Snapshot, SnapshotRequest, SnapshotStatus
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import InvalidParameter, NotFound, Refused
from oos.service.filtering import has_tags, is_wanted, matches_name
from oos.service.paging import slice_of
from oos.service.shape import instant, newest_first
from oos.service.tags import changes_of_all, forget_tags, tags_from
from oos.values.identifiers import resource_id
from oos_snapshot import decide
from oos_snapshot import group_requests as requests
from oos_snapshot import group_responses as responses
from oos_snapshot.points import GROUP_TAG


def create_snapshot_group(context: Context, request: requests.CreateSnapshotGroup) -> responses.MadeGroup:
    """Make snapshots of all disks of an instance, or of some, of one moment: frozen where its agent can."""
    tags = tags_from(request.tag)
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    disks = _chosen([hypervisor.disk(id) for id in instance.disk_ids], request)
    id = resource_id("ssg", context.token)
    wanted = [
        SnapshotRequest(
            id=resource_id("s", f"{context.token}/{disk.id}"),
            disk_id=disk.id,
            token=f"{context.token}/{disk.id}",
            created=context.now(),
            name=request.name,
            description=request.description,
            tags={**tags, GROUP_TAG: id},
        )
        for disk in disks
    ]
    hypervisor.create_snapshots(wanted, lambda percent: context.report(f"{id}: {percent}%"))
    return {"SnapshotGroupId": id}


def _chosen(disks: Sequence[Disk], request: requests.CreateSnapshotGroup) -> list[Disk]:
    """The disks of the instance that are meant, in its order. Raises InvalidParameter, Refused."""
    there = {each.id for each in disks}
    if request.disk_id and request.exclude_disk_id:
        raise InvalidParameter("ExcludeDiskId", "Name the disks, or those to leave out, not both.")
    for name, ids in (("DiskId", request.disk_id), ("ExcludeDiskId", request.exclude_disk_id)):
        for id in ids:
            if id not in there:
                message = f"The instance {request.instance_id} has no disk {id}."
                raise InvalidParameter(name, message, code="InvalidDiskId.NotFound")
    chosen = [
        each
        for each in disks
        if each.id not in request.exclude_disk_id and (not request.disk_id or each.id in request.disk_id)
    ]
    if not chosen:
        raise Refused("IncorrectInstanceStatus", f"No disk of the instance {request.instance_id} is left to take.")
    return chosen


def describe_snapshot_groups(context: Context, request: requests.DescribeSnapshotGroups) -> responses.Groups:
    """List snapshot groups with their snapshots, newest first."""
    changes = changes_of_all(context.registry)
    snapshots = context.fleet.snapshots(context.region)
    tags = {each.id: decide.tags_of(each, changes.get(each.id, {})) for each in snapshots}
    found = [
        (id, members)
        for id, members in _groups(snapshots).items()
        if (not request.snapshot_group_id or id in request.snapshot_group_id)
        and is_wanted(members[0].instance_id, request.instance_id)
        and matches_name(members[0].name, request.name)
        and (not request.status or _status(members) in request.status)
        and not request.resource_group_id
        and has_tags(tags[members[0].id], request.tag)
    ]
    page = slice_of(found, request, lambda each: newest_first(each[1][0].created, each[0]), descending=True)
    return {
        "SnapshotGroups": {"SnapshotGroup": [_shape(id, members, tags) for id, members in page.items]},
        "NextToken": page.fields["NextToken"],
    }


def delete_snapshot_group(context: Context, request: requests.DeleteSnapshotGroup) -> responses.Nothing:
    """Delete a snapshot group and its snapshots; no other snapshot and no disk depends on them afterwards."""
    id = request.snapshot_group_id
    members = _groups(context.fleet.snapshots(context.region)).get(id, [])
    if not members and not was_deletion_intended(context, id):
        raise NotFound("InvalidSnapshotGroupId.NotFound", f"The specified snapshot group {id} does not exist.")
    for each in members:
        decide.require_deletable(each, force=False)
    intend_deletion(context, id)
    for each in members:
        context.fleet.of_snapshot(each.id, context.region)[0].delete_snapshot(each.id)
        forget_tags(context.registry, each.id)
    return {}


def _groups(snapshots: Iterable[Snapshot]) -> dict[str, list[Snapshot]]:
    """The snapshots of every group, system disks first."""
    found: dict[str, list[Snapshot]] = {}
    for each in snapshots:
        id = each.tags.get(GROUP_TAG)
        if id:
            found.setdefault(id, []).append(each)
    return {
        id: sorted(members, key=lambda each: (each.disk_kind != "system", each.id)) for id, members in found.items()
    }


def _status(members: Sequence[Snapshot]) -> str:
    """A group is as its worst snapshot is."""
    of = {each.status for each in members}
    for status in (SnapshotStatus.FAILED, SnapshotStatus.PROGRESSING):
        if status in of:
            return status.value
    return SnapshotStatus.ACCOMPLISHED.value


def _shape(id: str, members: Sequence[Snapshot], tags: Mapping[str, Mapping[str, str]]) -> responses.GroupShape:
    first = members[0]
    return {
        "SnapshotGroupId": id,
        "InstanceId": first.instance_id,
        "Name": first.name,
        "Description": first.description,
        "Status": _status(members),
        "CreationTime": instant(first.created),
        "ResourceGroupId": "",
        "Snapshots": {
            "Snapshot": [
                {
                    "SnapshotId": each.id,
                    "SourceDiskId": each.disk_id,
                    "SourceDiskType": each.disk_kind.value,
                    "Progress": f"{each.progress}%",
                    "Available": decide.is_usable(each),
                    "InstantAccess": False,
                    "Tags": _tag_shapes(tags[each.id]),
                }
                for each in members
            ]
        },
        "Tags": _tag_shapes({key: value for key, value in tags[first.id].items() if not key.startswith("acs:")}),
    }


def _tag_shapes(tags: Mapping[str, str]) -> responses.TagShapes:
    return {"Tag": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}

"""Operations on automatic snapshot policies; `oos serve` carries the policies out."""

from __future__ import annotations

from dataclasses import replace

from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.disk_settings import policies_of_disks, put_policy_of_disk, remove_policy_of_disk
from oos.service.errors import InvalidParameter, NotFound
from oos.service.filtering import has_tags, matches_name, tag_shapes
from oos.service.paging import page_of, slice_of
from oos.service.shape import instant, newest_first
from oos.service.snapshot_policies import (
    FOR_EVER,
    SnapshotPolicy,
    forget_policy,
    keep_policy,
    load_policies,
    load_policy,
)
from oos.service.tags import changes_of, forget_tags, tags_after, tags_from
from oos.values.identifiers import resource_id
from oos_snapshot import policy_requests as requests
from oos_snapshot import policy_responses as responses


def create_auto_snapshot_policy(context: Context, request: requests.CreateAutoSnapshotPolicy) -> responses.MadePolicy:
    """Make a policy: at which hours of which weekdays (UTC+8) snapshots are made of the disks that it is applied to."""
    tags = tags_from(request.tag)
    id = resource_id("sp", context.token)
    if load_policy(context.registry, id) is None:
        made = SnapshotPolicy(
            id=id,
            region=context.region,
            name=request.auto_snapshot_policy_name,
            hours=_numbers("timePoints", request.time_points, 0, 23),
            weekdays=_numbers("repeatWeekdays", request.repeat_weekdays, 1, 7),
            retention_days=_days(request.retention_days),
            created=context.now(),
            changed=context.now(),
            tags=tags,
        )
        keep_policy(context.registry, made)
    return {"AutoSnapshotPolicyId": id}


def modify_auto_snapshot_policy(context: Context, request: requests.ModifyAutoSnapshotPolicy) -> responses.Nothing:
    """Change a policy; what is not given stays. Snapshots that were made already stay as they are."""
    policy = _policy(context, request.auto_snapshot_policy_id)
    changed = replace(
        policy,
        name=policy.name if request.auto_snapshot_policy_name is None else request.auto_snapshot_policy_name,
        hours=_numbers("timePoints", request.time_points, 0, 23) if request.time_points else policy.hours,
        weekdays=(
            _numbers("repeatWeekdays", request.repeat_weekdays, 1, 7) if request.repeat_weekdays else policy.weekdays
        ),
        retention_days=policy.retention_days if request.retention_days is None else _days(request.retention_days),
    )
    if (changed.hours, changed.weekdays) != (policy.hours, policy.weekdays):
        # An hour that was none until now, and lies behind, is not made up for.
        changed = replace(changed, changed=context.now())
    keep_policy(context.registry, changed)
    return {}


def apply_auto_snapshot_policy(context: Context, request: requests.ApplyAutoSnapshotPolicy) -> responses.Nothing:
    """Have a policy make snapshots of disks, in place of the one that did."""
    policy = _policy(context, request.auto_snapshot_policy_id)
    found = [context.fleet.of_disk(id, context.region)[1] for id in request.disk_ids]
    for disk in found:
        put_policy_of_disk(context.registry, disk.id, policy.id)
    return {}


def cancel_auto_snapshot_policy(context: Context, request: requests.CancelAutoSnapshotPolicy) -> responses.Nothing:
    """Have no policy, or not this one, make snapshots of disks any more."""
    applied = policies_of_disks(context.registry)
    for id in request.disk_ids:
        if id not in applied:
            # Raises unless it is there.
            context.fleet.of_disk(id, context.region)
        elif request.auto_snapshot_policy_id in ("", applied[id]):
            remove_policy_of_disk(context.registry, id)
    return {}


def describe_auto_snapshot_policy_ex(
    context: Context, request: requests.DescribeAutoSnapshotPolicyEx
) -> responses.Policies:
    """List policies, newest first, and how many disks each is applied to."""
    applied = list(policies_of_disks(context.registry).values())
    tags = {
        each.id: tags_after(each.tags, changes_of(context.registry, each.id))
        for each in load_policies(context.registry)
    }
    found = [
        each
        for each in load_policies(context.registry)
        if each.region == context.region
        and request.auto_snapshot_policy_id in ("", each.id)
        and not request.resource_group_id
        and matches_name(each.name, request.auto_snapshot_policy_name)
        and has_tags(tags[each.id], request.tag)
    ]
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    shapes = [_shape(each, applied.count(each.id), tags[each.id]) for each in page.items]
    return {
        "AutoSnapshotPolicies": {"AutoSnapshotPolicy": shapes},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def describe_auto_snapshot_policy_associations(
    context: Context, request: requests.DescribeAutoSnapshotPolicyAssociations
) -> responses.Associations:
    """List which policy is applied to which disk."""
    regions = {each.id: each.region for each in load_policies(context.registry)}
    found = [
        (disk, policy)
        for disk, policy in policies_of_disks(context.registry).items()
        if regions.get(policy) == context.region
        and request.disk_id in ("", disk)
        and request.auto_snapshot_policy_id in ("", policy)
    ]
    page = slice_of(found, request, lambda each: each)
    shapes: list[responses.AssociationShape] = [
        {"DiskId": disk, "AutoSnapshotPolicyId": policy} for disk, policy in page.items
    ]
    return {
        "AutoSnapshotPolicyAssociations": {"AutoSnapshotPolicyAssociation": shapes},
        "NextToken": page.fields["NextToken"],
    }


def delete_auto_snapshot_policy(context: Context, request: requests.DeleteAutoSnapshotPolicy) -> responses.Nothing:
    """Delete a policy; its disks have none then, and the snapshots that it made stay."""
    id = request.auto_snapshot_policy_id
    policy = load_policy(context.registry, id)
    if policy is None and not was_deletion_intended(context, id):
        raise _absent(id)
    intend_deletion(context, id)
    for disk, applied in policies_of_disks(context.registry).items():
        if applied == id:
            remove_policy_of_disk(context.registry, disk)
    forget_policy(context.registry, id)
    forget_tags(context.registry, id)
    return {}


def _policy(context: Context, id: str) -> SnapshotPolicy:
    policy = load_policy(context.registry, id)
    if policy is None or policy.region != context.region:
        raise _absent(id)
    return policy


def _absent(id: str) -> NotFound:
    return NotFound(
        "InvalidAutoSnapshotPolicyId.NotFound", f"The specified automatic snapshot policy {id} is not there."
    )


def _numbers(name: str, given: tuple[str, ...], least: int, most: int) -> tuple[int, ...]:
    if not given:
        raise InvalidParameter(name, f"The parameter {name} names nothing.")
    for each in given:
        if not (each.isdecimal() and least <= int(each) <= most):
            raise InvalidParameter(name, f"The parameter {name} has numbers from {least} to {most}, not {each!r}.")
    return tuple(sorted({int(each) for each in given}))


def _days(days: int) -> int:
    if days != FOR_EVER and not 1 <= days <= 65536:
        message = f"The parameter retentionDays is {FOR_EVER} (for ever) or from 1 to 65536, not {days}."
        raise InvalidParameter("retentionDays", message)
    return days


def _shape(policy: SnapshotPolicy, disks: int, tags: dict[str, str]) -> responses.PolicyShape:
    return {
        "AutoSnapshotPolicyId": policy.id,
        "AutoSnapshotPolicyName": policy.name,
        "RegionId": policy.region,
        "TimePoints": _texts(policy.hours),
        "RepeatWeekdays": _texts(policy.weekdays),
        "RetentionDays": policy.retention_days,
        "DiskNums": disks,
        "VolumeNums": 0,
        "Status": "Normal",
        "EnableCrossRegionCopy": False,
        "ResourceGroupId": "",
        "CreationTime": instant(policy.created),
        "Tags": tag_shapes(tags),
    }


def _texts(numbers: tuple[int, ...]) -> str:
    """A list as the service writes it: JSON of texts."""
    return "[" + ",".join(f'"{each}"' for each in numbers) + "]"

"""Operations on retention, which only look: what a policy keeps, what it will have kept, what has no snapshot."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from oos.diagnostics import DiagnosticError
from oos.fleet.fleet import Fleet
from oos.fleet.storage import Snapshot
from oos.retention.coverage import Demand, coverage_of
from oos.retention.forecast import MOST_STEPS, SHORTEST, Step, instants, rotations, usual_spacing
from oos.retention.model import Point, PolicyBook, Room, Verdict
from oos.retention.policy import all_verdicts, to_delete
from oos.retention.reading import read_policy_book
from oos.service.context import Context
from oos.service.errors import InvalidParameter
from oos.service.shape import instant
from oos.service.tags import changes_of_all
from oos.values.time import parse_duration
from oos_snapshot import requests, responses
from oos_snapshot.points import Selection, disks_to_cover, of_selection, points_of, with_their_moments


def describe_snapshot_retention(
    context: Context, request: requests.DescribeSnapshotRetention
) -> responses.RetentionPlan:
    """Tell of each snapshot whether a policy keeps it, with every reason; nothing is deleted."""
    book = _book(request.policy)
    now = context.now()
    selection = _selection(request)
    found = context.fleet.snapshots(context.region)
    snapshots, points = _look(context, found, with_their_moments(found, selection))
    rooms = _rooms(context.fleet, context.region, book) if request.consider_space else {}
    selected = {each.id for each in points if selection.is_about(snapshots[each.id])}
    verdicts = of_selection(all_verdicts(book, now, points, rooms), selected)
    return {
        "Now": instant(now),
        "Verdicts": [_verdict_shape(each, snapshots[each.point.id]) for each in verdicts],
        "Kept": [each.point.id for each in verdicts if each.keeps],
        "Deleted": [each.id for each in to_delete(verdicts)],
        "Rooms": [
            {"HostName": name, "CapacityBytes": room.capacity_bytes, "FreeBytes": room.free_bytes}
            for name, room in sorted(rooms.items())
        ],
    }


def describe_retention_forecast(
    context: Context, request: requests.DescribeRetentionForecast
) -> responses.RetentionForecast:
    """Play rotations forward: how many snapshots a policy will keep, how much they take, and when each of now goes."""
    book = _book(request.policy)
    now = context.now()
    snapshots, points = _look(context, context.fleet.snapshots(context.region), _selection(request))
    by_group = {
        key: list(members) for key, members in groupby(sorted(points, key=lambda each: each.group), lambda e: e.group)
    }
    found: list[responses.GroupForecast] = []
    for group, members in by_group.items():
        every = _spacing(request.every, members, request.days)
        policy = book.policy_of(members[-1].tags)
        steps = list(rotations(policy, members, instants(now, every, request.days)))
        found.append(_group_forecast(snapshots[members[-1].id], group, every, members, steps))
    return {"Now": instant(now), "Days": request.days, "Forecasts": found}


def describe_snapshot_coverage(
    context: Context, request: requests.DescribeSnapshotCoverage
) -> responses.SnapshotCoverage:
    """Tell which disks lack a recent, verified snapshot. A rotation that stopped is seen here, by what is missing."""
    demand = Demand(_duration(request.most_age, "MostAge"), request.least)
    now = context.now()
    instances = context.fleet.instances(context.region)
    wanted = disks_to_cover(context.fleet.disks(context.region), instances, request.instance_ids, request.disk_type)
    selection = Selection(rotation=request.rotation, everything=not request.rotation)
    snapshots = context.fleet.snapshots(context.region)
    points = points_of(snapshots, changes_of_all(context.registry), instances, selection)
    disk_of = {each.id: each.disk_id for each in snapshots}
    by_disk: dict[str, list[Point]] = {}
    for each in points:
        by_disk.setdefault(disk_of[each.id], []).append(each)
    found: list[responses.DiskCoverage] = []
    for disk, instance in sorted(wanted, key=lambda pair: (pair[1].name, pair[0].device, pair[0].id)):
        own = [Point(each.id, each.taken, disk.id, each.state) for each in by_disk.get(disk.id, ())]
        covered = coverage_of(disk.id, own, demand, now)
        found.append(
            {
                "DiskId": disk.id,
                "Device": disk.device,
                "InstanceId": instance.id,
                "InstanceName": instance.name,
                "Covered": not covered.faults,
                "Usable": covered.usable,
                "NewestSnapshotId": covered.newest.id if covered.newest else "",
                "NewestTime": instant(covered.newest.taken) if covered.newest else "",
                "Faults": list(covered.faults),
            }
        )
    missing = [each for each in found if not each["Covered"]]
    return {"Now": instant(now), "Disks": found, "Missing": missing, "MissingCount": len(missing)}


# looking


def _selection(request: requests.DescribeSnapshotRetention | requests.DescribeRetentionForecast) -> Selection:
    return Selection(request.disk_ids, request.instance_ids, request.rotation, request.everything)


def _look(
    context: Context, snapshots: Sequence[Snapshot], selection: Selection
) -> tuple[dict[str, Snapshot], list[Point]]:
    instances = context.fleet.instances(context.region)
    points = points_of(snapshots, changes_of_all(context.registry), instances, selection)
    return {each.id: each for each in snapshots}, points


def _rooms(fleet: Fleet, region: str, book: PolicyBook) -> dict[str, Room]:
    """The room on each host, where any policy cares."""
    if not any(each.floor for each in (book.default, *(chapter.policy for chapter in book.chapters))):
        return {}
    return {name: Room(each.capacity_bytes, each.free_bytes) for name, each in fleet.snapshot_rooms(region).items()}


def _book(value: Any) -> PolicyBook:
    """The policies in a parameter: a map, a number to keep, or JSON text of either."""
    try:
        return read_policy_book(json.loads(value) if isinstance(value, str) else value, "Policy")
    except DiagnosticError as error:
        faults = "; ".join(each.message + (f" ({each.hint})" if each.hint else "") for each in error.diagnostics)
        raise InvalidParameter("Policy", f"The policy cannot be used: {faults}.") from error
    except ValueError as error:
        raise InvalidParameter("Policy", f"The policy is not JSON: {error}.") from error


def _duration(text: str, parameter: str) -> timedelta:
    try:
        found = parse_duration(text)
    except (ValueError, OverflowError) as error:
        raise InvalidParameter(parameter, f"{error}.") from error
    if not found:
        raise InvalidParameter(parameter, f"{parameter} must be longer than nothing.")
    return found


def _spacing(text: str, points: Sequence[Point], days: int) -> timedelta:
    """How far apart rotations are: as told, else as the snapshots there are tell, else a day."""
    every = _duration(text, "Every") if text else usual_spacing(points) or timedelta(days=1)
    if every < SHORTEST or timedelta(days=days) / every > MOST_STEPS:
        message = f"{days} days in steps of {every} are too many; at most {MOST_STEPS} rotations are played."
        raise InvalidParameter("Every", message)
    return every


# shapes


def _verdict_shape(verdict: Verdict, snapshot: Snapshot) -> responses.VerdictShape:
    return {
        "SnapshotId": snapshot.id,
        "SnapshotName": snapshot.name,
        "SourceDiskId": snapshot.disk_id,
        "InstanceId": snapshot.instance_id,
        "Group": verdict.point.group,
        "CreationTime": instant(snapshot.created),
        "Status": snapshot.status.value,
        "StoredBytes": snapshot.stored_bytes,
        "Verdict": "Keep" if verdict.keeps else "Delete",
        "Reasons": [{"Code": each.code, "Text": each.text} for each in verdict.reasons],
    }


def _group_forecast(
    snapshot: Snapshot, group: str, every: timedelta, members: Sequence[Point], steps: Sequence[Step]
) -> responses.GroupForecast:
    ends = {point.id: step.at for step in steps for point in step.gone}
    return {
        "Group": group,
        "SourceDiskId": snapshot.disk_id,
        "InstanceId": snapshot.instance_id,
        "EverySeconds": int(every.total_seconds()),
        "MostSnapshots": max((len(each.points) for each in steps), default=len(members)),
        "MostBytes": max((_bytes(each.points) for each in steps), default=_bytes(members)),
        "Days": list(_days(steps)),
        "Ends": [
            {
                "SnapshotId": each.id,
                "CreationTime": instant(each.taken),
                "DeletionTime": instant(ends[each.id]) if each.id in ends else "",
            }
            for each in sorted(members, key=lambda each: (each.taken, each.id))
        ],
        "Left": [instant(each.taken) for each in sorted(steps[-1].points, key=_taken)] if steps else [],
    }


def _days(steps: Iterable[Step]) -> Iterable[responses.DayForecast]:
    """How it stands at the end of each day, in UTC."""
    for day, of_day in groupby(steps, lambda each: each.at.date()):
        last = list(of_day)[-1]
        yield {"Date": day.isoformat(), "Snapshots": len(last.points), "Bytes": _bytes(last.points)}


def _bytes(points: Iterable[Point]) -> int:
    return sum(each.stored_bytes for each in points)


def _taken(point: Point) -> datetime:
    return point.taken

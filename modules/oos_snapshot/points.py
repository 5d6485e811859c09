"""Snapshots as retention sees them: points, each in the group that is judged together. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from oos.fleet.instance import Instance
from oos.fleet.storage import Disk, Snapshot, SnapshotStatus
from oos.retention.model import Point, State, Verdict
from oos.service.filtering import is_wanted
from oos.service.tags import Changes, tags_after
from oos_snapshot.decide import is_usable

GROUP_TAG: Final = "oos:snapshot-group"
"""The tag of a snapshot that belongs to a group; its value is the id of the group."""
ROTATION_TAG: Final = "oos:rotation"
"""Which rotation made a snapshot. Those without it were made by somebody else."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which snapshots are judged: those of some disks, of one rotation or of all, those made by others too or not."""

    disk_ids: Sequence[str] | None = None
    instance_ids: Sequence[str] | None = None
    rotation: str = ""
    everything: bool = False

    def is_about(self, snapshot: Snapshot) -> bool:
        """Whether it is a snapshot of these disks and instances."""
        return (self.disk_ids is None or snapshot.disk_id in self.disk_ids) and (
            self.instance_ids is None or snapshot.instance_id in self.instance_ids
        )

    def holds(self, snapshot: Snapshot, tags: Mapping[str, str]) -> bool:
        """Whether this snapshot is judged."""
        if not self.is_about(snapshot):
            return False
        rotation = tags.get(ROTATION_TAG)
        return is_wanted(rotation, self.rotation) if rotation is not None else self.everything and not self.rotation


def with_their_moments(snapshots: Sequence[Snapshot], selection: Selection) -> Selection:
    """The selection, and the disks that were ever taken in one moment with one of it: they are judged together."""
    if selection.disk_ids is None:
        return selection
    disks: set[str] = set()
    more = set(selection.disk_ids)
    while not more <= disks:
        disks |= more
        moments = {each.tags.get(GROUP_TAG) for each in snapshots if each.disk_id in disks} - {None}
        more = {each.disk_id for each in snapshots if each.tags.get(GROUP_TAG) in moments}
    return replace(selection, disk_ids=tuple(sorted(disks)))


def of_selection(verdicts: Sequence[Verdict], selected: Container[str]) -> list[Verdict]:
    """The verdicts on selected snapshots, and on what was taken in one moment with them."""
    moments = {each.point.moment for each in verdicts if each.point.id in selected} - {""}
    return [each for each in verdicts if each.point.id in selected or each.point.moment in moments]


def points_of(
    snapshots: Iterable[Snapshot], changes: Mapping[str, Changes], instances: Iterable[Instance], selection: Selection
) -> list[Point]:
    """The points of the selected snapshots. Tags are those of the instance, and above them the snapshot's own."""
    instance_tags = {each.id: each.labels.tags for each in instances}
    found = []
    for each in snapshots:
        own = tags_after(each.tags, changes.get(each.id, {}))
        if selection.holds(each, own):
            tags = {**instance_tags.get(each.instance_id, {}), **own}
            found.append(_point(each, tags, own.get(ROTATION_TAG, "")))
    return found


def _point(snapshot: Snapshot, tags: Mapping[str, str], rotation: str) -> Point:
    return Point(
        snapshot.id,
        snapshot.created,
        f"{snapshot.disk_id} {rotation}".rstrip(),
        state_of(snapshot),
        tags,
        snapshot.host,
        snapshot.stored_bytes,
        snapshot.parent_id,
        snapshot.tags.get(GROUP_TAG, ""),
    )


def state_of(snapshot: Snapshot) -> State:
    """What a snapshot is good for."""
    match snapshot.status:
        case SnapshotStatus.FAILED:
            return State.FAILED
        case SnapshotStatus.PROGRESSING:
            return State.UNFINISHED
        case _:
            return State.USABLE if is_usable(snapshot) else State.UNVERIFIED


def disks_to_cover(
    disks: Iterable[Disk], instances: Iterable[Instance], wanted: Sequence[str] | None, kind: str
) -> list[tuple[Disk, Instance]]:
    """The disks of these instances (of all when None), each with its instance."""
    known = {each.id: each for each in instances}
    return [
        (each, known[each.instance_id])
        for each in disks
        if each.instance_id in known
        and (wanted is None or each.instance_id in wanted)
        and (kind == "all" or is_wanted(each.kind, kind))
    ]

"""Requests about snapshots: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from oos.service.filtering import Filter, Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Form, Param


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSnapshot:
    """Of which disk to make a snapshot, and what to write on it."""

    disk_id: Annotated[str, Param("The disk.")]
    snapshot_name: Annotated[str, Param("Name of the snapshot.", most=128, pattern=r"(?!https?://).*")] = ""
    description: Annotated[str, Param("Description of the snapshot.", most=256)] = ""
    retention_days: Annotated[
        int | None, Param("Days to keep it; for ever when not given.", minimum=1, maximum=65536)
    ] = None
    tag: Annotated[tuple[Tag, ...], Param("Tags.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSnapshots(Paged):
    """Which snapshots to list; conditions that are given must all hold."""

    snapshot_ids: Annotated[tuple[str, ...] | None, Param("Only these; an empty list finds none.", form=Form.JSON)] = (
        None
    )
    disk_id: Annotated[str, Param("Disk they are of.")] = ""
    instance_id: Annotated[str, Param("Instance whose disks they are of.")] = ""
    snapshot_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    status: Annotated[str, Param("Status.", allowed=("progressing", "accomplished", "failed", "all"))] = ""
    snapshot_type: Annotated[str, Param("Who made them.", allowed=("auto", "user", "all"))] = ""
    source_disk_type: Annotated[str, Param("What the disk is for.", allowed=("System", "Data"))] = ""
    usage: Annotated[str, Param("What uses them.", allowed=("image", "disk", "image_disk", "mount", "none"))] = ""
    category: Annotated[str, Param("Category.", allowed=("standard", "flash"))] = ""
    resource_group_id: Annotated[str, Param("Resource group; snapshots are in none.")] = ""
    encrypted: Annotated[bool | None, Param("Whether they are encrypted; none is.")] = None
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()
    filter: Annotated[tuple[Filter, ...], Param("CreationStartTime, CreationEndTime.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSnapshot:
    """Which snapshot to delete."""

    snapshot_id: Annotated[str, Param("The snapshot.")]
    force: Annotated[bool, Param("Delete it even if it is still being made.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSnapshotRetention:
    """Which snapshots a policy judges. An operation of our own (decision 115)."""

    policy: Annotated[Any, Param("The policy: a map, a number of snapshots to keep, or JSON text of either.")]
    disk_ids: Annotated[tuple[str, ...] | None, Param("Only of these disks.", form=Form.JSON)] = None
    instance_ids: Annotated[tuple[str, ...] | None, Param("Only of these instances.", form=Form.JSON)] = None
    rotation: Annotated[str, Param("Only of this rotation; of each rotation, by itself, when empty.")] = ""
    everything: Annotated[bool, Param("Also those that no rotation made.")] = False
    consider_space: Annotated[bool, Param("Whether the floor of the policy is looked at.")] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeRetentionForecast:
    """Which rotations are played forward, and how far. An operation of our own (decision 115)."""

    policy: Annotated[Any, Param("The policy: a map, a number of snapshots to keep, or JSON text of either.")]
    disk_ids: Annotated[tuple[str, ...] | None, Param("Only of these disks.", form=Form.JSON)] = None
    instance_ids: Annotated[tuple[str, ...] | None, Param("Only of these instances.", form=Form.JSON)] = None
    rotation: Annotated[str, Param("Only of this rotation; of each rotation, by itself, when empty.")] = ""
    everything: Annotated[bool, Param("Also snapshots that no rotation made.")] = False
    days: Annotated[int, Param("How far to look.", minimum=1, maximum=3660)] = 365
    every: Annotated[str, Param("How far apart rotations are, 1d say; as they were so far when empty.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSnapshotCoverage:
    """Which disks must have snapshots, and how recent. An operation of our own (decision 115)."""

    most_age: Annotated[str, Param("The newest usable snapshot of a disk is no older.")] = "26h"
    least: Annotated[int, Param("A disk has so many usable ones.", minimum=1, maximum=1000)] = 1
    instance_ids: Annotated[tuple[str, ...] | None, Param("Only disks of these instances.", form=Form.JSON)] = None
    disk_type: Annotated[str, Param("Which of their disks.", allowed=("all", "system", "data"))] = "all"
    rotation: Annotated[str, Param("Only snapshots of this rotation count; all when empty.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateDiskContent:
    """Which disk to compare with which snapshot. An operation of our own (decision 116)."""

    disk_id: Annotated[str, Param("The disk; its instance is off.")]
    snapshot_id: Annotated[str, Param("The snapshot whose content it should have.")]

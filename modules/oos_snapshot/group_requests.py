"""Requests about snapshot groups: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Tag, TagCondition
from oos.service.paging import Tokened
from oos.service.parameter import Param


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSnapshotGroup:
    """Of which instance to make snapshots of one moment."""

    instance_id: Annotated[str, Param("The instance.")]
    disk_id: Annotated[tuple[str, ...], Param("Only these of its disks.", most=16)] = ()
    exclude_disk_id: Annotated[tuple[str, ...], Param("All of its disks but these.", most=16)] = ()
    name: Annotated[str, Param("Name of the group, and of its snapshots.", most=128, pattern=r"(?!https?://).*")] = ""
    description: Annotated[str, Param("Description of the group, and of its snapshots.", most=256)] = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSnapshotGroups(Tokened):
    """Which groups to list; conditions that are given must all hold."""

    snapshot_group_id: Annotated[tuple[str, ...], Param("Only these.", most=10)] = ()
    instance_id: Annotated[str, Param("Instance they are of.")] = ""
    name: Annotated[str, Param("Name; * stands for anything.")] = ""
    status: Annotated[tuple[str, ...], Param("Only of these statuses: progressing, accomplished, failed.", most=3)] = ()
    resource_group_id: Annotated[str, Param("Resource group; groups of snapshots are in none.")] = ""
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSnapshotGroup:
    """Which group to delete."""

    snapshot_group_id: Annotated[str, Param("The group.")]

"""Requests about disks: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Filter, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Form, Param

_STATUSES = ("In_use", "Available", "Attaching", "Detaching", "Creating", "ReIniting", "All")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeDisks(Paged):
    """Which disks to list; conditions that are given must all hold."""

    disk_ids: Annotated[tuple[str, ...] | None, Param("Only these; an empty list finds none.", form=Form.JSON)] = None
    instance_id: Annotated[str, Param("Instance they are attached to.")] = ""
    disk_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    disk_type: Annotated[str, Param("What they are for.", allowed=("all", "system", "data"))] = ""
    status: Annotated[str, Param("Status.", allowed=_STATUSES)] = ""
    zone_id: Annotated[str, Param("Zone.")] = ""
    category: Annotated[str, Param("Category; here it is always cloud.")] = ""
    snapshot_id: Annotated[str, Param("Snapshot they were last restored from.")] = ""
    resource_group_id: Annotated[str, Param("Resource group; disks are in none.")] = ""
    portable: Annotated[bool | None, Param("Whether they can be detached.")] = None
    encrypted: Annotated[bool | None, Param("Whether they are encrypted; none is.")] = None
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()
    filter: Annotated[tuple[Filter, ...], Param("CreationStartTime, CreationEndTime.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetDisk:
    """Which disk to give the content of which of its snapshots."""

    disk_id: Annotated[str, Param("The disk.")]
    snapshot_id: Annotated[str, Param("One of its snapshots.")]

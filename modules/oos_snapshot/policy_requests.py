"""Requests about automatic snapshot policies: parameters as ECS 2014-05-26 names them, some with a small letter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Tag, TagCondition
from oos.service.paging import Paged, Tokened
from oos.service.parameter import Form, Param

_HOURS = 'Hours of the day in UTC+8, such as ["0", "12"].'
_DAYS = 'Weekdays in UTC+8, from Monday, ["1"], to Sunday.'
_KEPT = "Days to keep the snapshots; -1 for ever."


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAutoSnapshotPolicy:
    """When snapshots are made, and for how long they are kept."""

    auto_snapshot_policy_name: Annotated[str, Param("Name of it.", most=128, name="autoSnapshotPolicyName")] = ""
    time_points: Annotated[tuple[str, ...], Param(_HOURS, form=Form.JSON, most=24, name="timePoints")]
    repeat_weekdays: Annotated[tuple[str, ...], Param(_DAYS, form=Form.JSON, most=7, name="repeatWeekdays")]
    retention_days: Annotated[int, Param(_KEPT, name="retentionDays")]
    tag: Annotated[tuple[Tag, ...], Param("Tags.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyAutoSnapshotPolicy:
    """What to change about which policy; what is not given stays."""

    auto_snapshot_policy_id: Annotated[str, Param("The policy.", name="autoSnapshotPolicyId")]
    auto_snapshot_policy_name: Annotated[str | None, Param("Name of it.", most=128, name="autoSnapshotPolicyName")] = (
        None
    )
    time_points: Annotated[tuple[str, ...], Param(_HOURS, form=Form.JSON, most=24, name="timePoints")] = ()
    repeat_weekdays: Annotated[tuple[str, ...], Param(_DAYS, form=Form.JSON, most=7, name="repeatWeekdays")] = ()
    retention_days: Annotated[int | None, Param(_KEPT, name="retentionDays")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyAutoSnapshotPolicy:
    """Which policy to apply to which disks."""

    auto_snapshot_policy_id: Annotated[str, Param("The policy.", name="autoSnapshotPolicyId")]
    disk_ids: Annotated[tuple[str, ...], Param("The disks.", form=Form.JSON, name="diskIds")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAutoSnapshotPolicy:
    """From which disks to take their policy."""

    auto_snapshot_policy_id: Annotated[str, Param("Only this policy.", name="autoSnapshotPolicyId")] = ""
    disk_ids: Annotated[tuple[str, ...], Param("The disks.", form=Form.JSON, name="diskIds")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeAutoSnapshotPolicyEx(Paged):
    """Which policies to list; conditions that are given must all hold."""

    auto_snapshot_policy_id: Annotated[str, Param("Only this.")] = ""
    auto_snapshot_policy_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    resource_group_id: Annotated[str, Param("Resource group; policies are in none.")] = ""
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeAutoSnapshotPolicyAssociations(Tokened):
    """Of which disk or policy to list what is applied."""

    disk_id: Annotated[str, Param("Only this disk.")] = ""
    auto_snapshot_policy_id: Annotated[str, Param("Only this policy.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAutoSnapshotPolicy:
    """Which policy to delete."""

    auto_snapshot_policy_id: Annotated[str, Param("The policy.", name="autoSnapshotPolicyId")]

"""Requests about disks: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Filter, Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Form, Param
from oos.values.secret import Secret

_STATUSES = ("In_use", "Available", "Attaching", "Detaching", "Creating", "ReIniting", "All")
_MULTI = ("Disabled", "Enabled", "LegacyShared")
_NAME = r"(?!https?://).*"


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeDisks(Paged):
    """Which disks to list; conditions that are given must all hold."""

    disk_ids: Annotated[tuple[str, ...] | None, Param("Only these; an empty list finds none.", form=Form.JSON)] = None
    instance_id: Annotated[str, Param("Instance they are attached to.")] = ""
    disk_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    disk_charge_type: Annotated[str, Param("How they are paid for; by use.", allowed=("PrePaid", "PostPaid"))] = ""
    disk_type: Annotated[str, Param("What they are for.", allowed=("all", "system", "data"))] = ""
    status: Annotated[str, Param("Status.", allowed=_STATUSES)] = ""
    zone_id: Annotated[str, Param("Zone.")] = ""
    category: Annotated[str, Param("Category; here it is always cloud.")] = ""
    snapshot_id: Annotated[str, Param("Snapshot they were last restored from.")] = ""
    resource_group_id: Annotated[str, Param("Resource group; disks are in none.")] = ""
    portable: Annotated[bool | None, Param("Whether they can be detached.")] = None
    encrypted: Annotated[bool | None, Param("Whether they are encrypted; none is.")] = None
    kms_key_id: Annotated[str, Param("Key they are encrypted with; none is.", name="KMSKeyId")] = ""
    lock_reason: Annotated[str, Param("Why they are locked; none is.")] = ""
    multi_attach: Annotated[str, Param("Whether several instances can have one.", allowed=_MULTI)] = ""
    performance_level: Annotated[str, Param("Performance level; disks have none.")] = ""
    auto_snapshot_policy_id: Annotated[str, Param("Policy that makes snapshots of them.")] = ""
    enable_automated_snapshot_policy: Annotated[bool | None, Param("Whether a policy makes snapshots of them.")] = None
    enable_auto_snapshot: Annotated[bool | None, Param("Whether a policy may.")] = None
    delete_auto_snapshot: Annotated[bool | None, Param("Whether such snapshots go with them.")] = None
    delete_with_instance: Annotated[bool | None, Param("Whether they go with their instance.")] = None
    enable_shared: Annotated[bool | None, Param("Whether they are shared; none is.")] = None
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()
    filter: Annotated[tuple[Filter, ...], Param("CreationStartTime, CreationEndTime.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetDisk:
    """Which disk to give the content of which of its snapshots."""

    disk_id: Annotated[str, Param("The disk.")]
    snapshot_id: Annotated[str, Param("One of its snapshots.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDisk:
    """What disk to make."""

    zone_id: Annotated[str, Param("Zone to make it in; needed unless a snapshot or an instance is named.")] = ""
    instance_id: Annotated[str, Param("Instance to attach it to.")] = ""
    size: Annotated[int | None, Param("Size in GiB; as large as the snapshot when not given.", minimum=1)] = None
    snapshot_id: Annotated[str, Param("Snapshot whose content it has; empty without one.")] = ""
    disk_name: Annotated[str, Param("Name of the disk.", most=128, pattern=_NAME)] = ""
    description: Annotated[str, Param("Description of the disk.", most=256)] = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachDisk:
    """Which disk to attach to which instance."""

    instance_id: Annotated[str, Param("The instance.")]
    disk_id: Annotated[str, Param("The disk.")]
    delete_with_instance: Annotated[bool, Param("Whether it goes when the instance is deleted.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachDisk:
    """Which disk to take from which instance."""

    instance_id: Annotated[str, Param("The instance.")]
    disk_id: Annotated[str, Param("The disk.")]
    delete_with_instance: Annotated[
        bool | None, Param("Whether it goes with the next instance it is attached to; as before when not given.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResizeDisk:
    """How large a disk is to be."""

    disk_id: Annotated[str, Param("The disk.")]
    new_size: Annotated[int, Param("Size in GiB; never less than it has.", minimum=1, maximum=65536)]
    type: Annotated[str, Param("Here both grow at once, also under a guest.", allowed=("offline", "online"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDisk:
    """Which disk to delete."""

    disk_id: Annotated[str, Param("The disk.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyDiskAttribute:
    """What to change about which disks; what is not given stays."""

    disk_id: Annotated[str, Param("The disk.")] = ""
    disk_ids: Annotated[tuple[str, ...], Param("The disks.", most=100)] = ()
    disk_name: Annotated[str | None, Param("Name.", most=128, pattern=_NAME)] = None
    description: Annotated[str | None, Param("Description.", most=256)] = None
    delete_with_instance: Annotated[bool | None, Param("Whether it goes when its instance is deleted.")] = None
    delete_auto_snapshot: Annotated[bool | None, Param("Whether snapshots that a policy made go with it.")] = None
    enable_auto_snapshot: Annotated[bool | None, Param("Whether a policy may make snapshots of it.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyDiskSpec:
    """What category a disk is to have."""

    disk_id: Annotated[str, Param("The disk.")]
    disk_category: Annotated[str, Param("Category; there is only cloud.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyDiskChargeType:
    """How disks of an instance are to be paid for."""

    instance_id: Annotated[str, Param("The instance.")]
    disk_ids: Annotated[tuple[str, ...], Param("Its disks.", form=Form.JSON, most=16)]
    disk_charge_type: Annotated[str, Param("By use, or in advance.", allowed=("PrePaid", "PostPaid"))] = "PrePaid"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReInitDisk:
    """Which disk to give back what it began with."""

    disk_id: Annotated[str, Param("The disk.")]
    auto_start_instance: Annotated[bool, Param("Start the instance afterwards.")] = False
    key_pair_name: Annotated[str, Param("Key pair whose key opens root's account from the next start on.")] = ""
    password: Annotated[Secret | None, Param("Password of root from the next start on; cloud-init 22.3 sets it.")] = (
        None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSystemDisk:
    """What the new system disk is like."""

    size: Annotated[
        int | None, Param("Size in GiB; as large as the image when not given.", minimum=1, maximum=32768)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceSystemDisk:
    """Of which instance to replace the system disk, from which image."""

    instance_id: Annotated[str, Param("The instance.")]
    image_id: Annotated[str, Param("The image.")]
    system_disk: Annotated[NewSystemDisk, Param("What the new disk is like.")] = NewSystemDisk()
    key_pair_name: Annotated[str, Param("Key pair whose key opens root's account from the next start on.")] = ""
    password: Annotated[Secret | None, Param("Password of root from the next start on; cloud-init 22.3 sets it.")] = (
        None
    )
    password_inherit: Annotated[bool, Param("The password is that of the image.")] = False

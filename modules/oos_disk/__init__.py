"""Disks: made, listed, attached, grown, given other content, deleted."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_disk import making, operations, renewing, requests, responses

_ENCRYPTION = ("Arn*", "EncryptAlgorithm", "Encrypted", "KMSKeyId")

OPERATIONS = (
    Operation(
        "ECS",
        "DescribeDisks",
        requests.DescribeDisks,
        responses.Disks,
        operations.describe_disks,
        list_field="Disks.Disk",
        ignores=("AdditionalAttributes",),
    ),
    Operation(
        "ECS",
        "CreateDisk",
        requests.CreateDisk,
        responses.MadeDisk,
        making.create_disk,
        effect=Effect.CHANGES,
        # A volume of a pool has no category, no level, and lies in no storage set.
        ignores=("AdvancedFeatures", "DiskCategory", "PerformanceLevel", "ResourceGroupId", "StorageSet*"),
        refuses=(*_ENCRYPTION, "BurstingEnabled", "MultiAttach", "ProvisionedIops", "StorageClusterId"),
    ),
    Operation(
        "ECS",
        "AttachDisk",
        requests.AttachDisk,
        responses.Nothing,
        making.attach_disk,
        effect=Effect.CHANGES,
        ignores=("Device",),
        refuses=("KeyPairName", "Password", "Bootable", "Force"),
    ),
    Operation(
        "ECS",
        "DetachDisk",
        requests.DetachDisk,
        responses.Nothing,
        making.detach_disk,
        effect=Effect.CHANGES,
        risk=Risk.HIGH,
    ),
    Operation("ECS", "ResizeDisk", requests.ResizeDisk, responses.Nothing, making.resize_disk, effect=Effect.CHANGES),
    Operation(
        "ECS",
        "DeleteDisk",
        requests.DeleteDisk,
        responses.Nothing,
        making.delete_disk,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "ECS",
        "ModifyDiskAttribute",
        requests.ModifyDiskAttribute,
        responses.Nothing,
        making.modify_disk_attribute,
        effect=Effect.CHANGES,
        refuses=("BurstingEnabled",),
    ),
    Operation(
        "ECS",
        "ModifyDiskSpec",
        requests.ModifyDiskSpec,
        responses.Nothing,
        making.modify_disk_spec,
        effect=Effect.CHANGES,
        refuses=("DestinationZoneId", "PerformanceControlOptions*", "PerformanceLevel", "ProvisionedIops"),
    ),
    Operation(
        "ECS",
        "ModifyDiskChargeType",
        requests.ModifyDiskChargeType,
        responses.Order,
        making.modify_disk_charge_type,
        effect=Effect.CHANGES,
        ignores=("AutoPay",),
    ),
    Operation(
        "ECS",
        "ResetDisk",
        requests.ResetDisk,
        responses.Nothing,
        renewing.reset_disk,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "ECS",
        "ReInitDisk",
        requests.ReInitDisk,
        responses.Nothing,
        renewing.re_init_disk,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
        ignores=("SecurityEnhancementStrategy",),
    ),
    Operation(
        "ECS",
        "ReplaceSystemDisk",
        requests.ReplaceSystemDisk,
        responses.MadeDisk,
        renewing.replace_system_disk,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
        ignores=("Architecture", "Platform", "SecurityEnhancementStrategy", "UseAdditionalService"),
        refuses=(*_ENCRYPTION, "DiskId"),
    ),
)

MODULE = Module("disk", OPERATIONS, actions_beside(__file__))

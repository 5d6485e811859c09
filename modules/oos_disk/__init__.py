"""Disks: listed, and given back the content of a snapshot."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_disk import operations, requests, responses

OPERATIONS = (
    Operation(
        "ECS",
        "DescribeDisks",
        requests.DescribeDisks,
        responses.Disks,
        operations.describe_disks,
        list_field="Disks.Disk",
        ignores=("AdditionalAttributes", "DiskChargeType"),
        refuses=(
            "AutoSnapshotPolicyId",
            "DeleteAutoSnapshot",
            "DeleteWithInstance",
            "EnableAutoSnapshot",
            "EnableAutomatedSnapshotPolicy",
            "EnableShared",
            "KMSKeyId",
            "LockReason",
            "MultiAttach",
            "PerformanceLevel",
        ),
    ),
    Operation(
        "ECS",
        "ResetDisk",
        requests.ResetDisk,
        responses.Nothing,
        operations.reset_disk,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
)

MODULE = Module("disk", OPERATIONS, actions_beside(__file__))

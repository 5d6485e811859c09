"""Snapshots: made, listed, deleted, and rotated."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_snapshot import operations, requests, responses, retention

OPERATIONS = (
    Operation(
        "ECS",
        "CreateSnapshot",
        requests.CreateSnapshot,
        responses.MadeSnapshot,
        operations.create_snapshot,
        effect=Effect.CHANGES,
        ignores=("Category", "InstantAccess", "InstantAccessRetentionDays", "ResourceGroupId"),
        refuses=("StorageLocationArn",),
    ),
    Operation(
        "ECS",
        "DescribeSnapshots",
        requests.DescribeSnapshots,
        responses.Snapshots,
        operations.describe_snapshots,
        list_field="Snapshots.Snapshot",
        refuses=("KMSKeyId", "SnapshotLinkId"),
    ),
    Operation(
        "ECS",
        "DeleteSnapshot",
        requests.DeleteSnapshot,
        responses.Nothing,
        operations.delete_snapshot,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "OOS",
        "ValidateDiskContent",
        requests.ValidateDiskContent,
        responses.DiskContent,
        operations.validate_disk_content,
    ),
    Operation(
        "OOS",
        "DescribeSnapshotRetention",
        requests.DescribeSnapshotRetention,
        responses.RetentionPlan,
        retention.describe_snapshot_retention,
    ),
    Operation(
        "OOS",
        "DescribeRetentionForecast",
        requests.DescribeRetentionForecast,
        responses.RetentionForecast,
        retention.describe_retention_forecast,
    ),
    Operation(
        "OOS",
        "DescribeSnapshotCoverage",
        requests.DescribeSnapshotCoverage,
        responses.SnapshotCoverage,
        retention.describe_snapshot_coverage,
    ),
)

MODULE = Module("snapshot", OPERATIONS, actions_beside(__file__))

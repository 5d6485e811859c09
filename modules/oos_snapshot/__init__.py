"""Snapshots: made, listed, deleted, and rotated."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_snapshot import (
    group_requests,
    group_responses,
    groups,
    operations,
    policies,
    policy_requests,
    policy_responses,
    requests,
    responses,
    retention,
)

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

_COPIES = ("CopiedSnapshotsRetentionDays", "CopyEncryptionConfiguration*", "EnableCrossRegionCopy", "TargetCopyRegions")

POLICY_OPERATIONS = (
    Operation(
        "ECS",
        "CreateAutoSnapshotPolicy",
        policy_requests.CreateAutoSnapshotPolicy,
        policy_responses.MadePolicy,
        policies.create_auto_snapshot_policy,
        effect=Effect.CHANGES,
        ignores=("ResourceGroupId",),
        refuses=(*_COPIES, "AssociationType", "StorageLocationArn", "TargetTags*"),
    ),
    Operation(
        "ECS",
        "ModifyAutoSnapshotPolicyEx",
        policy_requests.ModifyAutoSnapshotPolicy,
        policy_responses.Nothing,
        policies.modify_auto_snapshot_policy,
        effect=Effect.CHANGES,
        refuses=(*_COPIES, "TargetTags*"),
    ),
    Operation(
        "ECS",
        "ApplyAutoSnapshotPolicy",
        policy_requests.ApplyAutoSnapshotPolicy,
        policy_responses.Nothing,
        policies.apply_auto_snapshot_policy,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "CancelAutoSnapshotPolicy",
        policy_requests.CancelAutoSnapshotPolicy,
        policy_responses.Nothing,
        policies.cancel_auto_snapshot_policy,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "DescribeAutoSnapshotPolicyEx",
        policy_requests.DescribeAutoSnapshotPolicyEx,
        policy_responses.Policies,
        policies.describe_auto_snapshot_policy_ex,
        list_field="AutoSnapshotPolicies.AutoSnapshotPolicy",
    ),
    Operation(
        "ECS",
        "DescribeAutoSnapshotPolicyAssociations",
        policy_requests.DescribeAutoSnapshotPolicyAssociations,
        policy_responses.Associations,
        policies.describe_auto_snapshot_policy_associations,
        list_field="AutoSnapshotPolicyAssociations.AutoSnapshotPolicyAssociation",
    ),
    Operation(
        "ECS",
        "DeleteAutoSnapshotPolicy",
        policy_requests.DeleteAutoSnapshotPolicy,
        policy_responses.Nothing,
        policies.delete_auto_snapshot_policy,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
)

GROUP_OPERATIONS = (
    Operation(
        "ECS",
        "CreateSnapshotGroup",
        group_requests.CreateSnapshotGroup,
        group_responses.MadeGroup,
        groups.create_snapshot_group,
        effect=Effect.CHANGES,
        ignores=("InstantAccess", "InstantAccessRetentionDays", "ResourceGroupId"),
        refuses=("StorageLocationArn",),
    ),
    Operation(
        "ECS",
        "DescribeSnapshotGroups",
        group_requests.DescribeSnapshotGroups,
        group_responses.Groups,
        groups.describe_snapshot_groups,
        list_field="SnapshotGroups.SnapshotGroup",
        ignores=("AdditionalAttributes",),
    ),
    Operation(
        "ECS",
        "DeleteSnapshotGroup",
        group_requests.DeleteSnapshotGroup,
        group_responses.Nothing,
        groups.delete_snapshot_group,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
)

MODULE = Module("snapshot", (*OPERATIONS, *POLICY_OPERATIONS, *GROUP_OPERATIONS), actions_beside(__file__))

"""Security groups: made, described, their rules authorized and revoked, joined and left, deleted."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_security_group import (
    hardening,
    hardening_changes,
    hardening_requests,
    hardening_responses,
    operations,
    requests,
    responses,
    rules,
)

_OF_NO_MEANING = (
    "NicType",
    "SourceGroupOwnerAccount",
    "SourceGroupOwnerId",
    "DestGroupOwnerAccount",
    "DestGroupOwnerId",
)
_INGRESS = tuple(each for each in _OF_NO_MEANING if not each.startswith("DestGroup"))
_EGRESS = tuple(each for each in _OF_NO_MEANING if not each.startswith("SourceGroup"))


def _inside(names: tuple[str, ...]) -> tuple[str, ...]:
    """The parameters on the request, and in each of its permissions."""
    return (*names, *(f"Permissions.{each}" for each in names))


OPERATIONS = (
    Operation(
        "ECS",
        "CreateSecurityGroup",
        requests.CreateSecurityGroup,
        responses.MadeGroup,
        operations.create_security_group,
        effect=Effect.CHANGES,
        refuses=("ServiceManaged",),
    ),
    Operation(
        "ECS",
        "DescribeSecurityGroups",
        requests.DescribeSecurityGroups,
        responses.Groups,
        operations.describe_security_groups,
        list_field="SecurityGroups.SecurityGroup",
        ignores=("IsQueryEcsCount",),
    ),
    Operation(
        "ECS",
        "DescribeSecurityGroupAttribute",
        requests.DescribeSecurityGroupAttribute,
        responses.GroupAttribute,
        operations.describe_security_group_attribute,
        ignores=("NicType",),
        refuses=("Attribute",),
    ),
    Operation(
        "ECS",
        "DescribeSecurityGroupReferences",
        requests.DescribeSecurityGroupReferences,
        responses.References,
        operations.describe_security_group_references,
    ),
    Operation(
        "ECS",
        "ModifySecurityGroupAttribute",
        requests.ModifySecurityGroupAttribute,
        responses.Nothing,
        operations.modify_security_group_attribute,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "ModifySecurityGroupPolicy",
        requests.ModifySecurityGroupPolicy,
        responses.Nothing,
        operations.modify_security_group_policy,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "AuthorizeSecurityGroup",
        requests.AuthorizeSecurityGroup,
        responses.Nothing,
        rules.authorize_security_group,
        effect=Effect.CHANGES,
        ignores=_inside(_INGRESS),
        refuses=("SourcePrefixListId", "Permissions.SourcePrefixListId", "Permissions.PortRangeListId"),
    ),
    Operation(
        "ECS",
        "AuthorizeSecurityGroupEgress",
        requests.AuthorizeSecurityGroupEgress,
        responses.Nothing,
        rules.authorize_security_group_egress,
        effect=Effect.CHANGES,
        ignores=_inside(_EGRESS),
        refuses=("DestPrefixListId", "Permissions.DestPrefixListId", "Permissions.PortRangeListId"),
    ),
    Operation(
        "ECS",
        "RevokeSecurityGroup",
        requests.RevokeSecurityGroup,
        responses.Nothing,
        rules.revoke_security_group,
        effect=Effect.CHANGES,
        ignores=_inside(_INGRESS),
        refuses=("SourcePrefixListId", "Permissions.SourcePrefixListId", "Permissions.PortRangeListId"),
    ),
    Operation(
        "ECS",
        "RevokeSecurityGroupEgress",
        requests.RevokeSecurityGroupEgress,
        responses.Nothing,
        rules.revoke_security_group_egress,
        effect=Effect.CHANGES,
        ignores=_inside(_EGRESS),
        refuses=("DestPrefixListId", "Permissions.DestPrefixListId", "Permissions.PortRangeListId"),
    ),
    Operation(
        "ECS",
        "ModifySecurityGroupRule",
        requests.ModifySecurityGroupRule,
        responses.Nothing,
        rules.modify_security_group_rule,
        effect=Effect.CHANGES,
        ignores=_INGRESS,
        refuses=("SourcePrefixListId", "PortRangeListId"),
    ),
    Operation(
        "ECS",
        "ModifySecurityGroupEgressRule",
        requests.ModifySecurityGroupEgressRule,
        responses.Nothing,
        rules.modify_security_group_egress_rule,
        effect=Effect.CHANGES,
        ignores=_EGRESS,
        refuses=("DestPrefixListId", "PortRangeListId"),
    ),
    Operation(
        "ECS",
        "JoinSecurityGroup",
        requests.JoinSecurityGroup,
        responses.Nothing,
        operations.join_security_group,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "LeaveSecurityGroup",
        requests.LeaveSecurityGroup,
        responses.Nothing,
        operations.leave_security_group,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "DeleteSecurityGroup",
        requests.DeleteSecurityGroup,
        responses.Nothing,
        operations.delete_security_group,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "OOS",
        "DescribeSecurityBaseline",
        hardening_requests.DescribeSecurityBaseline,
        hardening_responses.BaselineShape,
        hardening.describe_security_baseline,
    ),
    Operation(
        "OOS",
        "DescribeSecurityFindings",
        hardening_requests.DescribeSecurityFindings,
        hardening_responses.Checked,
        hardening.describe_security_findings,
    ),
    Operation(
        "OOS",
        "DescribeSecurityImpact",
        hardening_requests.DescribeSecurityImpact,
        hardening_responses.Impact,
        hardening.describe_security_impact,
    ),
    Operation(
        "OOS",
        "ReplaceSecurityGroupRules",
        hardening_requests.ReplaceSecurityGroupRules,
        hardening_responses.Changed,
        hardening_changes.replace_security_group_rules,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
)

MODULE = Module("security_group", OPERATIONS, actions_beside(__file__))

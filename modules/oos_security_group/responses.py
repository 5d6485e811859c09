"""Responses about security groups: the part of ECS's shapes that a hypervisor can fill honestly."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from oos.service.filtering import TagShapes


class Nothing(TypedDict):
    """A response that says only that it is done."""


class MadeGroup(TypedDict):
    SecurityGroupId: str


class GroupShape(TypedDict):
    SecurityGroupId: str
    SecurityGroupName: str
    Description: str
    SecurityGroupType: str
    VpcId: str
    CreationTime: str
    ResourceGroupId: str
    EcsCount: int
    AvailableInstanceAmount: int
    RuleCount: int
    GroupToGroupRuleCount: int
    ServiceManaged: bool
    Tags: TagShapes


class GroupShapes(TypedDict):
    SecurityGroup: list[GroupShape]


class Groups(TypedDict):
    SecurityGroups: GroupShapes
    RegionId: str
    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str


class RuleShape(TypedDict):
    SecurityGroupRuleId: str
    Direction: str
    IpProtocol: str
    PortRange: str
    SourcePortRange: str
    Policy: str
    Priority: str
    NicType: str
    SourceCidrIp: str
    Ipv6SourceCidrIp: str
    SourceGroupId: str
    SourceGroupName: str
    SourcePrefixListId: str
    SourcePrefixListName: str
    DestCidrIp: str
    Ipv6DestCidrIp: str
    DestGroupId: str
    DestGroupName: str
    DestPrefixListId: str
    DestPrefixListName: str
    Description: str
    CreateTime: str


class RuleShapes(TypedDict):
    Permission: list[RuleShape]


class SnapshotPolicies(TypedDict):
    SnapshotPolicyId: list[str]


class GroupAttribute(TypedDict):
    SecurityGroupId: str
    SecurityGroupName: str
    Description: str
    RegionId: str
    VpcId: str
    InnerAccessPolicy: str
    Permissions: RuleShapes
    SnapshotPolicyIds: SnapshotPolicies
    NextToken: NotRequired[str]


class ReferencingGroup(TypedDict):
    AliUid: str
    SecurityGroupId: str


class ReferencingGroups(TypedDict):
    ReferencingSecurityGroup: list[ReferencingGroup]


class ReferenceShape(TypedDict):
    SecurityGroupId: str
    ReferencingSecurityGroups: ReferencingGroups


class ReferenceShapes(TypedDict):
    SecurityGroupReference: list[ReferenceShape]


class References(TypedDict):
    SecurityGroupReferences: ReferenceShapes

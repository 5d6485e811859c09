"""Responses about automatic snapshot policies: the part of ECS's shapes that there is something to say to."""

from __future__ import annotations

from typing import TypedDict

from oos.service.filtering import TagShapes


class Nothing(TypedDict):
    """A response that says only that it is done."""


class MadePolicy(TypedDict):
    AutoSnapshotPolicyId: str


class PolicyShape(TypedDict):
    AutoSnapshotPolicyId: str
    AutoSnapshotPolicyName: str
    RegionId: str
    TimePoints: str
    RepeatWeekdays: str
    RetentionDays: int
    DiskNums: int
    VolumeNums: int
    Status: str
    EnableCrossRegionCopy: bool
    ResourceGroupId: str
    CreationTime: str
    Tags: TagShapes


class PolicyShapes(TypedDict):
    AutoSnapshotPolicy: list[PolicyShape]


class Policies(TypedDict):
    AutoSnapshotPolicies: PolicyShapes
    TotalCount: int
    PageNumber: int
    PageSize: int


class AssociationShape(TypedDict):
    DiskId: str
    AutoSnapshotPolicyId: str


class AssociationShapes(TypedDict):
    AutoSnapshotPolicyAssociation: list[AssociationShape]


class Associations(TypedDict):
    AutoSnapshotPolicyAssociations: AssociationShapes
    NextToken: str

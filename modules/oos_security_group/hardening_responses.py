"""Responses about hardening."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class CheckShape(TypedDict):
    Id: str
    Kind: str
    Severity: str
    Title: str
    Rationale: str
    Ports: list[int]
    Management: bool


class ExemptionShape(TypedDict):
    Check: str
    Group: str
    Rule: str
    Until: str
    Reason: str


class BaselineShape(TypedDict):
    Name: str
    Version: str
    Management: list[str]
    Checks: list[CheckShape]
    Exceptions: list[ExemptionShape]


class RuleWords(TypedDict):
    IpProtocol: str
    PortRange: str
    SourcePortRange: NotRequired[str]
    Policy: str
    Priority: str
    SourceCidrIp: NotRequired[str]
    Ipv6SourceCidrIp: NotRequired[str]
    SourceGroupId: NotRequired[str]
    DestCidrIp: NotRequired[str]
    Ipv6DestCidrIp: NotRequired[str]
    DestGroupId: NotRequired[str]
    Description: NotRequired[str]


class ChangeShape(TypedDict):
    SecurityGroupId: str
    Revoke: list[str]
    Authorize: list[RuleWords]
    AuthorizeEgress: list[RuleWords]


class FindingShape(TypedDict):
    Id: str
    Check: str
    Severity: str
    Title: str
    Detail: str
    SecurityGroupId: str
    SecurityGroupName: str
    SecurityGroupRuleId: str
    InstanceIds: list[str]
    CanBeMended: bool
    Accepted: str


class Checked(TypedDict):
    Baseline: BaselineShape
    Score: int
    Findings: list[FindingShape]
    Changes: list[ChangeShape]
    Groups: int
    Instances: int
    CheckedTime: str


class CutShape(TypedDict):
    InstanceId: str
    InstanceName: str
    Direction: str
    IpProtocol: str
    Peer: str
    Port: int
    SeenBy: str


class Impact(TypedDict):
    Cut: list[CutShape]
    InUse: int
    Unseen: list[str]


class ProofShape(TypedDict):
    InstanceId: str
    Proof: str
    Holds: bool


class Changed(TypedDict):
    ChangeId: str
    State: str
    Proofs: list[ProofShape]

"""Requests about security groups: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Form, Param

GroupId = Annotated[str, Param("The security group.")]
_NAME = r"(?!https?://).*"
_ATTRIBUTES = ("snapshotPolicyIds",)
_PROTOCOLS = ("TCP", "UDP", "ICMP", "ICMPv6", "GRE", "ALL")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSecurityGroup:
    """A group to be made, without rules."""

    security_group_name: Annotated[str, Param("Name.", most=128, pattern=_NAME)] = ""
    description: Annotated[str, Param("Description.", most=256, pattern=_NAME)] = ""
    vpc_id: Annotated[str, Param("VPC that it is for; it is kept and shown.")] = ""
    security_group_type: Annotated[str, Param("Type.", allowed=("normal", "enterprise"))] = "normal"
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSecurityGroups(Paged):
    """Which groups to list; conditions that are given must all hold."""

    security_group_id: Annotated[str, Param("Only this one.")] = ""
    security_group_ids: Annotated[
        tuple[str, ...] | None, Param("Only these; an empty list finds none.", form=Form.JSON)
    ] = None
    security_group_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    fuzzy_query: Annotated[bool, Param("Whether the name may be a part of theirs.")] = False
    security_group_type: Annotated[str, Param("Type.", allowed=("normal", "enterprise"))] = ""
    vpc_id: Annotated[str, Param("VPC that they are for.")] = ""
    network_type: Annotated[str, Param("Kind of network.", allowed=("vpc", "classic"))] = ""
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    service_managed: Annotated[bool | None, Param("Whether a service manages them; none is.")] = None
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSecurityGroupAttribute:
    """Of which group to list the rules."""

    security_group_id: GroupId
    direction: Annotated[str, Param("Which rules.", allowed=("ingress", "egress", "all"))] = "all"
    attribute: Annotated[str, Param("What else to tell; no group has such a policy.", allowed=_ATTRIBUTES)] = ""
    max_results: Annotated[int | None, Param("Most rules of a page.", minimum=1, maximum=1000)] = None
    next_token: Annotated[str, Param("Where the next page starts, from the response before.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifySecurityGroupAttribute:
    """What to write on a group; what is not given stays."""

    security_group_id: GroupId
    security_group_name: Annotated[str | None, Param("Name.", most=128, pattern=_NAME)] = None
    description: Annotated[str | None, Param("Description.", most=256, pattern=_NAME)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifySecurityGroupPolicy:
    """Whether members of a group may connect to one another."""

    security_group_id: GroupId
    inner_access_policy: Annotated[str, Param("Policy.", allowed=("Accept", "Drop"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWords:
    """A rule as a request says it; what is not given is the usual."""

    ip_protocol: Annotated[str, Param("Protocol.", allowed=_PROTOCOLS)] = ""
    port_range: Annotated[str, Param("Ports that are connected to, as 22/22; -1/-1 for a protocol without.")] = ""
    source_port_range: Annotated[str, Param("Ports that connect.")] = ""
    policy: Annotated[str, Param("Policy.", allowed=("accept", "drop"))] = ""
    priority: Annotated[str, Param("1 to 100; 1 is looked at first.")] = ""
    source_cidr_ip: Annotated[str, Param("IPv4 addresses that connect.")] = ""
    ipv6_source_cidr_ip: Annotated[str, Param("IPv6 addresses that connect.")] = ""
    dest_cidr_ip: Annotated[str, Param("IPv4 addresses that are connected to.")] = ""
    ipv6_dest_cidr_ip: Annotated[str, Param("IPv6 addresses that are connected to.")] = ""
    description: Annotated[str | None, Param("Description.", most=512)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressRule(RuleWords):
    """A rule about connections to the members of a group."""

    source_group_id: Annotated[str, Param("Group whose members connect.")] = ""
    source_prefix_list_id: Annotated[str, Param("List of the ranges that connect.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressRule(RuleWords):
    """A rule about connections that the members of a group make."""

    dest_group_id: Annotated[str, Param("Group whose members are connected to.")] = ""
    dest_prefix_list_id: Annotated[str, Param("List of the ranges that are connected to.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeSecurityGroup(IngressRule):
    """Rules to add to a group; one may be told by the request itself."""

    security_group_id: GroupId
    permissions: Annotated[tuple[IngressRule, ...], Param("Rules.", most=100)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeSecurityGroupEgress(EgressRule):
    """Rules to add to a group; one may be told by the request itself."""

    security_group_id: GroupId
    permissions: Annotated[tuple[EgressRule, ...], Param("Rules.", most=100)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeSecurityGroup(IngressRule):
    """Rules to take from a group: by their ids, or by what they say."""

    security_group_id: GroupId
    security_group_rule_id: Annotated[tuple[str, ...], Param("Rules by id.", most=100)] = ()
    permissions: Annotated[tuple[IngressRule, ...], Param("Rules.", most=100)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeSecurityGroupEgress(EgressRule):
    """Rules to take from a group: by their ids, or by what they say."""

    security_group_id: GroupId
    security_group_rule_id: Annotated[tuple[str, ...], Param("Rules by id.", most=100)] = ()
    permissions: Annotated[tuple[EgressRule, ...], Param("Rules.", most=100)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifySecurityGroupRule(IngressRule):
    """What a rule shall say; what is not given stays. Without an id, the description of the rule that says this."""

    security_group_id: GroupId
    security_group_rule_id: Annotated[str, Param("The rule.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifySecurityGroupEgressRule(EgressRule):
    """What a rule shall say; what is not given stays. Without an id, the description of the rule that says this."""

    security_group_id: GroupId
    security_group_rule_id: Annotated[str, Param("The rule.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSecurityGroup:
    """What joins a group: all network cards of an instance, or one."""

    security_group_id: GroupId
    instance_id: Annotated[str, Param("The instance.")] = ""
    network_interface_id: Annotated[str, Param("The network card.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveSecurityGroup:
    """What leaves a group: all network cards of an instance, or one."""

    security_group_id: GroupId
    instance_id: Annotated[str, Param("The instance.")] = ""
    network_interface_id: Annotated[str, Param("The network card.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSecurityGroup:
    """Which group to delete."""

    security_group_id: GroupId


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSecurityGroupReferences:
    """Of which groups to tell whose rules name them."""

    security_group_id: Annotated[tuple[str, ...], Param("The groups.", most=10)]

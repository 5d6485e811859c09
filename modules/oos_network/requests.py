"""Requests about networks: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Param

_STATUSES = ("Available", "Attaching", "InUse", "Detaching", "Deleting")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeNetworkInterfaces(Paged):
    """Which network interfaces to list; conditions that are given must all hold."""

    network_interface_id: Annotated[tuple[str, ...] | None, Param("Only these.", most=100)] = None
    instance_id: Annotated[str, Param("Instance they are in.")] = ""
    v_switch_id: Annotated[str, Param("Network they are in.")] = ""
    vpc_id: Annotated[str, Param("VPC; networks are in none.")] = ""
    security_group_id: Annotated[str, Param("Security group.")] = ""
    primary_ip_address: Annotated[str, Param("First address.")] = ""
    private_ip_address: Annotated[tuple[str, ...] | None, Param("Any of their addresses.")] = None
    type: Annotated[str, Param("First card of an instance, or a further one.", allowed=("Primary", "Secondary"))] = ""
    status: Annotated[str, Param("Status.", allowed=_STATUSES)] = ""
    resource_group_id: Annotated[str, Param("Resource group; interfaces are in none.")] = ""
    network_interface_name: Annotated[str, Param("Name; none has one.")] = ""
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()

"""Requests about NAT gateways and forward entries: parameters as VPC 2016-04-28 and ECS name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.paging import Paged
from oos.service.parameter import Param
from oos_eip.requests import Description, Name, TagConditions, Tags

GatewayId = Annotated[str, Param("The NAT gateway.")]
TableId = Annotated[str, Param("The forward table of a NAT gateway.")]
EntryId = Annotated[str, Param("The forward entry.")]
_PORT = r"\d{1,5}(/\d{1,5})?|[Aa]ny"


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsCreateNatGateway:
    """What a new NAT gateway should be."""

    vpc_id: Annotated[str, Param("VPC into which ports lead.")]
    name: Name = ""
    description: Description = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateNatGateway(EcsCreateNatGateway):
    """What a new NAT gateway should be."""

    network_type: Annotated[str, Param("What it leads to; internet alone.", allowed=("internet", "intranet"))] = (
        "internet"
    )
    tag: Tags = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsDescribeNatGateways(Paged):
    """Which NAT gateways to list; conditions that are given must all hold."""

    nat_gateway_id: Annotated[str, Param("Only this one.")] = ""
    vpc_id: Annotated[str, Param("VPC.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeNatGateways(EcsDescribeNatGateways):
    """Which NAT gateways to list; conditions that are given must all hold."""

    name: Annotated[str, Param("Name; * stands for anything.")] = ""
    status: Annotated[str, Param("Status; all are Available.")] = ""
    resource_group_id: Annotated[str, Param("Resource group; none is in one.")] = ""
    tag: TagConditions = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsDeleteNatGateway:
    """Which NAT gateway to delete."""

    nat_gateway_id: GatewayId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteNatGateway(EcsDeleteNatGateway):
    """Which NAT gateway to delete."""

    force: Annotated[bool, Param("Whether entries and addresses of it are no reason to refuse.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsCreateForwardEntry:
    """Which port of an elastic address leads where."""

    forward_table_id: TableId
    external_ip: Annotated[str, Param("An address of the NAT gateway.")]
    external_port: Annotated[str, Param("Its port, several as 10/20, or Any.", pattern=_PORT)]
    internal_ip: Annotated[str, Param("The address in the VPC.")]
    internal_port: Annotated[str, Param("The port there, as many as outside, or Any.", pattern=_PORT)]
    ip_protocol: Annotated[str, Param("Protocol.", allowed=("TCP", "UDP", "Any"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateForwardEntry(EcsCreateForwardEntry):
    """Which port of an elastic address leads where."""

    forward_entry_name: Name = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsDescribeForwardTableEntries(Paged):
    """Which forward entries to list; conditions that are given must all hold."""

    forward_table_id: Annotated[str, Param("Forward table.")] = ""
    forward_entry_id: Annotated[str, Param("Only this one.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeForwardTableEntries(EcsDescribeForwardTableEntries):
    """Which forward entries to list; conditions that are given must all hold."""

    nat_gateway_id: Annotated[str, Param("NAT gateway.")] = ""
    forward_entry_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    external_ip: Annotated[str, Param("Address outside.")] = ""
    external_port: Annotated[str, Param("Port outside.")] = ""
    internal_ip: Annotated[str, Param("Address inside.")] = ""
    internal_port: Annotated[str, Param("Port inside.")] = ""
    ip_protocol: Annotated[str, Param("Protocol.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsModifyForwardEntry:
    """What to change about a forward entry; what is not given stays."""

    forward_table_id: TableId
    forward_entry_id: EntryId
    external_ip: Annotated[str, Param("An address of the NAT gateway.")] = ""
    external_port: Annotated[str, Param("Its port, several as 10/20, or Any.", pattern=f"|{_PORT}")] = ""
    internal_ip: Annotated[str, Param("The address in the VPC.")] = ""
    internal_port: Annotated[str, Param("The port there, as many as outside, or Any.", pattern=f"|{_PORT}")] = ""
    ip_protocol: Annotated[str, Param("Protocol.", allowed=("", "TCP", "UDP", "Any"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyForwardEntry(EcsModifyForwardEntry):
    """What to change about a forward entry; what is not given stays."""

    forward_entry_name: Annotated[str | None, Param("New name; it stays when not given.", most=128)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteForwardEntry:
    """Which forward entry to delete."""

    forward_table_id: TableId
    forward_entry_id: EntryId

"""Requests about elastic addresses: parameters as VPC 2016-04-28 names them, and ECS, which has fewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.elastic_addresses import MOST_MEGABITS
from oos.service.filtering import Filter, Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Form, Param

AllocationId = Annotated[str, Param("The elastic address, by the id of its allocation.")]
Bandwidth = Annotated[int, Param("Mbit/s, in each direction.", minimum=1, maximum=MOST_MEGABITS)]
ChargeType = Annotated[str, Param("How it would be paid for.", allowed=("PayByTraffic", "PayByBandwidth"))]
Isp = Annotated[str, Param("Kind of line; kept, and without effect here.", name="ISP")]
Name = Annotated[str, Param("Name.", most=128)]
Description = Annotated[str, Param("Description.", most=256)]
Group = Annotated[str, Param("Resource group.")]
Tags = Annotated[tuple[Tag, ...], Param("Tags to give it.", most=20)]
TagConditions = Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)]
Ids = Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.COMMAS)]
HolderType = Annotated[
    str,
    Param("What it is associated with.", allowed=("EcsInstance", "NetworkInterface", "Nat", "SlbInstance", "HaVip")),
]
_STATUSES = ("Available", "Associating", "InUse", "Unassociating", "Releasing")


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsAllocateEipAddress:
    """What a new elastic address should be."""

    bandwidth: Bandwidth = 5
    internet_charge_type: ChargeType = "PayByTraffic"
    isp: Isp = "BGP"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocateEipAddress(EcsAllocateEipAddress):
    """What a new elastic address should be."""

    ip_address: Annotated[str, Param("The address itself; any free one when not given.")] = ""
    name: Name = ""
    description: Description = ""
    resource_group_id: Group = ""
    tag: Tags = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsDescribeEipAddresses(Paged):
    """Which elastic addresses to list; conditions that are given must all hold."""

    allocation_id: Ids = None
    eip_address: Annotated[tuple[str, ...] | None, Param("Only these addresses.", form=Form.COMMAS)] = None
    associated_instance_id: Annotated[str, Param("What they are associated with.")] = ""
    associated_instance_type: HolderType = ""
    status: Annotated[str, Param("Status.", allowed=_STATUSES)] = ""
    charge_type: Annotated[str, Param("PostPaid, as all are.", allowed=("PostPaid", "PrePaid"))] = ""
    isp: Annotated[str, Param("Kind of line.", name="ISP")] = ""
    lock_reason: Annotated[str, Param("Why they are locked; none is.", allowed=("financial", "security"))] = ""
    filter: Annotated[tuple[Filter, ...], Param("CreationStartTime, CreationEndTime.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeEipAddresses(EcsDescribeEipAddresses):
    """Which elastic addresses to list; conditions that are given must all hold."""

    eip_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    public_ip_address_pool_id: Annotated[str, Param("Pool of one's own; none is of one.")] = ""
    segment_instance_id: Annotated[str, Param("Segment of addresses; none is of one.")] = ""
    security_protection_enabled: Annotated[bool | None, Param("Whether a service protects them; none is.")] = None
    service_managed: Annotated[bool | None, Param("Whether a service manages them; none is.")] = None
    resource_group_id: Group = ""
    tag: TagConditions = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsAssociateEipAddress:
    """Which elastic address to give to which instance, network interface or NAT gateway."""

    allocation_id: AllocationId
    instance_id: Annotated[str, Param("What gets it.")]
    instance_type: HolderType = "EcsInstance"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateEipAddress(EcsAssociateEipAddress):
    """Which elastic address to give to which instance, network interface or NAT gateway."""

    mode: Annotated[str, Param("How; NAT alone can be done.", allowed=("NAT", "BINDED", "MULTI_BINDED"))] = "NAT"
    instance_region_id: Annotated[str, Param("Region of what gets it; it must be this one.")] = ""
    vpc_id: Annotated[str, Param("VPC of what gets it; checked when given.")] = ""
    private_ip_address: Annotated[str, Param("The guest's address that it stands for; its first one if not given.")] = (
        ""
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsUnassociateEipAddress:
    """Which elastic address to take away."""

    allocation_id: AllocationId
    instance_id: Annotated[str, Param("What has it; checked when given.")] = ""
    instance_type: HolderType = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnassociateEipAddress(EcsUnassociateEipAddress):
    """Which elastic address to take away."""

    force: Annotated[bool, Param("Whether ports of it that lead somewhere are no reason to refuse.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseEipAddress:
    """Which elastic address to give back."""

    allocation_id: AllocationId


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsModifyEipAddressAttribute:
    """What to change about an elastic address."""

    allocation_id: AllocationId
    bandwidth: Annotated[int | None, Param("Mbit/s; it stays when not given.", minimum=1, maximum=MOST_MEGABITS)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyEipAddressAttribute(EcsModifyEipAddressAttribute):
    """What to change about an elastic address."""

    name: Annotated[str | None, Param("New name; it stays when not given.", most=128)] = None
    description: Annotated[str | None, Param("New description; it stays when not given.", most=256)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocatePublicIpAddress:
    """Which instance to give a public address; it goes with the instance."""

    instance_id: Annotated[str, Param("The instance.")]
    ip_address: Annotated[str, Param("The address itself; any free one when not given.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertNatPublicIpToEip:
    """Of which instance to make the public address an elastic one."""

    instance_id: Annotated[str, Param("The instance.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionProtection:
    """What to protect from deletion, or no longer."""

    instance_id: Annotated[str, Param("The elastic address, bandwidth package or NAT gateway.")]
    type: Annotated[str, Param("What it is.", allowed=("EIP", "CBWP", "NATGW"))]
    protection_enable: Annotated[bool, Param("Whether it is protected from now on.")]

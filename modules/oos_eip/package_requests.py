"""Requests about bandwidth packages: parameters as VPC 2016-04-28 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.elastic_addresses import MOST_MEGABITS
from oos.service.paging import Paged
from oos.service.parameter import Form, Param
from oos_eip.requests import ChargeType, Description, Group, Isp, Name, TagConditions, Tags

PackageId = Annotated[str, Param("The bandwidth package.")]
_Bandwidth = Annotated[
    int, Param("Mbit/s that its addresses share, in each direction.", minimum=1, maximum=MOST_MEGABITS)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCommonBandwidthPackage:
    """What a new bandwidth package should be."""

    bandwidth: _Bandwidth
    name: Name = ""
    description: Description = ""
    internet_charge_type: ChargeType = "PayByBandwidth"
    isp: Isp = "BGP"
    ratio: Annotated[int, Param("Kept, and without effect here.", minimum=1, maximum=100)] = 100
    resource_group_id: Group = ""
    tag: Tags = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeCommonBandwidthPackages(Paged):
    """Which bandwidth packages to list; conditions that are given must all hold."""

    bandwidth_package_id: Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.COMMAS)] = None
    name: Annotated[str, Param("Name; * stands for anything.")] = ""
    resource_group_id: Group = ""
    tag: TagConditions = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCommonBandwidthPackage:
    """Which bandwidth package to delete."""

    bandwidth_package_id: PackageId
    force: Annotated[bool, Param("Whether addresses in it are no reason to refuse; they go on alone.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyCommonBandwidthPackageAttribute:
    """What to change about a bandwidth package."""

    bandwidth_package_id: PackageId
    name: Annotated[str | None, Param("New name; it stays when not given.", most=128)] = None
    description: Annotated[str | None, Param("New description; it stays when not given.", most=256)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyCommonBandwidthPackageSpec:
    """What the addresses of a bandwidth package may carry together from now on."""

    bandwidth_package_id: PackageId
    bandwidth: _Bandwidth


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCommonBandwidthPackageIp:
    """Which elastic address to add to which bandwidth package."""

    bandwidth_package_id: PackageId
    ip_instance_id: Annotated[str, Param("The elastic address, by the id of its allocation.")]
    ip_type: Annotated[str, Param("What it is.", allowed=("EIP",))] = "EIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCommonBandwidthPackageIps:
    """Which elastic addresses to add to which bandwidth package."""

    bandwidth_package_id: PackageId
    ip_instance_ids: Annotated[
        tuple[str, ...], Param("The elastic addresses, by the ids of their allocations.", most=10)
    ]
    ip_type: Annotated[str, Param("What they are.", allowed=("EIP",))] = "EIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveCommonBandwidthPackageIp:
    """Which elastic address to take out of which bandwidth package."""

    bandwidth_package_id: PackageId
    ip_instance_id: Annotated[str, Param("The elastic address, by the id of its allocation.")]

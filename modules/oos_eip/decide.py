"""Decisions about elastic addresses: which is free, who may have one, how one is described. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from oos.fleet.translation import Translations
from oos.service.elastic_addresses import BandwidthPackage, EipStatus, ElasticAddress, HolderType
from oos.service.errors import NotFound, Refused, Unsupported
from oos.service.filtering import creation_period, has_tags, is_wanted, matches_name
from oos.service.shape import instant
from oos_eip.requests import DescribeEipAddresses
from oos_eip.responses import EipShape, PlainTags

_NEVER: Final = "2099-12-31T15:59Z"


def selected(
    addresses: Iterable[ElasticAddress],
    shown: Mapping[str, EipStatus],
    tags: Mapping[str, Mapping[str, str]],
    request: DescribeEipAddresses,
) -> list[ElasticAddress]:
    """The addresses that meet every condition; `shown` is the status of each by its id."""
    if request.lock_reason or request.public_ip_address_pool_id or request.segment_instance_id:
        return []
    if request.security_protection_enabled or request.service_managed:
        return []
    period = creation_period(request.filter)
    return [
        each
        for each in addresses
        if not each.is_public
        and (request.allocation_id is None or each.id in request.allocation_id)
        and (request.eip_address is None or each.address in request.eip_address)
        and is_wanted("" if each.holder is None else each.holder.id, request.associated_instance_id)
        and is_wanted("" if each.holder is None else each.holder.type, request.associated_instance_type)
        and is_wanted(shown[each.id], request.status)
        and is_wanted("PostPaid", request.charge_type)
        and is_wanted(each.isp, request.isp)
        and matches_name(each.name, request.eip_name)
        and is_wanted(each.resource_group, request.resource_group_id)
        and has_tags(tags.get(each.id, {}), request.tag)
        and period.holds(each.created)
    ]


def shown_status(address: ElasticAddress, translated: Mapping[str, Translations]) -> EipStatus:
    """The status of an address: one that its host does not hold, although it should, is on its way at best."""
    if address.status is EipStatus.IN_USE and address.holder is not None and address.holder.host in translated:
        there = {each.address for each in translated[address.holder.host].addresses}
        return EipStatus.IN_USE if address.address in there else EipStatus.ASSOCIATING
    return address.status


def eip_shape(
    address: ElasticAddress, status: EipStatus, package: BandwidthPackage | None, tags: Mapping[str, str]
) -> EipShape:
    """One address of DescribeEipAddresses."""
    holder = address.holder
    return {
        "AllocationId": address.id,
        "AllocationTime": instant(address.created),
        "IpAddress": address.address,
        "Status": status.value,
        "Bandwidth": str(address.bandwidth),
        "EipBandwidth": str(address.bandwidth),
        "InternetChargeType": address.charge_type,
        "ChargeType": "PostPaid",
        "ExpiredTime": _NEVER,
        "InstanceId": "" if holder is None else holder.id,
        "InstanceType": "" if holder is None else holder.type.value,
        "RegionId": address.region,
        "OperationLocks": {"LockReason": []},
        "Name": address.name,
        "Description": address.description,
        "ISP": address.isp,
        "PrivateIpAddress": "" if holder is None else holder.address,
        "ResourceGroupId": address.resource_group,
        "BandwidthPackageId": address.package_id,
        "BandwidthPackageType": "CommonBandwidthPackage" if address.package_id else "",
        "BandwidthPackageBandwidth": "" if package is None else str(package.bandwidth),
        "BusinessStatus": "Normal",
        "DeletionProtection": address.is_protected,
        "SecondLimited": False,
        "Tags": plain_tags(tags),
    }


def plain_tags(tags: Mapping[str, str]) -> PlainTags:
    """Tags as VPC lists them, by key."""
    return {"Tag": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}


def require(addresses: Iterable[ElasticAddress], id: str) -> ElasticAddress:
    """The address with this id. Raises NotFound."""
    for each in addresses:
        if each.id == id and not each.is_public:
            return each
    raise NotFound("InvalidAllocationId.NotFound", f"The specified allocation {id} does not exist.")


def require_associable(address: ElasticAddress, id: str, type: HolderType, addresses: Iterable[ElasticAddress]) -> None:
    """Raise unless this may get the address. A NAT gateway may have several."""
    if address.holder is not None:
        message = f"The address {address.address} is associated with {address.holder.id} ({address.status})."
        raise Refused("IncorrectEipStatus", message)
    has = [each.address for each in addresses if each.holder is not None and each.holder.id == id]
    if has and type is not HolderType.GATEWAY:
        raise Refused("InvalidAssociation.Duplicated", f"{id} has the address {has[0]} already.")


def holder_type(text: str) -> HolderType:
    """What an address is to be associated with. Raises Unsupported for what there is none of here."""
    try:
        return HolderType(text or "EcsInstance")
    except ValueError as error:
        raise Unsupported(f"There is no {text} here that could have an address.") from error


def require_held_by(address: ElasticAddress, id: str, type: str) -> None:
    """Raise unless the address is with this; an empty one is not asked for."""
    holder = address.holder
    if holder is None or not is_wanted(holder.id, id) or not is_wanted(holder.type, type):
        where = "nothing" if holder is None else holder.id
        raise Refused("IncorrectEipStatus", f"The address {address.address} is associated with {where}.")


def require_unprotected(what: str, *, is_protected: bool) -> None:
    """Raise Refused for what is protected from deletion."""
    if is_protected:
        raise Refused("OperationDenied.DeletionProtected", f"{what} is under deletion protection.")

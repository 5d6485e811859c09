"""Decisions about elastic addresses: which is free, who may have one, how one is described. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from oos.fleet.instance import GuestAddress, Instance, NetworkInterface, Power
from oos.fleet.network import Network
from oos.fleet.translation import Translations
from oos.service.elastic_addresses import BandwidthPackage, EipStatus, ElasticAddress, Holder, HolderType
from oos.service.errors import InvalidParameter, NotFound, Refused, Unsupported
from oos.service.filtering import creation_period, has_tags, is_wanted, matches_name
from oos.service.network_interfaces import InterfaceRecord
from oos.service.shape import instant
from oos_eip.requests import DescribeEipAddresses
from oos_eip.responses import EipShape, PlainTags

_NEVER: Final = "2099-12-31T15:59Z"


def pool(ranges: Iterable[str]) -> Iterator[str]:
    """Every address of the region's ranges, in order; those of a range are all usable, for nothing broadcasts there."""
    for text in ranges:
        for address in ipaddress.IPv4Network(text):
            yield str(address)


def require_in_pool(address: str, ranges: Iterable[str]) -> None:
    """Raise unless the region has this address to give."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError as error:
        raise InvalidParameter("IpAddress", f"{address!r} is no address.", code="InvalidIpAddress.Malformed") from error
    if not any(parsed in ipaddress.IPv4Network(each) for each in ranges):
        message = f"{address} is none of the elastic addresses of the region."
        raise InvalidParameter("IpAddress", message, code="InvalidIpAddress.NotInPool")


def selected(
    addresses: Iterable[ElasticAddress],
    shown: Mapping[str, EipStatus],
    tags: Mapping[str, Mapping[str, str]],
    request: DescribeEipAddresses,
) -> list[ElasticAddress]:
    """The addresses that meet every condition; `shown` is the status of each by its id."""
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


def known_addresses(
    card: NetworkInterface,
    told: Sequence[GuestAddress],
    network: Network | None,
    record: InterfaceRecord | None,
) -> list[str]:
    """The addresses of a card: those that its guest tells, and those that DHCP keeps for it."""
    own = [each.address for each in told if each.mac.casefold() == card.mac.casefold() and _is_shown(each.address)]
    kept = network.reservations.get(card.mac.lower(), "") if network is not None else ""
    return list(dict.fromkeys([*own, *filter(None, [kept, record.address if record is not None else ""])]))


def holder_for(
    id: str,
    type: HolderType,
    instance: Instance,
    card: NetworkInterface,
    known: Sequence[str],
    network: Network | None,
    wanted: str,
) -> Holder:
    """Where an address leads that is associated with a card of an instance. Raises ApiError."""
    if instance.power not in (Power.RUNNING, Power.STOPPED):
        message = f"The instance {instance.id} ({instance.name}) is {instance.power}; it must run or be stopped."
        raise Refused("IncorrectInstanceStatus", message)
    if wanted and wanted not in known:
        message = f"The card {card.id} of {instance.id} has no address {wanted}."
        raise InvalidParameter("PrivateIpAddress", message, code="InvalidPrivateIpAddress.NotFound")
    if not known:
        message = (
            f"The address of {instance.id} ({instance.name}) in its network is not known: its guest does not tell."
        )
        raise Refused("IncorrectInstanceStatus", message)
    address = wanted or known[0]
    # Without a reservation, the guest could have another address after its next start.
    kept = network.reservations.get(card.mac.lower()) if network is not None else None
    pinned = network is not None and network.has_dhcp and kept != address
    return Holder(id, type, instance.host, address, card.network, card.mac, pinned)


def _is_shown(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.version == 4 and not parsed.is_link_local


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

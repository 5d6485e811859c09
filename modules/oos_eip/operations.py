"""Operations on elastic addresses: given out, associated, taken away, given back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from oos.fleet.errors import InterfaceAbsent
from oos.fleet.instance import Instance, NetworkInterface, Power
from oos.service.address_translation import (
    carry_out,
    hypervisor_of,
    require_uplink,
    translated_on,
    unassociate,
)
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.elastic_addresses import (
    BANDWIDTH_PACKAGES,
    ELASTIC_ADDRESSES,
    FORWARD_ENTRIES,
    NAT_GATEWAYS,
    EipStatus,
    ElasticAddress,
    Holder,
    HolderType,
)
from oos.service.errors import ApiError, NotFound, Refused, Unsupported
from oos.service.guest import addresses_of
from oos.service.network_interfaces import INTERFACES
from oos.service.paging import page_of
from oos.service.shape import newest_first
from oos.service.tags import changes_of_all, forget_tags, set_tags, tags_after, tags_from
from oos.values.identifiers import client_token, resource_id
from oos_eip import decide, requests, responses

POLL_SECONDS: Final = 1.0
ADDRESS_SECONDS: Final = 30.0
"""How long a guest may take to tell the address of a card."""


def tags_of_all(context: Context) -> Mapping[str, Mapping[str, str]]:
    """The tags of every resource that has some."""
    return {id: tags_after({}, changes) for id, changes in changes_of_all(context.registry).items()}


def _addresses(context: Context) -> list[ElasticAddress]:
    return ELASTIC_ADDRESSES.of_region(context.registry, context.region)


def allocate_eip_address(context: Context, request: requests.AllocateEipAddress) -> responses.EipAllocated:
    """Give out one of the elastic addresses of the region."""
    tags = tags_from(request.tag)
    given = _give_out(context, request)
    set_tags(context.registry, given.id, tags)
    return {"AllocationId": given.id, "EipAddress": given.address, "ResourceGroupId": given.resource_group}


def _give_out(
    context: Context, request: requests.AllocateEipAddress, public_of: Holder | None = None
) -> ElasticAddress:
    """Give out an address: an elastic one, or the public one of an instance."""
    id = resource_id("eip", context.token)
    for each in _addresses(context):
        if each.id == id:
            return each
    region = context.fleet.inventory.region(context.region)
    ranges = region.elastic_addresses if region is not None else ()
    if not ranges:
        raise Unsupported(f"The inventory gives the region {context.region} no elastic addresses.")
    if request.ip_address:
        decide.require_in_pool(request.ip_address, ranges)
    for address in [request.ip_address] if request.ip_address else decide.pool(ranges):
        wanted = ElasticAddress(
            id=id,
            region=context.region,
            address=address,
            created=context.now(),
            token=context.token,
            bandwidth=request.bandwidth,
            charge_type=request.internet_charge_type,
            isp=request.isp,
            name=request.name,
            description=request.description,
            resource_group=request.resource_group_id,
            is_public=public_of is not None,
            status=EipStatus.AVAILABLE if public_of is None else EipStatus.ASSOCIATING,
            holder=public_of,
        )
        # Two who want the same one at once: the registry gives it to one of them.
        if ELASTIC_ADDRESSES.add(context.registry, wanted):
            return wanted
    if request.ip_address:
        raise ApiError("InvalidIpAddress.AlreadyUsed", f"The address {request.ip_address} is given out already.")
    raise Refused("QuotaExceeded.Eip", f"All elastic addresses of the region {context.region} are given out.")


def describe_eip_addresses(context: Context, request: requests.DescribeEipAddresses) -> responses.Eips:
    """List elastic addresses; one whose host does not hold it, although it should, is shown as Associating."""
    addresses, tags = _addresses(context), tags_of_all(context)
    translated = translated_on(context, [each.holder.host for each in addresses if each.holder is not None])
    shown = {each.id: decide.shown_status(each, translated) for each in addresses}
    found = decide.selected(addresses, shown, tags, request)
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    packages = {each.id: each for each in BANDWIDTH_PACKAGES.of_region(context.registry, context.region)}
    shapes = [
        decide.eip_shape(each, shown[each.id], packages.get(each.package_id), tags.get(each.id, {}))
        for each in page.items
    ]
    return {
        "EipAddresses": {"EipAddress": shapes},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def associate_eip_address(context: Context, request: requests.AssociateEipAddress) -> responses.Nothing:
    """Have an elastic address lead to an instance or network interface; a NAT gateway gets single ports of it."""
    type, id = decide.holder_type(request.instance_type), request.instance_id
    address = decide.require(_addresses(context), request.allocation_id)
    if address.holder is None or address.holder.id != id:
        decide.require_associable(address, id, type, _addresses(context))
        holder = _holder(context, id, type, request.private_ip_address)
        with context.registry.alone_with(f"elastic addresses of the region {context.region}"):
            # Others may have been quicker while the guest was asked.
            addresses = _addresses(context)
            address = decide.require(addresses, request.allocation_id)
            decide.require_associable(address, id, type, addresses)
            address = ELASTIC_ADDRESSES.keep(
                context.registry, replace(address, status=EipStatus.ASSOCIATING, holder=holder)
            )
    _lead(context, address)
    return {}


def _lead(context: Context, address: ElasticAddress) -> None:
    """Carry out what is written down: asked again, this puts back what was lost."""
    holder = address.holder
    assert holder is not None, "it was associated a moment ago"
    if holder.is_pinned:
        hypervisor_of(context, holder.host).reserve_address(holder.network, holder.mac, holder.address)
    carry_out(context, [holder.host])
    ELASTIC_ADDRESSES.keep(context.registry, replace(address, status=EipStatus.IN_USE))


def _holder(context: Context, id: str, type: HolderType, wanted: str) -> Holder:
    """What is to get an address, and where it is. Raises ApiError."""
    if type is HolderType.GATEWAY:
        if all(each.id != id for each in NAT_GATEWAYS.of_region(context.registry, context.region)):
            raise NotFound("InvalidNatGatewayId.NotFound", f"The specified NAT gateway {id} does not exist.")
        return Holder(id, type)
    instance, card = _card(context, id, type)
    require_uplink(context, instance.host)
    networks = context.fleet.networks(context.region)
    network = next((each for each in networks if (each.host, each.name) == (instance.host, card.network)), None)
    record = INTERFACES.load(context.registry, card.id)
    waited = 0.0
    while True:
        told = addresses_of(context, [instance])[0]
        known = decide.known_addresses(card, told, network, record)
        if known or instance.power is not Power.RUNNING or waited >= ADDRESS_SECONDS:
            return decide.holder_for(id, type, instance, card, known, network, wanted)
        # A card that was plugged in a moment ago has asked DHCP, and not heard yet.
        context.pause(POLL_SECONDS, f"{instance.id} ({instance.name}) to have an address")
        waited += POLL_SECONDS


def _card(context: Context, id: str, type: HolderType) -> tuple[Instance, NetworkInterface]:
    if type is HolderType.INSTANCE:
        instance = context.fleet.of_instance(id, context.region)[1]
        if not instance.interfaces:
            message = f"The instance {instance.id} ({instance.name}) has no network card."
            raise Refused("OperationDenied.NoNetworkInterface", message)
        return instance, instance.interfaces[0]
    for instance in context.fleet.instances(context.region):
        for card in instance.interfaces:
            if card.id == id:
                return instance, card
    if INTERFACES.load(context.registry, id) is None:
        raise InterfaceAbsent(id)
    message = f"The network interface {id} is in no instance; attach it first."
    raise Refused("InvalidOperation.InvalidEniState", message)


def unassociate_eip_address(context: Context, request: requests.UnassociateEipAddress) -> responses.Nothing:
    """Take an elastic address away from what it leads to; it stays given out."""
    address = decide.require(_addresses(context), request.allocation_id)
    intent = f"unassociate/{address.id}"
    if address.holder is None and was_deletion_intended(context, intent):
        return {}
    decide.require_held_by(address, request.instance_id, request.instance_type)
    entries = [
        each for each in FORWARD_ENTRIES.of_region(context.registry, context.region) if each.address == address.address
    ]
    if entries and not request.force:
        message = (
            f"The port {entries[0].port} of {address.address} leads to {entries[0].target}; delete the entry first."
        )
        raise Refused("IncorrectStatus.ForwardEntry", message)
    intend_deletion(context, intent)
    for entry in entries:
        FORWARD_ENTRIES.forget(context.registry, entry)
    unassociate(context, address)
    return {}


def release_eip_address(context: Context, request: requests.ReleaseEipAddress) -> responses.Nothing:
    """Give an elastic address back; others can have it then."""
    addresses = _addresses(context)
    if all(each.id != request.allocation_id for each in addresses) and was_deletion_intended(
        context, request.allocation_id
    ):
        return {}
    address = decide.require(addresses, request.allocation_id)
    decide.require_unprotected(f"The address {address.address}", is_protected=address.is_protected)
    if address.holder is not None:
        message = f"The address {address.address} is associated with {address.holder.id}; unassociate it first."
        raise Refused("IncorrectEipStatus", message)
    intend_deletion(context, address.id)
    ELASTIC_ADDRESSES.forget(context.registry, address)
    forget_tags(context.registry, address.id)
    return {}


def modify_eip_address_attribute(context: Context, request: requests.ModifyEipAddressAttribute) -> responses.Nothing:
    """Change what an elastic address may carry, its name or its description."""
    address = decide.require(_addresses(context), request.allocation_id)
    changed = replace(
        address,
        bandwidth=address.bandwidth if request.bandwidth is None else request.bandwidth,
        name=address.name if request.name is None else request.name,
        description=address.description if request.description is None else request.description,
    )
    ELASTIC_ADDRESSES.keep(context.registry, changed)
    if changed.holder is not None:
        carry_out(context, [changed.holder.host])
    return {}


# public addresses of instances


def allocate_public_ip_address(context: Context, request: requests.AllocatePublicIpAddress) -> responses.PublicAddress:
    """Give an instance a public address, which goes with it."""
    id, kind = request.instance_id, HolderType.INSTANCE
    mine = _of_this_request(_addresses(context), context)
    if mine is None:
        _require_without(_addresses(context), id)
        holder = _holder(context, id, kind, "")
        with context.registry.alone_with(f"elastic addresses of the region {context.region}"):
            _require_without(_addresses(context), id)
            asked = requests.AllocateEipAddress(ip_address=request.ip_address, bandwidth=requests.MOST_MEGABITS)
            mine = _give_out(context, asked, holder)
    _lead(context, mine)
    return {"IpAddress": mine.address}


def _of_this_request(addresses: Iterable[ElasticAddress], context: Context) -> ElasticAddress | None:
    return next((each for each in addresses if each.id == resource_id("eip", context.token)), None)


def _require_without(addresses: Iterable[ElasticAddress], id: str) -> None:
    held = [each.address for each in addresses if each.holder is not None and each.holder.id == id]
    if held:
        raise Refused("IpAddressInUse", f"The instance {id} has the address {held[0]} already.")


def convert_nat_public_ip_to_eip(context: Context, request: requests.ConvertNatPublicIpToEip) -> responses.Nothing:
    """Make the public address of an instance an elastic one, which can be taken away from it."""
    id = request.instance_id
    context.fleet.of_instance(id, context.region)
    mine = [each for each in _addresses(context) if each.holder is not None and each.holder.id == id]
    intent = client_token("convert", id)
    if mine and not mine[0].is_public and was_deletion_intended(context, intent):
        return {}
    if not mine or not mine[0].is_public:
        raise Refused("OperationDenied.NoPublicIp", f"The instance {id} has no public address to convert.")
    intend_deletion(context, intent)
    ELASTIC_ADDRESSES.keep(context.registry, replace(mine[0], is_public=False))
    return {}

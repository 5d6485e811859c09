"""Operations on elastic addresses: given out, associated, taken away, given back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from oos.service.address_giving import AddressWish, give_out, give_public_address, holder_of, lead, usual_wish
from oos.service.address_translation import (
    carry_out,
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
from oos.service.errors import InvalidParameter, Refused, Unsupported
from oos.service.paging import page_of
from oos.service.shape import newest_first
from oos.service.tags import changes_of_all, forget_tags, set_tags, tags_after, tags_from
from oos.values.identifiers import client_token
from oos_eip import decide, requests, responses


def tags_of_all(context: Context) -> Mapping[str, Mapping[str, str]]:
    """The tags of every resource that has some."""
    return {id: tags_after({}, changes) for id, changes in changes_of_all(context.registry).items()}


def _addresses(context: Context) -> list[ElasticAddress]:
    return ELASTIC_ADDRESSES.of_region(context.registry, context.region)


def allocate_eip_address(context: Context, request: requests.AllocateEipAddress) -> responses.EipAllocated:
    """Give out one of the elastic addresses of the region."""
    tags = tags_from(request.tag)
    wish = AddressWish(
        address=request.ip_address,
        bandwidth=request.bandwidth,
        charge_type=request.internet_charge_type,
        isp=request.isp,
        name=request.name,
        description=request.description,
        resource_group=request.resource_group_id,
    )
    given = give_out(context, context.token, wish)
    set_tags(context.registry, given.id, tags)
    return {"AllocationId": given.id, "EipAddress": given.address, "ResourceGroupId": given.resource_group}


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
    if request.mode != "NAT":
        raise Unsupported(f"An address is translated (NAT) here; it cannot stand on a card itself ({request.mode}).")
    if request.instance_region_id not in ("", context.region):
        message = f"What is in {request.instance_region_id} cannot get an address of {context.region}."
        raise InvalidParameter("InstanceRegionId", message)
    address = decide.require(_addresses(context), request.allocation_id)
    if address.holder is None or address.holder.id != id:
        decide.require_associable(address, id, type, _addresses(context))
        holder = holder_of(context, id, type, request.private_ip_address)
        if request.vpc_id and request.vpc_id != _vpc_of(context, holder):
            message = f"{id} is not in the VPC {request.vpc_id}."
            raise InvalidParameter("VpcId", message, code="InvalidVpcId.Mismatch")
        with context.registry.alone_with(f"elastic addresses of the region {context.region}"):
            # Others may have been quicker while the guest was asked.
            addresses = _addresses(context)
            address = decide.require(addresses, request.allocation_id)
            decide.require_associable(address, id, type, addresses)
            address = ELASTIC_ADDRESSES.keep(
                context.registry, replace(address, status=EipStatus.ASSOCIATING, holder=holder)
            )
    lead(context, address)
    return {}


def _vpc_of(context: Context, holder: Holder) -> str:
    if holder.type is HolderType.GATEWAY:
        gateways = NAT_GATEWAYS.of_region(context.registry, context.region)
        return next((each.vpc_id for each in gateways if each.id == holder.id), "")
    networks = context.fleet.networks(context.region)
    return next((each.vpc_id for each in networks if (each.host, each.name) == (holder.host, holder.network)), "")


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
        inbound=address.inbound if request.bandwidth is None else 0,
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
    instance = context.fleet.of_instance(request.instance_id, context.region)[1]
    wish = usual_wish(instance, request.ip_address)
    return {"IpAddress": give_public_address(context, instance, context.token, wish).address}


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

"""Operations on NAT gateways and forward entries: single ports of elastic addresses that lead into a VPC."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import replace

from oos.fleet.network import Network
from oos.service.address_translation import carry_out, require_uplink, unassociate
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.elastic_addresses import (
    ELASTIC_ADDRESSES,
    FORWARD_ENTRIES,
    NAT_GATEWAYS,
    ElasticAddress,
    ForwardEntry,
    NatGateway,
)
from oos.service.errors import ApiError, InvalidParameter, NotFound, Refused, Unsupported
from oos.service.filtering import has_tags, is_wanted, matches_name, tag_shapes
from oos.service.paging import page_of
from oos.service.shape import instant, newest_first
from oos.service.tags import changes_of_all, forget_tags, set_tags, tags_after, tags_from
from oos.service.vpcs import load_vpcs
from oos.values.identifiers import resource_id
from oos_eip import decide, forward_requests, responses

ANY = "Any"
MOST_SHIFTED = 1000
"""Ports of a range that leads to other ports: each is a rule of its own on the host."""

# NAT gateways


def _gateway(context: Context, id: str) -> NatGateway:
    for each in NAT_GATEWAYS.of_region(context.registry, context.region):
        if each.id == id:
            return each
    raise NotFound("InvalidNatGatewayId.NotFound", f"The specified NAT gateway {id} does not exist.")


def _gateway_of(context: Context, table_id: str) -> NatGateway:
    for each in NAT_GATEWAYS.of_region(context.registry, context.region):
        if each.forward_table_id == table_id:
            return each
    raise NotFound("InvalidForwardTableId.NotFound", f"The specified forward table {table_id} does not exist.")


def create_nat_gateway(context: Context, request: forward_requests.CreateNatGateway) -> responses.GatewayCreated:
    """Make a NAT gateway: single ports of its elastic addresses can lead into the VPC."""
    if request.vpc_id not in load_vpcs(context.registry, context.region, context.fleet.networks(context.region)):
        raise NotFound("InvalidVpcId.NotFound", f"The specified VPC {request.vpc_id} does not exist.")
    if request.network_type != "internet":
        raise Unsupported("A NAT gateway leads from elastic addresses into its VPC; between networks there is none.")
    id, tags = resource_id("ngw", context.token), tags_from(request.tag)
    gateway = NatGateway(
        id, context.region, request.vpc_id, context.now(), context.token, request.name, request.description
    )
    if all(each.id != id for each in NAT_GATEWAYS.of_region(context.registry, context.region)):
        NAT_GATEWAYS.keep(context.registry, gateway)
    set_tags(context.registry, id, tags)
    return {"NatGatewayId": id, "ForwardTableIds": {"ForwardTableId": [gateway.forward_table_id]}}


def describe_nat_gateways(context: Context, request: forward_requests.DescribeNatGateways) -> responses.Gateways:
    """List NAT gateways."""
    addresses = ELASTIC_ADDRESSES.of_region(context.registry, context.region)
    tags = {id: tags_after({}, changes) for id, changes in changes_of_all(context.registry).items()}
    found = [
        each
        for each in NAT_GATEWAYS.of_region(context.registry, context.region)
        if is_wanted(each.id, request.nat_gateway_id)
        and is_wanted(each.vpc_id, request.vpc_id)
        and matches_name(each.name, request.name)
        and is_wanted("Available", request.status)
        and is_wanted("", request.resource_group_id)
        and has_tags(tags.get(each.id, {}), request.tag)
    ]
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    return {
        "NatGateways": {"NatGateway": [_gateway_shape(each, addresses, tags.get(each.id, {})) for each in page.items]},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def _gateway_shape(
    gateway: NatGateway, addresses: Iterable[ElasticAddress], tags: Mapping[str, str]
) -> responses.GatewayShape:
    return {
        "NatGatewayId": gateway.id,
        "Name": gateway.name,
        "Description": gateway.description,
        "RegionId": gateway.region,
        "VpcId": gateway.vpc_id,
        "Status": "Available",
        "BusinessStatus": "Normal",
        "CreationTime": instant(gateway.created),
        "InstanceChargeType": "PostPaid",
        "NatType": "Enhanced",
        "NetworkType": "internet",
        "DeletionProtection": gateway.is_protected,
        "Tags": tag_shapes(tags),
        "ForwardTableIds": {"ForwardTableId": [gateway.forward_table_id]},
        "IpLists": {
            "IpList": [
                {"AllocationId": each.id, "IpAddress": each.address, "UsingStatus": "UsedByForwardTable"}
                for each in _held_by(addresses, gateway)
            ]
        },
    }


def _held_by(addresses: Iterable[ElasticAddress], gateway: NatGateway) -> list[ElasticAddress]:
    return [each for each in addresses if each.holder is not None and each.holder.id == gateway.id]


def delete_nat_gateway(context: Context, request: forward_requests.DeleteNatGateway) -> responses.Nothing:
    """Delete a NAT gateway; by force with its entries, its addresses being free again."""
    id = request.nat_gateway_id
    known = any(each.id == id for each in NAT_GATEWAYS.of_region(context.registry, context.region))
    if not known and was_deletion_intended(context, id):
        return {}
    gateway = _gateway(context, id)
    decide.require_unprotected(f"The NAT gateway {id}", is_protected=gateway.is_protected)
    held = _held_by(ELASTIC_ADDRESSES.of_region(context.registry, context.region), gateway)
    if held and not request.force:
        message = f"The NAT gateway {id} has the address {held[0].address}; unassociate it first."
        raise Refused("DependencyViolation.EIPS", message)
    intend_deletion(context, id)
    for entry in FORWARD_ENTRIES.of_region(context.registry, context.region):
        if entry.gateway_id == id:
            FORWARD_ENTRIES.forget(context.registry, entry)
    for address in held:
        unassociate(context, address)
    NAT_GATEWAYS.forget(context.registry, gateway)
    forget_tags(context.registry, id)
    return {}


# forward entries


def create_forward_entry(
    context: Context, request: forward_requests.CreateForwardEntry
) -> responses.ForwardEntryCreated:
    """Have a port of an address of a NAT gateway lead to a port in its VPC."""
    gateway = _gateway_of(context, request.forward_table_id)
    id = resource_id("fwd", context.token)
    protocol = "" if request.ip_protocol == ANY else request.ip_protocol.lower()
    ports, inside = _ports_of(request.external_port, request.internal_port, protocol)
    entry = ForwardEntry(
        id=id,
        region=context.region,
        gateway_id=gateway.id,
        address=request.external_ip,
        protocol=protocol,
        port=ports[0],
        last=ports[1],
        target=request.internal_ip,
        target_port=inside[0],
        host="",
        token=context.token,
        name=request.forward_entry_name,
    )
    _put(context, gateway, entry)
    return {"ForwardEntryId": id}


def _put(context: Context, gateway: NatGateway, entry: ForwardEntry) -> None:
    """Write an entry down, and have it carried out. Raises ApiError."""
    with context.registry.alone_with(f"elastic addresses of the region {context.region}"):
        held = _held_by(ELASTIC_ADDRESSES.of_region(context.registry, context.region), gateway)
        address = next((each for each in held if each.address == entry.address), None)
        if address is None or address.holder is None:
            message = f"{entry.address} is no address of the NAT gateway {gateway.id}."
            raise InvalidParameter("ExternalIp", message, code="InvalidExternalIp.NotFound")
        entries = [each for each in FORWARD_ENTRIES.of_region(context.registry, context.region) if each.id != entry.id]
        host = _host_of(context, gateway, entry.target)
        _require_possible(entry, host, entries)
        FORWARD_ENTRIES.keep(context.registry, replace(entry, host=host))
        ELASTIC_ADDRESSES.keep(context.registry, replace(address, holder=replace(address.holder, host=host)))
    carry_out(context, [host, address.holder.host])
    _settle(context, address.id)


def _host_of(context: Context, gateway: NatGateway, target: str) -> str:
    """The host of the vSwitch that an address of the VPC is in. Raises ApiError."""
    try:
        parsed = ipaddress.IPv4Address(target)
    except ValueError as error:
        raise InvalidParameter("InternalIp", f"{target!r} is no address.", code="InvalidIp.Malformed") from error

    def has_it(network: Network) -> bool:
        return network.vpc_id == gateway.vpc_id and parsed in ipaddress.IPv4Network(network.cidr)

    for network in context.fleet.networks(context.region):
        if network.vpc_id and has_it(network):
            require_uplink(context, network.host)
            return network.host
    message = f"{target} is in no vSwitch of the VPC {gateway.vpc_id}."
    raise InvalidParameter("InternalIp", message, code="InvalidInternalIp.NotInVpc")


def _require_possible(entry: ForwardEntry, host: str, entries: Iterable[ForwardEntry]) -> None:
    for other in entries:
        if other.address != entry.address:
            continue
        if other.host != host:
            message = f"{entry.address} leads to {other.host} already; it cannot lead to {host} as well."
            raise Unsupported(message)
        meets = other.ports.start < entry.ports.stop and entry.ports.start < other.ports.stop
        if (other.protocol == entry.protocol and meets) or not (other.protocol and entry.protocol):
            message = f"The port {_shown(other, other.port)} of {other.address} leads to {other.target} already."
            raise ApiError("Forbidden.DuplicatedForwardEntry", message)


def _ports_of(external: str, internal: str, protocol: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last port outside and inside; the last is 0 for one port. Raises InvalidParameter."""
    outside, inside = _port("ExternalPort", external, protocol), _port("InternalPort", internal, protocol)
    count = (outside[1] or outside[0]) - outside[0]
    if (inside[1] or inside[0]) - inside[0] != count:
        message = f"{external} and {internal} are not as many ports."
        raise InvalidParameter("InternalPort", message, code="InvalidInternalPort.Mismatch")
    if outside[0] != inside[0] and count >= MOST_SHIFTED:
        message = f"{external} are more than {MOST_SHIFTED} ports; so many lead to the same ones only."
        raise InvalidParameter("ExternalPort", message, code="InvalidExternalPort.TooMany")
    return outside, inside


def _port(name: str, text: str, protocol: str) -> tuple[int, int]:
    """First and last port of `80` or `10/20`; the last is 0 for one port, both are for Any."""
    is_any = text.casefold() == ANY.casefold()
    if is_any and not protocol:
        return 0, 0
    first, _, last = text.partition("/")
    if (
        protocol
        and first.isdecimal()
        and (last or first).isdecimal()
        and 1 <= int(first) <= int(last or first) <= 65535
    ):
        return int(first), int(last) if last and last != first else 0
    message = f"Ports are 1 to 65535, one or FIRST/LAST, or {ANY} for the protocol {ANY}, not {text}."
    raise InvalidParameter(name, message, code=f"Invalid{name}.Malformed")


def _shown(entry: ForwardEntry, port: int) -> str:
    if not entry.protocol:
        return ANY
    return f"{port}/{port + len(entry.ports) - 1}" if entry.last else str(port)


def _settle(context: Context, address_id: str) -> None:
    """An address that leads somewhere stays with the host of its entries; with none left, it is on no host."""
    with context.registry.alone_with(f"elastic addresses of the region {context.region}"):
        address = decide.require(ELASTIC_ADDRESSES.of_region(context.registry, context.region), address_id)
        if address.holder is None:
            return
        hosts = {
            each.host
            for each in FORWARD_ENTRIES.of_region(context.registry, context.region)
            if each.address == address.address
        }
        host = min(hosts, default="")
        ELASTIC_ADDRESSES.keep(context.registry, replace(address, holder=replace(address.holder, host=host)))
    if not host:
        carry_out(context, [address.holder.host])


def describe_forward_table_entries(
    context: Context, request: forward_requests.DescribeForwardTableEntries
) -> responses.ForwardEntries:
    """List forward entries."""
    shapes = map(_entry_shape, FORWARD_ENTRIES.of_region(context.registry, context.region))
    found = [
        each
        for each in shapes
        if is_wanted(each["ForwardTableId"], request.forward_table_id)
        and is_wanted(each["ForwardEntryId"], request.forward_entry_id)
        and is_wanted(each["NatGatewayId"], request.nat_gateway_id)
        and matches_name(each["ForwardEntryName"], request.forward_entry_name)
        and is_wanted(each["ExternalIp"], request.external_ip)
        and is_wanted(each["ExternalPort"], request.external_port)
        and is_wanted(each["InternalIp"], request.internal_ip)
        and is_wanted(each["InternalPort"], request.internal_port)
        and is_wanted(each["IpProtocol"], request.ip_protocol)
    ]
    page = page_of(found, request, lambda each: (each["ExternalIp"], each["ExternalPort"], each["ForwardEntryId"]))
    return {
        "ForwardTableEntries": {"ForwardTableEntry": list(page.items)},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def _entry_shape(entry: ForwardEntry) -> responses.ForwardEntryShape:
    return {
        "ForwardEntryId": entry.id,
        "ForwardEntryName": entry.name,
        "ForwardTableId": f"ftb-{entry.gateway_id.removeprefix('ngw-')}",
        "NatGatewayId": entry.gateway_id,
        "ExternalIp": entry.address,
        "ExternalPort": _shown(entry, entry.port),
        "InternalIp": entry.target,
        "InternalPort": _shown(entry, entry.target_port),
        "IpProtocol": entry.protocol.upper() or ANY,
        "Status": "Available",
    }


def modify_forward_entry(context: Context, request: forward_requests.ModifyForwardEntry) -> responses.Nothing:
    """Have a port lead elsewhere."""
    gateway = _gateway_of(context, request.forward_table_id)
    before = _entry(context, gateway, request.forward_entry_id)
    shape = _entry_shape(before)
    word = request.ip_protocol or shape["IpProtocol"]
    protocol = "" if word == ANY else word.lower()
    ports, inside = _ports_of(
        request.external_port or shape["ExternalPort"], request.internal_port or shape["InternalPort"], protocol
    )
    changed = replace(
        before,
        address=request.external_ip or before.address,
        protocol=protocol,
        port=ports[0],
        last=ports[1],
        target=request.internal_ip or before.target,
        target_port=inside[0],
        name=before.name if request.forward_entry_name is None else request.forward_entry_name,
    )
    _put(context, gateway, changed)
    _settle_all(context, gateway)
    return {}


def delete_forward_entry(context: Context, request: forward_requests.DeleteForwardEntry) -> responses.Nothing:
    """Have a port lead nowhere."""
    gateway = _gateway_of(context, request.forward_table_id)
    id = request.forward_entry_id
    entries = FORWARD_ENTRIES.of_region(context.registry, context.region)
    if any(each.id == id for each in entries) or not was_deletion_intended(context, id):
        entry = _entry(context, gateway, id)
        intend_deletion(context, id)
        FORWARD_ENTRIES.forget(context.registry, entry)
    _settle_all(context, gateway)
    return {}


def _settle_all(context: Context, gateway: NatGateway) -> None:
    """Entries changed: hosts are told, and an address that leads nowhere any more is on no host."""
    for address in _held_by(ELASTIC_ADDRESSES.of_region(context.registry, context.region), gateway):
        assert address.holder is not None, "the gateway holds it"
        carry_out(context, [address.holder.host])
        _settle(context, address.id)


def _entry(context: Context, gateway: NatGateway, id: str) -> ForwardEntry:
    for each in FORWARD_ENTRIES.of_region(context.registry, context.region):
        if each.id == id and each.gateway_id == gateway.id:
            return each
    raise NotFound("InvalidForwardEntryId.NotFound", f"The specified forward entry {id} does not exist.")

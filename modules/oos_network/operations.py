"""Operations on network interfaces, and on the first one of an instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oos.fleet.identity import made_mac
from oos.fleet.instance import GuestAddress, Instance, interface_id
from oos.fleet.network import InterfaceSpec, Network
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.elastic_addresses import ELASTIC_ADDRESSES
from oos.service.errors import ApiError, InvalidParameter, NotFound, Refused, Unavailable
from oos.service.filtering import tag_shapes
from oos.service.group_enforcement import enforce, follow_members, keep_members, set_groups
from oos.service.guest import addresses_of
from oos.service.internet_bandwidth import change_internet_bandwidth, first_card
from oos.service.network_interfaces import INTERFACES, InterfaceRecord
from oos.service.paging import page_of
from oos.service.private_addresses import assign_addresses, unassign_addresses
from oos.service.security_groups import require_group
from oos.service.tags import changes_of_all, forget_tags, set_tags, tags_after, tags_from
from oos_network import decide, requests, responses
from oos_network.interfaces import hypervisor_of, living_records


def _cards(
    context: Context, networks: Sequence[Network] = (), instances: Sequence[Instance] | None = None
) -> list[decide.Placed]:
    instances = context.fleet.instances(context.region) if instances is None else instances
    tags = {id: tags_after({}, changes) for id, changes in changes_of_all(context.registry).items()}
    return list(decide.placed(instances, living_records(context, instances), networks, tags))


def _card(context: Context, id: str, networks: Sequence[Network] = ()) -> decide.Placed:
    """The card with this id. Raises NotFound."""
    found = _find(_cards(context, networks), id)
    if found is None:
        raise _absent(id)
    return found


def _find(cards: Sequence[decide.Placed], id: str) -> decide.Placed | None:
    return next((each for each in cards if each.card.id == id), None)


def _absent(id: str) -> NotFound:
    return NotFound("InvalidEniId.NotFound", f"The specified network interface {id} does not exist.")


def describe_network_interfaces(context: Context, request: requests.DescribeNetworkInterfaces) -> responses.Interfaces:
    """List network cards, with the addresses that their guests tell; those that are in no instance, too."""
    found = decide.selected(_cards(context, context.fleet.networks(context.region)), request)
    asked_for = (request.private_ip_address, request.ipv6_address)
    if request.primary_ip_address or asked_for != (None, None):
        asked = zip(found, _addresses(context, found), strict=True)
        found = [each for each, addresses in asked if decide.has_address(each, addresses, request)]
    page = page_of(found, request, lambda each: (each.instance_id, f"{each.number:04d}", each.card.id), most=500)
    asked = zip(page.items, _addresses(context, page.items), strict=True)
    given = ELASTIC_ADDRESSES.of_region(context.registry, context.region)
    elastic = {each.holder.id: each for each in given if each.holder is not None}
    shapes = [decide.interface_shape(each, own, elastic) for each, own in asked]
    return {"NetworkInterfaceSets": {"NetworkInterfaceSet": shapes}, **page.fields}


def describe_network_interface_attribute(
    context: Context, request: requests.DescribeNetworkInterfaceAttribute
) -> responses.InterfaceShape:
    """Describe one network card, plugged in or not."""
    wanted = requests.DescribeNetworkInterfaces(network_interface_id=(request.network_interface_id,))
    found = describe_network_interfaces(context, wanted)["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    if not found:
        raise _absent(request.network_interface_id)
    return found[0]


def _addresses(context: Context, cards: Sequence[decide.Placed]) -> list[Sequence[GuestAddress]]:
    """What the guests of these cards tell."""
    instances = {each.instance.id: each.instance for each in cards if each.instance is not None}
    told = dict(zip(instances, addresses_of(context, list(instances.values())), strict=True))
    return [told.get(each.instance_id, ()) for each in cards]


def create_network_interface(context: Context, request: requests.CreateNetworkInterface) -> responses.CreatedInterface:
    """Make a network interface; it is in no instance until it is attached to one."""
    networks = [each for each in context.fleet.networks(context.region) if each.name == request.v_switch_id]
    if not networks:
        raise NotFound("InvalidVSwitchId.NotFound", f"The specified vSwitch {request.v_switch_id} does not exist.")
    network, mac, tags = networks[0], made_mac(context.token), tags_from(request.tag)
    groups = tuple(dict.fromkeys([*filter(None, [request.security_group_id]), *request.security_group_ids]))
    for group in groups:
        require_group(context.registry, context.region, group)
    if request.primary_ip_address:
        decide.require_reservable(request.primary_ip_address, network, mac, _cards(context))
    record = INTERFACES.load(context.registry, interface_id(mac)) or InterfaceRecord(
        id=interface_id(mac),
        mac=mac,
        region=context.region,
        zone=network.zone,
        network=network.name,
        name=request.network_interface_name,
        description=request.description,
        created=context.now(),
        address=request.primary_ip_address,
        security_group_ids=groups,
        delete_on_release=request.delete_on_release,
        resource_group=request.resource_group_id,
        token=context.token,
    )
    if (record.network, record.address) != (network.name, request.primary_ip_address):
        message = f"The ClientToken made {record.id} in {record.network} before."
        raise ApiError("IdempotentParameterMismatch", message)
    INTERFACES.keep(context.registry, record)
    set_tags(context.registry, record.id, tags)
    if record.address:
        for each in networks:
            hypervisor_of(context, each.host).reserve_address(each.name, mac, record.address)
    if request.private_ip_address or request.secondary_private_ip_address_count:
        further, count = request.private_ip_address, request.secondary_private_ip_address_count
        record = assign_addresses(context, record, networks, further, count)
    return _created(record, network, tags)


def _created(record: InterfaceRecord, network: Network, tags: dict[str, str]) -> responses.CreatedInterface:
    return {
        "NetworkInterfaceId": record.id,
        "NetworkInterfaceName": record.name,
        "Description": record.description,
        "MacAddress": record.mac,
        "PrivateIpAddress": record.address,
        "PrivateIpSets": decide.private_ip_sets([*filter(None, [record.address]), *record.secondary]),
        "SecurityGroupIds": {"SecurityGroupId": list(record.security_group_ids)},
        "Status": "Available",
        "Type": "Secondary",
        "VSwitchId": record.network,
        "VpcId": network.vpc_id,
        "ZoneId": record.zone,
        "ResourceGroupId": record.resource_group,
        "Tags": tag_shapes(tags),
    }


def attach_network_interface(context: Context, request: requests.AttachNetworkInterface) -> responses.Nothing:
    """Plug a network interface into an instance, running or stopped."""
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    networks = context.fleet.networks(context.region)
    card = _card(context, request.network_interface_id, networks)
    if card.instance_id == instance.id:
        if card.card.security_group_ids:
            # Perhaps by this request, which then died before it told the groups.
            keep_members(context, [instance])
        return {}
    decide.require_attachable(card, instance, networks)
    assert card.record is not None, "a card in no instance is written down"
    INTERFACES.keep(context.registry, replace(card.record, instance_id=instance.id))
    groups = card.card.security_group_ids
    spec = InterfaceSpec(card.card.mac, card.card.network, card.card.bandwidth, groups)
    enforce(context, groups, (instance.host,))
    after = hypervisor.attach_interface(instance.id, spec)
    if not any(each.id == card.card.id for each in after.interfaces):
        raise Unavailable(f"The network interface {card.card.id} was plugged into {instance.id}, and is not there.")
    if groups:
        keep_members(context, [after])
    return {}


def detach_network_interface(context: Context, request: requests.DetachNetworkInterface) -> responses.Nothing:
    """Take a network interface out of an instance; it can be attached to another one then."""
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    card = _card(context, request.network_interface_id)
    intent = f"detach/{card.card.id}/{instance.id}"
    if card.instance is None and was_deletion_intended(context, intent):
        if card.record is not None:
            INTERFACES.keep(context.registry, replace(card.record, instance_id=""))
        follow_members(context, card.card.security_group_ids)
        return {}
    decide.require_detachable(card, instance.id)
    intend_deletion(context, intent)
    record = card.record or InterfaceRecord(
        card.card.id, card.card.mac, context.region, instance.zone, card.card.network, delete_on_release=False
    )
    groups = card.card.security_group_ids
    record = replace(record, security_group_ids=groups)
    # Written down before it is out: else a crash in between would lose it.
    INTERFACES.keep(context.registry, record)
    after = hypervisor.detach_interface(instance.id, card.card.mac)
    if any(each.id == card.card.id for each in after.interfaces):
        raise Unavailable(f"The network interface {card.card.id} was taken out of {instance.id}, and is still there.")
    INTERFACES.keep(context.registry, replace(record, instance_id=""))
    follow_members(context, groups)
    return {}


def delete_network_interface(context: Context, request: requests.DeleteNetworkInterface) -> responses.Nothing:
    """Delete a network interface that is in no instance."""
    id = request.network_interface_id
    card = _find(_cards(context), id)
    if card is None:
        if was_deletion_intended(context, id):
            return {}
        raise _absent(id)
    if card.instance is not None:
        message = f"The network interface {id} is in {card.instance_id}; detach it first."
        raise Refused("InvalidOperation.InvalidEniState", message)
    held = [
        each
        for each in ELASTIC_ADDRESSES.of_region(context.registry, context.region)
        if each.holder and each.holder.id == id
    ]
    if held:
        message = f"The network interface {id} has the address {held[0].address}; unassociate it first."
        raise Refused("InvalidOperation.EipAssociated", message)
    intend_deletion(context, id)
    beside = [each for each in context.fleet.networks(context.region) if each.name == card.card.network]
    for network in beside:
        if card.card.mac.lower() in network.reservations:
            hypervisor_of(context, network.host).reserve_address(network.name, card.card.mac, "")
    if card.record is not None and card.record.secondary:
        unassign_addresses(context, card.record, beside, list(card.record.secondary))
    INTERFACES.forget(context.registry, id)
    forget_tags(context.registry, id)
    return {}


def modify_network_interface_attribute(
    context: Context, request: requests.ModifyNetworkInterfaceAttribute
) -> responses.Nothing:
    """Give a network interface another name or description, or say whether it goes with its instance."""
    card = _card(context, request.network_interface_id)
    record = decide.written_down(card, context.region)
    name = record.name if request.network_interface_name is None else request.network_interface_name
    description = record.description if request.description is None else request.description
    stays = record.delete_on_release if request.delete_on_release is None else request.delete_on_release
    record = replace(record, name=name, description=description, delete_on_release=stays)
    if request.security_group_id is not None:
        groups = tuple(dict.fromkeys(request.security_group_id))
        for each in groups:
            require_group(context.registry, context.region, each)
        record = replace(record, security_group_ids=groups)
        if card.instance is not None:
            set_groups(context, card.instance, card.card, groups)
    INTERFACES.keep(context.registry, record)
    return {}


def assign_private_ip_addresses(
    context: Context, request: requests.AssignPrivateIpAddresses
) -> responses.AssignedAddresses:
    """Give a network card further addresses; its guest configures them, as in the cloud."""
    if bool(request.private_ip_address) == bool(request.secondary_private_ip_address_count):
        message = "Either addresses are given or their number, and one of them must be."
        raise InvalidParameter("SecondaryPrivateIpAddressCount", message)
    networks = context.fleet.networks(context.region)
    card = _card(context, request.network_interface_id, networks)
    beside = [each for each in networks if each.name == card.card.network and each.zone == card.zone]
    if not beside:
        raise NotFound("InvalidVSwitchId.NotFound", f"The vSwitch {card.card.network} of {card.card.id} is not there.")
    record = assign_addresses(
        context,
        decide.written_down(card, context.region),
        beside,
        request.private_ip_address,
        request.secondary_private_ip_address_count,
    )
    follow_members(context, card.card.security_group_ids)
    mine = [address for address, token in record.secondary.items() if token == context.token]
    assigned: responses.Assigned = {"NetworkInterfaceId": record.id, "PrivateIpSet": {"PrivateIpAddress": mine}}
    return {"AssignedPrivateIpAddressesSet": assigned}


def unassign_private_ip_addresses(context: Context, request: requests.UnassignPrivateIpAddresses) -> responses.Nothing:
    """Take further addresses from a network card; its guest is to let them go first."""
    networks = context.fleet.networks(context.region)
    card = _card(context, request.network_interface_id, networks)
    record, meant = decide.written_down(card, context.region), request.private_ip_address
    for address in meant:
        if address not in record.secondary and not was_deletion_intended(context, f"{record.id}/{address}"):
            message = f"{address} is no secondary address of {record.id}."
            raise InvalidParameter("PrivateIpAddress", message, code="InvalidIp.IpUnassigned")
    held = [
        each.address
        for each in ELASTIC_ADDRESSES.of_region(context.registry, context.region)
        if each.holder is not None and each.holder.mac.lower() == record.mac.lower() and each.holder.address in meant
    ]
    if held:
        message = f"The address {held[0]} leads to one of these; unassociate it first."
        raise Refused("InvalidOperation.EipAssociated", message)
    for address in meant:
        intend_deletion(context, f"{record.id}/{address}")
    unassign_addresses(context, record, [each for each in networks if each.name == record.network], meant)
    follow_members(context, card.card.security_group_ids)
    return {}


# the first card of an instance


def modify_instance_network_spec(
    context: Context, request: requests.ModifyInstanceNetworkSpec
) -> responses.NetworkSpecModified:
    """Limit what an instance carries, running or stopped: by its public address, else all of its first card."""
    instance = context.fleet.of_instance(request.instance_id, context.region)[1]
    change_internet_bandwidth(
        context,
        instance,
        request.internet_max_bandwidth_in,
        request.internet_max_bandwidth_out,
        allocate=request.allocate_public_ip,
    )
    return {"OrderId": ""}


def modify_instance_vpc_attribute(context: Context, request: requests.ModifyInstanceVpcAttribute) -> responses.Nothing:
    """Move the first network card of a stopped instance into another network of its host."""
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    networks = context.fleet.networks(context.region)
    network = decide.require_network_beside(request.v_switch_id, instance, networks)
    if request.vpc_id and request.vpc_id != network.vpc_id:
        message = f"The vSwitch {network.name} is not in the VPC {request.vpc_id}."
        raise InvalidParameter("VpcId", message, code="InvalidVpcId.Mismatch")
    card = first_card(instance)
    record = INTERFACES.load(context.registry, card.id)
    if record is not None and record.secondary and network.name != card.network:
        message = f"The card {card.id} has secondary addresses of {card.network}; unassign them first."
        raise Refused("InvalidOperation.SecondaryPrivateIpAssigned", message)
    if request.private_ip_address:
        cards = _cards(context, networks)
        decide.require_reservable(request.private_ip_address, network, card.mac, cards)
    after = hypervisor.move_interface(instance.id, card.mac, network.name)
    if first_card(after).network != network.name:
        raise Unavailable(f"The network card {card.id} of {instance.id} was moved, and is not in {network.name}.")
    if request.security_group_id is not None:
        groups = tuple(dict.fromkeys(request.security_group_id))
        for group in groups:
            require_group(context.registry, context.region, group)
        set_groups(context, after, first_card(after), groups)
    for each in networks:
        is_new = each.name == network.name
        if each.host == instance.host and (card.mac.lower() in each.reservations or is_new) and each.has_dhcp:
            hypervisor.reserve_address(each.name, card.mac, request.private_ip_address if is_new else "")
    return {}

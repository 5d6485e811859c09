"""Operations on VPCs and vSwitches: made, listed, renamed, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from oos.fleet.network import Network, NetworkLabels, NetworkSpec
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.elastic_addresses import NAT_GATEWAYS
from oos.service.errors import ApiError, NotFound, Refused, Unavailable
from oos.service.host_loads import open_hosts
from oos.service.paging import page_of
from oos.service.shape import newest_first
from oos.service.tags import changes_of_all, forget_tags, set_tags, tags_after, tags_from
from oos.service.vpcs import Vpc, forget_vpc, keep_vpc, load_vpcs
from oos.values.identifiers import resource_id
from oos_network import interfaces, vpc_decide, vpc_requests, vpc_responses


def _vpcs(context: Context, networks: tuple[Network, ...]) -> dict[str, Vpc]:
    return load_vpcs(context.registry, context.region, networks)


def _tags(context: Context) -> Mapping[str, Mapping[str, str]]:
    return {id: tags_after({}, changes) for id, changes in changes_of_all(context.registry).items()}


# VPCs


def create_vpc(context: Context, request: vpc_requests.CreateVpc) -> vpc_responses.VpcCreated:
    """Make a VPC: a range of addresses for vSwitches."""
    cidr, tags = vpc_decide.vpc_range(request.cidr_block), tags_from(request.tag)
    id = resource_id("vpc", context.token)
    known = _vpcs(context, ()).get(id)
    if known is not None and known.cidr != str(cidr):
        raise ApiError("IdempotentParameterMismatch", f"The ClientToken made {id} with {known.cidr} before.")
    if known is None:
        set_tags(context.registry, id, tags)
        vpc = Vpc(
            id,
            context.region,
            str(cidr),
            request.vpc_name,
            request.description,
            context.now(),
            request.resource_group_id,
            context.token,
        )
        keep_vpc(context.registry, vpc)
    return {"VpcId": id, "ResourceGroupId": request.resource_group_id}


def describe_vpcs(context: Context, request: vpc_requests.DescribeVpcs) -> vpc_responses.Vpcs:
    """List VPCs; networks made by others are in none."""
    networks, tags = context.fleet.networks(context.region), _tags(context)
    found = vpc_decide.selected_vpcs(_vpcs(context, networks).values(), tags, request)
    found = found if request.vpc_owner_id in (None, int(context.account)) else []
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    shapes = [vpc_decide.vpc_shape(each, networks, tags.get(each.id, {})) for each in page.items]
    return {
        "Vpcs": {"Vpc": shapes},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def describe_vpc_attribute(context: Context, request: vpc_requests.DescribeVpcAttribute) -> vpc_responses.VpcAttribute:
    """Describe one VPC."""
    networks = context.fleet.networks(context.region)
    vpc = vpc_decide.require_vpc(_vpcs(context, networks), request.vpc_id)
    shape = vpc_decide.vpc_shape(vpc, networks, _tags(context).get(vpc.id, {}))
    count = len(shape["VSwitchIds"]["VSwitchId"])
    return {
        **shape,
        "CloudResources": {"CloudResourceSetType": [{"ResourceType": "VSwitch", "ResourceCount": count}]},
    }


def modify_vpc_attribute(context: Context, request: vpc_requests.ModifyVpcAttribute) -> vpc_responses.Nothing:
    """Give a VPC another name or description, or more or fewer addresses."""
    networks = context.fleet.networks(context.region)
    vpc = vpc_decide.require_vpc(_vpcs(context, networks), request.vpc_id)
    name = vpc.name if request.vpc_name is None else request.vpc_name
    description = vpc.description if request.description is None else request.description
    cidr = vpc_decide.changed_range(request.cidr_block, vpc, networks)
    keep_vpc(context.registry, replace(vpc, name=name, description=description, cidr=cidr))
    for each in networks:
        if each.vpc_id == vpc.id and each.vpc_cidr != cidr:
            interfaces.hypervisor_of(context, each.host).label_network(each.name, each.labels, cidr)
    return {}


def delete_vpc(context: Context, request: vpc_requests.DeleteVpc) -> vpc_responses.Nothing:
    """Delete a VPC that has no vSwitch."""
    networks = context.fleet.networks(context.region)
    if request.vpc_id not in _vpcs(context, networks) and was_deletion_intended(context, request.vpc_id):
        return {}
    vpc = vpc_decide.require_vpc(_vpcs(context, networks), request.vpc_id)
    inside = [each.name for each in networks if each.vpc_id == vpc.id]
    if inside:
        message = f"The VPC {vpc.id} still has the vSwitch {inside[0]}."
        raise ApiError("DependencyViolation.VSwitch", message)
    gateways = [each.id for each in NAT_GATEWAYS.of_region(context.registry, context.region) if each.vpc_id == vpc.id]
    if gateways:
        raise ApiError("DependencyViolation.NatGateway", f"The VPC {vpc.id} still has the NAT gateway {gateways[0]}.")
    intend_deletion(context, vpc.id)
    forget_vpc(context.registry, vpc.id)
    forget_tags(context.registry, vpc.id)
    return {}


# vSwitches


def create_v_switch(context: Context, request: vpc_requests.CreateVSwitch) -> vpc_responses.VSwitchCreated:
    """Make a vSwitch: a network with DHCP on one host of the zone."""
    hosts = open_hosts(context, request.zone_id)
    if not hosts:
        raise NotFound("InvalidZoneId.NotFound", f"The specified zone {request.zone_id} does not exist.")
    networks, tags = context.fleet.networks(context.region), tags_from(request.tag)
    vpc = vpc_decide.require_vpc(_vpcs(context, networks), request.vpc_id)
    made = next((each for each in networks if each.token == context.token), None)
    cidr = vpc_decide.switch_range(request.cidr_block, vpc, (each for each in networks if each is not made))
    if made is not None and (made.cidr, made.vpc_id) != (str(cidr), vpc.id):
        raise ApiError("IdempotentParameterMismatch", f"The ClientToken made {made.name} with {made.cidr} before.")
    host = vpc_decide.host_for(cidr, hosts, networks, context.token)
    labels = NetworkLabels(request.v_switch_name, request.description)
    spec = NetworkSpec(context.token, str(cidr), vpc.id, vpc.cidr, labels, context.now())
    network = context.fleet.hypervisor(host).make_network(spec)
    if not network.is_active:
        raise Unavailable(f"The vSwitch {network.name} was made on {host.name}, and is not up.")
    set_tags(context.registry, network.name, tags)
    return {"VSwitchId": network.name}


def describe_v_switches(context: Context, request: vpc_requests.DescribeVSwitches) -> vpc_responses.VSwitches:
    """List vSwitches: every network of every host, those made by others too."""
    networks, tags = context.fleet.networks(context.region), _tags(context)
    vpcs = _vpcs(context, networks)
    found = vpc_decide.selected_switches(_switches(context, networks), vpcs, tags, request)
    found = found if request.v_switch_owner_id in (None, int(context.account)) else []
    page = page_of(
        found,
        request,
        lambda each: (*newest_first(each.network.created, each.network.name), each.network.zone),
        descending=True,
    )
    shapes = [vpc_decide.switch_shape(each, vpcs, tags.get(each.network.name, {})) for each in page.items]
    return {
        "VSwitches": {"VSwitch": shapes},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def _switches(context: Context, networks: tuple[Network, ...]) -> list[vpc_decide.VSwitch]:
    instances = context.fleet.instances(context.region)
    records = interfaces.living_records(context, instances)
    return vpc_decide.switches(networks, context.fleet.hosts(context.region), instances, records)


def describe_v_switch_attributes(
    context: Context, request: vpc_requests.DescribeVSwitchAttributes
) -> vpc_responses.VSwitchShape:
    """Describe one vSwitch."""
    networks = context.fleet.networks(context.region)
    found = [each for each in _switches(context, networks) if each.network.name == request.v_switch_id]
    if not found:
        raise _absent(request.v_switch_id)
    tags = _tags(context).get(request.v_switch_id, {})
    return vpc_decide.switch_shape(found[0], _vpcs(context, networks), tags)


def modify_v_switch_attribute(context: Context, request: vpc_requests.ModifyVSwitchAttribute) -> vpc_responses.Nothing:
    """Give a vSwitch another name or description."""
    for network in _named(context, request.v_switch_id):
        name = network.labels.name if request.v_switch_name is None else request.v_switch_name
        description = network.labels.description if request.description is None else request.description
        labels = NetworkLabels(name, description)
        interfaces.hypervisor_of(context, network.host).label_network(network.name, labels)
    return {}


def delete_v_switch(context: Context, request: vpc_requests.DeleteVSwitch) -> vpc_responses.Nothing:
    """Delete a vSwitch that no network card is in."""
    id = request.v_switch_id
    networks = [each for each in context.fleet.networks(context.region) if each.name == id]
    if not networks and was_deletion_intended(context, id):
        return {}
    networks = _named(context, id)
    defaults = [host.name for host in context.fleet.hosts(context.region) if host.network == id]
    if defaults:
        message = f"The vSwitch {id} is the one that instances on {defaults[0]} join when their request names none."
        raise Refused("OperationDenied.DefaultVSwitch", message)
    instances = context.fleet.instances(context.region)
    inside = [card.id for each in instances for card in each.interfaces if card.network == id]
    inside += [each.id for each in interfaces.living_records(context, instances) if each.network == id]
    if inside:
        raise ApiError("DependencyViolation.NetworkInterface", f"The vSwitch {id} still has the card {inside[0]}.")
    intend_deletion(context, id)
    for network in networks:
        interfaces.hypervisor_of(context, network.host).remove_network(id)
    forget_tags(context.registry, id)
    return {}


def _named(context: Context, id: str) -> list[Network]:
    """The networks that a vSwitch is. Raises NotFound."""
    found = [each for each in context.fleet.networks(context.region) if each.name == id]
    if not found:
        raise _absent(id)
    return found


def _absent(id: str) -> NotFound:
    return NotFound("InvalidVSwitchId.NotFound", f"The specified vSwitch {id} does not exist.")

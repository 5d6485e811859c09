"""Operations on deployment sets, and on which instance is in which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from oos.fleet.instance import Instance
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.deployment_sets import DEPLOYMENT_SETS, DeploymentSet, Strategy, join_set, leave_set, members
from oos.service.errors import InvalidParameter, MissingParameter, NotFound, Refused, Unsupported
from oos.service.filtering import is_wanted, matches_name
from oos.service.host_loads import Membership, loads_of, place_for
from oos.service.instance_moves import host_called, memberships, move, move_restarted
from oos.service.paging import page_of
from oos.service.shape import instant, newest_first
from oos.values.identifiers import resource_id
from oos_deployment_set import requests, responses


def create_deployment_set(context: Context, request: requests.CreateDeploymentSet) -> responses.MadeSet:
    """Make a deployment set; instances are taken into it when they are made."""
    made = DeploymentSet(
        id=resource_id("ds", context.token),
        region=context.region,
        strategy=Strategy(request.strategy),
        created=context.now(),
        name=request.deployment_set_name,
        description=request.description,
    )
    if DEPLOYMENT_SETS.load(context.registry, made.id) is None:
        DEPLOYMENT_SETS.keep(context.registry, made)
    return {"DeploymentSetId": made.id}


def describe_deployment_sets(context: Context, request: requests.DescribeDeploymentSets) -> responses.Sets:
    """List deployment sets with the instances in them, and the room that is left."""
    found = [
        each
        for each in DEPLOYMENT_SETS.of_region(context.registry, context.region)
        if (request.deployment_set_ids is None or each.id in request.deployment_set_ids)
        and matches_name(each.name, request.deployment_set_name)
        and is_wanted(each.strategy, request.strategy)
    ]
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    of, instances = members(context.registry), context.fleet.instances(context.region)
    return {
        "DeploymentSets": {
            "DeploymentSet": [_shape(context, each, _inside(each.id, of, instances)) for each in page.items]
        },
        "RegionId": context.region,
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def _inside(id: str, of: Mapping[str, str], instances: Sequence[Instance]) -> list[Instance]:
    return [each for each in instances if of.get(each.id) == id]


def _shape(context: Context, each: DeploymentSet, inside: Sequence[Instance]) -> responses.SetShape:
    zones = sorted({host.zone for host in context.fleet.hosts(context.region)})
    capacities: list[responses.CapacityShape] = []
    for zone in zones:
        hosts = {host.name for host in context.fleet.hosts(context.region, zone)}
        used = [instance for instance in inside if instance.zone == zone]
        free = hosts - {instance.host for instance in used}
        room = len(free) if each.strategy is Strategy.AVAILABILITY else len(hosts)
        capacities.append({"ZoneId": zone, "UsedAmount": len(used), "AvailableAmount": room})
    return {
        "DeploymentSetId": each.id,
        "DeploymentSetName": each.name,
        "DeploymentSetDescription": each.description,
        "Strategy": str(each.strategy),
        "DeploymentStrategy": str(each.strategy),
        "Domain": "Default",
        "Granularity": "Host",
        "Type": str(each.strategy),
        "CreationTime": instant(each.created),
        "InstanceAmount": len(inside),
        "InstanceIds": {"InstanceId": [instance.id for instance in inside]},
        "Capacities": {"Capacity": capacities},
    }


def _found(context: Context, id: str) -> DeploymentSet:
    known = DEPLOYMENT_SETS.load(context.registry, id)
    if known is None or known.region != context.region:
        raise NotFound("InvalidDeploymentSetId.NotFound", f"The specified deployment set {id} does not exist.")
    return known


def modify_deployment_set_attribute(
    context: Context, request: requests.ModifyDeploymentSetAttribute
) -> responses.Nothing:
    """Change the name or the description of a deployment set."""
    known = _found(context, request.deployment_set_id)
    name, description = request.deployment_set_name, request.description
    changed = replace(
        known,
        name=known.name if name is None else name,
        description=known.description if description is None else description,
    )
    DEPLOYMENT_SETS.keep(context.registry, changed)
    return {}


def delete_deployment_set(context: Context, request: requests.DeleteDeploymentSet) -> responses.Nothing:
    """Delete a deployment set that no instance is in."""
    id = request.deployment_set_id
    if DEPLOYMENT_SETS.load(context.registry, id) is None and was_deletion_intended(context, id):
        return {}
    _found(context, id)
    inside = _inside(id, members(context.registry), context.fleet.instances(context.region))
    if inside:
        message = f"The instance {inside[0].id} ({inside[0].name}) is in the deployment set {id}."
        raise Refused("DeploymentSet.NotEmpty", message)
    intend_deletion(context, id)
    DEPLOYMENT_SETS.forget(context.registry, id)
    return {}


def modify_instance_deployment(context: Context, request: requests.ModifyInstanceDeployment) -> responses.Nothing:
    """Take an instance into a deployment set, or out of one; or move it to another host of its zone, live if wanted."""
    instance = context.fleet.of_instance(request.instance_id, context.region)[1]
    if request.dedicated_host_id or request.tenancy:
        if request.deployment_set_id or request.remove_from_deployment_set:
            message = "A request changes the deployment set of an instance or its host, not both."
            raise InvalidParameter("DeploymentSetId", message)
        _move(context, request, instance)
        return {}
    if request.remove_from_deployment_set:
        leave_set(context.registry, instance.id)
        return {}
    if not request.deployment_set_id:
        raise MissingParameter("DeploymentSetId")
    wanted = _found(context, request.deployment_set_id)
    inside = _inside(wanted.id, members(context.registry), context.fleet.instances(context.region))
    beside = [each for each in inside if each.host == instance.host and each.id != instance.id]
    if wanted.strategy is Strategy.AVAILABILITY and beside:
        if not request.force:
            message = f"{instance.id} is on {instance.host}, as {beside[0].id} of {wanted.id}; Force moves it."
            raise Unsupported(message)
        joined = Membership(wanted.id, wanted.strategy, frozenset({instance.id, *(each.id for each in inside)}))
        place = place_for(loads_of(context, instance.zone), instance, [joined])
        move(context, instance.id, host_called(context, place.target, "DedicatedHostId"))
    join_set(context.registry, wanted.id, instance.id)
    return {}


def _move(context: Context, request: requests.ModifyInstanceDeployment, instance: Instance) -> None:
    """Have the instance on the host named, or on the one that has most room."""
    if request.migration_type == "live":
        if not request.dedicated_host_id:
            raise MissingParameter("DedicatedHostId")
        if instance.host != request.dedicated_host_id:
            _require_room(context, instance, request)
        move(context, instance.id, host_called(context, request.dedicated_host_id, "DedicatedHostId"))
        return

    def choose(now: Instance) -> str:
        if not request.dedicated_host_id:
            return place_for(loads_of(context, now.zone), now, memberships(context)).target
        host_called(context, request.dedicated_host_id, "DedicatedHostId")
        if now.host != request.dedicated_host_id:
            _require_room(context, now, request)
        return request.dedicated_host_id

    move_restarted(context, instance.id, choose)


def _require_room(context: Context, instance: Instance, request: requests.ModifyInstanceDeployment) -> None:
    """Raise ApiError where the host lacks the memory, or has another instance of a set that keeps them apart.

    A host that takes nothing by itself takes what a person sends there.
    """
    loads = loads_of(context, instance.zone)
    named = [replace(each, is_open=True) for each in loads if each.host.name == request.dedicated_host_id]
    if named:
        place_for(named, instance, () if request.force else memberships(context))


def describe_deployment_set_supported_instance_type_family(
    context: Context, _request: requests.DescribeDeploymentSetSupportedInstanceTypeFamily
) -> responses.Families:
    """List the families of instance types that can be in deployment sets: all."""
    families = sorted({each.family for each in context.fleet.inventory.instance_types.values()})
    return {"InstanceTypeFamilies": ",".join(families)}

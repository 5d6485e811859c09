"""Operations on hosts, and on which instance is on which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oos.fleet.instance import Instance, Power
from oos.service.context import Context
from oos.service.errors import InvalidParameter, MissingParameter, NotFound
from oos.service.host_loads import (
    HOST_SETTINGS,
    HostLoad,
    HostSettings,
    InstanceMove,
    Membership,
    evacuation,
    loads_of,
    place_for,
    rebalance,
)
from oos.service.instance_moves import host_called, memberships, move_restarted
from oos.values.identifiers import resource_id
from oos_host import requests, responses


def describe_hosts(context: Context, request: requests.DescribeHosts) -> responses.Hosts:
    """List the hosts of the region, how full they are, and whether they take what is new.

    Memory is counted in MiB: promised to instances that have power, available to others.
    """
    settings = {each.name: each for each in HOST_SETTINGS.of_region(context.registry, context.region)}
    found = [
        _host_shape(each, settings.get(each.host.name))
        for each in loads_of(context, request.zone_id or None)
        if request.host_ids is None or each.host.name in request.host_ids
    ]
    return {"Hosts": {"Host": found}, "TotalCount": len(found)}


def _host_shape(load: HostLoad, settings: HostSettings | None) -> responses.HostShape:
    running = [each for each in load.instances if each.power is not Power.STOPPED]
    return {
        "HostId": load.host.name,
        "RegionId": load.host.region,
        "ZoneId": load.host.zone,
        "Status": "Available" if load.is_reachable else "Unreachable",
        "AutoPlacement": "on" if load.is_open else "off",
        "Reason": settings.reason if settings is not None else "",
        "Cpus": load.cpus,
        "Memory": load.memory_mib,
        "PromisedMemory": load.promised_mib,
        "AvailableMemory": load.free_mib,
        "InstanceAmount": len(load.instances),
        "RunningAmount": len(running),
        "InstanceIds": {"InstanceId": [each.id for each in load.instances]},
    }


def modify_host_attribute(context: Context, request: requests.ModifyHostAttribute) -> responses.Nothing:
    """Say whether a host takes what is new, and why not; what is on it stays and goes on."""
    host = host_called(context, request.host_id, "HostId")
    kept = HOST_SETTINGS.of_region(context.registry, context.region)
    known = next((each for each in kept if each.name == host.name), None) or HostSettings(
        host.name, host.region, context.now()
    )
    wanted = replace(
        known,
        auto_placement=request.auto_placement != "off" if request.auto_placement else known.auto_placement,
        reason=known.reason if request.reason is None else request.reason,
    )
    if wanted != known:
        HOST_SETTINGS.keep(context.registry, replace(wanted, changed=context.now()))
    return {}


def describe_instance_moves(context: Context, request: requests.DescribeInstanceMoves) -> responses.Moves:
    """Tell which instances should move where: off a host, or as a deployment set wants; nothing is moved.

    Answers OperationDenied.NoStock when the other hosts of a zone cannot take all that should leave one.
    """
    if bool(request.host_id) == bool(request.deployment_set_id):
        raise MissingParameter("HostId or DeploymentSetId, one of them")
    sets = memberships(context)
    if request.host_id:
        host = host_called(context, request.host_id, "HostId")
        loads = loads_of(context, host.zone)
        moves = evacuation(
            loads,
            host.name,
            sets,
            also_stopped=request.include_stopped,
            may_meet=request.ignore_deployment_sets,
        )
    else:
        moves = rebalance(loads_of(context), _set(sets, request.deployment_set_id))
    shapes = [_move_shape(each) for each in moves]
    return {"Moves": {"Move": shapes}, "TotalCount": len(shapes)}


def _set(sets: Sequence[Membership], id: str) -> Membership:
    for each in sets:
        if each.set_id == id:
            return each
    raise NotFound("InvalidDeploymentSetId.NotFound", f"The specified deployment set {id} does not exist.")


def _move_shape(move: InstanceMove) -> responses.MoveShape:
    return {
        "InstanceId": move.instance.id,
        "InstanceName": move.instance.name,
        "Status": str(move.instance.power),
        "Memory": move.instance.memory_mib,
        "DeploymentSetId": move.set_id,
        "SourceHostId": move.instance.host,
        "TargetHostId": move.target,
    }


def redeploy_instance(context: Context, request: requests.RedeployInstance) -> responses.Redeployed:
    """Stop an instance, have another host of its zone take it, and start it there; one that is off stays off."""
    instance = context.fleet.of_instance(request.instance_id, context.region)[1]
    move_restarted(context, instance.id, lambda now: _place(context, now), force=request.force_stop)
    return {"TaskId": resource_id("t", context.token)}


def _place(context: Context, instance: Instance) -> str:
    """Where it should go; the host that it was on is not asked again."""
    others = [each for each in loads_of(context, instance.zone) if each.host.name != instance.host]
    if not others:
        message = f"{instance.id} is on {instance.host}, the only host of the zone {instance.zone}."
        raise InvalidParameter("InstanceId", message, code="OperationDenied.NoStock")
    return place_for(others, instance, memberships(context)).target

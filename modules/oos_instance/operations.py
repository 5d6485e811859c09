"""Operations that make, power, change and delete instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from oos.fleet.errors import DiskAbsent, FleetError, InstanceAbsent
from oos.fleet.identity import made_instance_id
from oos.fleet.image import WHOLE
from oos.fleet.instance import Instance, InstanceSpec, Power
from oos.service.address_translation import let_go_of
from oos.service.call import service_error
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.deployment_sets import leave_set
from oos.service.disk_settings import forget_disk
from oos.service.errors import ApiError, MissingParameter, NotFound, Unavailable
from oos.service.group_enforcement import enforce, forget_members, keep_members
from oos.service.guest import boot_of
from oos.service.guest_login import told_login
from oos.service.host_loads import open_hosts
from oos.service.internet_bandwidth import change_internet_bandwidth
from oos.service.private_addresses import forget_addresses
from oos.service.release_times import Release, forget_release, keep_release
from oos.service.security_groups import require_group
from oos.service.stopping import stop
from oos.values.time import format_instant
from oos_instance import decide, launching, requests, responses
from oos_instance.describe import region_of
from oos_instance.releasing import release_time

if TYPE_CHECKING:
    from oos.fleet.hypervisor import Hypervisor
    from oos.fleet.storage import Image
    from oos.inventory.model import Host

REBOOT_GRACE_SECONDS: Final = 180.0
"""How long a guest that was asked to restart has until its agent answers anew."""

POLL_SECONDS: Final = 0.5


def start_instance(context: Context, request: requests.StartInstance) -> responses.Nothing:
    """Power an instance on; one that runs already is left alone."""
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    for _ in decide.steps_to_start(instance):
        hypervisor.start(instance.id)
    now = hypervisor.instance(instance.id)
    if now.power not in (Power.RUNNING, Power.STARTING):
        raise Unavailable(f"The instance {now.id} ({now.name}) was started, yet it is {now.power}.")
    return {}


def stop_instance(context: Context, request: requests.StopInstance) -> responses.Nothing:
    """Stop an instance: ask its agent, then press its power button, at last cut its power."""
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    stop(context, hypervisor, instance, force=request.force_stop)
    return {}


def reboot_instance(context: Context, request: requests.RebootInstance) -> responses.Nothing:
    """Restart an instance, and see it through where the guest can tell one start from another."""
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    if instance.power is not Power.RUNNING:
        raise decide.wrong_status(instance, "only a running one can be restarted")
    before = _boot_before(context, hypervisor, instance)
    if before and _boot_now(hypervisor, instance) not in ("", before):
        return {}
    hypervisor.reboot(instance.id, force=request.force_stop)
    if not before:
        context.report(f"{instance.name}: asked to restart; without its agent that cannot be observed")
        return {}
    waited = 0.0
    while _boot_now(hypervisor, instance) in ("", before):
        if waited >= REBOOT_GRACE_SECONDS:
            message = f"The instance {instance.id} ({instance.name}) did not restart within {waited:.0f} s"
            raise Unavailable(message if request.force_stop else f"{message}; ForceStop=true resets it.")
        context.pause(POLL_SECONDS, f"{instance.id} ({instance.name}) to restart")
        waited += POLL_SECONDS
    return {}


def _boot_before(context: Context, hypervisor: Hypervisor, instance: Instance) -> str:
    """Which start of the guest the request means to end; the same when it runs again after a crash.

    Raises ApiError when it runs again and nothing can tell whether the guest was restarted meanwhile.
    """
    key = f"{context.token}/{instance.id}"
    known = context.registry.get("reboot", key)
    if known is None:
        before = _boot_now(hypervisor, instance)
        context.registry.put("reboot", key, {"Boot": before, "At": format_instant(context.now())})
        return before
    if not known["Boot"]:
        message = f"Whether {instance.id} ({instance.name}) was restarted cannot be told: its agent does not answer."
        raise ApiError("OperationDenied.OutcomeUnknown", message, status=409)
    return str(known["Boot"])


def _boot_now(hypervisor: Hypervisor, instance: Instance) -> str:
    """Which start of the guest this is; empty when its agent does not answer."""
    try:
        return boot_of(hypervisor, instance.id).name
    except FleetError:
        return ""


def delete_instance(context: Context, request: requests.DeleteInstance) -> responses.Nothing:
    """Delete an instance and the disks made with it; refused while it runs or is protected."""
    try:
        hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    except InstanceAbsent:
        if was_deletion_intended(context, request.instance_id):
            return {}
        raise
    decide.require_deletable(instance, force=request.force)
    intend_deletion(context, instance.id)
    if instance.power is not Power.STOPPED:
        stop(context, hypervisor, instance, force=request.force_stop)
    let_go_of(context, instance)
    forget_addresses(context, instance)
    hypervisor.remove_instance(instance.id)
    leave_set(context.registry, instance.id)
    for disk_id in instance.disk_ids:
        try:
            hypervisor.disk(disk_id)
        except DiskAbsent:
            forget_disk(context.registry, hypervisor, disk_id)
    forget_members(context, instance)
    forget_release(context.registry, instance.id)
    try:
        now = hypervisor.instance(instance.id)
    except InstanceAbsent:
        return {}
    raise Unavailable(f"The instance {now.id} ({now.name}) was deleted, yet it is {now.power}.")


def run_instances(context: Context, request: requests.RunInstances) -> responses.MadeInstances:
    """Make instances from an image, spread over the hosts that have it, and start them."""
    made = _make_whole(context, launching.settled(context, request))
    _start_all(context, made)
    return {"InstanceIdSets": {"InstanceIdSet": [each.id for each in made]}}


def create_instance(context: Context, request: requests.CreateInstance) -> responses.MadeInstance:
    """Make one instance from an image, and leave it off.

    It gets no public address; what AllocatePublicIpAddress gives it later may carry what is asked for here.
    """
    (made,) = _make_whole(context, launching.settled(context, launching.as_run(request)))
    inbound, outbound = request.internet_max_bandwidth_in, request.internet_max_bandwidth_out
    if inbound or outbound:
        change_internet_bandwidth(context, made, inbound or None, outbound or None)
    return {"InstanceId": made.id}


def _make_whole(context: Context, request: requests.RunInstances) -> list[Instance]:
    """Make instances with all that belongs to them, and leave them off."""
    if not request.image_id:
        raise MissingParameter("ImageId")
    if not request.instance_type:
        raise MissingParameter("InstanceType")
    type = context.fleet.inventory.instance_types.get(request.instance_type)
    if type is None:
        message = f"The specified instance type {request.instance_type} does not exist."
        raise NotFound("InvalidInstanceType.NotFound", message)
    tokens = decide.tokens_of(context.token, request.amount)
    login = told_login(context, request.key_pair_name, request.password, inherit=request.password_inherit)
    hosts, image = _hosts_for(context, request)
    at = release_time(request.auto_release_time, context.now())
    policies = decide.policies_of(request, image)
    launching.require_policies(context, policies)
    disks = decide.data_disks_of(request, image)
    hosts = launching.with_uplinks(launching.beside_snapshots(context, hosts, disks), request)
    specs = decide.specs_of(request, type, tokens, context.now(), login, disks)
    instances = context.fleet.instances(context.region)
    together = launching.together(context, request.deployment_set_id)
    homes = decide.placed(specs, hosts, instances, together)
    there = {each.id: each for each in instances}
    for spec in specs:
        found = there.get(made_instance_id(spec.token))
        if found is not None:
            decide.require_same(found, spec)
    launching.join(context, request.deployment_set_id, specs)
    groups = specs[0].security_group_ids
    for group_id in groups:
        require_group(context.registry, context.region, group_id)
    if groups:
        enforce(context, groups, {homes[spec.token].name for spec in specs})
    launching.require_public_addresses(context, request, specs)
    launching.require_private_address(context, request, specs)
    made = _make_all(context, specs, homes, frozenset(there), request.min_amount or request.amount)
    launching.keep_private_address(context, request, made)
    if groups:
        keep_members(context, made)
    launching.apply_policies(context, policies, made)
    launching.label_disks(context, decide.disk_labels_of(request, image), made)
    if at is not None:
        for each in made:
            keep_release(context.registry, Release(each.id, each.region, at))
    launching.give_public_addresses(context, request, made)
    return made


def _hosts_for(context: Context, request: requests.RunInstances) -> tuple[Sequence[Host], Image]:
    """The hosts of the wanted zone that have the image, and the image. Raises NotFound."""
    if request.zone_id and request.zone_id not in {zone.id for zone in region_of(context).zones}:
        raise NotFound("InvalidZoneId.NotFound", f"The specified zone {request.zone_id} does not exist.")
    images = [each for each in context.fleet.images(context.region) if each.id == request.image_id]
    if not images:
        raise NotFound("InvalidImageId.NotFound", f"The specified image {request.image_id} does not exist.")
    having = {each.host for each in images if each.status in WHOLE}
    if not having:
        message = f"The image {request.image_id} is {images[0].status}; no instance can be made from it."
        raise ApiError("IncorrectImageStatus", message, status=403)
    hosts = [each for each in open_hosts(context, request.zone_id or None) if each.name in having]
    if not hosts:
        message = f"No host of the zone {request.zone_id} has the image {request.image_id}."
        raise ApiError("OperationDenied.NoStock", message, status=403)
    image = next(each for each in images if each.status in WHOLE)
    return _beside(context, hosts, request.v_switch_id) if request.v_switch_id else hosts, image


def _beside(context: Context, hosts: Sequence[Host], network: str) -> Sequence[Host]:
    """Those of the hosts that have the network: it reaches no further. Raises NotFound."""
    having = {each.host for each in context.fleet.networks(context.region) if each.name == network}
    if not having:
        raise NotFound("InvalidVSwitchId.NotFound", f"The specified vSwitch {network} does not exist.")
    beside = [each for each in hosts if each.name in having]
    if not beside:
        message = f"The vSwitch {network} is on {min(having)}, none of the hosts that could take the instance."
        raise ApiError("OperationDenied.NoStock", message, status=403)
    return beside


def _make_all(
    context: Context,
    specs: Sequence[InstanceSpec],
    homes: Mapping[str, Host],
    there: frozenset[str],
    least: int,
) -> list[Instance]:
    """Define the instances. When fewer than the least can be, those made just now are taken away again."""
    made: list[Instance] = []
    for spec in specs:
        hypervisor = context.fleet.hypervisor(homes[spec.token])
        context.report(f"makes {spec.labels.name or made_instance_id(spec.token)} on {hypervisor.host.name}")
        try:
            instance = hypervisor.make_instance(spec)
            made.append(instance)
            decide.require_asked_for(instance, spec)
        except (FleetError, ApiError) as failed:
            complete = made[:-1] if made and made[-1].token == spec.token else made
            if isinstance(failed, FleetError) and len(complete) >= least:
                context.report(f"made {len(complete)} of {len(specs)}: {failed}")
                return complete
            for each in made:
                if each.id not in there:
                    context.fleet.of_instance(each.id, context.region)[0].remove_instance(each.id)
            raise
    return made


def _start_all(context: Context, made: Sequence[Instance]) -> None:
    """Start the instances; those that do not start are named together, and stay."""
    faults: dict[str, FleetError] = {}
    for each in made:
        try:
            context.fleet.of_instance(each.id, context.region)[0].start(each.id)
        except FleetError as failed:
            faults[each.id] = failed
    if faults:
        first = next(iter(faults.values()))
        error = service_error(first)
        raise ApiError(error.code, f"Made, but not started: {', '.join(faults)}. {error.message}", status=error.status)

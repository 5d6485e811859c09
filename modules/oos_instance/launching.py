"""Launching: what RunInstances takes from launch templates and deployment sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Final

from oos.fleet.identity import made_instance_id, made_mac
from oos.fleet.instance import DataDiskSpec, Instance, InstanceSpec
from oos.fleet.storage import DiskLabels
from oos.inventory.model import Host
from oos.service.address_giving import give_public_address, public_wish, require_free
from oos.service.context import Context
from oos.service.deployment_sets import DEPLOYMENT_SETS, join_set, members
from oos.service.disk_settings import put_policy_of_disk
from oos.service.errors import ApiError, InvalidParameter, MissingParameter, NotFound, Unsupported
from oos.service.launch_templates import find_launch_template, find_version
from oos.service.private_addresses import keep_first_address, require_free_address
from oos.service.snapshot_policies import load_policy
from oos.values.identifiers import client_token
from oos.values.json import Value
from oos_instance.decide import Together
from oos_instance.requests import CreateInstance, RunInstances

AVAILABLE: Final = "Available"


def completed(context: Context, given: Mapping[str, Value]) -> Mapping[str, Value]:
    """The given parameters, and those of the launch template that they name: what is given counts.

    A structure that is given, such as SystemDisk, takes the place of the whole one in the template.
    """
    id, name = _text(given, "LaunchTemplateId"), _text(given, "LaunchTemplateName")
    if not (id or name):
        return given
    template = find_launch_template(context.registry, context.region, id=id, name=name)
    if template is None:
        raise NotFound("InvalidLaunchTemplate.NotFound", f"The specified launch template {id or name} does not exist.")
    version = find_version(context.registry, template, _number(_text(given, "LaunchTemplateVersion")))
    if version is None:
        wanted = _text(given, "LaunchTemplateVersion") or template.default_version
        message = f"The launch template {template.name} has no version {wanted}."
        raise NotFound("InvalidLaunchTemplateVersion.NotFound", message)
    kept = {name: value for name, value in version.data.items() if not _is_given(name, value, given)}
    return {**kept, **given}


def _text(given: Mapping[str, Value], wanted: str) -> str:
    value = next((value for name, value in given.items() if name.casefold() == wanted.casefold()), None)
    return "" if value is None else str(value)


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise InvalidParameter("LaunchTemplateVersion", f"The parameter LaunchTemplateVersion is no number: {text!r}.")
    return int(text)


def _is_given(name: str, kept: Value, given: Mapping[str, Value]) -> bool:
    """Whether a parameter is given: whole, in its plural, or part by part (`SystemDiskSize`, `Tag.1.Key`)."""
    folded = name.casefold()
    for each, value in given.items():
        if value is None or not each.casefold().startswith(folded):
            continue
        rest = each[len(name) :]
        if rest.casefold() in ("", "s") or rest[0] == "." or rest[0].isdigit() or isinstance(kept, dict):
            return True
    return False


def as_run(request: CreateInstance) -> RunInstances:
    """The request for one instance as one for instances."""
    apart = {"internet_max_bandwidth_in", "internet_max_bandwidth_out"}
    return RunInstances(
        **{each.name: getattr(request, each.name) for each in fields(request) if each.name not in apart}
    )


def settled(context: Context, request: RunInstances) -> RunInstances:
    """The request with the image of its family, and with what it says of the first network card. Raises ApiError."""
    if request.image_family and not request.image_id:
        request = replace(request, image_id=_newest_of(context, request.image_family))
    if len(request.host_names) > request.amount or (request.host_names and request.host_name):
        raise InvalidParameter(
            "HostNames", "HostNames are at most as many as instances, and stand in place of HostName."
        )
    return with_first_card(request)


def with_first_card(request: RunInstances) -> RunInstances:
    """The request with what it says of its first network card in the places where it could say so, too."""
    cards = request.network_interface
    if not cards:
        return request
    if request.v_switch_id or request.security_group_id or request.security_group_ids or request.private_ip_address:
        message = (
            "NetworkInterface stands in place of VSwitchId, SecurityGroupId, SecurityGroupIds and PrivateIpAddress."
        )
        raise InvalidParameter("NetworkInterface", message, code="InvalidParameter.Conflict")
    primary = [each for each in cards if each.instance_type != "Secondary"]
    if len(primary) != 1:
        raise InvalidParameter("NetworkInterface", f"One card is the Primary one, not {len(primary)}.")
    if len(cards) > 1:
        raise Unsupported("Instances are made with one card; AttachNetworkInterface gives them more.")
    card = primary[0]
    return replace(
        request,
        network_interface=(),
        v_switch_id=card.v_switch_id,
        security_group_id=card.security_group_id,
        security_group_ids=card.security_group_ids,
        private_ip_address=card.primary_ip_address,
    )


def _newest_of(context: Context, family: str) -> str:
    """The newest available image of a family. Raises NotFound."""
    found = [
        each for each in context.fleet.images(context.region) if each.family == family and each.status == AVAILABLE
    ]
    if not found:
        raise NotFound("InvalidImageFamily.NotFound", f"The image family {family} has no available image.")
    return max(found, key=lambda each: (each.created is not None and each.created.timestamp(), each.id)).id


def together(context: Context, set_id: str) -> Together | None:
    """The deployment set that new instances join, and who is in it. Raises NotFound."""
    if not set_id:
        return None
    known = DEPLOYMENT_SETS.load(context.registry, set_id)
    if known is None or known.region != context.region:
        raise NotFound("InvalidDeploymentSetId.NotFound", f"The specified deployment set {set_id} does not exist.")
    inside = frozenset(id for id, of in members(context.registry).items() if of == set_id)
    return Together(set_id, known.strategy, inside)


def require_policies(context: Context, policy_ids: Sequence[str]) -> None:
    """Raise NotFound for an automatic snapshot policy that is not there."""
    for id in filter(None, policy_ids):
        policy = load_policy(context.registry, id)
        if policy is None or policy.region != context.region:
            message = f"The specified automatic snapshot policy {id} does not exist."
            raise NotFound("InvalidAutoSnapshotPolicyId.NotFound", message)


def apply_policies(context: Context, policy_ids: Sequence[str], made: Sequence[Instance]) -> None:
    """Have policies make snapshots of the disks of instances that were made, each by its place."""
    for instance in made:
        for policy_id, disk_id in zip(policy_ids, instance.disk_ids, strict=False):
            if policy_id:
                put_policy_of_disk(context.registry, disk_id, policy_id)


def label_disks(context: Context, labels: Sequence[DiskLabels | None], made: Sequence[Instance]) -> None:
    """Write on the disks of instances that were made what was asked for, each by its place."""
    for instance in made:
        home = context.fleet.of_instance(instance.id, context.region)[0]
        for wanted, disk_id in zip(labels, instance.disk_ids, strict=False):
            if wanted is not None and home.disk(disk_id).labels != wanted:
                home.label_disk(disk_id, wanted)


def beside_snapshots(context: Context, hosts: Sequence[Host], disks: Sequence[DataDiskSpec]) -> Sequence[Host]:
    """Those of the hosts that have the snapshots which data disks are made from. Raises ApiError."""
    wanted = {each.snapshot_id for each in disks if each.snapshot_id}
    homes = {context.fleet.of_snapshot(id, context.region)[1].host for id in wanted}
    beside = [each for each in hosts if homes <= {each.name}]
    if not beside:
        message = f"The snapshots {', '.join(sorted(wanted))} are on {', '.join(sorted(homes))}: no host has it all."
        raise ApiError("OperationDenied.NoStock", message, status=403)
    return beside


def join(context: Context, set_id: str, specs: Sequence[InstanceSpec]) -> None:
    """Write down, before they are made, that the instances are in the set: a crash in between loses no member."""
    for spec in specs if set_id else ():
        join_set(context.registry, set_id, made_instance_id(spec.token))


def require_private_address(context: Context, request: RunInstances, specs: Sequence[InstanceSpec]) -> None:
    """Raise ApiError, before anything is made, unless a new instance can have the address that is asked for."""
    address = request.private_ip_address
    if not address:
        return
    if not request.v_switch_id:
        raise MissingParameter("VSwitchId")
    if len(specs) != 1:
        raise Unsupported(f"One instance can have {address}, not {len(specs)}.")
    for network in context.fleet.networks(context.region):
        mac = made_mac(specs[0].token)
        if network.name == request.v_switch_id and network.reservations.get(mac) != address:
            require_free_address(context, network, address, mac)


def keep_private_address(context: Context, request: RunInstances, made: Sequence[Instance]) -> None:
    """Have DHCP keep the address that was asked for, before the instance starts."""
    for each in made if request.private_ip_address else ():
        keep_first_address(context, each, request.private_ip_address)


def with_uplinks(hosts: Sequence[Host], request: RunInstances) -> Sequence[Host]:
    """Those of the hosts that can hold public addresses, where some are asked for. Raises Unsupported."""
    if not request.internet_max_bandwidth_out:
        return hosts
    able = [each for each in hosts if each.uplink is not None]
    if not able:
        message = "None of the hosts that could take the instances holds public addresses: they have no uplink."
        raise Unsupported(message)
    return able


def require_public_addresses(context: Context, request: RunInstances, specs: Sequence[InstanceSpec]) -> None:
    """Raise ApiError, before anything is made, unless the region has as many public addresses as are asked for."""
    if request.internet_max_bandwidth_out:
        require_free(context, [_public_token(made_instance_id(spec.token)) for spec in specs])


def give_public_addresses(context: Context, request: RunInstances, made: Sequence[Instance]) -> None:
    """Give new instances public addresses before they start; asked again, each has the one that it got."""
    wish = public_wish(request.internet_max_bandwidth_out, request.internet_max_bandwidth_in)
    for each in made if wish.bandwidth else ():
        give_public_address(context, each, _public_token(each.id), wish)


def _public_token(instance_id: str) -> str:
    return client_token("public", instance_id)

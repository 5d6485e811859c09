"""Decisions about instances: what it takes to start, stop or delete one, and where a new one goes. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from oos.fleet.identity import made_instance_id
from oos.fleet.instance import DataDiskSpec, Instance, InstanceSpec, Labels, Power
from oos.fleet.seed import Told
from oos.fleet.storage import DiskLabels, Image, ImageDisk
from oos.inventory.model import Host, InstanceType
from oos.service.deployment_sets import Strategy
from oos.service.errors import ApiError, InvalidParameter, MissingParameter, NotFound, Refused
from oos.service.filtering import has_tags, is_wanted, matches_name, periods_of
from oos.service.shape import GIB
from oos.service.stopping import Step
from oos.service.tags import tags_from
from oos.values.identifiers import client_token
from oos.values.secret import Secret
from oos.values.time import parse_instant
from oos_instance.requests import DataDisk, DescribeInstances, RunInstances

MOST_USER_DATA: Final = 32 << 10
_NOBODY: Final = Told()
NEVER: Final = "2099-12-31T15:59Z"
"""When what is not paid in advance expires, in the words of ECS."""


def status_of(power: Power) -> str:
    """The status ECS has for it. A paused instance neither runs nor is off: the nearest word is Stopping."""
    return (Power.STOPPING if power is Power.PAUSED else power).value


def steps_to_start(instance: Instance) -> tuple[Step, ...]:
    """What it takes until the instance runs. Raises Refused while it stops."""
    match instance.power:
        case Power.RUNNING | Power.STARTING:
            return ()
        case Power.PAUSED:
            return (Step.RESUME,)
        case Power.STOPPED:
            return (Step.START,)
        case _:
            raise wrong_status(instance, "start it when it has stopped")


def require_deletable(instance: Instance, *, force: bool) -> None:
    """Raise Refused for an instance that is protected, or that runs and is not to be forced."""
    if instance.labels.deletion_protection:
        message = f"The instance {instance.id} ({instance.name}) is under deletion protection."
        raise Refused("InvalidOperation.DeletionProtection", message)
    if instance.power is not Power.STOPPED and not force:
        raise wrong_status(instance, "stop it first, or set Force")


def wrong_status(instance: Instance, hint: str) -> Refused:
    """The refusal of a request that the instance's status forbids."""
    message = f"The instance {instance.id} ({instance.name}) is {status_of(instance.power)}; {hint}."
    return Refused("IncorrectInstanceStatus", message)


def selected(instances: Iterable[Instance], request: DescribeInstances) -> list[Instance]:
    """The instances that meet every condition which needs no look into the guest."""
    periods = periods_of(request.filter, ("Creation", "Expired"))
    if not periods["Expired"].holds(parse_instant(NEVER)):
        return []
    if request.inner_ip_addresses is not None or request.lock_reason or request.hpc_cluster_id:
        return []
    if request.rdma_ip_addresses:
        return []
    ids = None if request.instance_ids is None else frozenset(request.instance_ids)
    return [
        each
        for each in instances
        if (ids is None or each.id in ids)
        and matches_name(each.name, request.instance_name)
        and is_wanted(status_of(each.power), request.status)
        and is_wanted(each.zone, request.zone_id)
        and is_wanted(each.image_id, request.image_id)
        and is_wanted(each.instance_type, request.instance_type)
        and is_wanted(family_of(each.instance_type), request.instance_type_family)
        and is_wanted(each.key_pair, request.key_pair_name)
        and is_wanted(each.labels.resource_group, request.resource_group_id)
        and is_wanted("vpc", request.instance_network_type)
        and is_wanted("PostPaid", request.instance_charge_type)
        and _is_in(each, request.v_switch_id, request.security_group_id)
        and has_tags(each.labels.tags, request.tag)
        and periods["Creation"].holds(each.created)
    ]


def _is_in(instance: Instance, network: str, group: str) -> bool:
    return (not network or any(card.network == network for card in instance.interfaces)) and (
        not group or any(group in card.security_group_ids for card in instance.interfaces)
    )


def family_of(instance_type: str) -> str:
    """`ecs.t1` of `ecs.t1.tiny`; nothing of nothing."""
    return instance_type.rpartition(".")[0]


def tokens_of(token: str, amount: int) -> tuple[str, ...]:
    """The tokens of the instances that one request makes."""
    return tuple(client_token(token, number) for number in range(amount))


def specs_of(
    request: RunInstances,
    type: InstanceType,
    tokens: Sequence[str],
    created: datetime,
    login: Told = _NOBODY,
    data_disks: tuple[DataDiskSpec, ...] = (),
) -> tuple[InstanceSpec, ...]:
    """What the request's instances should be. Raises InvalidParameter."""
    if request.min_amount is not None and request.min_amount > request.amount:
        raise InvalidParameter("MinAmount", f"MinAmount {request.min_amount} is more than Amount {request.amount}.")
    groups = dict.fromkeys([*filter(None, [request.security_group_id]), *request.security_group_ids])
    tags = tags_from(request.tag)
    user_data = user_data_of(request.user_data)
    return tuple(
        InstanceSpec(
            token=token,
            image_id=request.image_id,
            instance_type=type.id,
            cpu=type.cpu,
            memory_mib=type.memory_mib,
            labels=Labels(
                name=_numbered(request.instance_name, number, unique=request.unique_suffix and request.amount > 1),
                description=request.description,
                tags=tags,
                deletion_protection=request.deletion_protection,
                resource_group=request.resource_group_id,
            ),
            host_name=_host_name(request, number),
            network=request.v_switch_id,
            security_group_ids=tuple(groups),
            system_disk_bytes=None if request.system_disk.size is None else request.system_disk.size * GIB,
            data_disks=data_disks,
            key_pair=request.key_pair_name,
            public_key=login.public_key or "",
            password_hash=login.password_hash or "",
            user_data=user_data,
            created=created,
        )
        for number, token in enumerate(tokens, 1)
    )


def data_disks_of(request: RunInstances, image: Image) -> tuple[DataDiskSpec, ...]:
    """The data disks of an instance: those of the image, then those asked for. Raises ApiError.

    What is asked for under the device of an image's disk changes that one: its size, its name, or whose content it has.
    """
    return tuple(_disk_of(asked, of_image) for asked, of_image in _data_disks(request, image))


def policies_of(request: RunInstances, image: Image) -> tuple[str, ...]:
    """The automatic snapshot policy of each disk, that of the system disk first; empty where none is asked for."""
    data = (asked.auto_snapshot_policy_id if asked else "" for asked, _ in _data_disks(request, image))
    return (request.system_disk.auto_snapshot_policy_id, *data)


def disk_labels_of(request: RunInstances, image: Image) -> tuple[DiskLabels | None, ...]:
    """What is to be written on each disk, that of the system first; None where it is made with all of that."""
    system = request.system_disk
    labels: list[DiskLabels | None] = [None]
    if system.disk_name or system.description:
        labels = [DiskLabels(system.disk_name, system.description, delete_with_instance=True)]
    for asked, _ in _data_disks(request, image):
        if asked is None or (asked.delete_with_instance and not asked.description):
            labels.append(None)
        else:
            labels.append(DiskLabels(asked.disk_name, asked.description, asked.delete_with_instance))
    return tuple(labels)


def _data_disks(request: RunInstances, image: Image) -> list[tuple[DataDisk | None, ImageDisk | None]]:
    """What is asked for of each data disk, beside the disk of the image that it is."""
    asked = {_device(each): each for each in request.data_disk if each.device}
    devices = {each.device for each in image.data_disks}
    rest = [each for each in request.data_disk if _device(each) not in devices]
    return [*((asked.get(each.device), each) for each in image.data_disks), *((each, None) for each in rest)]


def _device(disk: DataDisk) -> str:
    """`vdb` of `/dev/xvdb` or `/dev/vdb`; nothing of nothing."""
    return f"vd{disk.device[-1]}" if disk.device else ""


def _disk_of(asked: DataDisk | None, image: ImageDisk | None) -> DataDiskSpec:
    device = image.device if image is not None else ""
    if asked is None:
        assert image is not None, "a disk is asked for or of the image"
        return DataDiskSpec(image.size_bytes, image_device=device)
    if asked.size is None and image is None and not asked.snapshot_id:
        raise MissingParameter("DataDisk.Size")
    size = (asked.size or 0) * GIB
    if image is not None and not asked.snapshot_id and 0 < size < image.size_bytes:
        message = f"The disk {device} of the image has {image.size_bytes} bytes; Size must not be less."
        raise InvalidParameter("DataDisk.Size", message, code="InvalidDataDiskSize.ValueNotSupported")
    snapshot = asked.snapshot_id
    return DataDiskSpec(size, asked.disk_name, snapshot, "" if snapshot else device)


def user_data_of(given: str | Secret) -> bytes:
    """What guests carry out at their first start. Raises InvalidParameter; the content is never repeated."""
    text: str = given.reveal() if isinstance(given, Secret) else given
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidParameter("UserData", "The parameter UserData is not Base64.") from None
    if len(content) > MOST_USER_DATA:
        message = f"The user data has {len(content)} bytes; at most {MOST_USER_DATA} are allowed."
        raise InvalidParameter("UserData", message, code="InvalidUserData.SizeExceeded")
    return content


def _numbered(name: str, number: int, *, unique: bool) -> str:
    return f"{name}{number:03d}" if name and unique else name


def _host_name(request: RunInstances, number: int) -> str:
    if request.host_names:
        return request.host_names[number - 1] if number <= len(request.host_names) else ""
    return _numbered(request.host_name, number, unique=request.unique_suffix and request.amount > 1)


def require_same(found: Instance, spec: InstanceSpec) -> None:
    """Raise for an instance that this token made of something else: the same ClientToken, another request."""
    if (found.image_id, found.instance_type) != (spec.image_id, spec.instance_type):
        message = f"The ClientToken made {found.id} of {found.image_id} as {found.instance_type} before."
        raise ApiError("IdempotentParameterMismatch", message)


def require_asked_for(made: Instance, spec: InstanceSpec) -> None:
    """Raise when the hypervisor left out what the caller relies on: it must not look as if it were there."""
    groups = {group for card in made.interfaces for group in card.security_group_ids}
    missing = [group for group in spec.security_group_ids if group not in groups]
    if missing:
        message = f"The host {made.host} did not apply the security group {missing[0]} to {made.id}."
        raise NotFound("InvalidSecurityGroupId.NotFound", message)
    if spec.key_pair and made.key_pair != spec.key_pair:
        message = f"The host {made.host} did not give the key pair {spec.key_pair} to {made.id}."
        raise NotFound("InvalidKeyPairName.NotFound", message)


def placed(
    specs: Sequence[InstanceSpec],
    hosts: Sequence[Host],
    instances: Iterable[Instance],
    together: Together | None = None,
) -> Mapping[str, Host]:
    """The host of each spec, by token: where it is already, else where least memory is promised.

    With a deployment set, first as its strategy wants. Raises ApiError when that leaves no host.
    """
    at = {host.name: host for host in hosts}
    promised = dict.fromkeys(at, 0)
    inside = dict.fromkeys(at, 0)
    homes: dict[str, Host] = {}
    made = {made_instance_id(spec.token): spec.token for spec in specs}
    for each in instances:
        if each.host in promised:
            promised[each.host] += each.memory_mib
            if each.id in made:
                homes[made[each.id]] = at[each.host]
            if each.id in made or (together is not None and each.id in together.instance_ids):
                inside[each.host] += 1
    for spec in specs:
        if spec.token not in homes:
            name = _best_host(promised, inside, together)
            promised[name] += spec.memory_mib
            inside[name] += 1
            homes[spec.token] = at[name]
    return homes


@dataclass(frozen=True, slots=True)
class Together:
    """The deployment set that new instances join."""

    set_id: str
    strategy: Strategy
    instance_ids: frozenset[str]
    """Those that are in it already."""


def _best_host(promised: Mapping[str, int], inside: Mapping[str, int], together: Together | None) -> str:
    match together:
        case Together(strategy=Strategy.AVAILABILITY):
            free = [name for name in promised if not inside[name]]
            if not free:
                message = f"Each host has an instance of the deployment set {together.set_id} already; none is left."
                raise ApiError("OperationDenied.NoStock", message, status=403)
            return min(free, key=lambda name: (promised[name], name))
        case Together():
            return min(promised, key=lambda name: (-inside[name], promised[name], name))
        case None:
            return min(promised, key=lambda name: (promised[name], name))
